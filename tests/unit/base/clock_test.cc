#include "base/clock.h"

#include <gmock/gmock.h>

#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class ManualTime : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  ManualClock clock_{io_};
  Context root_{clock_};
};

TEST_F(ManualTime, RunsCallbacksInTheOrderOfTheirTime) {
  std::vector<int> order;
  const auto start = clock_.now();
  const auto c = clock_.at(start + 3s, [&] { order.push_back(3); });
  const auto a = clock_.at(start + 1s, [&] { order.push_back(1); });
  const auto b = clock_.at(start + 2s, [&] { order.push_back(2); });
  EXPECT_EQ(clock_.next(), start + 1s);
  clock_.advance(2s);
  EXPECT_TRUE(order.empty());  // posted, never run from inside
  settle(io_);
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_EQ(clock_.next(), start + 3s);
}

TEST_F(ManualTime, RunsWhatIsDueAlreadyWithoutAnAdvance) {
  int calls = 0;
  const auto registration = clock_.at(clock_.now(), [&] { ++calls; });
  EXPECT_EQ(calls, 0);
  settle(io_);
  EXPECT_EQ(calls, 1);
}

TEST_F(ManualTime, DoesNotRunWhatWasUnsetBetweenFallingDueAndRunning) {
  int calls = 0;
  auto due = clock_.at(clock_.now() + 1s, [&] { ++calls; });
  auto now = clock_.at(clock_.now(), [&] { ++calls; });
  auto later = clock_.at(clock_.now() + 1h, [&] { ++calls; });
  clock_.advance(1s);
  due.reset();
  now.reset();
  later.reset();
  settle(io_);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(clock_.next(), std::nullopt);
}

TEST_F(ManualTime, ASleepEndsAfterTheWholeTime) {
  const Running<bool> sleep(io_, clock_.sleep(root_, 10s));
  settle(io_);
  clock_.advance(9'999ms);
  settle(io_);
  EXPECT_FALSE(sleep.ended());
  clock_.advance(1ms);
  settle(io_);
  ASSERT_TRUE(sleep.ended());
  EXPECT_TRUE(sleep.value());
}

TEST_F(ManualTime, ASleepEndsAtOnceWhenItsContextIsCancelled) {
  const Context context = root_.child();
  const Running<bool> sleep(io_, clock_.sleep(context, 10s));
  settle(io_);
  root_.cancel();
  settle(io_);
  ASSERT_TRUE(sleep.ended());
  EXPECT_FALSE(sleep.value());
  EXPECT_EQ(clock_.next(), std::nullopt);  // no timer is left behind
}

TEST_F(ManualTime, ASleepEndsAtTheDeadlineOfItsContext) {
  const Running<bool> sleep(io_, clock_.sleep(root_.with_timeout(3s), 10s));
  settle(io_);
  clock_.advance(3s);
  settle(io_);
  ASSERT_TRUE(sleep.ended());
  EXPECT_FALSE(sleep.value());
}

TEST_F(ManualTime, ASleepThatEndsWithItsDeadlineWasWhole) {
  const Running<bool> sleep(io_, clock_.sleep(root_.with_timeout(3s), 3s));
  settle(io_);
  clock_.advance(3s);
  settle(io_);
  EXPECT_TRUE(sleep.value());
}

TEST_F(ManualTime, ASleepOfNothingStillLetsOthersRun) {
  const Running<bool> sleep(io_, clock_.sleep(root_, 0ms));
  settle(io_);
  EXPECT_TRUE(sleep.value());
  const Running<bool> negative(io_, clock_.sleep(root_, -5s));
  settle(io_);
  EXPECT_TRUE(negative.value());
}

TEST(ManualTimeAtTheEnd, ASleeperLeftBehindDoesNoHarm) {
  auto io = std::make_unique<boost::asio::io_context>();
  ManualClock clock(*io);
  const Context root(clock);
  const Running<bool> sleep(*io, clock.sleep(root.with_timeout(1h), 10s));
  settle(*io);
  io.reset();  // destroys the coroutine in mid-wait; its registrations go with it
  EXPECT_FALSE(sleep.ended());
  EXPECT_EQ(clock.next(), std::nullopt);
}

TEST(SystemTime, IsTheWallClocksAndNeverGoesBack) {
  boost::asio::io_context io;
  const SystemClock clock(io);
  EXPECT_LT(std::chrono::abs(clock.now() - std::chrono::system_clock::now()), 1s);
  Timestamp last = clock.now();
  for (int i = 0; i < 10'000; ++i) {
    const Timestamp now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemTime, CallsBackNotBeforeItsTime) {
  boost::asio::io_context io;
  SystemClock clock(io);
  const Timestamp due = clock.now() + 20ms;
  Timestamp called{};
  const auto registration = clock.at(due, [&] { called = clock.now(); });
  io.run();
  EXPECT_GE(called, due);
}

TEST(SystemTime, AnUnsetTimerDoesNotHoldTheLoop) {
  boost::asio::io_context io;
  SystemClock clock(io);
  int calls = 0;
  auto registration = clock.at(clock.now() + 1h, [&] { ++calls; });
  registration.reset();
  io.run();  // returns at once
  EXPECT_EQ(calls, 0);
}

TEST(SystemTime, ARegistrationMayOutliveClockAndLoop) {
  Context::Registration registration;
  {
    boost::asio::io_context io;
    SystemClock clock(io);
    registration = clock.at(clock.now() + 1h, [] {});
  }
  registration.reset();
}

TEST(SystemTime, ASleepIsEndedByCancel) {
  boost::asio::io_context io;
  SystemClock clock(io);
  const Context root(clock);
  const auto cancel = clock.at(clock.now() + 5ms, [&] { root.cancel(); });
  EXPECT_FALSE(run(io, clock.sleep(root, 1h)));
}

}  // namespace
}  // namespace lepton_operator::base
