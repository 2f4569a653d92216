// spec.suspend: nothing runs, nothing is lost; going on is a new attempt that is no retry.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Scene suspended(Scene scene) {
  scene.with_spec("suspend: true");
  return scene;
}

TEST(Suspend, BeforeTheStartNothingIsFrozenOrMade) {
  const Plan made = plan(suspended(a_new_invocation()), at(0s));
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(made.status.phase, Phase::kSuspended);
  EXPECT_FALSE(made.status.resolved);
  EXPECT_FALSE(made.status.start_time);
  EXPECT_THAT(made, has_condition("Accepted", ConditionStatus::kTrue, "Valid"));
  EXPECT_THAT(made, has_condition("Suspended", ConditionStatus::kTrue, "Suspended"));
}

TEST(Suspend, BeforeTheStartABadManifestIsStillRefused) {
  Scene scene = suspended(a_new_invocation());
  scene.with_spec("evaluation: {tasks: [{name: no_such_benchmark}]}");
  EXPECT_THAT(plan(scene, at(0s)), has_condition("Accepted", ConditionStatus::kFalse, "UnknownTask"));
}

TEST(Suspend, DuringDeploymentReleasesEndpoints) {
  Scene scene = suspended(a_deploying_invocation());
  const Plan made = plan(scene);
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 3U);
  EXPECT_THAT(made.actions, Not(Contains(creates())));
  EXPECT_EQ(made.status.phase, Phase::kDeploying) << "until they are gone";
  EXPECT_THAT(made, has_condition("Suspended", ConditionStatus::kFalse, "Suspending"));
}

TEST(Suspend, DuringTheRunStopsJobsAndReleasesEndpointsAtOnce) {
  const Plan made = plan(suspended(a_running_invocation()));
  EXPECT_EQ(count_of<StopJob>(made.actions), 3U);
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 3U);
  for (const TaskStatus& task : made.status.tasks) EXPECT_TRUE(task.job.stop_requested) << "written before the request is sent";
}

// Everything was asked for at 100 s and is over at 102 s.
Scene stopped() {
  Scene scene = suspended(a_running_invocation());
  scene.status() = plan(scene).status;
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    scene.did("stop-job " + Scene::job_id_of(task), 100s, 101s, Scene::job_id_of(task)).job_is(task, "Stopped");
    const std::string endpoint = scene.endpoint_name_of(task);
    scene.did("delete-endpoint " + endpoint, 100s, 101s, endpoint).endpoint_gone(task);
  }
  scene.looked_at({101500ms, 102s});
  scene.now = at(103s);
  return scene;
}

TEST(Suspend, IsReachedWhenNothingIsLeftThatRuns) {
  const Plan made = plan(stopped());
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(made.status.phase, Phase::kSuspended);
  EXPECT_THAT(made, has_condition("Suspended", ConditionStatus::kTrue, "Suspended"));
  for (const TaskStatus& task : made.status.tasks) {
    EXPECT_EQ(task.phase, TaskPhase::kPending);
    ASSERT_THAT(task.earlier, SizeIs(1));
    EXPECT_EQ(task.earlier[0].outcome, TaskPhase::kCancelled);
    EXPECT_EQ(task.retries, 0);
  }
  EXPECT_FALSE(made.status.completion_time);
}

TEST(Suspend, KeepsTheResultOfWhatHasFinishedAndOfWhatSucceedsWhileItIsStopped) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Completed");
  scene.status() = plan(scene).status;
  scene.with_spec("suspend: true");
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kSucceeded);
  Scene late = stopped();
  late.job_is(kHellaswag, "Completed");
  EXPECT_EQ(task_of(plan(late), kHellaswag).phase, TaskPhase::kSucceeded);
  EXPECT_EQ(plan(late).status.phase, Phase::kSuspended);
}

TEST(Suspend, TakesTheEndOfAJobThatItStoppedForItsOwnAlsoWhenItIsOverByThen) {
  Scene scene = stopped();
  scene.with_spec("{suspend: false, execution: {retries: 0}}");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kDeploying);
  EXPECT_EQ(task_of(made, kGpqa).earlier.at(0).outcome, TaskPhase::kCancelled);
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
}

TEST(Suspend, GoesOnWithNewAttemptsOnNewEndpoints) {
  Scene scene = stopped();
  scene.status() = plan(scene).status;
  scene.with_spec("suspend: false");
  const Plan made = plan(scene, at(200s));
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  EXPECT_EQ(made.status.phase, Phase::kRunning);
  EXPECT_EQ(made.status.active_since, at(200s));
  EXPECT_THAT(made, has_condition("Suspended", ConditionStatus::kFalse, "Resumed"));
  for (const TaskStatus& task : made.status.tasks) {
    EXPECT_EQ(task.endpoint.incarnation, 1);
    EXPECT_EQ(task.job.attempt, 1);
    EXPECT_EQ(task.retries, 0);
  }
}

TEST(Suspend, TakenBackWhileItStopsEndsWhatItBeganAndThenGoesOn) {
  Scene scene = suspended(a_running_invocation());
  scene.status() = plan(scene).status;
  scene.with_spec("suspend: false");
  const Plan made = plan(scene, at(101s));
  EXPECT_THAT(made.actions, Not(Contains(creates())));
  EXPECT_EQ(count_of<StopJob>(made.actions), 3U) << "it is not known to be sent";
}

TEST(Suspend, OfAJobWhoseCreationIsUncertainWaitsForItsEnd) {
  Scene scene = suspended(a_running_invocation());
  scene.with_uncertain_job(kGpqa, at(90s));
  const Plan early = plan(scene);
  EXPECT_EQ(task_of(early, kGpqa).job.name, scene.job_name_of(kGpqa));
  scene.status() = early.status;
  scene.seen_without_it(looks_at({121s, 123s}));
  const Plan settled = plan(scene, at(124s));
  EXPECT_TRUE(task_of(settled, kGpqa).job.name.empty());
  EXPECT_EQ(task_of(settled, kGpqa).job.attempt, 0) << "it was never made";
  EXPECT_THAT(settled.actions, Not(Contains(creates_job(kGpqa))));
}

TEST(Suspend, OutlastsAWorkspaceThatDoesNotAnswer) {
  Scene scene = stopped();
  scene.status() = plan(scene).status;
  scene.workspace_is(WorkspaceState::kUnreachable, "why");
  EXPECT_EQ(plan(scene).status.phase, Phase::kSuspended);
}

TEST(Suspend, MeansNothingToWhatHasFinished) {
  const Plan made = plan(suspended(a_succeeded_invocation()));
  EXPECT_EQ(made.status.phase, Phase::kSucceeded);
  EXPECT_THAT(made.actions, IsEmpty());
}

TEST(Suspend, TheJobsOfStoppedAttemptsGoAtDeletion) {
  Scene scene = stopped();
  scene.status() = plan(scene).status;
  scene.deleted_at(104s);
  EXPECT_EQ(count_of<DeleteJob>(plan(scene, at(105s)).actions), 3U);
  EXPECT_THAT(message_of(plan(scene, at(105s)), "CleanedUp"), HasSubstr("job of gpqa_diamond"));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
