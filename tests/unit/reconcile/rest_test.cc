// Those that ended and hold nothing: a new process neither plans for them nor heeds what a look shows of them, but for a second job.
#include "unit/reconcile/operator_fixture.h"

namespace lepton_operator::reconcile::test {
namespace {

using simulator::Fault;

class Rest : public OperatorTest {
 protected:
  Rest() {
    bench_.transport->on_call([this](const base::HttpRequest& request) -> std::optional<Fault> {
      if (request.method == base::Method::kPost && request.path.ends_with("/jobs")) job_ = request;
      return std::nullopt;
    });
  }

  void run_to_the_end() {
    bench_.store.put_invocation(kLlama, kNim);
    ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
    bench_.pass(20s);
  }
  // As a request does that was thought lost.
  void make_the_job_once_more() {
    const base::HttpRequest request = job_.value();
    ASSERT_EQ(bench_.get(bench_.transport->send(bench_.root, request))->status, 201);
  }
  int alive_jobs() { return static_cast<int>(bench_.simulator.dump().at("jobs").size()); }

  std::optional<base::HttpRequest> job_;
};

TEST_F(Rest, WhatEndedBeforeAProcessBeganIsNotPlannedAndNotWritten) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  stop();
  const int reads = bench_.store.reads();
  const int writes = bench_.store.status_writes();
  start();
  bench_.pass(10min);
  EXPECT_EQ(bench_.store.reads(), reads);
  EXPECT_EQ(bench_.store.status_writes(), writes);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
}

TEST_F(Rest, ASecondJobOfANameIsRemovedAllTheSame) {
  for (const bool restarted : {false, true}) {
    if (!restarted) run_to_the_end();
    if (restarted) stop();
    make_the_job_once_more();
    if (restarted) start();
    const int jobs = alive_jobs();
    EXPECT_TRUE(bench_.until([&] { return alive_jobs() < jobs; }, 60s)) << restarted << problems();
    EXPECT_EQ(bench_.requests("DELETE", "/jobs/*"), restarted ? 2 : 1);
  }
}

// It waits to lead, and looks all the while.
TEST_F(Rest, ASecondJobThatWasSeenBeforeItsTurnIsRemovedAllTheSame) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  stop();
  make_the_job_once_more();
  const int jobs = alive_jobs();
  leads_ = false;
  start();
  bench_.pass(1min);
  EXPECT_EQ(alive_jobs(), jobs);
  leads_ = true;
  EXPECT_TRUE(bench_.until([&] { return alive_jobs() < jobs; }, 60s)) << problems();
}

TEST_F(Rest, WhatHappensToItLaterIsHeeded) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  stop();
  start();
  bench_.pass(1min);
  bench_.store.delete_invocation(kLlama);
  EXPECT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  EXPECT_EQ(alive_jobs(), 0);
  EXPECT_EQ(directories_removed_, 1);
}

// Of thousands that go at once each would be planned again and again while it waits for its turn.
TEST_F(Rest, LooksAreNotHeededWhileARequestIsOut) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  bench_.simulator.add_hold({"GET", "/jobs/*", 2, false});
  bench_.simulator.add_hold({"DELETE", "/storage/*", 1, false});
  bench_.store.delete_invocation(kLlama);
  bench_.pass(15s);  // the removal of its jobs has been looked after, and one of them is read
  bench_.transport->release();
  bench_.settle();
  ASSERT_EQ(bench_.requests("DELETE", "/storage/*"), 1) << problems();
  const int plans = bench_.store.reads();
  const int looks = bench_.requests("GET", "/jobs");
  bench_.pass(10s);
  EXPECT_GE(bench_.requests("GET", "/jobs"), looks + 3);
  EXPECT_EQ(bench_.store.reads(), plans);
  bench_.transport->release();
  EXPECT_TRUE(bench_.until([&] { return gone(); }, 5s)) << problems();
}

TEST_F(Rest, WhatARemovalDidIsPlannedWhenALookBeganAfterIt) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  for (const int nth : {1, 2}) bench_.simulator.add_hold({"GET", "/jobs", nth, false});
  bench_.pass(10s);
  for (const int nth : {1, 2}) bench_.simulator.add_hold({"DELETE", "/jobs/*", nth, false});
  bench_.store.delete_invocation(kLlama);
  bench_.settle();
  ASSERT_EQ(bench_.requests("DELETE", "/jobs/*"), 2) << problems();
  const int plans = bench_.store.reads();
  bench_.transport->release();
  bench_.settle();
  EXPECT_EQ(bench_.store.reads(), plans) << "the requests were answered, and a look that began before them ended";
  bench_.transport->release();
  EXPECT_TRUE(bench_.until([&] { return gone(); }, 10s)) << problems();
}

TEST_F(Rest, ARunThatIsAskedForWhileNobodyIsThereIsBegun) {
  ASSERT_NO_FATAL_FAILURE(run_to_the_end());
  stop();
  std::string again = kNim;
  again.replace(again.find("{name: first,"), 13, "{name: first, run: 1,");
  bench_.store.edit_invocation(kLlama, again);
  start();
  EXPECT_TRUE(bench_.until([&] { return bench_.requests("POST", "/jobs") == 3; }, 60s)) << problems();
}

constexpr const char* kOneTask = R"(
deployment: {type: nim, image: "nvcr.io/nim/meta/llama:1.8", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: only, container: "eval:1"}]}
)";

class WhileItRuns : public OperatorTest {
 protected:
  WhileItRuns() : OperatorTest(long_running()) {}
  static simulator::Options long_running() {
    simulator::Options options;
    options.run_delay = std::chrono::hours(1);
    return options;
  }
  const invocation::InvocationStatus& status() const { return bench_.store.find_invocation(kLlama)->status; }
  int others_than_looks() const {
    int others = 0;
    for (const auto& request : bench_.simulator.requests()) others += request.method != "GET" ? 1 : 0;
    return others;
  }
};

// Nothing wakes it for as long as it only runs: what was written last is the last that is seen of it.
TEST_F(WhileItRuns, ItIsKeptSmallAsSoonAsItsStatusIsWritten) {
  bench_.store.put_invocation(kLlama, kOneTask);
  ASSERT_TRUE(bench_.until([&] { return status().counts.running == 1 && status().storage.seen; }, 60s)) << problems();
  bench_.pass(10ms);
  EXPECT_EQ(bench_.store.folds(kLlama), 1) << "before another look";
  bench_.pass(20s);
  const int folds = bench_.store.folds(kLlama);
  const int reads = bench_.store.reads();
  bench_.pass(10min);
  EXPECT_EQ(bench_.store.folds(kLlama), folds);
  EXPECT_EQ(bench_.store.reads(), reads);
}

// What changes nothing in Lepton is a plan all the same.
TEST_F(WhileItRuns, ItNeedsNothingOfWhatThisProcessRemembered) {
  bench_.store.put_invocation(kLlama, kOneTask);
  ASSERT_TRUE(bench_.until([&] { return status().counts.running == 1 && status().storage.seen; }, 60s)) << problems();
  const int looks = bench_.requests("GET", "/deployments");
  ASSERT_TRUE(bench_.until([&] { return operator_->remembered() == 0; }, 60s)) << problems();
  EXPECT_EQ(bench_.requests("GET", "/deployments"), looks + 2);
  const int before = others_than_looks();
  const int reads = bench_.store.reads();
  for (int i = 0; i < 5; ++i) {
    bench_.store.annotate(kLlama, "lepton.dev/reconcile-requested-at", std::to_string(i));
    bench_.pass(1min);
  }
  EXPECT_GT(bench_.store.reads(), reads + 5);
  EXPECT_EQ(others_than_looks(), before);
  EXPECT_EQ(operator_->remembered(), 0U);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 2h)) << problems();
  bench_.store.delete_invocation(kLlama);
  EXPECT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 1);
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 1);
  EXPECT_EQ(bench_.requests("POST", "/usersecrets"), 1);
  EXPECT_EQ(bench_.simulator.dump().at("jobs").size(), 0U);
  EXPECT_EQ(directories_removed_, 1);
}

// Else each plan would try again at once.
TEST_F(WhileItRuns, AFailureIsRememberedForAsLongAsItLasts) {
  simulator::FaultRule down;
  down.method = "HEAD";
  down.path = "/storage/*";
  down.status = 503;
  down.times = 1'000;
  bench_.simulator.add_fault(down);
  bench_.store.put_invocation(kLlama, kOneTask);
  ASSERT_TRUE(bench_.until([&] { return status().counts.running == 1; }, 60s)) << problems();
  bench_.pass(30min);  // the longest wait between two tries is 5 min
  EXPECT_EQ(operator_->remembered(), 1U);
  const int before = bench_.requests("HEAD", "/storage/*");
  for (int i = 0; i < 60; ++i) {
    bench_.store.annotate(kLlama, "note", std::to_string(i));
    bench_.pass(10s);
  }
  EXPECT_LE(bench_.requests("HEAD", "/storage/*"), before + 3);
  EXPECT_GT(bench_.requests("HEAD", "/storage/*"), before);
}

class WhileItRunsUnseen : public WhileItRuns {
 protected:
  WhileItRunsUnseen() {
    simulator::FaultRule hidden;
    hidden.method = "HEAD";
    hidden.path = "/storage/*";
    hidden.status = 404;
    hidden.times = 1'000;
    bench_.simulator.add_fault(hidden);
  }
};

TEST_F(WhileItRunsUnseen, ADirectoryThatIsNotShownIsNotAskedForAgain) {
  bench_.store.put_invocation(kLlama, kOneTask);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("HEAD", "/storage/*") > 0; }, 60s)) << problems();
  bench_.pass(1min);
  const int before = bench_.requests("HEAD", "/storage/*");
  for (int i = 0; i < 5; ++i) {
    bench_.store.annotate(kLlama, "lepton.dev/reconcile-requested-at", std::to_string(i));
    bench_.pass(1min);
  }
  EXPECT_EQ(bench_.requests("HEAD", "/storage/*"), before);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
