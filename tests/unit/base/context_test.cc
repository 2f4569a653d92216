#include "base/context.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

class Contexts : public ::testing::Test {
 protected:
  boost::asio::io_context io_;
  ManualClock clock_{io_};
  Context root_{clock_};
};

TEST_F(Contexts, CancellingOneEndsAllBelowItAndNoneBeside) {
  const Context a = root_.child();
  const Context b = root_.child();
  const Context below = a.with_timeout(1h).child();
  a.cancel();
  EXPECT_TRUE(a.cancelled());
  EXPECT_TRUE(below.cancelled());
  EXPECT_FALSE(b.cancelled());
  EXPECT_FALSE(root_.cancelled());
}

TEST_F(Contexts, AChildOfACancelledOneIsBornCancelled) {
  root_.cancel();
  EXPECT_TRUE(root_.child().cancelled());
  EXPECT_TRUE(root_.with_timeout(1h).expired());
}

TEST_F(Contexts, TheEarliestDeadlineOfTheLineCounts) {
  const auto now = clock_.now();
  const Context outer = root_.with_timeout(10s);
  EXPECT_EQ(outer.with_timeout(20s).deadline(), now + 10s);
  EXPECT_EQ(outer.with_timeout(5s).child().deadline(), now + 5s);
  EXPECT_EQ(root_.child().deadline(), std::nullopt);
  EXPECT_FALSE(outer.expired());
  clock_.advance(10s);
  EXPECT_TRUE(outer.expired());
  EXPECT_FALSE(outer.cancelled());
  EXPECT_FALSE(root_.expired());
}

TEST_F(Contexts, CallbacksRunOnceAndSeeTheWholeTreeCancelled) {
  const Context child = root_.child();
  int calls = 0;
  const auto above = root_.on_cancel([&] { calls += child.cancelled() ? 1 : 100; });
  const auto below = child.on_cancel([&] { calls += root_.cancelled() ? 1 : 100; });
  root_.cancel();
  root_.cancel();
  child.cancel();
  EXPECT_EQ(calls, 2);
}

TEST_F(Contexts, ACallbackOnACancelledOneRunsAtOnce) {
  root_.cancel();
  int calls = 0;
  const auto registration = root_.on_cancel([&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST_F(Contexts, ADestroyedRegistrationNeverRuns) {
  int calls = 0;
  {
    const auto registration = root_.on_cancel([&] { ++calls; });
  }
  root_.cancel();
  EXPECT_EQ(calls, 0);
}

TEST_F(Contexts, ACallbackMayUndoItselfAndTheOthers) {
  int calls = 0;
  Context::Registration first;
  Context::Registration second;
  const auto undo_both = [&] {
    ++calls;
    first.reset();
    second.reset();
  };
  first = root_.on_cancel(undo_both);
  second = root_.on_cancel(undo_both);
  root_.cancel();
  EXPECT_EQ(calls, 1);
}

TEST_F(Contexts, ARegistrationKeepsItsContextListeningToItsParents) {
  int calls = 0;
  const auto registration = root_.child().on_cancel([&] { ++calls; });
  root_.cancel();
  EXPECT_EQ(calls, 1);
}

TEST_F(Contexts, ACallbackMayDropOtherContexts) {
  std::vector<Context> others;
  for (int i = 0; i < 10; ++i) others.push_back(root_.child());
  const auto registration = others[0].on_cancel([&] { others.clear(); });
  root_.cancel();
  EXPECT_TRUE(others.empty());
}

}  // namespace
}  // namespace lepton_operator::base
