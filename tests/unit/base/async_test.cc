#include "base/async.h"

#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

class Async : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  ManualClock clock_{io_};
  Context root_{clock_};
};

using Signals = Async;
using TaskGroups = Async;
using Completions = Async;

TEST_F(Signals, WakeEveryPresentWaiter) {
  Signal signal(io_);
  const Running<bool> a(io_, signal.wait(root_));
  const Running<bool> b(io_, signal.wait(root_));
  settle(io_);
  EXPECT_FALSE(a.ended());
  signal.notify();
  settle(io_);
  EXPECT_TRUE(a.value());
  EXPECT_TRUE(b.value());
}

TEST_F(Signals, AreRememberedOnceForTheNextWaiter) {
  Signal signal(io_);
  signal.notify();
  signal.notify();
  const Running<bool> first(io_, signal.wait(root_));
  settle(io_);
  EXPECT_TRUE(first.value());
  const Running<bool> second(io_, signal.wait(root_));
  settle(io_);
  EXPECT_FALSE(second.ended());
}

TEST_F(Signals, ThatWokeSomebodyAreNotRemembered) {
  Signal signal(io_);
  const Running<bool> first(io_, signal.wait(root_));
  settle(io_);
  signal.notify();
  settle(io_);
  const Running<bool> second(io_, signal.wait(root_));
  settle(io_);
  EXPECT_FALSE(second.ended());
}

TEST_F(Signals, BetweenWakingAndRunningAreNotLost) {
  Signal signal(io_);
  const Running<bool> first(io_, signal.wait(root_));
  settle(io_);
  signal.notify();
  signal.notify();  // the waiter is woken but has not looked yet
  settle(io_);
  const Running<bool> second(io_, signal.wait(root_));
  settle(io_);
  ASSERT_TRUE(second.ended());
}

TEST_F(Signals, GiveUpWhenTheContextEnds) {
  Signal signal(io_);
  const Context cancelled = root_.child();
  const Running<bool> a(io_, signal.wait(cancelled));
  const Running<bool> b(io_, signal.wait(root_.with_timeout(5s)));
  settle(io_);
  cancelled.cancel();
  settle(io_);
  EXPECT_FALSE(a.value());
  EXPECT_FALSE(b.ended());
  clock_.advance(5s);
  settle(io_);
  EXPECT_FALSE(b.value());
  signal.notify();  // nobody is left: remembered
  const Running<bool> c(io_, signal.wait(root_));
  settle(io_);
  EXPECT_TRUE(c.value());
}

TEST_F(Signals, ThatComeTogetherWithTheEndAreNotLost) {
  Signal signal(io_);
  const Context context = root_.child();
  const Running<bool> waiter(io_, signal.wait(context));
  settle(io_);
  signal.notify();
  context.cancel();
  settle(io_);
  EXPECT_TRUE(waiter.value());
}

TEST_F(Signals, MayGoBeforeTheirWaiter) {
  auto signal = std::make_unique<Signal>(io_);
  const Running<bool> waiter(io_, signal->wait(root_.with_timeout(1s)));
  settle(io_);
  signal.reset();
  clock_.advance(1s);
  settle(io_);
  EXPECT_FALSE(waiter.value());
}

awaitable<void> sleep_then(ManualClock& clock, Context context, Milliseconds duration, int* counter) {
  co_await clock.sleep(context, duration);
  ++*counter;
}

awaitable<void> fail(ManualClock& clock, Context context, std::string what) {
  co_await clock.sleep(context, 1s);
  throw std::runtime_error(what);
}

awaitable<bool> join(TaskGroup& group) {
  co_await group.join();
  co_return true;
}

TEST_F(TaskGroups, RunConcurrentlyAndAreJoinedWhenTheLastEnded) {
  TaskGroup group(io_);
  int ended = 0;
  for (int i = 1; i <= 3; ++i) group.spawn(sleep_then(clock_, root_, i * 1s, &ended));
  const Running<bool> joined(io_, join(group));
  settle(io_);
  EXPECT_EQ(group.running(), 3u);
  clock_.advance(2s);
  settle(io_);
  EXPECT_EQ(ended, 2);
  EXPECT_FALSE(joined.ended());
  clock_.advance(1s);
  settle(io_);
  EXPECT_EQ(ended, 3);
  EXPECT_TRUE(joined.value());
  EXPECT_EQ(group.running(), 0u);
}

TEST_F(TaskGroups, JoinAnEmptyOneAtOnce) {
  TaskGroup group(io_);
  EXPECT_TRUE(run(io_, join(group)));
}

TEST_F(TaskGroups, RethrowTheFirstExceptionAfterAllEnded) {
  TaskGroup group(io_);
  int ended = 0;
  group.spawn(fail(clock_, root_, "first"));
  group.spawn(fail(clock_, root_, "second"));
  group.spawn(sleep_then(clock_, root_, 5s, &ended));
  const Running<bool> joined(io_, join(group));
  settle(io_);
  clock_.advance(1s);
  settle(io_);
  EXPECT_FALSE(joined.ended());
  clock_.advance(4s);
  settle(io_);
  EXPECT_EQ(ended, 1);
  try {
    joined.value();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "first");
  }
}

awaitable<void> spawn_another(TaskGroup& group, ManualClock& clock, Context context, int* counter) {
  group.spawn(sleep_then(clock, context, 1s, counter));
  co_return;
}

TEST_F(TaskGroups, WaitForChildrenOfChildren) {
  TaskGroup group(io_);
  int ended = 0;
  group.spawn(spawn_another(group, clock_, root_, &ended));
  const Running<bool> joined(io_, join(group));
  settle(io_);
  EXPECT_FALSE(joined.ended());
  clock_.advance(1s);
  settle(io_);
  EXPECT_TRUE(joined.value());
  EXPECT_EQ(ended, 1);
}

TEST(TaskGroupsAtTheEnd, ChildrenLeftBehindAreDestroyedWithTheLoop) {
  auto io = std::make_unique<boost::asio::io_context>();
  ManualClock clock(*io);
  const Context root(clock);
  auto group = std::make_unique<TaskGroup>(*io);
  int ended = 0;
  for (int i = 0; i < 3; ++i) group->spawn(sleep_then(clock, root, 1s, &ended));
  const Running<bool> joined(*io, join(*group));
  settle(*io);
  io.reset();
  EXPECT_EQ(ended, 0);
  EXPECT_FALSE(joined.ended());
}

TEST_F(Completions, AreTakenWhenSetBeforeTheWait) {
  const Completion<std::string> completion(io_);
  completion.set("early");
  settle(io_);
  EXPECT_EQ(run(io_, completion.wait()), "early");
}

TEST_F(Completions, WakeTheirWaiterOnTheDomainThread) {
  const Completion<std::string> completion(io_);
  const Running<std::string> waiter(io_, completion.wait());
  settle(io_);
  completion.set("late");
  EXPECT_FALSE(waiter.ended());  // posted, never resumed from inside
  settle(io_);
  EXPECT_EQ(waiter.value(), "late");
}

TEST_F(Completions, IgnoreAllButTheFirst) {
  const Completion<int> completion(io_);
  completion.set(1);
  completion.set(2);
  EXPECT_EQ(run(io_, completion.wait()), 1);
}

TEST_F(Completions, CarryValuesThatOnlyMove) {
  const Completion<std::unique_ptr<int>> completion(io_);
  completion.set(std::make_unique<int>(5));
  EXPECT_EQ(*run(io_, completion.wait()), 5);
}

TEST_F(Completions, ComeFromOtherThreadsWithoutALoss) {
  for (int round = 0; round < 2'000; ++round) {
    const Completion<int> completion(io_);
    std::thread other([completion, round] { completion.set(round); });
    EXPECT_EQ(run(io_, completion.wait()), round);
    other.join();
  }
}

TEST_F(Completions, OfManyThreadsTakeOne) {
  for (int round = 0; round < 200; ++round) {
    const Completion<int> completion(io_);
    std::vector<std::thread> others;
    for (int i = 0; i < 4; ++i) others.emplace_back([completion, i] { completion.set(i); });
    const int value = run(io_, completion.wait());
    EXPECT_TRUE(value >= 0 && value < 4);
    for (auto& other : others) other.join();
  }
}

TEST(CompletionsAtTheEnd, AWaiterLeftBehindIsDestroyedWithTheLoop) {
  auto io = std::make_unique<boost::asio::io_context>();
  const Completion<int> completion(*io);
  const Running<int> waiter(*io, completion.wait());
  settle(*io);
  io.reset();
  EXPECT_FALSE(waiter.ended());
}

}  // namespace
}  // namespace lepton_operator::base
