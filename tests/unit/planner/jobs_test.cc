// One job per task after the barrier; states mirrored, results kept.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Jobs, AreAllCreatedAtOnceWhenTheLastEndpointIsReady) {
  const Plan made = plan(an_invocation_with_ready_endpoints());
  EXPECT_EQ(count_of<CreateJob>(made.actions), 3U);
  EXPECT_EQ(made.status.phase, Phase::kRunning);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "AllReady"));
}

TEST(Jobs, AreNotCreatedBeforeTheLastEndpointIsReady) {
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    Scene scene = an_invocation_with_ready_endpoints();
    scene.endpoint_is(task, "Starting");
    EXPECT_EQ(count_of<CreateJob>(plan(scene).actions), 0U) << task;
    EXPECT_THAT(plan(scene), has_condition("EndpointsReady", ConditionStatus::kFalse, "Waiting"));
  }
}

TEST(Jobs, TheIntentStandsInTheStatusAndItsDeadlineInTheRequest) {
  const Plan made = plan(an_invocation_with_ready_endpoints(), at(100s));
  for (const Action& action : made.actions) {
    const auto* creation = std::get_if<CreateJob>(&action);
    if (!creation) continue;
    EXPECT_EQ(task_of(made, creation->task).job.name, creation->job.name);
    EXPECT_EQ(task_of(made, creation->task).job.intended_at, at(100s));
    EXPECT_EQ(creation->deadline, at(120s));
  }
  EXPECT_THAT(made.status.storage.path, HasSubstr(made.status.invocation_id));
}

TEST(Jobs, OfAnExistingEndpointAreCreatedAtOnce) {
  EXPECT_EQ(count_of<CreateJob>(plan(a_new_invocation_on_existing_endpoint(), at(0s)).actions), 3U);
}

TEST(Jobs, AreNotCreatedAgainAfterTheIntentWasWritten) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.status() = plan(scene, at(100s)).status;
  EXPECT_THAT(plan(scene, at(101s)).actions, IsEmpty());
}

TEST(Jobs, AreLookedForBeforeTheFirstIsIntendedWhereAnEarlierProcessMayHaveMadeSome) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.memory.met_with_finalizer = true;
  scene.memory.since = at(99s);
  scene.looked_at({98s, 99s});
  const Plan waiting = plan(scene, at(100s));
  EXPECT_EQ(count_of<CreateJob>(waiting.actions), 0U);
  EXPECT_TRUE(waiting.interest.archive);
  scene.looked_at({99s, 100s});
  EXPECT_EQ(count_of<CreateJob>(plan(scene, at(101s)).actions), 3U);
}

TEST(Jobs, ThatAreThereThoughTheStatusTellsOfNoneAreFollowedAndNotMadeAgain) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.job_is(kGpqa, "Running");
  const Plan made = plan(scene, at(100s));
  EXPECT_THAT(made.actions, Not(Contains(creates_job(kGpqa))));
  EXPECT_EQ(count_of<CreateJob>(made.actions), 2U);
  EXPECT_EQ(task_of(made, kGpqa).job.id, Scene::job_id_of(kGpqa));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
}

TEST(Jobs, AnEndpointLostAfterTheBarrierDoesNotHoldTheOthersBack) {
  Scene scene = a_running_invocation();
  scene.endpoint_is(kHellaswag, "Starting").job_is(kGpqa, "Completed");
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(Jobs, AnAppendedTasksEndpointThatFailsCostsThatTaskAlone) {
  Scene scene = a_running_invocation();
  scene.with_appended_task("mmlu");
  scene.status() = plan(scene).status;
  const std::string name = scene.endpoint_name_of("mmlu");
  scene.failed("create-endpoint " + name, ErrorKind::kInvalid, 100s, 101s, name);
  const Plan made = plan(scene, at(105s));
  EXPECT_EQ(task_of(made, "mmlu").phase, TaskPhase::kFailed);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
}

TEST(Jobs, TheServersIdIsKept) {
  Scene scene = a_running_invocation();
  scene.with_uncertain_job(kGpqa, at(90s));
  lepton::Job answer;
  answer.id = "job-7";
  answer.name = scene.job_name_of(kGpqa);
  answer.state = lepton::JobState::kStarting;
  scene.memory.created[answer.name] = answer;
  scene.did("create-job " + answer.name, 90s, 99500ms, answer.name);
  EXPECT_EQ(task_of(plan(scene), kGpqa).job.id, "job-7");
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kStarting);
}

TEST(Jobs, MirrorWhatLeptonSays) {
  const std::map<std::string, TaskPhase> table{
      {"Starting", TaskPhase::kStarting}, {"Queueing", TaskPhase::kStarting},   {"Running", TaskPhase::kRunning},
      {"Stopping", TaskPhase::kStarting}, {"Completed", TaskPhase::kSucceeded}, {"Failed", TaskPhase::kFailed},
      {"Stopped", TaskPhase::kFailed},    {"Deleted", TaskPhase::kFailed},      {"Archived", TaskPhase::kUnknown},
      {"", TaskPhase::kStarting},         {"UNK", TaskPhase::kStarting}};
  for (const auto& [wire, phase] : table) {
    Scene scene = a_running_invocation();
    scene.task(kGpqa).phase = TaskPhase::kStarting;
    scene.job_is(kGpqa, wire).stage_read(kGpqa, std::nullopt);
    EXPECT_EQ(task_of(plan(scene), kGpqa).phase, phase) << wire;
  }
}

TEST(Jobs, ThatWereStoppedByOthersSaySo) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Stopped");
  EXPECT_THAT(task_of(plan(scene), kGpqa).message, HasSubstr("was stopped by somebody else"));
}

TEST(Jobs, ThatLeftTheListAreReadById) {
  Scene scene = a_running_invocation();
  scene.job_gone(kGpqa);
  const Plan asked = plan(scene);
  EXPECT_THAT(asked.actions, testing::ElementsAre(reads_job(kGpqa)));
  EXPECT_EQ(task_of(asked, kGpqa).phase, TaskPhase::kRunning);
  scene.job_read(kGpqa, 100s, "Completed");
  EXPECT_EQ(task_of(plan(scene, at(101s)), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(Jobs, ThatWereDeletedByOthersFail) {
  Scene scene = a_running_invocation();
  scene.job_gone(kGpqa).job_read(kGpqa, 100s, std::nullopt);
  EXPECT_THAT(plan(scene, at(101s)).actions, Contains(reads_stage(kGpqa))) << "it may have ended by itself before";
  scene.stage_read(kGpqa, std::nullopt);
  const TaskStatus task = task_of(plan(scene, at(101s)), kGpqa);
  EXPECT_EQ(task.phase, TaskPhase::kFailed);
  EXPECT_EQ(task.job.state, JobPhase::kFailed);
}

TEST(Jobs, AreNotMissedOnALookThatBeganBeforeTheirCreationEnded) {
  Scene scene = a_running_invocation();
  scene.job_gone(kGpqa).looked_at({49s, 51s});
  EXPECT_THAT(plan(scene, at(52s)).actions, Not(Contains(reads_job(kGpqa))));
  EXPECT_EQ(task_of(plan(scene, at(52s)), kGpqa).phase, TaskPhase::kRunning);
}

TEST(Jobs, AnOldReadingDoesNotProveThemGone) {
  Scene scene = a_running_invocation();
  scene.job_gone(kGpqa).job_read(kGpqa, 50s, std::nullopt);  // read before the creation was answered
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
  EXPECT_THAT(made.actions, Contains(reads_job(kGpqa)));
}

TEST(Jobs, ThatWereRefusedFailTheirTaskAlone) {
  Scene scene = a_running_invocation();
  scene.with_uncertain_job(kGpqa, at(90s)).failed("create-job " + scene.job_name_of(kGpqa), ErrorKind::kInvalid, 91s, 92s);
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_EQ(task_of(made, kGpqa).job.state, JobPhase::kFailed);
  EXPECT_THAT(task_of(made, kGpqa).message, HasSubstr("refused"));
  EXPECT_EQ(made.status.phase, Phase::kRunning);
}

TEST(Jobs, KeepTheTimeoutThatTheyWereMadeWith) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.with_spec("execution: {timeout: 1h}");
  EXPECT_EQ(task_of(plan(scene), kGpqa).job.timeout, 1h);
  Scene running = a_running_invocation();  // since 60 s
  running.task(kGpqa).job.timeout = 1h;
  running.with_spec("execution: {timeout: 1m}");
  EXPECT_EQ(task_of(plan(running, at(60s + 1h)), kGpqa).phase, TaskPhase::kRunning);
  EXPECT_EQ(task_of(plan(running, at(60s + 1h + 120s)), kGpqa).phase, TaskPhase::kFailed);
}

TEST(Jobs, ThatOutliveTheirTimeoutAndItsGraceFail) {
  Scene scene = a_running_invocation();
  scene.with_spec("evaluation: {tasks: [{name: gpqa_diamond, timeout: 1h}, {name: hellaswag}, {name: winogrande}]}");
  const base::Milliseconds over = 60s + 1h + 120s;  // it runs since 60 s; the script has two minutes to end itself
  EXPECT_EQ(task_of(plan(scene, at(over - 1s)), kGpqa).phase, TaskPhase::kRunning);
  EXPECT_EQ(plan(scene, at(over - 1s)).wake_at, at(over));
  const Plan late = plan(scene, at(over));
  EXPECT_EQ(task_of(late, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(late, kGpqa).message, HasSubstr("timed out"));
  EXPECT_THAT(late.actions, Contains(stops_job(kGpqa)));
  EXPECT_EQ(task_of(late, kHellaswag).phase, TaskPhase::kRunning);
}

TEST(Jobs, OfAnotherOwnerAreNotOurs) {
  Scene scene = a_running_invocation();
  scene.view.jobs[scene.job_name_of(kGpqa)].front().labels.set("lepton-operator.uid", "somebody-else");
  EXPECT_THAT(plan(scene).actions, Contains(reads_job(kGpqa)));
}

TEST(Jobs, ThatAreArchivedWithoutAWordAreAskedForByTheirStageFiles) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Archived");
  const Plan made = plan(scene);
  ASSERT_THAT(made.actions, testing::ElementsAre(reads_stage(kGpqa)));
  const auto& read = std::get<ReadStage>(made.actions.front());
  EXPECT_EQ(read.directory, scene.status().storage.path + "/gpqa_diamond/logs");
  EXPECT_EQ(read.attempt, 0);
  EXPECT_EQ(read.file_systems, (std::vector<std::string>{"lepton-shared-fs", "node-nfs:lepton-shared-fs"}));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
  const std::map<std::optional<int>, TaskPhase> table{
      {0, TaskPhase::kSucceeded}, {65, TaskPhase::kFailed}, {std::nullopt, TaskPhase::kUnknown}};
  for (const auto& [exit_code, phase] : table) EXPECT_EQ(task_of(plan(scene.stage_read(kGpqa, exit_code)), kGpqa).phase, phase);
  EXPECT_THAT(task_of(plan(scene.stage_read(kGpqa, 65)), kGpqa).message, HasSubstr("exit code 65"));
}

TEST(Jobs, WhoseStageFilesCannotBeHadHaveAnUnknownOutcome) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Archived").failed("read-stage job-gpqa_diamond", ErrorKind::kServer, 98s, 99s);
  EXPECT_THAT(plan(scene).actions, Contains(reads_stage(kGpqa))) << "a failing API may answer yet";
  scene.memory.outcomes["read-stage job-gpqa_diamond"].failures = 8;
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kUnknown);
  scene.failed("read-stage job-gpqa_diamond", ErrorKind::kUnsupported, 98s, 99s);
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kUnknown);
}

TEST(Jobs, ThatAreGoneAfterLeptonKeepsThemHaveAnUnknownOutcome) {
  Scene scene = a_running_invocation();
  const base::Milliseconds late = 50s + 7 * 24h;
  scene.job_gone(kGpqa).stage_read(kGpqa, std::nullopt).looked_at({late, late + 1s}).job_read(kGpqa, late + 2s, std::nullopt);
  EXPECT_EQ(task_of(plan(scene, at(late + 3s)), kGpqa).phase, TaskPhase::kUnknown);
  EXPECT_EQ(task_of(plan(scene.stage_read(kGpqa, 0), at(late + 3s)), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(Jobs, AnOutcomeFromStageFilesStaysWhenTheArchiveStillDoesNotTell) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Archived").stage_read(kGpqa, 0);
  scene.status() = plan(scene).status;
  EXPECT_EQ(task_of(plan(scene), kGpqa).job.state, JobPhase::kSucceeded);
}

TEST(Jobs, AtTheEndAnUnknownOneMakesTheOutcomeUnknown) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Archived").job_is(kHellaswag, "Completed").job_is(kWinogrande, "Failed").stage_read(kGpqa, std::nullopt);
  const Plan made = plan(scene);
  EXPECT_EQ(made.status.phase, Phase::kFailed);
  EXPECT_THAT(made, has_condition("Failed", ConditionStatus::kTrue, "OutcomeUnknown"));
}

TEST(Jobs, AtTheEndAFailedOneFailsTheInvocation) {
  Scene scene = a_running_invocation();
  scene.job_is(kGpqa, "Completed").job_is(kHellaswag, "Completed").job_is(kWinogrande, "Failed");
  const Plan made = plan(scene);
  EXPECT_EQ(made.status.phase, Phase::kFailed);
  EXPECT_THAT(made, has_condition("Failed", ConditionStatus::kTrue, "TasksFailed"));
  EXPECT_THAT(message_of(made, "Failed"), HasSubstr("1 of 3"));
  EXPECT_EQ(made.status.counts.succeeded, 2);
  EXPECT_EQ(made.status.progress, "3/3");
}

TEST(Jobs, AtTheEndAllSucceeded) {
  Scene scene = a_running_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Completed");
  const Plan made = plan(scene, at(123s));
  EXPECT_EQ(made.status.phase, Phase::kSucceeded);
  EXPECT_THAT(made, has_condition("Complete", ConditionStatus::kTrue, "TasksSucceeded"));
  EXPECT_EQ(made.status.completion_time, at(123s));
}

TEST(Jobs, OfTwoWithOneNameTheOlderIsKept) {
  Scene scene = a_running_invocation();
  scene.another_job(kGpqa, "job-late", "Running", 75s);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, testing::ElementsAre(removes_duplicate("job-late")));
  EXPECT_EQ(task_of(made, kGpqa).job.id, "job-gpqa_diamond");
}

TEST(Jobs, ADuplicateThatGoesIsNotAskedForAgain) {
  Scene scene = a_running_invocation();
  scene.another_job(kGpqa, "job-late", "Deleting", 75s);
  EXPECT_THAT(plan(scene).actions, Not(Contains(removes_duplicate("job-late"))));
  EXPECT_EQ(plan(scene).interest.pace, lepton::Pace::kClose);  // until it is gone
}

TEST(Jobs, TheDuplicateIsRemovedAlthoughTheOlderOneIsDone) {
  Scene scene = a_running_invocation();
  scene.another_job(kGpqa, "job-late", "Running", 75s).job_is(kHellaswag, "Running");
  scene.view.jobs[scene.job_name_of(kGpqa)].front().state = lepton::JobState::kCompleted;
  scene.failed("delete-job job-late", ErrorKind::kServer, 98s, 99s, "job-late");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
  scene.status() = made.status;
  EXPECT_THAT(plan(scene, at(101s)).actions, Contains(removes_duplicate("job-late")));
}

// A request that took longer than any may: by then the task's result stands, and its job was let go.
TEST(Jobs, ADuplicateThatComesAfterTheEndIsRemovedToo) {
  Scene scene = a_succeeded_invocation();
  ASSERT_TRUE(scene.task(kGpqa).job.released);
  scene.another_job(kGpqa, "job-late", "Running", 99s);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, testing::ElementsAre(removes_duplicate("job-late")));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
  EXPECT_EQ(task_of(made, kGpqa).job.id, "job-gpqa_diamond");
  EXPECT_EQ(made.interest.pace, lepton::Pace::kClose);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
