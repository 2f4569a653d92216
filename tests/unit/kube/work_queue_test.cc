#include "kube/work_queue.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Takes keys, notes them, and leaves them "being worked on" until the test says done().
boost::asio::awaitable<void> take_all(WorkQueue* queue, std::vector<std::string>* taken, int* ended) {
  while (true) {
    std::optional<std::string> key = co_await queue->next();
    if (!key) break;
    taken->push_back(*key);
  }
  ++*ended;
}

class WorkQueueTest : public testing::Test {
 protected:
  void run() {
    io_.restart();
    io_.poll();
  }
  void pass(base::Milliseconds time) {
    clock_.advance(time);
    run();
  }
  void start_worker() {
    boost::asio::co_spawn(io_, take_all(&queue_, &taken_, &ended_), boost::asio::detached);
    run();
  }
  ~WorkQueueTest() override {
    queue_.close();
    run();
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(7);
  WorkQueue queue_{io_, clock_, *random_};
  std::vector<std::string> taken_;
  int ended_ = 0;
};

TEST_F(WorkQueueTest, HandsKeysOutInTheOrderTheyCame) {
  queue_.add("b");
  queue_.add("a");
  start_worker();
  EXPECT_THAT(taken_, ElementsAre("b", "a"));
}

TEST_F(WorkQueueTest, ABurstOfOneKeyCostsOneReconcile) {
  for (int i = 0; i < 10; ++i) queue_.add("a");
  EXPECT_EQ(queue_.stats().depth, 1u);
  start_worker();
  EXPECT_THAT(taken_, ElementsAre("a"));
}

TEST_F(WorkQueueTest, AKeyIsNeverHandedOutTwiceAtOnce) {
  start_worker();
  start_worker();
  queue_.add("a");
  run();
  queue_.add("a");
  run();
  EXPECT_THAT(taken_, ElementsAre("a"));
  EXPECT_EQ(queue_.stats().working, 1u);
}

TEST_F(WorkQueueTest, AKeyAddedWhileItIsWorkedOnRunsOnceMoreAfterwards) {
  start_worker();
  queue_.add("a");
  run();
  queue_.add("a");
  queue_.add("a");
  run();
  queue_.done("a");
  run();
  EXPECT_THAT(taken_, ElementsAre("a", "a"));
  queue_.done("a");
  run();
  EXPECT_THAT(taken_, ElementsAre("a", "a"));
}

TEST_F(WorkQueueTest, TheEarliestOfSeveralDelaysWins) {
  start_worker();
  queue_.add_after("a", 10s);
  queue_.add_after("a", 2s);
  queue_.add_after("a", 5s);
  pass(1999ms);
  EXPECT_THAT(taken_, IsEmpty());
  pass(1ms);
  EXPECT_THAT(taken_, ElementsAre("a"));
  queue_.done("a");
  pass(60s);
  EXPECT_THAT(taken_, ElementsAre("a"));
}

TEST_F(WorkQueueTest, FailuresComeBackLaterAndLater) {
  start_worker();
  queue_.add("a");
  run();
  for (const auto expected : {1000ms, 2000ms, 4000ms}) {
    const auto before = taken_.size();
    queue_.add_failed("a");
    queue_.done("a");
    pass(expected * 9 / 10 - 1ms);
    EXPECT_EQ(taken_.size(), before);
    pass(expected * 2 / 10 + 1ms);
    EXPECT_EQ(taken_.size(), before + 1);
  }
  EXPECT_EQ(queue_.stats().retries, 3u);
}

TEST_F(WorkQueueTest, NoFailureWaitsLongerThanFiveMinutesAndATenth) {
  start_worker();
  queue_.add("a");
  run();
  for (int i = 0; i < 20; ++i) {
    queue_.add_failed("a");
    queue_.done("a");
    pass(330s);
  }
  EXPECT_EQ(taken_.size(), 21u);
}

TEST_F(WorkQueueTest, SuccessForgetsEarlierFailures) {
  start_worker();
  queue_.add("a");
  run();
  for (int i = 0; i < 6; ++i) {
    queue_.add_failed("a");
    queue_.done("a");
    pass(60s);
  }
  queue_.done("a");  // this time without a failure
  queue_.add("a");
  run();
  const auto before = taken_.size();
  queue_.add_failed("a");
  queue_.done("a");
  pass(1100ms);
  EXPECT_EQ(taken_.size(), before + 1);
}

TEST_F(WorkQueueTest, ClosingEndsEveryWaitingWorkerAndDropsWhatIsQueued) {
  start_worker();
  start_worker();
  queue_.add_after("a", 1s);
  queue_.close();
  run();
  EXPECT_EQ(ended_, 2);
  queue_.add("b");
  pass(10s);
  EXPECT_THAT(taken_, IsEmpty());
  EXPECT_EQ(queue_.stats().depth, 0u);
}

TEST_F(WorkQueueTest, StatsTellHowLongTheOldestKeyHasWaited) {
  queue_.add("a");
  pass(3s);
  queue_.add("b");
  EXPECT_EQ(queue_.stats().oldest_waiting, 3s);
  EXPECT_EQ(queue_.stats().depth, 2u);
}

}  // namespace
}  // namespace lepton_operator::kube
