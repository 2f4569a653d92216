// Retries, runs, suspend, deadlines and downtime, seen from outside: the whole operator, what it left in the simulated workspace.
#include "unit/reconcile/operator_fixture.h"

namespace lepton_operator::reconcile::test {
namespace {

using testing::HasSubstr;

constexpr const char* kVolume = "lepton-shared-fs";

class OperatorLifecycle : public OperatorTest {
 protected:
  using OperatorTest::OperatorTest;

  void edit(const std::string& more) { bench_.store.edit_invocation(kLlama, kNim + more); }
  const invocation::TaskStatus& task(std::size_t index) const { return bench_.store.find_invocation(kLlama)->status.tasks.at(index); }
  static std::string run_first_again() {
    std::string spec = kNim;
    const std::string first = "{name: first, ";
    return spec.insert(spec.find(first) + first.size(), "run: 1, ");
  }
  std::string directory() const { return bench_.store.find_invocation(kLlama)->status.storage.path; }
  const std::string* file(const std::string& below) { return bench_.simulator.world().volumes[kVolume].read(directory() + below); }
  bool finished() const { return invocation::finished(phase()); }
  std::size_t living_endpoints() { return bench_.simulator.deployments().alive().size(); }
  int running_jobs() {
    int count = 0;
    bench_.simulator.dump();  // it moves on when asked
    for (const auto& [id, job] : bench_.simulator.jobs().all()) count += job.state == "Running" || job.state == "Starting" ? 1 : 0;
    return count;
  }
  void refuse(const char* method, const char* path, int times) {
    simulator::FaultRule fault;
    fault.method = method;
    fault.path = path;
    fault.times = times;
    bench_.simulator.add_fault(fault);
  }
  void first_fails(int times) {
    simulator::OutcomeRule rule;
    rule.match = "first";
    rule.kind = simulator::Kind::kJob;
    rule.outcome = simulator::Outcome::kFail;
    rule.times = times;
    bench_.simulator.world().scenario.rules.push_back(rule);
  }
};

TEST_F(OperatorLifecycle, ARetryKeepsTheEndpointAndWhatTheAttemptBeforeItLeft) {
  first_fails(1);
  bench_.store.put_invocation(kLlama, kNim + std::string("execution: {retries: 1}\n"));
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 2);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 3);
  EXPECT_EQ(jobs_finished_, 3);
  EXPECT_EQ(jobs_retried_, 1);
  ASSERT_NE(file("/first/attempt-0/logs/stage.exit"), nullptr);
  EXPECT_NE(*file("/first/attempt-0/logs/stage.exit"), "exit_code: 0\n");
  EXPECT_EQ(*file("/first/logs/stage.exit"), "exit_code: 0\n");
  EXPECT_TRUE(bench_.logged("attempt 0 failed; trying again"));
}

TEST_F(OperatorLifecycle, ATaskIsRunOnceMoreAfterTheEndAndTheResultOfBeforeStays) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded && living_endpoints() == 0; }, 90s)) << problems();
  bench_.store.edit_invocation(kLlama, run_first_again());
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kRunning; }, 5s)) << problems();
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 3);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 3);
  EXPECT_EQ(task(0).endpoint.incarnation, 1);
  EXPECT_EQ(task(0).earlier.size(), 1U);
  EXPECT_NE(file("/first/attempt-0/results.yml"), nullptr);
  EXPECT_NE(file("/first/results.yml"), nullptr);
  EXPECT_THAT(outcomes_, testing::ElementsAre("Succeeded", "Succeeded"));
  bench_.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  EXPECT_TRUE(bench_.simulator.jobs().all().empty()) << "the jobs of earlier attempts too";
  EXPECT_EQ(living_endpoints(), 0U);
}

TEST_F(OperatorLifecycle, SuspendStopsEverythingAndGoesOnWithNewAttempts) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return running_jobs() == 2; }, 90s)) << problems();
  edit("suspend: true\n");
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSuspended; }, 60s)) << problems();
  EXPECT_EQ(living_endpoints(), 0U);
  EXPECT_EQ(running_jobs(), 0);
  const int writes = bench_.store.status_writes();
  bench_.pass(10min);
  EXPECT_EQ(bench_.store.status_writes(), writes) << "a suspended one is quiet";
  edit("");
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  for (const std::size_t index : {0U, 1U}) {
    EXPECT_EQ(task(index).job.attempt, 1);
    EXPECT_EQ(task(index).retries, 0);
  }
  EXPECT_EQ(jobs_retried_, 0);
}

TEST_F(OperatorLifecycle, ItsTimeToLiveRemovesItAndKeepsTheResults) {
  bench_.store.put_invocation(kLlama, kNim + std::string("ttlSecondsAfterFinished: 60\n"));
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  const std::string kept = directory();
  bench_.pass(50s);
  EXPECT_FALSE(gone());
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 30s)) << problems();
  EXPECT_TRUE(bench_.simulator.jobs().all().empty());
  EXPECT_EQ(living_endpoints(), 0U);
  EXPECT_TRUE(bench_.simulator.secrets().all().empty());
  EXPECT_TRUE(bench_.simulator.world().volumes[kVolume].exists(kept + "/first/results.yml"));
}

TEST_F(OperatorLifecycle, AReconcileThatIsAskedForDoesNotWaitForABackoff) {
  for (int i = 0; i < 6; ++i) refuse("POST", "/usersecrets", 1);
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("POST", "/usersecrets") == 6; }, 120s)) << problems();
  bench_.pass(100ms);
  bench_.store.annotate(kLlama, invocation::kReconcileAnnotation, "2026-07-01T12:00:00Z");
  EXPECT_TRUE(bench_.until([&] { return bench_.requests("POST", "/deployments") == 2; }, 1s)) << "the next retry was 30 s away";
  EXPECT_EQ(bench_.store.find_invocation(kLlama)->status.reconcile_handled, "2026-07-01T12:00:00Z");
}

TEST_F(OperatorLifecycle, ADeletionIsWrittenDownOnceAndToldWhole) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  bench_.pass(30s);  // what was released is written, too
  std::vector<std::string> written;
  bench_.store.on_status(
      [&](const invocation::InvocationStatus& now) { written.push_back(invocation::find_condition(now.conditions, "CleanedUp")->reason); });
  bench_.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 30s)) << problems();
  bench_.store.on_status({});
  EXPECT_THAT(written, testing::ElementsAre("RemovingWorkload")) << problems();
  for (const char* told : {"storage directory gone", "condition CleanedUp is good"}) EXPECT_TRUE(bench_.logged(told)) << told << problems();
  EXPECT_EQ(directories_removed_, 1);
}

TEST_F(OperatorLifecycle, AnAbandonedDeletionSaysAndCountsWhatIsLeft) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return running_jobs() == 2; }, 90s)) << problems();
  refuse("DELETE", "*", 0);
  bench_.store.delete_invocation(kLlama);
  bench_.pass(5min);
  ASSERT_FALSE(gone());
  bench_.store.annotate(kLlama, invocation::kAbandonAnnotation, "ticket 4711");
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 5s)) << problems();
  EXPECT_TRUE(bench_.logged("deletion abandoned")) << problems();
  EXPECT_TRUE(bench_.logged("ticket 4711"));
  EXPECT_EQ(abandoned_, (std::map<std::string, int>{{"directory", 1}, {"endpoint", 2}, {"job", 2}, {"secret", 1}}));
}

simulator::Options with_archive(bool tells, simulator::StorageApi storage_api = simulator::StorageApi::kName) {
  simulator::Options options;
  options.archived_state = true;
  options.archive_forgets = !tells;
  options.storage_api = storage_api;
  return options;
}

// Must show 4, with Lepton's own time to live of a job: down from before the jobs' end until they are archived.
class Downtime : public OperatorLifecycle {
 protected:
  using OperatorLifecycle::OperatorLifecycle;

  void be_down_until_the_archive() {
    first_fails(0);
    bench_.store.put_invocation(kLlama, kNim);
    ASSERT_TRUE(bench_.until([&] { return running_jobs() == 2; }, 90s)) << problems();
    stop();
    for (const base::Milliseconds time : {base::Milliseconds(1h), base::Milliseconds(8 * 24h)}) {
      bench_.pass(time);
      bench_.simulator.dump();  // it moves on when asked
    }
    for (const auto& [id, job] : bench_.simulator.jobs().all()) ASSERT_TRUE(job.archived) << id;
    ASSERT_FALSE(finished());
    start();
    ASSERT_TRUE(bench_.until([&] { return finished(); }, 300s)) << problems();
    EXPECT_EQ(phase(), Phase::kFailed);
    EXPECT_TRUE(bench_.until([&] { return living_endpoints() == 0; }, 30s)) << problems();
  }
  std::string reason() const {
    return invocation::find_condition(bench_.store.find_invocation(kLlama)->status.conditions, "Failed")->reason;
  }
};

class DowntimeTold : public Downtime {
 protected:
  DowntimeTold() : Downtime(with_archive(true)) {}
};
class DowntimeFiles : public Downtime {
 protected:
  DowntimeFiles() : Downtime(with_archive(false)) {}
};
class DowntimeNothing : public Downtime {
 protected:
  DowntimeNothing() : Downtime(with_archive(false, simulator::StorageApi::kAbsent)) {}
};

TEST_F(DowntimeTold, TheArchivesCountsTellHowJobsEnded) {
  be_down_until_the_archive();
  EXPECT_EQ(task(0).phase, invocation::TaskPhase::kFailed);
  EXPECT_EQ(task(1).phase, invocation::TaskPhase::kSucceeded);
  EXPECT_EQ(reason(), "TasksFailed");
}

TEST_F(DowntimeFiles, StageFilesTellWhatTheArchiveForgot) {
  be_down_until_the_archive();
  EXPECT_EQ(task(0).phase, invocation::TaskPhase::kFailed);
  EXPECT_THAT(task(0).message, HasSubstr("exit code 1, as its stage file says"));
  EXPECT_EQ(task(1).phase, invocation::TaskPhase::kSucceeded);
  EXPECT_EQ(reason(), "TasksFailed");
}

TEST_F(DowntimeNothing, WhatNobodyTellsIsUnknownAndNoGuess) {
  be_down_until_the_archive();
  EXPECT_EQ(task(0).phase, invocation::TaskPhase::kUnknown);
  EXPECT_EQ(task(1).phase, invocation::TaskPhase::kUnknown);
  EXPECT_EQ(reason(), "OutcomeUnknown");
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
