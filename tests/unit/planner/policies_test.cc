// startPolicy, endpointFailurePolicy, endpointRetention, parallelism, sharing: when tasks start, what a failed endpoint costs, how long
// endpoints stay.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two endpoints are Ready; that of hellaswag is Starting, or Lepton refused it.
Scene but_one_is_starting(const char* policies) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.with_spec(policies).endpoint_is(kHellaswag, "Starting");
  scene.task(kHellaswag).endpoint.state = EndpointPhase::kWaiting;
  return scene;
}

Scene but_one_was_refused(const char* policies) {
  Scene scene = but_one_is_starting(policies);
  scene.endpoint_gone(kHellaswag).task(kHellaswag).endpoint.seen = false;
  const std::string name = scene.endpoint_name_of(kHellaswag);
  scene.failed("create-endpoint " + name, ErrorKind::kInvalid, 90s, 91s, name);
  return scene;
}

TEST(StartPolicy, EachEndpointReadyStartsATaskAsSoonAsItsOwnEndpointIs) {
  const Plan made = plan(but_one_is_starting("startPolicy: EachEndpointReady"));
  EXPECT_THAT(made.actions, Contains(creates_job(kGpqa)));
  EXPECT_THAT(made.actions, Contains(creates_job(kWinogrande)));
  EXPECT_THAT(made.actions, Not(Contains(creates_job(kHellaswag))));
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kFalse, "Waiting"));
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("1 of 3 endpoints not ready (hellaswag: Waiting)"));
}

TEST(StartPolicy, EachEndpointReadyStartsTheLastTaskToo) {
  Scene scene = but_one_is_starting("startPolicy: EachEndpointReady");
  scene.status() = plan(scene).status;
  scene.endpoint_is(kHellaswag, "Ready");
  const Plan made = plan(scene, at(102s));
  EXPECT_THAT(made.actions, Contains(creates_job(kHellaswag)));
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "AllReady"));
}

TEST(StartPolicy, AllEndpointsReadyIsTheOneUnlessWritten) {
  EXPECT_EQ(count_of<CreateJob>(plan(but_one_is_starting("{}")).actions), 0U);
  EXPECT_EQ(count_of<CreateJob>(plan(but_one_is_starting("startPolicy: AllEndpointsReady")).actions), 0U);
}

TEST(EndpointFailurePolicy, FailTaskCostsThatTaskAloneAndTheOthersStart) {
  const Plan made = plan(but_one_was_refused("endpointFailurePolicy: FailTask"));
  EXPECT_EQ(task_of(made, kHellaswag).phase, TaskPhase::kFailed);
  EXPECT_THAT(made.actions, Contains(creates_job(kGpqa)));
  EXPECT_THAT(made.actions, Contains(creates_job(kWinogrande)));
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "OthersReady"));
}

TEST(EndpointFailurePolicy, FailTaskKeepsTheBarrierForTheOthers) {
  Scene scene = but_one_was_refused("endpointFailurePolicy: FailTask");
  scene.endpoint_is(kGpqa, "Starting");
  const Plan made = plan(scene);
  EXPECT_EQ(count_of<CreateJob>(made.actions), 0U);
  EXPECT_EQ(made.status.phase, Phase::kDeploying);
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("2 of 3 endpoints not ready"));
}

TEST(EndpointFailurePolicy, FailTaskFailsTheInvocationWhenEveryEndpointFailed) {
  Scene scene = but_one_was_refused("endpointFailurePolicy: FailTask");
  for (const char* task : {kGpqa, kWinogrande}) {
    scene.endpoint_is(task, "Error").memory.diagnoses[scene.endpoint_name_of(task)] = "OOM";
  }
  EXPECT_THAT(plan(scene), has_condition("Failed", ConditionStatus::kTrue, "EndpointFailed"));
}

TEST(EndpointFailurePolicy, FailInvocationCostsThatTaskAloneAfterTheFirstJob) {
  Scene scene = but_one_is_starting("{startPolicy: EachEndpointReady, endpointFailurePolicy: FailInvocation}");
  scene.status() = plan(scene).status;
  scene.endpoint_is(kHellaswag, "Error").memory.diagnoses[scene.endpoint_name_of(kHellaswag)] = "OOM";
  const Plan made = plan(scene, at(102s));
  EXPECT_EQ(task_of(made, kHellaswag).phase, TaskPhase::kFailed);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kStarting);
}

TEST(EndpointFailurePolicy, FailInvocationIsTheOneUnlessWritten) {
  for (const char* policy : {"{}", "endpointFailurePolicy: FailInvocation", "startPolicy: EachEndpointReady"}) {
    EXPECT_EQ(task_of(plan(but_one_was_refused(policy)), kGpqa).phase, TaskPhase::kCancelled) << policy;
  }
}

Scene with_one_completed(const char* retention) {
  Scene scene = a_running_invocation();
  scene.with_spec(retention).job_is(kGpqa, "Completed");
  return scene;
}

Scene with_all_completed(const char* retention) {
  Scene scene = with_one_completed(retention);
  scene.job_is(kHellaswag, "Completed").job_is(kWinogrande, "Failed");
  return scene;
}

TEST(EndpointRetention, UntilTaskFinishedReleasesEachWithItsTask) {
  for (const char* retention : {"{}", "endpointRetention: UntilTaskFinished"}) {
    const Plan made = plan(with_one_completed(retention));
    EXPECT_THAT(made.actions, Contains(deletes_endpoint(kGpqa))) << retention;
    EXPECT_THAT(made.actions, Not(Contains(deletes_endpoint(kHellaswag)))) << retention;
  }
}

TEST(EndpointRetention, UntilFinishedReleasesAllWithTheLastTask) {
  EXPECT_EQ(count_of<DeleteEndpoint>(plan(with_one_completed("endpointRetention: UntilFinished")).actions), 0U);
  const Plan made = plan(with_all_completed("endpointRetention: UntilFinished"));
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 3U);
  EXPECT_EQ(made.status.phase, Phase::kFailed);
}

TEST(EndpointRetention, UntilDeletedKeepsThemWhateverTheOutcome) {
  Scene scene = with_all_completed("endpointRetention: UntilDeleted");
  Plan made = plan(scene);
  EXPECT_EQ(made.status.phase, Phase::kFailed);
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 0U);
  EXPECT_EQ(made.status.counts.endpoints_ready, 3);
  scene.status() = made.status;
  EXPECT_THAT(plan(scene, at(200s)).actions, IsEmpty());
  scene.deleted_at(300s);
  EXPECT_EQ(count_of<DeleteEndpoint>(plan(scene, at(301s)).actions), 3U);
}

TEST(EndpointRetention, WhatIsKeptIsMirroredButNeitherPutBackNorStarted) {
  Scene scene = with_all_completed("endpointRetention: UntilDeleted");
  scene.status() = plan(scene).status;
  scene.endpoint_is(kGpqa, "Stopped").endpoint_gone(kHellaswag).looked_at({100s, 101s});
  const Plan made = plan(scene, at(102s));
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(task_of(made, kGpqa).endpoint.state, EndpointPhase::kDown);
  EXPECT_EQ(task_of(made, kHellaswag).endpoint.state, EndpointPhase::kReleased);
  EXPECT_EQ(made.status.counts.endpoints_ready, 1);
}

TEST(EndpointRetention, MayBeShortenedAfterTheEnd) {
  Scene scene = with_all_completed("endpointRetention: UntilDeleted");
  scene.status() = plan(scene).status;
  scene.with_spec("endpointRetention: UntilFinished");
  EXPECT_EQ(count_of<DeleteEndpoint>(plan(scene, at(200s)).actions), 3U);
}

TEST(EndpointRetention, ThatIsLengthenedSavesNoneThatIsGoing) {
  Scene scene = a_succeeded_invocation();
  scene.with_spec("endpointRetention: UntilDeleted").endpoint_is(kGpqa, "Ready");
  EXPECT_THAT(plan(scene).actions, Contains(deletes_endpoint(kGpqa)));
}

TEST(Parallelism, TheNextWaveWaitsUntilTheEndpointsOfTheOneBeforeAreGone) {
  Scene scene = a_running_invocation();
  scene.with_spec("parallelism: 2").with_appended_task("mmlu");
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Completed");
  scene.status() = plan(scene).status;
  EXPECT_EQ(scene.task("mmlu").wave, 0);
  EXPECT_THAT(plan(scene).actions, Not(Contains(creates_endpoint("mmlu"))));
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    const std::string name = scene.endpoint_name_of(task);
    scene.did("delete-endpoint " + name, 100s, 101s, name).endpoint_gone(task);
  }
  scene.looked_at({102s, 103s});
  scene.status() = plan(scene, at(104s)).status;  // sees that they are gone
  const Plan made = plan(scene, at(104s));
  EXPECT_EQ(task_of(made, "mmlu").wave, 2);
  EXPECT_THAT(made.actions, Contains(creates_endpoint("mmlu")));
}

TEST(Parallelism, EndpointsThatAreKeptDoNotHoldTheNextWaveBack) {
  Scene scene = a_running_invocation();
  scene.with_spec("{parallelism: 3, endpointRetention: UntilFinished}").with_appended_task("mmlu");
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Completed");
  scene.status() = plan(scene).status;
  scene.status() = plan(scene, at(101s)).status;
  EXPECT_EQ(scene.task("mmlu").wave, 2);
}

TEST(Parallelism, WithoutItAnAppendedTaskBeginsAtOnce) {
  Scene scene = a_running_invocation();
  scene.with_appended_task("mmlu");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, "mmlu").wave, 1);
  EXPECT_THAT(made.actions, Contains(creates_endpoint("mmlu")));
}

TEST(Parallelism, WhatBeganBeforeThereWereWavesGoesOn) {
  Scene scene = a_running_invocation();
  scene.with_spec("parallelism: 1");
  for (TaskStatus& task : scene.status().tasks) task.wave = 0;
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  for (const TaskStatus& task : made.status.tasks) EXPECT_EQ(task.wave, 1);
}

TEST(Sharing, OneEndpointIsMadeAndServesAllJobs) {
  Scene scene = a_pending_invocation();
  scene.with_spec("deployment: {sharing: Shared}");
  for (const SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 99s, 100s, secret.name);
  Plan made = plan(scene);
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 1U);
  scene.status() = made.status;
  EXPECT_THAT(message_of(plan(scene, at(101s)), "EndpointsReady"), HasSubstr("1 of 1 endpoints not ready"));
  scene.did("create-endpoint " + scene.endpoint_name_of(kGpqa), 100s, 101s, scene.endpoint_name_of(kGpqa));
  scene.endpoint_is(kGpqa, "Ready").looked_at({102s, 103s});
  made = plan(scene, at(104s));
  EXPECT_EQ(count_of<CreateJob>(made.actions), 3U);
  EXPECT_EQ(made.status.counts.endpoints_ready, 1);
}

TEST(Sharing, TheEndpointOutlivesTheTaskWhoseStatusHasIt) {
  Scene scene = a_running_invocation();
  scene.with_spec("deployment: {sharing: Shared}").job_is(kGpqa, "Completed");
  for (const char* task : {kHellaswag, kWinogrande}) scene.endpoint_gone(task).task(task).endpoint = {};
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 0U);
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 0U);
  scene.job_is(kHellaswag, "Completed").job_is(kWinogrande, "Failed");
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(deletes_endpoint(kGpqa)));
}

TEST(Sharing, TheEndpointIsReleasedWhenTheRestIsSuspendedHoweverLongItWasToBeKept) {
  for (const char* retention : {"UntilTaskFinished", "UntilFinished", "UntilDeleted"}) {
    SCOPED_TRACE(retention);
    Scene scene = a_running_invocation();
    scene.with_spec("{deployment: {sharing: Shared}, endpointRetention: " + std::string(retention) + "}").job_is(kGpqa, "Completed");
    for (const char* task : {kHellaswag, kWinogrande}) scene.endpoint_gone(task).task(task).endpoint = {};
    scene.status() = plan(scene).status;
    scene.with_spec("suspend: true");
    Plan made = plan(scene);
    EXPECT_THAT(made.actions, Contains(deletes_endpoint(kGpqa)));
    scene.status() = made.status;
    for (const char* task : {kHellaswag, kWinogrande}) {
      scene.did("stop-job " + Scene::job_id_of(task), 100s, 101s, Scene::job_id_of(task)).job_is(task, "Stopped");
    }
    scene.looked_at({101500ms, 102s});
    EXPECT_NE(plan(scene, at(103s)).status.phase, Phase::kSuspended) << "its endpoint is still there";
    const std::string endpoint = scene.endpoint_name_of(kGpqa);
    scene.did("delete-endpoint " + endpoint, 100s, 101s, endpoint).endpoint_gone(kGpqa);
    made = plan(scene, at(103s));
    EXPECT_EQ(made.status.phase, Phase::kSuspended);
    EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
    scene.status() = made.status;
    scene.with_spec("suspend: false");
    made = plan(scene, at(104s));
    EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 1U) << "the next incarnation serves the rest";
    EXPECT_EQ(task_of(made, kGpqa).endpoint.incarnation, 1);
  }
}

TEST(Sharing, IsPutBackWhileAnyTaskNeedsIt) {
  Scene scene = a_running_invocation();
  scene.with_spec("deployment: {sharing: Shared}").job_is(kGpqa, "Completed");
  for (const char* task : {kHellaswag, kWinogrande}) scene.endpoint_gone(task).task(task).endpoint = {};
  scene.endpoint_gone(kGpqa);
  EXPECT_THAT(plan(scene).actions, Contains(creates_endpoint(kGpqa)));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
