// What a finished task still holds is let go: results first, endpoints verified gone, running jobs stopped, finished jobs kept.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

EndpointPhase endpoint_after(const Scene& scene, Timestamp when) { return task_of(plan(scene, when), kGpqa).endpoint.state; }

// gpqa_diamond's endpoint was asked for removal at 90 s, answered at 91 s; it is not in the view.
Scene with_endpoint_gone() {
  Scene scene = a_succeeded_invocation();
  scene.endpoint_gone(kGpqa);
  return scene;
}

TEST(Releasing, BeginsWithTheResultInTheSameStatus) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Completed");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
  EXPECT_THAT(made.actions, testing::ElementsAre(deletes_endpoint(kGpqa)));
}

TEST(Releasing, LeavesTheOthersEndpointsAlone) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Failed");
  EXPECT_THAT(plan(scene).actions, Not(Contains(deletes_endpoint(kHellaswag))));
}

TEST(Releasing, KeepsFinishedJobs) { EXPECT_THAT(plan(a_succeeded_invocation()).actions, IsEmpty()); }

TEST(Releasing, AFinishedInvocationHasSeenALaterEdit) {
  Scene scene = a_succeeded_invocation();
  const Phase phase = scene.status().phase;
  scene.object.meta.generation += 1;
  const Plan made = plan(scene);
  EXPECT_EQ(made.status.observed_generation, scene.object.meta.generation);
  EXPECT_EQ(made.status.phase, phase);
}

TEST(Releasing, AnEndpointIsGoneOnALookThatBeganAfterItsRemoval) {
  Scene scene = with_endpoint_gone();
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kReleased);
  scene.looked_at({90s, 91s});
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
}

TEST(Releasing, AnEndpointThatIsAbsentIsStillAskedAway) {
  Scene scene = with_endpoint_gone();
  scene.memory.outcomes.erase("delete-endpoint " + scene.endpoint_name_of(kGpqa));
  EXPECT_THAT(plan(scene).actions, Contains(deletes_endpoint(kGpqa)));
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
}

// All three endpoints are gone, and the jobs are over.
Scene with_nothing_held() {
  Scene scene = a_succeeded_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_gone(task);
  scene.looked_at({98s, 99s});
  scene.status() = plan(scene).status;
  return scene;
}

TEST(Releasing, IsOverWhenNothingIsHeld) {
  EXPECT_FALSE(plan(with_endpoint_gone()).at_rest);
  EXPECT_TRUE(plan(with_nothing_held()).at_rest);
  EXPECT_FALSE(plan(a_running_invocation()).at_rest);
  EXPECT_FALSE(plan(with_nothing_held().deleted_at(100s)).at_rest);
}

TEST(Releasing, OnceItIsOverWhatHappensToTheWorkspaceIsNotWrittenDown) {
  const InvocationStatus before = with_nothing_held().status();
  for (const WorkspaceState state : {WorkspaceState::kUnknown, WorkspaceState::kUnauthorized, WorkspaceState::kUnreachable}) {
    Scene scene = with_nothing_held();
    scene.workspace_is(state, "why");
    EXPECT_EQ(plan(scene).status, before) << reason_of(state);
    EXPECT_TRUE(plan(scene).at_rest);
  }
  Scene elsewhere = with_nothing_held();
  elsewhere.workspace.id = "another";
  EXPECT_EQ(plan(elsewhere).status, before);
}

TEST(Releasing, OnceItIsOverAllThatStandsInStatusIsEnoughToKnowThat) {
  Scene scene = with_nothing_held();
  scene.restarted();
  const Plan made = plan(scene);
  EXPECT_TRUE(made.at_rest);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(made.status, scene.status());
}

TEST(Releasing, IsNotOverForADuplicateThatComesLate) {
  Scene scene = with_nothing_held();
  scene.another_job(kGpqa, "job-late", "Running", 95s);
  const Plan made = plan(scene);
  EXPECT_FALSE(made.at_rest);
  EXPECT_THAT(made.actions, Not(IsEmpty()));
}

TEST(Releasing, ARemovalWithoutEffectIsRepeatedOncePerLook) {
  Scene scene = a_succeeded_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(deletes_endpoint(kGpqa)));
  scene.did("delete-endpoint " + scene.endpoint_name_of(kGpqa), 100s, 101s, scene.endpoint_name_of(kGpqa));
  EXPECT_THAT(plan(scene, at(102s)).actions, IsEmpty());
}

TEST(Releasing, AFailedRemovalIsRepeatedAtItsTime) {
  Scene scene = a_succeeded_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  scene.failed("delete-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kServer, 99s, 110s, scene.endpoint_name_of(kGpqa));
  const Plan held = plan(scene);
  EXPECT_THAT(held.actions, IsEmpty());
  EXPECT_EQ(held.wake_at, at(110s));
  EXPECT_THAT(plan(scene, at(110s)).actions, Contains(deletes_endpoint(kGpqa)));
}

// An endpoint whose creation is open while it is released, e.g. since its Invocation failed.
Scene with_open_creation() {
  Scene scene = with_endpoint_gone();
  scene.task(kGpqa).endpoint.seen = false;
  scene.task(kGpqa).endpoint.intended_at = scene.task(kGpqa).endpoint.waiting_since = at(80s);
  scene.failed("create-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kTimeout, 80s, 89s);
  return scene;
}

TEST(Releasing, AnUncertainCreationHoldsTheEndpointUntilItHasSettled) {
  Scene scene = with_open_creation();
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
  EXPECT_EQ(plan(scene, at(100s)).wake_at, at(110s));
  scene.looked_at({109s, 111s});
  EXPECT_EQ(endpoint_after(scene, at(112s)), EndpointPhase::kReleased);
}

TEST(Releasing, AnUncertainCreationIsOpenAfterARestartToo) {
  Scene scene = with_open_creation();
  scene.memory.outcomes.erase("create-endpoint " + scene.endpoint_name_of(kGpqa));
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
}

TEST(Releasing, ARefusalEndsTheOnlyCreation) {
  Scene scene = with_open_creation();
  scene.failed("create-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kInvalid, 80s, 89s);
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kReleased);
}

TEST(Releasing, TheEndOfACreationSaysNothingOfTheOneBeforeIt) {
  Scene scene = with_open_creation();
  scene.task(kGpqa).endpoint.unsettled_until = at(105s);
  scene.failed("create-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kThrottled, 80s, 89s);
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
  scene.task(kGpqa).endpoint.seen = true;
  EXPECT_EQ(endpoint_after(scene, at(100s)), EndpointPhase::kDeleting);
  scene.looked_at({104s, 106s});
  EXPECT_EQ(endpoint_after(scene, at(107s)), EndpointPhase::kReleased);
}

TEST(Creating, AnUncertainEndpointThatIsSentAgainKeepsItsFirstRequestInMind) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa);
  scene.task(kGpqa).endpoint.seen = false;
  scene.task(kGpqa).endpoint.intended_at = scene.task(kGpqa).endpoint.waiting_since = at(90s);
  scene.memory.outcomes.erase("create-endpoint " + scene.endpoint_name_of(kGpqa));  // as after a restart
  const Plan made = plan(scene, at(100s));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.intended_at, at(100s));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.unsettled_until, at(120s));
}

TEST(Releasing, AnEndpointThatIsPutBackIsOpenAgain) {
  Scene scene = a_running_invocation();
  scene.endpoint_gone(kGpqa);
  EXPECT_FALSE(task_of(plan(scene), kGpqa).endpoint.seen);
}

TEST(Releasing, AJobThatStillRunsIsStopped) {
  Scene scene = a_succeeded_invocation();
  scene.task(kGpqa).phase = TaskPhase::kFailed;
  scene.task(kGpqa).job.released = false;
  scene.job_is(kGpqa, "Running");
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(stops_job(kGpqa)));
  scene.did("stop-job " + Scene::job_id_of(kGpqa), 100s, 101s, Scene::job_id_of(kGpqa));
  EXPECT_THAT(plan(scene, at(102s)).actions, IsEmpty());
  scene.job_is(kGpqa, "Stopped").looked_at({101s, 102s});
  const Plan made = plan(scene, at(103s));
  EXPECT_TRUE(task_of(made, kGpqa).job.released);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
}

TEST(Releasing, AResultNeverRegresses) {
  for (const char* wire : {"Running", "Failed", "Stopped", "Archived", "", "UNK"}) {
    Scene scene = a_succeeded_invocation();
    scene.job_is(kGpqa, wire);
    EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kSucceeded) << wire;
    EXPECT_EQ(plan(scene).status.phase, Phase::kSucceeded) << wire;
  }
}

TEST(Releasing, WhenAllIsGoneNothingIsExpectedAnyMore) {
  Scene scene = a_succeeded_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_gone(task);
  scene.status() = plan(scene).status;
  const Plan quiet = plan(scene, at(101s));
  EXPECT_THAT(quiet.actions, IsEmpty());
  EXPECT_EQ(quiet.interest.pace, lepton::Pace::kIdle);
  EXPECT_FALSE(quiet.wake_at);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
