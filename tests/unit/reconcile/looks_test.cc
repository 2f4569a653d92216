// How often the whole operator looks at a workspace, and tells people of progress.
#include "invocation/progress.h"
#include "unit/reconcile/operator_fixture.h"

namespace lepton_operator::reconcile::test {
namespace {

class LooksTest : public OperatorTest {
 protected:
  explicit LooksTest(simulator::Options options = {}) : OperatorTest(std::move(options)) {
    bench_.store.put_workspace(kWorkspace, "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() +
                                               "\", limits: {requestsPerSecond: 2000, burst: 2000}}");
  }
  int looks() const { return bench_.requests("GET", "/deployments"); }
  base::Timestamp last_look() const {
    base::Timestamp last;
    for (const auto& request : bench_.simulator.requests()) {
      if (request.method == "GET" && request.path == "/deployments") last = request.at;
    }
    return last;
  }
};

// Each secret that was made hastens the next look. What it shows would wait in the queue with all the rest.
TEST_F(LooksTest, AreNotHastenedWhileManyWaitForTheirTurn) {
  bench_.store.delay_status_writes(500ms);  // four at a time: eight a second
  for (int i = 0; i < 300; ++i) bench_.store.put_invocation({"team", "many-" + std::to_string(i)}, kNim);
  bench_.pass(5s);
  ASSERT_GT(bench_.requests("POST", "/usersecrets"), 20) << problems();
  const int before = looks();
  bench_.pass(20s);
  EXPECT_LE(looks() - before, 13);  // one every two seconds, or a fifth sooner
  EXPECT_GE(looks() - before, 9);
}

TEST_F(LooksTest, AreHastenedOnceFewWait) {
  bench_.store.delay_status_writes(500ms);
  for (int i = 0; i < 300; ++i) bench_.store.put_invocation({"team", "many-" + std::to_string(i)}, kNim);
  bench_.pass(5s);
  while (last_look() != bench_.clock.now()) bench_.pass(1ms);  // the next of the usual ones is far
  bench_.store.delay_status_writes(0s);
  bench_.pass(800ms);  // the queue is through when the last slow ones are
  EXPECT_GT(bench_.requests("POST", "/deployments"), 300) << problems();
  EXPECT_GT(last_look(), bench_.clock.now() - 600ms);
}

// How long after the write before it each status was written that nobody waits for.
std::vector<base::Milliseconds> pauses_before_progress(Bench& bench, int count, base::Milliseconds for_so_long) {
  std::map<std::string, std::pair<base::Timestamp, InvocationStatus>> last;
  std::vector<base::Milliseconds> pauses;
  bench.store.on_status([&](const InvocationStatus& now) {
    const auto known = last.find(now.invocation_id);
    if (known != last.end() && invocation::progress_only(known->second.second, now)) {
      pauses.push_back(std::chrono::duration_cast<base::Milliseconds>(bench.clock.now() - known->second.first));
    }
    last[now.invocation_id] = {bench.clock.now(), now};
  });
  for (int i = 0; i < count; ++i) bench.store.put_invocation({"team", "many-" + std::to_string(i)}, kNim);
  bench.pass(for_so_long);
  bench.store.on_status({});
  return pauses;
}

class ProgressTest : public LooksTest {
 protected:
  ProgressTest() : LooksTest(slow()) {}
  static simulator::Options slow() {
    simulator::Options options;
    options.ready_delay = 1s;
    options.start_delay = 10min;  // until then the ids of jobs are all that there is to tell
    return options;
  }
};

TEST_F(ProgressTest, IsToldEveryFiveSeconds) {
  const auto pauses = pauses_before_progress(bench_, 4, 60s);
  ASSERT_FALSE(pauses.empty()) << problems();
  EXPECT_GE(*std::min_element(pauses.begin(), pauses.end()), 5s);
  EXPECT_LT(*std::min_element(pauses.begin(), pauses.end()), 10s);
}

TEST_F(ProgressTest, IsToldMoreRarelyWhileManyRequestsAreOut) {
  simulator::FaultRule unanswered;
  unanswered.method = "POST";
  unanswered.path = "/deployments";
  unanswered.times = 1'200;
  unanswered.silent = true;
  bench_.simulator.add_fault(unanswered);
  for (int i = 0; i < 600; ++i) bench_.store.put_invocation({"team", "unanswered-" + std::to_string(i)}, kNim);
  bench_.pass(1s);
  ASSERT_EQ(bench_.requests("POST", "/deployments"), 1'200) << problems();
  const auto pauses = pauses_before_progress(bench_, 1, 25s);
  ASSERT_FALSE(pauses.empty()) << problems();
  EXPECT_GE(*std::min_element(pauses.begin(), pauses.end()), 12s);
}

// Whoever has his turn as one of the last no longer has many behind him, so that some are told as ever.
TEST_F(ProgressTest, IsToldMoreRarelyWhileManyWaitForTheirTurn) {
  bench_.store.delay_status_writes(125ms);  // four at a time: each of three hundred has its next turn after 10 s
  const auto pauses = pauses_before_progress(bench_, 300, 30s);
  ASSERT_GT(pauses.size(), 200U) << problems();
  const auto soon = std::count_if(pauses.begin(), pauses.end(), [](base::Milliseconds pause) { return pause < 15s; });
  EXPECT_LE(soon, 200) << "of " << pauses.size();
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
