#include "base/retry_budget.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

Timestamp at(Milliseconds since) { return Timestamp{1'800'000'000s + since}; }

RetryBudget spent_budget() {
  RetryBudget budget(500ms);
  for (int i = 0; i < 50; ++i) budget.failed();
  return budget;
}

TEST(ARetryBudget, LetsRetriesLeaveWhenTheyAreDueUntilHalfOfItIsGone) {
  RetryBudget budget(500ms);
  for (int i = 0; i < 49; ++i) budget.failed();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(budget.turn(at(0s), at(1s)), at(1s));
  budget.failed();
  EXPECT_TRUE(budget.spent());
  EXPECT_GT(budget.turn(at(0s), at(1s)), at(1s));
}

TEST(ARetryBudget, ThatIsSpentGivesEachRetryATurnOfItsOwn) {
  RetryBudget budget = spent_budget();
  std::set<Timestamp> turns;
  for (int i = 0; i < 200; ++i) turns.insert(budget.turn(at(0s), at(1s)));
  ASSERT_EQ(turns.size(), 200u);
  for (auto turn = std::next(turns.begin()); turn != turns.end(); ++turn) EXPECT_GE(*turn - *std::prev(turn), 500ms);
  EXPECT_LE(*turns.rbegin(), at(1s + 200 * 500ms + 500ms));
}

TEST(ARetryBudget, DoesNotHoldUpWhatIsDueSoonForWhatIsDueLater) {
  RetryBudget budget = spent_budget();
  EXPECT_GE(budget.turn(at(0s), at(5min)), at(5min));
  EXPECT_LE(budget.turn(at(0s), at(1s)), at(2s));
}

TEST(ARetryBudget, ComesBackByTenSuccessesForEachFailure) {
  RetryBudget budget = spent_budget();
  for (int i = 0; i < 9; ++i) budget.succeeded();
  budget.failed();
  EXPECT_TRUE(budget.spent());
  for (int i = 0; i < 11; ++i) budget.succeeded();
  EXPECT_FALSE(budget.spent());
}

TEST(ARetryBudget, OfNothingButFailuresIsNoDeeperInDebtThanAHundredOfThem) {
  RetryBudget budget(500ms);
  for (int i = 0; i < 100'000; ++i) budget.failed();
  for (int i = 0; i < 501; ++i) budget.succeeded();
  EXPECT_FALSE(budget.spent());
}

}  // namespace
}  // namespace lepton_operator::base
