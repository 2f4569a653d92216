// Workspace limits: all or nothing, first come first served, and the impossible says so.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A nim with three tasks; the Lepton secrets are there.
Scene asking(std::optional<int> endpoints, std::optional<int> jobs, Usage used = {}, int ahead = 0) {
  Scene scene = a_pending_invocation();
  for (TaskStatus& task : scene.status().tasks) task.wave = 0;
  for (const SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 99s, 100s, secret.name);
  scene.admission = {endpoints, jobs, used, ahead};
  return scene;
}

TEST(Admission, WithoutLimitsNothingIsSaidOfIt) {
  const Plan made = plan(asking({}, {}));
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  EXPECT_EQ(message_of(made, "Admitted"), "no such condition");
}

TEST(Admission, IsGivenWhenThereIsRoomForAllOfIt) {
  const Plan made = plan(asking(4, 5, {1, 2}));
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kTrue, "Admitted"));
  for (const TaskStatus& task : made.status.tasks) EXPECT_EQ(task.wave, 1);
}

TEST(Admission, IsAllOrNothing) {
  for (const Scene& scene : {asking(4, {}, {2, 0}), asking({}, 4, {0, 2}), asking(4, 4, {2, 0}), asking(4, 4, {0, 2})}) {
    const Plan made = plan(scene);
    EXPECT_THAT(made.actions, Not(Contains(creates())));
    EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kFalse, "Queued"));
    EXPECT_EQ(made.status.queued_since, at(100s));
    EXPECT_EQ(made.status.phase, Phase::kPending);
    for (const TaskStatus& task : made.status.tasks) EXPECT_EQ(task.wave, 0);
  }
}

TEST(Admission, SaysThePositionInLine) {
  const Plan made = plan(asking(4, {}, {2, 0}, 2));
  EXPECT_THAT(message_of(made, "Admitted"), HasSubstr("waiting: position 3 (needs 3 endpoints and 3 jobs at once"));
}

TEST(Admission, IsNotTakenPastThoseWhoAskedBefore) {
  const Plan made = plan(asking(100, 100, {}, 1));
  EXPECT_THAT(made.actions, Not(Contains(creates())));
  EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kFalse, "Queued"));
}

TEST(Admission, OfTheImpossibleSaysSoAndStandsInNobodysWay) {
  Scene scene = asking(2, {});
  scene.status().queued_since = at(50s);
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kFalse, "LimitExceeded"));
  EXPECT_THAT(message_of(made, "Admitted"), HasSubstr("can never run: needs 3 endpoints, limit 2"));
  EXPECT_FALSE(made.status.queued_since);
  EXPECT_THAT(message_of(plan(asking({}, 1)), "Admitted"), HasSubstr("can never run: needs 3 jobs, limit 1"));
}

TEST(Admission, OfAWaveNeedsRoomForTheWaveOnly) {
  Scene scene = asking(2, 2);
  scene.with_spec("parallelism: 2");
  EXPECT_EQ(count_of<CreateEndpoint>(plan(scene).actions), 2U);
}

TEST(Admission, OfASharedEndpointNeedsOne) {
  Scene scene = asking(1, 3);
  scene.with_spec("deployment: {sharing: Shared}");
  EXPECT_EQ(count_of<CreateEndpoint>(plan(scene).actions), 1U);
}

TEST(Admission, OfAnExistingEndpointNeedsNoEndpoint) {
  Scene scene = a_new_invocation_on_existing_endpoint();
  scene.admission = {1, 3, {1, 0}, 0};
  EXPECT_EQ(count_of<CreateJob>(plan(scene).actions), 3U);
}

TEST(Admission, KeepsThePlaceThatWasTakenFirst) {
  Scene scene = asking(4, {}, {2, 0});
  scene.status() = plan(scene, at(100s)).status;
  EXPECT_EQ(plan(scene, at(500s)).status.queued_since, at(100s));
  scene.admission.used = {};
  const Plan made = plan(scene, at(600s));
  EXPECT_FALSE(made.status.queued_since);
  EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kTrue, "Admitted"));
}

TEST(Admission, IsNotAskedForAgainByWhatWasAdmitted) {
  Scene scene = a_running_invocation();
  scene.admission = {1, 1, {1, 1}, 5};  // the limits were lowered since
  EXPECT_THAT(plan(scene).actions, testing::IsEmpty());
  scene.endpoint_gone(kGpqa);
  EXPECT_THAT(plan(scene).actions, Contains(creates_endpoint(kGpqa))) << "what is put back has its place";
}

TEST(Admission, OfAnAppendedTaskCountsWhatTheInvocationHolds) {
  Scene scene = a_running_invocation();
  scene.with_appended_task("mmlu").admission = {3, {}, {}, 0};
  EXPECT_THAT(plan(scene), has_condition("Admitted", ConditionStatus::kFalse, "Queued"));
  scene.admission.max_endpoints = 4;
  EXPECT_THAT(plan(scene).actions, Contains(creates_endpoint("mmlu")));
}

// With waves of two, the first of which keeps its endpoints: they will never make room for the second.
Scene keeping(const std::string& retention) {
  Scene scene = a_running_invocation();
  scene.with_spec("{parallelism: 2, endpointRetention: " + retention + "}");
  scene.task(kWinogrande) = TaskStatus{};
  scene.task("").name = kWinogrande;
  scene.view.endpoints.erase(scene.endpoint_name_of(kWinogrande));
  scene.view.jobs.erase(scene.job_name_of(kWinogrande));
  for (const char* task : {kGpqa, kHellaswag}) scene.job_is(task, "Completed");
  scene.admission = {2, {}, {}, 0};
  return scene;
}

TEST(Admission, OfAWaveForWhichKeptEndpointsNeverMakeRoomIsImpossible) {
  for (const char* retention : {"UntilFinished", "UntilDeleted"}) {
    Scene scene = keeping(retention);
    const Plan made = plan(scene);
    EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kFalse, "LimitExceeded"));
    EXPECT_THAT(message_of(made, "Admitted"), HasSubstr("can never run: needs 3 endpoints, limit 2"));
    EXPECT_THAT(message_of(made, "Admitted"), HasSubstr("or set spec.endpointRetention to UntilTaskFinished, since it keeps them all."));
    EXPECT_FALSE(made.status.queued_since) << "nobody behind it could ever run";
    scene.admission.max_endpoints = 3;
    EXPECT_THAT(plan(scene).actions, Contains(creates_endpoint(kWinogrande)));
  }
  EXPECT_THAT(plan(keeping("UntilTaskFinished")), Not(has_condition("Admitted", ConditionStatus::kFalse, "LimitExceeded")));
}

TEST(Admission, OfWavesWhoseEndpointsAreKeptIsImpossibleBeforeTheFirst) {
  Scene scene = asking(2, {});
  scene.with_spec("{parallelism: 1, endpointRetention: UntilFinished}");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Admitted", ConditionStatus::kFalse, "LimitExceeded"))
      << "it would hold two and wait for a third for ever";
  EXPECT_THAT(made.actions, Not(Contains(creates())));
  scene.with_spec("deployment: {sharing: Shared}");
  EXPECT_EQ(count_of<CreateEndpoint>(plan(scene).actions), 1U);
}

TEST(Admission, OfAnAppendedTaskCountsEndpointsThatAreKeptAndNotThoseThatGo) {
  Scene scene = a_running_invocation();
  scene.with_spec("endpointRetention: UntilFinished").with_appended_task("mmlu").admission = {3, {}, {}, 0};
  EXPECT_THAT(plan(scene), has_condition("Admitted", ConditionStatus::kFalse, "LimitExceeded"));
  scene.job_is(kGpqa, "Completed").task(kGpqa).endpoint.releasing = true;  // a shorter retention was written for a while
  EXPECT_THAT(plan(scene), has_condition("Admitted", ConditionStatus::kFalse, "Queued"));
}

TEST(Admission, IsNotWaitedForByOneWhoseWorkspaceIsAnotherNow) {
  Scene scene = asking(4, {}, {2, 0});
  scene.status() = plan(scene, at(100s)).status;
  ASSERT_TRUE(scene.status().queued_since);
  scene.workspace.id = "another";
  const Plan made = plan(scene, at(200s));
  EXPECT_THAT(made, has_condition("WorkspaceReady", ConditionStatus::kFalse, "WorkspaceChanged"));
  EXPECT_FALSE(made.status.queued_since) << "those of the new workspace would wait behind it for ever";
}

TEST(Usage, CountsWhatIsPromisedAndWhatIsNotVerifiedGone) {
  const auto usage = [](const Scene& scene) { return usage_of(scene.object, scene.object.status); };
  Scene scene = asking({}, {});
  EXPECT_EQ(usage(scene), (Usage{0, 0}));
  for (TaskStatus& task : scene.status().tasks) task.wave = 1;
  EXPECT_EQ(usage(scene), (Usage{3, 3}));
  EXPECT_EQ(usage(a_running_invocation()), (Usage{3, 3}));
  EXPECT_EQ(usage(a_succeeded_invocation()), (Usage{3, 0})) << "its endpoints are still going";
  EXPECT_EQ(usage(a_deleting_invocation()), (Usage{3, 3}));
  EXPECT_EQ(usage(a_new_invocation_on_existing_endpoint()), (Usage{0, 0}));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
