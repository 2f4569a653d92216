// Attempts of a task: retries, runs that were asked for by hand; what is kept of those before.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Scene with_retries(int retries) {
  Scene scene = a_running_invocation();
  scene.with_spec("execution: {retries: " + std::to_string(retries) + "}");
  return scene;
}

Scene& run_again(Scene& scene, const std::string& task, int run) {
  ++scene.object.meta.generation;
  for (base::Json& item : scene.object.spec["evaluation"]["tasks"].as_array()) {
    if (base::get_string(item, "name") == task) item["run"] = base::Json::number(run);
  }
  return scene;
}

// gpqa_diamond's endpoint was verified gone, as the others'.
Scene all_released(Scene scene) {
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    scene.endpoint_gone(task);
    scene.task(task).endpoint.state = EndpointPhase::kReleased;
    scene.task(task).endpoint.releasing = true;
  }
  Condition end;
  end.type = scene.status().phase == Phase::kSucceeded ? "Complete" : "Failed";
  end.status = ConditionStatus::kTrue;
  set_condition(scene.status().conditions, end);
  return scene;
}

TEST(Retries, BeginAtOnceOnTheSameEndpoint) {
  Scene scene = with_retries(2);
  scene.job_is(kGpqa, "Failed");
  const Plan made = plan(scene);
  const TaskStatus task = task_of(made, kGpqa);
  EXPECT_THAT(made.actions, ElementsAre(creates_job(kGpqa)));
  EXPECT_EQ(task.phase, TaskPhase::kStarting);
  EXPECT_EQ(task.job.attempt, 1);
  EXPECT_NE(task.job.name, scene.job_name_of(kGpqa));
  EXPECT_EQ(task.retries, 1);
  EXPECT_EQ(task.endpoint.name, scene.task(kGpqa).endpoint.name);
  EXPECT_EQ(task.endpoint.state, EndpointPhase::kReady);
  ASSERT_THAT(task.earlier, SizeIs(1));
  EXPECT_EQ(task.earlier[0].outcome, TaskPhase::kFailed);
  EXPECT_EQ(task.earlier[0].job.id, Scene::job_id_of(kGpqa));
  EXPECT_EQ(task.earlier[0].job.finished_at, scene.now);
  EXPECT_THAT(task.earlier[0].message, HasSubstr("ended as Failed"));
}

TEST(Retries, AreAsManyAsWereAskedForAndThenTheTaskHasFailed) {
  Scene scene = with_retries(1);
  scene.task(kGpqa).retries = 1;
  scene.job_is(kGpqa, "Failed");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(made, kGpqa).earlier, IsEmpty());
  EXPECT_THAT(made.actions, ElementsAre(deletes_endpoint(kGpqa)));
}

TEST(Retries, AreNotForWhatSucceededOrIsUnknownOrWasRefused) {
  for (const char* wire : {"Completed", "Archived"}) {
    Scene scene = with_retries(2);
    scene.job_is(kGpqa, wire).stage_read(kGpqa, std::nullopt);
    EXPECT_THAT(plan(scene).actions, Not(Contains(creates_job(kGpqa)))) << wire;
  }
  Scene refused = with_retries(2);
  refused.with_uncertain_job(kGpqa, at(90s)).failed("create-job " + refused.job_name_of(kGpqa), base::ErrorKind::kInvalid, 91s, 92s);
  EXPECT_EQ(task_of(plan(refused), kGpqa).phase, TaskPhase::kFailed);
}

TEST(Retries, WaitUntilTheAttemptThatTimedOutRunsNoMore) {
  Scene scene = with_retries(1);
  scene.with_spec("execution: {timeout: 1h}");
  const base::Milliseconds over = 60s + 1h + 120s;
  const Plan late = plan(scene, at(over));
  EXPECT_THAT(late.actions, Contains(stops_job(kGpqa)));
  EXPECT_THAT(late.actions, Not(Contains(creates_job(kGpqa))));
  EXPECT_EQ(task_of(late, kGpqa).retries, 1);
  scene.status() = late.status;
  scene.job_is(kGpqa, "Stopped").looked_at({over + 1s, over + 2s});
  const Plan next = plan(scene, at(over + 3s));
  EXPECT_THAT(next.actions, Contains(creates_job(kGpqa)));
  EXPECT_TRUE(task_of(next, kGpqa).earlier[0].job.released);
}

TEST(Retries, WaitForAnEndpointThatWentDown) {
  Scene scene = with_retries(1);
  scene.job_is(kGpqa, "Failed").endpoint_is(kGpqa, "Starting");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Not(Contains(creates_job(kGpqa))));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kDeploying);
  scene.status() = made.status;
  scene.endpoint_is(kGpqa, "Ready");
  EXPECT_THAT(plan(scene, at(101s)).actions, Contains(creates_job(kGpqa)));
}

// gpqa_diamond's went down half an hour ago: while a job ran, or after its task was cancelled, since it is kept.
Scene& down_since_long(Scene& scene) {
  scene.now = at(31min);
  scene.endpoint_is(kGpqa, "Starting").looked_at({31min - 2s, 31min});
  scene.task(kGpqa).endpoint.state = EndpointPhase::kWaiting;
  scene.task(kGpqa).endpoint.waiting_since = at(1min);
  return scene;
}

TEST(Retries, GiveAnEndpointThatIsDownItsWholeTime) {
  for (const bool shared : {false, true}) {
    Scene scene = with_retries(1);
    if (shared) scene.with_spec("deployment: {sharing: Shared}");
    down_since_long(scene).job_is(shared ? kHellaswag : kGpqa, "Failed");
    scene.status() = plan(scene).status;
    EXPECT_EQ(scene.task(kGpqa).endpoint.waiting_since, at(31min)) << shared;
    EXPECT_THAT(plan(scene).actions, IsEmpty()) << shared << ": neither is Lepton asked why, nor given up";
    EXPECT_EQ(plan(scene).status, scene.status()) << shared;
  }
}

TEST(Runs, OfATaskThatHadNoJobGiveItsEndpointItsWholeTime) {
  Scene scene = a_running_invocation();
  scene.with_spec("endpointRetention: UntilDeleted");
  down_since_long(scene).job_gone(kGpqa);
  scene.task(kGpqa).job = {};
  scene.task(kGpqa).phase = TaskPhase::kCancelled;
  scene.status() = plan(run_again(scene, kGpqa, 1)).status;
  EXPECT_EQ(scene.task(kGpqa).endpoint.waiting_since, at(31min));
  EXPECT_THAT(plan(scene).actions, Not(Contains(explains_endpoint(kGpqa))));
}

TEST(AppendedTask, GivesASharedEndpointItsWholeTime) {
  Scene scene = a_running_invocation();
  scene.with_spec("deployment: {sharing: Shared}").with_appended_task("mmlu");
  scene.status() = plan(down_since_long(scene)).status;
  EXPECT_EQ(scene.task(kGpqa).endpoint.waiting_since, at(31min));
  EXPECT_EQ(scene.task("mmlu").phase, TaskPhase::kPending);
  EXPECT_THAT(plan(scene).actions, Not(Contains(explains_endpoint(kGpqa))));
}

TEST(Retries, GiveNoMoreTimeToAnEndpointThatOthersWaitFor) {
  Scene scene = with_retries(1);
  scene.with_spec("deployment: {sharing: Shared}").endpoint_is(kGpqa, "Starting");
  EndpointStatus& endpoint = scene.task(kGpqa).endpoint;
  endpoint.state = EndpointPhase::kWaiting;
  endpoint.waiting_since = at(90s);
  scene.task(kWinogrande).job = JobStatus{};
  scene.job_is(kHellaswag, "Failed");
  EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.waiting_since, at(90s));
}

TEST(Retries, OfATaskWhoseDuplicateStillRunsWaitForThatToo) {
  Scene scene = with_retries(1);
  scene.another_job(kGpqa, "job-late", "Running", 75s);
  scene.view.jobs[scene.job_name_of(kGpqa)].front().state = lepton::JobState::kFailed;
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, ElementsAre(removes_duplicate("job-late")));
  EXPECT_THAT(task_of(made, kGpqa).earlier, SizeIs(1));
}

TEST(Retries, ADuplicateOfAnEarlierAttemptIsRemovedWhileALaterOneRuns) {
  Scene scene = with_retries(1);
  scene.job_is(kGpqa, "Failed");
  scene.status() = plan(scene).status;
  ASSERT_EQ(scene.task(kGpqa).job.attempt, 1);
  ASSERT_TRUE(scene.task(kGpqa).earlier.front().job.released);
  scene.another_job(kGpqa, "job-late", "Running", 99s);
  EXPECT_THAT(plan(scene, at(101s)).actions, Contains(removes_duplicate("job-late")));
}

TEST(Retries, MayBeGrantedWhileATaskRuns) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Failed").with_spec("execution: {retries: 1}");
  EXPECT_THAT(plan(scene).actions, Contains(creates_job(kGpqa)));
}

TEST(Retries, TheJobOfAnEarlierAttemptGoesAtDeletionToo) {
  Scene scene = with_retries(1);
  scene.job_is(kGpqa, "Failed");
  scene.status() = plan(scene).status;
  scene.deleted_at(101s);
  const Plan made = plan(scene, at(102s));
  EXPECT_THAT(made.actions, Contains(deletes_job(Scene::job_id_of(kGpqa))));
  scene.workspace_is(WorkspaceState::kUnauthorized, "why").with_annotation(kAbandonAnnotation, "the workspace is gone");
  EXPECT_THAT(message_of(plan(scene, at(102s)), "CleanedUp"), HasSubstr("job " + Scene::job_id_of(kGpqa)));
}

TEST(Runs, OfAFinishedTaskMakeTheInvocationRunAgainOnANewEndpoint) {
  Scene scene = all_released(a_succeeded_invocation());
  run_again(scene, kGpqa, 1);
  const Plan made = plan(scene);
  const TaskStatus task = task_of(made, kGpqa);
  EXPECT_THAT(made.actions, ElementsAre(creates_endpoint(kGpqa)));
  EXPECT_EQ(made.status.phase, Phase::kRunning);
  EXPECT_FALSE(made.status.completion_time);
  EXPECT_THAT(made, has_condition("Complete", ConditionStatus::kFalse, "RunAgain"));
  EXPECT_EQ(task.endpoint.incarnation, 1);
  EXPECT_NE(task.endpoint.name, scene.endpoint_name_of(kGpqa));
  EXPECT_EQ(task.job.attempt, 1);
  EXPECT_EQ(task.run, 1);
  ASSERT_THAT(task.earlier, SizeIs(1));
  EXPECT_EQ(task.earlier[0].outcome, TaskPhase::kSucceeded);
  EXPECT_EQ(task.earlier[0].job.finished_at, at(90s));
  EXPECT_EQ(task_of(made, kHellaswag).phase, TaskPhase::kSucceeded);
  EXPECT_THAT(task_of(made, kHellaswag).earlier, IsEmpty());
}

TEST(Runs, WaitUntilTheEndpointOfBeforeIsGone) {
  Scene scene = a_succeeded_invocation();  // it is seen Deleting
  scene.task(kGpqa).endpoint.releasing = true;
  run_again(scene, kGpqa, 1);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded) << "until then its result stands";
  EXPECT_EQ(made.status.phase, Phase::kSucceeded);
  scene.status() = made.status;
  scene.endpoint_gone(kGpqa);
  EXPECT_THAT(plan(scene, at(101s)).actions, ElementsAre(creates_endpoint(kGpqa)));
}

TEST(Runs, AskedForWhileTheTaskRunsBeginWhenItsAttemptIsOver) {
  for (const char* wire : {"Completed", "Failed", "Archived"}) {
    Scene scene = a_running_invocation();
    run_again(scene, kGpqa, 1);
    EXPECT_THAT(plan(scene).actions, IsEmpty());
    scene.job_is(kGpqa, wire).stage_read(kGpqa, std::nullopt);
    const Plan made = plan(scene);
    EXPECT_THAT(made.actions, ElementsAre(creates_job(kGpqa))) << wire << ": the endpoint is kept";
    EXPECT_EQ(task_of(made, kGpqa).run, 1);
    EXPECT_EQ(task_of(made, kGpqa).earlier.at(0).run, 0);
  }
}

TEST(Runs, HaveRetriesOfTheirOwn) {
  Scene scene = all_released(a_failed_invocation());
  scene.with_spec("execution: {retries: 2}");
  scene.task(kGpqa).retries = 2;
  run_again(scene, kGpqa, 7);
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).retries, 0);
  EXPECT_EQ(task_of(made, kGpqa).run, 7);
  EXPECT_THAT(made, has_condition("Failed", ConditionStatus::kFalse, "RunAgain"));
}

TEST(Runs, OfATaskThatHadNoJobKeepItsAttemptNumber) {
  Scene scene = all_released(a_succeeded_invocation());
  scene.status().phase = Phase::kFailed;
  for (const char* name : {kGpqa, kHellaswag, kWinogrande}) {
    TaskStatus& task = scene.task(name);
    task.job = {};
    task.phase = TaskPhase::kCancelled;
    scene.job_gone(name);
  }
  scene.task(kGpqa).phase = TaskPhase::kFailed;
  run_again(scene, kHellaswag, 1);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, ElementsAre(creates_endpoint(kHellaswag)));
  EXPECT_EQ(task_of(made, kHellaswag).job.attempt, 0);
  EXPECT_EQ(task_of(made, kHellaswag).phase, TaskPhase::kDeploying) << "the failure of before cancels nothing now";
  scene.status() = made.status;
  scene.status().tasks[1].endpoint.state = EndpointPhase::kReady;
  lepton::SeenEndpoint ready;
  ready.endpoint.name = task_of(made, kHellaswag).endpoint.name;
  ready.endpoint.state = lepton::EndpointState::kReady;
  ready.endpoint.external_url = "https://again.example";
  scene.view.endpoints[ready.endpoint.name] = ready;
  EXPECT_THAT(plan(scene, at(101s)).actions, Contains(creates_job(kHellaswag))) << "the others' endpoints are not waited for";
}

TEST(Runs, WrittenFromTheBeginningAreNoSecondRun) {
  Scene fresh = a_new_invocation();
  run_again(fresh, kGpqa, 3);
  const Plan made = plan(fresh, at(0s));
  EXPECT_EQ(task_of(made, kGpqa).run, 3);
  Scene done = all_released(a_succeeded_invocation());
  run_again(done, kGpqa, 3);
  done.task(kGpqa).run = 3;
  EXPECT_THAT(plan(done).actions, IsEmpty());
  EXPECT_EQ(plan(done).status.phase, Phase::kSucceeded);
}

TEST(Runs, AreNotBegunForWhatIsBeingDeletedNorInANamespaceThatIs) {
  Scene scene = all_released(a_succeeded_invocation());
  run_again(scene, kGpqa, 1);
  scene.namespace_deleting = true;
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  scene.deleted_at(99s);
  EXPECT_THAT(plan(scene).actions, Not(Contains(creates())));
}

TEST(Runs, WaitForAWorkspaceThatAnswersAndKeepTheResultMeanwhile) {
  Scene scene = all_released(a_succeeded_invocation());
  run_again(scene, kGpqa, 1);
  scene.workspace_is(WorkspaceState::kUnreachable, "why");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(made.status.phase, Phase::kSucceeded);
  EXPECT_EQ(made.status.completion_time, at(90s));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
