#include "base/rate_limiter.h"

#include <gmock/gmock.h>

#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using ::testing::ElementsAre;

awaitable<bool> take(RateLimiter& limiter, Context context, int who, std::vector<int>* order) {
  const bool taken = co_await limiter.acquire(context);
  if (taken) order->push_back(who);
  co_return taken;
}

class RateLimits : public ::testing::Test {
 protected:
  Running<bool> start(RateLimiter& limiter, int who) { return start(limiter, root_, who); }
  Running<bool> start(RateLimiter& limiter, Context context, int who) {
    Running<bool> running(io_, take(limiter, context, who, &order_));
    settle(io_);
    return running;
  }
  void pass(Milliseconds time) {
    clock_.advance(time);
    settle(io_);
  }

  boost::asio::io_context io_;
  ManualClock clock_{io_};
  Context root_{clock_};
  std::vector<int> order_;
};

TEST_F(RateLimits, LetABurstThroughAtOnceAndTheRestAtTheRate) {
  RateLimiter limiter(clock_, 10, 3);
  for (int i = 0; i < 6; ++i) start(limiter, i);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2));
  pass(99ms);
  EXPECT_EQ(order_.size(), 3u);
  pass(1ms);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3));
  pass(100ms);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3, 4));
  pass(100ms);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(RateLimits, NeverExceedBurstPlusRateOverTime) {
  RateLimiter limiter(clock_, 7, 4);
  for (int i = 0; i < 200; ++i) start(limiter, i);
  for (int millisecond = 0; millisecond < 10'000; millisecond += 10) pass(10ms);
  EXPECT_EQ(order_.size(), 4u + 70u);
  EXPECT_TRUE(std::is_sorted(order_.begin(), order_.end()));
}

TEST_F(RateLimits, LetThroughTogetherWhatAFewMillisecondsBring) {
  RateLimiter limiter(clock_, 1000, 100);
  for (int i = 0; i < 100; ++i) start(limiter, i);
  ASSERT_EQ(order_.size(), 100U);
  for (int i = 0; i < 15; ++i) start(limiter, i);
  pass(1ms);  // the first alone had been in line when its wait began
  EXPECT_EQ(order_.size(), 101U);
  pass(9ms);
  EXPECT_EQ(order_.size(), 101U);
  pass(1ms);
  EXPECT_EQ(order_.size(), 111U);
  pass(4ms);
  EXPECT_EQ(order_.size(), 115U) << "the last four need not wait for more";
}

TEST_F(RateLimits, WaitForNoPartOfAToken) {
  RateLimiter limiter(clock_, 150, 100);  // one in 6.7 ms, one and a half in 10
  for (int i = 0; i < 103; ++i) start(limiter, i);
  for (int i = 0; i < 14; ++i) pass(1ms);
  EXPECT_EQ(order_.size(), 102U);
}

TEST_F(RateLimits, LoseNothingWhereTheBucketHoldsLessThanComesTogether) {
  RateLimiter limiter(clock_, 1000, 4);
  for (int i = 0; i < 104; ++i) start(limiter, i);
  for (int i = 0; i < 33; ++i) pass(3ms);  // each time one later than asked for
  pass(1ms);
  EXPECT_EQ(order_.size(), 104U);
}

TEST_F(RateLimits, FillUpAgainButNoFurtherThanTheBurst) {
  RateLimiter limiter(clock_, 10, 3);
  for (int i = 0; i < 3; ++i) start(limiter, i);
  EXPECT_DOUBLE_EQ(limiter.available(), 0);
  pass(1h);
  EXPECT_DOUBLE_EQ(limiter.available(), 3);
}

TEST_F(RateLimits, WhoGaveUpUsesNoTokenAndDelaysNobody) {
  RateLimiter limiter(clock_, 1, 1);
  const Context impatient = root_.child();
  start(limiter, 0);
  const auto first = start(limiter, impatient, 1);
  const auto second = start(limiter, 2);
  const auto third = start(limiter, impatient, 3);
  impatient.cancel();
  settle(io_);
  EXPECT_FALSE(first.value());
  EXPECT_FALSE(third.value());
  pass(1s);
  EXPECT_TRUE(second.value());
  EXPECT_THAT(order_, ElementsAre(0, 2));
}

TEST_F(RateLimits, GiveNothingToAContextThatHasEnded) {
  RateLimiter limiter(clock_, 10, 3);
  const Context ended = root_.child();
  ended.cancel();
  EXPECT_FALSE(start(limiter, ended, 0).value());
  EXPECT_DOUBLE_EQ(limiter.available(), 3);
}

TEST_F(RateLimits, EndAWaitAtTheDeadline) {
  RateLimiter limiter(clock_, 0.1, 1);
  start(limiter, 0);
  const auto waiter = start(limiter, root_.with_timeout(2s), 1);
  pass(2s);
  EXPECT_FALSE(waiter.value());
}

TEST_F(RateLimits, PauseEverybodyAndThenStillKeepOrderAndBurst) {
  RateLimiter limiter(clock_, 10, 2);
  for (int i = 0; i < 3; ++i) start(limiter, i);
  limiter.pause(clock_.now() + 10s);
  start(limiter, 3);
  start(limiter, 4);
  pass(9'999ms);
  EXPECT_THAT(order_, ElementsAre(0, 1));
  pass(1ms);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3));
  pass(100ms);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(RateLimits, AnEarlierPauseDoesNotShortenALaterOne) {
  RateLimiter limiter(clock_, 10, 2);
  limiter.pause(clock_.now() + 10s);
  limiter.pause(clock_.now() + 1s);
  const auto waiter = start(limiter, 0);
  pass(5s);
  EXPECT_FALSE(waiter.ended());
  pass(5s);
  EXPECT_TRUE(waiter.value());
}

TEST_F(RateLimits, ABurstBelowOneStillLetsOneThrough) {
  RateLimiter limiter(clock_, 2, 0.5);
  start(limiter, 0);
  start(limiter, 1);
  EXPECT_THAT(order_, ElementsAre(0));
  pass(500ms);
  EXPECT_THAT(order_, ElementsAre(0, 1));
}

TEST(RateLimitsAtTheEnd, WaitersLeftBehindDoNoHarm) {
  std::vector<int> order;
  auto io = std::make_unique<boost::asio::io_context>();
  ManualClock clock(*io);
  const Context root(clock);
  auto limiter = std::make_unique<RateLimiter>(clock, 1, 1);
  for (int i = 0; i < 4; ++i) const Running<bool> waiter(*io, take(*limiter, root, i, &order));
  settle(*io);
  limiter.reset();
  io.reset();
  EXPECT_THAT(order, ElementsAre(0));
}

}  // namespace
}  // namespace lepton_operator::base
