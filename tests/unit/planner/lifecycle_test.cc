// Whole lives: three tasks to their end, deletions at every second, deaths of the process at every point. Always the same end: everything
// is removed and the finalizer gone, nothing was made twice, no result was lost.
#include "unit/planner/lifecycle.h"

#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void expect_clean_end(const Lifecycle& life, const std::string& which) {
  EXPECT_THAT(life.violations, IsEmpty()) << which;
  EXPECT_TRUE(life.removed) << which;
  EXPECT_TRUE(life.lepton.empty()) << which << ": something is left";
}

void expect_success(const Lifecycle& life, const std::string& which) {
  EXPECT_THAT(life.violations, IsEmpty()) << which;
  EXPECT_EQ(life.scene.object.status.phase, Phase::kSucceeded) << which;
  EXPECT_EQ(life.lepton.endpoints(), 0U) << which;
}

TEST(Lifecycle, ThreeTasksSucceedAndNothingIsLeft) {
  for (const bool slow : {false, true}) {
    Lifecycle life(a_new_invocation(), {.slow = slow});
    life.run();
    expect_success(life, "success");
    EXPECT_TRUE(life.lepton.has_jobs_of_tasks()) << "finished jobs hold the logs";
    EXPECT_TRUE(life.lepton.directory);
    life.stay_quiet(100);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

TEST(Lifecycle, ThreeTasksOnAnExistingEndpoint) {
  Lifecycle life(a_new_invocation_on_existing_endpoint(), {});
  life.run();
  expect_success(life, "success");
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, OneEndpointFailsBeforeTheBarrier) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.failing_endpoints = {kHellaswag};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.scene.task(kHellaswag).phase, TaskPhase::kFailed);
  EXPECT_EQ(life.scene.task(kGpqa).phase, TaskPhase::kCancelled);
  EXPECT_FALSE(life.lepton.has_jobs_of_tasks());
  EXPECT_EQ(life.lepton.endpoints(), 0U);
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, OneJobFailsAndTheOthersSucceed) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.failing_jobs = {kWinogrande};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.scene.status().counts.succeeded, 2);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
  life.stay_quiet(100);
}

void run_again(Scene& scene, const std::string& name, int run) {
  for (base::Json& task : scene.object.spec["evaluation"]["tasks"].as_array()) {
    if (base::get_string(task, "name") == name) task["run"] = base::Json::number(run);
  }
}

Scene a_new_invocation_with_retries() {
  Scene scene = a_new_invocation();
  scene.with_spec("execution: {retries: 2}");
  return scene;
}

TEST(Lifecycle, AFailingTaskIsRetriedAndThenSucceeds) {
  for (const bool slow : {false, true}) {
    Lifecycle life(a_new_invocation_with_retries(), {.slow = slow});
    life.lepton.failing_attempts = {{kGpqa, 1}, {kWinogrande, 2}};
    life.run();
    expect_success(life, "success");
    EXPECT_EQ(life.scene.task(kGpqa).earlier.size(), 1U);
    EXPECT_EQ(life.scene.task(kWinogrande).earlier.size(), 2U);
    EXPECT_EQ(life.scene.task(kWinogrande).endpoint.incarnation, 0);
    life.stay_quiet(100);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

TEST(Lifecycle, ATaskIsRunOnceMoreAfterTheEnd) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.failing_attempts = {{kGpqa, 1}};
  life.run();
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  life.edit([](Scene& scene) { run_again(scene, kGpqa, 1); });
  life.run();
  expect_success(life, "success");
  EXPECT_EQ(life.scene.task(kGpqa).endpoint.incarnation, 1);
  EXPECT_EQ(life.scene.task(kGpqa).job.attempt, 1);
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, ATaskIsRunOnceMoreFromEverySecond) {
  for (int second = 2; second <= 20; ++second) {
    Lifecycle life(a_new_invocation(), {.edits = {{second, [](Scene& scene) { run_again(scene, kGpqa, 1); }}}});
    life.run();
    const std::string which = "raised at " + std::to_string(second);
    expect_success(life, which);
    EXPECT_EQ(life.scene.task(kGpqa).run, 1) << which;
    life.stay_quiet(10);
    life.remove();
    life.run();
    expect_clean_end(life, which);
  }
}

void suspend(Scene& scene) { scene.with_spec("suspend: true"); }
void resume(Scene& scene) { scene.with_spec("suspend: false"); }

TEST(Lifecycle, IsSuspendedAtEverySecondAndGoesOn) {
  for (const bool slow : {false, true}) {
    for (int second = 1; second <= 16; ++second) {
      Lifecycle life(a_new_invocation(), {.slow = slow, .edits = {{second, suspend}, {second + 60, resume}}});
      life.run_to(second + 50);
      const std::string which = "suspended at " + std::to_string(second);
      const bool over = finished(life.scene.status().phase);
      EXPECT_TRUE(over || life.scene.status().phase == Phase::kSuspended) << which;
      EXPECT_EQ(life.lepton.endpoints(), 0U) << which;
      for (const char* task : {kGpqa, kHellaswag, kWinogrande}) EXPECT_EQ(life.lepton.unfinished_jobs(task, life.scene.now), 0) << which;
      life.run();
      expect_success(life, which);
      for (const TaskStatus& task : life.scene.status().tasks) EXPECT_EQ(task.retries, 0) << which;
      life.remove();
      life.run();
      expect_clean_end(life, which);
    }
  }
}

TEST(Lifecycle, IsSuspendedAndTakenBackAtOnce) {
  for (int second = 1; second <= 16; ++second) {
    Lifecycle life(a_new_invocation(), {.slow = true, .edits = {{second, suspend}, {second + 1, resume}}});
    life.run();
    expect_success(life, "suspended at " + std::to_string(second));
  }
}

TEST(Lifecycle, ListsThatLagBehindChangeNothing) {
  for (const base::Milliseconds lag : {1s, 3s, 8s}) {
    Lifecycle life(a_new_invocation(), {});
    life.lepton.lag = lag;
    life.run();
    expect_success(life, "success");
    life.stay_quiet(20);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

// Must show 4: the operator is not there from before a job's end until after its archive.
TEST(Lifecycle, ResultsAreRecordedRightlyAfterADowntimeThatOutlastsTheArchive) {
  for (const bool storage_api : {true, false}) {
    for (const bool archive_tells : {true, false}) {
      Lifecycle life(a_new_invocation(), {.down_from = 7, .down_until = 120});
      life.lepton.failing_jobs = {kWinogrande};
      life.lepton.archived_after = 20s;
      life.lepton.archive_tells = archive_tells;
      life.lepton.storage_api = storage_api;
      life.run_to(119);
      ASSERT_TRUE(life.lepton.has_jobs_of_tasks()) << "they were made before it went down";
      for (const TaskStatus& task : life.scene.status().tasks) ASSERT_FALSE(finished(task.phase));
      life.run();
      EXPECT_THAT(life.violations, IsEmpty());
      const bool known = storage_api || archive_tells;
      EXPECT_EQ(life.scene.task(kGpqa).phase, known ? TaskPhase::kSucceeded : TaskPhase::kUnknown);
      EXPECT_EQ(life.scene.task(kWinogrande).phase, known ? TaskPhase::kFailed : TaskPhase::kUnknown) << "never a guess";
      EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
      EXPECT_EQ(find_condition(life.scene.status().conditions, "Failed")->reason, known ? "TasksFailed" : "OutcomeUnknown");
      EXPECT_EQ(life.lepton.endpoints(), 0U);
      life.stay_quiet(50);
      life.remove();
      life.run();
      expect_clean_end(life, "deletion");
    }
  }
}

TEST(Lifecycle, WithoutAStorageApiAJobRemovesTheDirectory) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.storage_api = false;
  life.run();
  expect_success(life, "success");
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
  EXPECT_EQ(life.scene.status().cleanup.attempt, 0);
  EXPECT_FALSE(life.scene.status().cleanup.name.empty());
}

Scene with_policies(const char* policies) {
  Scene scene = a_new_invocation();
  scene.with_spec(policies);
  return scene;
}

TEST(Lifecycle, EachTaskStartsWithItsOwnEndpoint) {
  Lifecycle life(with_policies("startPolicy: EachEndpointReady"), {});
  life.lepton.ready_after = {{kGpqa, 20s}};
  life.run();
  expect_success(life, "success");
  EXPECT_LT(*life.scene.task(kHellaswag).job.finished_at, *life.scene.task(kGpqa).endpoint.ready_at);
}

TEST(Lifecycle, WithFailTaskOnlyTheTaskOfTheFailedEndpointFails) {
  Lifecycle life(with_policies("endpointFailurePolicy: FailTask"), {});
  life.lepton.failing_endpoints = {kHellaswag};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.scene.status().counts.succeeded, 2);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
  life.stay_quiet(100);
}

TEST(Lifecycle, WaitsForCapacityLongerThanAnEndpointMayTakeToStart) {
  Lifecycle life(with_policies("deployment: {readinessTimeout: 20s}"), {});
  life.lepton.capacity_after = {{kGpqa, 100s}};
  life.lepton.ready_after = {{kGpqa, 110s}};
  life.run();
  expect_success(life, "success");
}

TEST(Lifecycle, EndsAWaitForCapacityThatLastsTooLong) {
  Lifecycle life(with_policies("deployment: {readinessTimeout: 20s, queueTimeout: 60s}"), {});
  life.lepton.capacity_after = {{kGpqa, 100s}};
  life.lepton.ready_after = {{kGpqa, 110s}};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
}

TEST(Lifecycle, GoesInWavesOfSoManyEndpointsAndJobs) {
  for (const auto& [parallelism, waves] : std::vector<std::pair<std::size_t, int>>{{1, 3}, {2, 2}, {3, 1}, {8, 1}}) {
    for (const bool slow : {false, true}) {
      Lifecycle life(with_policies(("parallelism: " + std::to_string(parallelism)).c_str()), {.slow = slow});
      life.run();
      expect_success(life, "waves of " + std::to_string(parallelism));
      EXPECT_EQ(life.lepton.most_endpoints(), std::min<std::size_t>(parallelism, 3));
      EXPECT_EQ(life.lepton.most_jobs(), std::min<std::size_t>(parallelism, 3));
      EXPECT_EQ(life.scene.task(kWinogrande).wave, waves);
      life.remove();
      life.run();
      expect_clean_end(life, "deletion");
    }
  }
}

TEST(Lifecycle, GoesInWavesOfJobsOnAnExistingEndpoint) {
  Scene scene = a_new_invocation_on_existing_endpoint();
  scene.with_spec("parallelism: 2");
  Lifecycle life(scene, {});
  life.run();
  expect_success(life, "success");
  EXPECT_EQ(life.lepton.most_jobs(), 2U);
}

TEST(Lifecycle, AllTasksShareOneEndpointThatGoesAfterTheLast) {
  for (const char* policies : {"deployment: {sharing: Shared}", "{deployment: {sharing: Shared}, parallelism: 1}"}) {
    Lifecycle life(with_policies(policies), {});
    life.run();
    expect_success(life, policies);
    EXPECT_EQ(life.lepton.most_endpoints(), 1U);
    life.stay_quiet(50);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

TEST(Lifecycle, ASharedEndpointThatFailsFailsEveryTask) {
  Lifecycle life(with_policies("{deployment: {sharing: Shared}, endpointFailurePolicy: FailTask}"), {});
  life.lepton.failing_endpoints = {kGpqa};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().counts.failed, 3);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
}

TEST(Lifecycle, AFailedJobDoesNotStopTheNextWave) {
  Lifecycle life(with_policies("parallelism: 1"), {});
  life.lepton.failing_jobs = {kGpqa};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().counts.succeeded, 2);
}

TEST(Lifecycle, AnEndpointThatFailsBeforeItsWavesBarrierEndsWhatHasNotFinished) {
  Lifecycle life(with_policies("parallelism: 1"), {});
  life.lepton.failing_endpoints = {kHellaswag};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.task(kGpqa).phase, TaskPhase::kSucceeded);
  EXPECT_EQ(life.scene.task(kHellaswag).phase, TaskPhase::kFailed);
  EXPECT_EQ(life.scene.task(kWinogrande).phase, TaskPhase::kCancelled);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
}

TEST(Lifecycle, EndpointsThatAreKeptUntilDeletionAreThereUntilThen) {
  Lifecycle life(with_policies("endpointRetention: UntilDeleted"), {});
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.lepton.endpoints(), 3U);
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, EndpointsThatAreKeptUntilTheEndGoAllAtOnce) {
  Lifecycle life(with_policies("{endpointRetention: UntilFinished, startPolicy: EachEndpointReady}"), {});
  life.lepton.ready_after = {{kGpqa, 20s}};
  life.run();
  expect_success(life, "success");
  life.stay_quiet(100);
}

TEST(Lifecycle, IsDeletedAtEverySecond) {
  for (const bool slow : {false, true}) {
    for (const bool api : {true, false}) {
      for (int second = 1; second <= 20; ++second) {
        Lifecycle life(a_new_invocation(), {.delete_at = second, .slow = slow});
        life.lepton.storage_api = api;
        life.run();
        expect_clean_end(life, "deleted at " + std::to_string(second));
      }
    }
  }
}

// To success and then to deletion, with one death of the process at each point. Returns how many points there were.
int die_everywhere(Course course, const Scene& start = a_new_invocation(), std::map<std::string, int> failing_attempts = {},
                   bool storage_api = true) {
  for (int point = 1;; ++point) {
    course.crash_at = point;
    Lifecycle life(start, course);
    life.lepton.failing_attempts = failing_attempts;
    life.lepton.storage_api = storage_api;
    life.run();
    const std::string which = "death at point " + std::to_string(point);
    if (!course.delete_at) {
      EXPECT_THAT(life.violations, IsEmpty()) << which;
      EXPECT_EQ(life.scene.status().phase, Phase::kSucceeded) << which;
      life.stay_quiet(5);
      life.remove();
      life.run();
    }
    expect_clean_end(life, which);
    if (!life.crashed || ::testing::Test::HasFailure()) return point - 1;
  }
}

TEST(Lifecycle, TheProcessDiesAtEveryPoint) { EXPECT_GT(die_everywhere({}), 30); }

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeWithRetriesAndARunOnceMore) {
  const std::map<int, std::function<void(Scene&)>> edits{{9, [](Scene& scene) { run_again(scene, kHellaswag, 1); }}};
  const std::map<std::string, int> failing{{kGpqa, 1}, {kWinogrande, 2}};
  EXPECT_GT(die_everywhere({.edits = edits}, a_new_invocation_with_retries(), failing), 50);
  EXPECT_GT(die_everywhere({.late = 6s, .slow = true, .edits = edits}, a_new_invocation_with_retries(), failing), 50);
}

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeThatIsSuspended) {
  for (const int second : {2, 5, 7}) {
    const std::map<int, std::function<void(Scene&)>> edits{{second, suspend}, {second + 45, resume}};
    EXPECT_GT(die_everywhere({.edits = edits}), 30) << second;
    EXPECT_GT(die_everywhere({.late = 4s, .slow = true, .edits = edits}), 30) << second;
  }
}

TEST(Lifecycle, TheProcessDiesAtEveryPointAndItsRequestsTakeEffectLate) { EXPECT_GT(die_everywhere({.late = 6s, .slow = true}), 30); }

TEST(Lifecycle, TheProcessDiesAtEveryPointUnderEveryPolicy) {
  for (const char* policies :
       {"startPolicy: EachEndpointReady", "endpointFailurePolicy: FailTask", "endpointRetention: UntilFinished", "parallelism: 2",
        "{parallelism: 1, deployment: {sharing: Shared}}", "{endpointRetention: UntilDeleted, startPolicy: EachEndpointReady}"}) {
    SCOPED_TRACE(policies);
    EXPECT_GT(die_everywhere({}, with_policies(policies)), 30);
  }
}

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeInWavesThatIsSuspendedAndRunsATaskOnceMore) {
  const std::map<int, std::function<void(Scene&)>> edits{
      {5, suspend}, {40, resume}, {75, [](Scene& scene) { run_again(scene, kHellaswag, 1); }}};
  for (const char* policies : {"parallelism: 2", "{parallelism: 1, deployment: {sharing: Shared}}", "endpointRetention: UntilFinished"}) {
    SCOPED_TRACE(policies);
    EXPECT_GT(die_everywhere({.edits = edits}, with_policies(policies)), 30);
  }
}

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeThatIsDeletedInBetween) {
  for (const int second : {2, 3, 4, 5, 7, 9}) EXPECT_GT(die_everywhere({.delete_at = second}), 10) << second;
}

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeThatIsDeletedInBetweenAndItsRequestsTakeEffectLate) {
  for (const int second : {2, 5}) EXPECT_GT(die_everywhere({.delete_at = second, .late = 2s}), 10) << second;
}

TEST(Lifecycle, TheProcessDiesAtEveryPointAndWhatMayWaitIsWrittenLate) {
  EXPECT_GT(die_everywhere({.lazy = true}), 25);
  EXPECT_GT(die_everywhere({.slow = true, .lazy = true}), 25);
  EXPECT_GT(die_everywhere({.slow = true, .lazy = true}, a_new_invocation(), {}, false), 25) << "without a storage API";
  for (const int second : {3, 5, 7}) EXPECT_GT(die_everywhere({.delete_at = second, .slow = true, .lazy = true}), 8) << second;
}

// Of a cleanup whatever is done can be done again: what must stand there is that it began, and where the directory was seen.
TEST(Lifecycle, ACleanupIsWrittenDownOnceOrTwice) {
  for (const bool seen_before : {true, false}) {
    Lifecycle life(a_new_invocation(), {.lazy = true});
    life.run();
    expect_success(life, "success");
    if (!seen_before) life.scene.status().storage = {.path = life.scene.status().storage.path, .file_system = ""};
    std::vector<std::string> written;
    life.on_plan = [&](const Scene& before, const Plan& made) {
      if (made.status == before.object.status || made.status_may_wait) return;
      const bool sight = made.status.storage.seen && !before.object.status.storage.seen;
      written.push_back(sight ? "storage seen" : find_condition(made.status.conditions, "CleanedUp")->reason);
    };
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
    if (seen_before) {
      EXPECT_THAT(written, ElementsAre("RemovingWorkload"));
    } else {
      EXPECT_THAT(written, ElementsAre("RemovingWorkload", "storage seen"));
    }
  }
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
