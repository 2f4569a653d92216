#include "base/retry_budget.h"

#include <algorithm>

namespace lepton_operator::base {

void RetryBudget::succeeded() { tokens_ = std::min(tokens_ + kRefund, kMost); }

void RetryBudget::failed() { tokens_ = std::max(tokens_ - 1.0, 0.0); }

Timestamp RetryBudget::turn(Timestamp now, Timestamp due) {
  if (!spent()) return due;
  const auto number = [this](Timestamp at) { return at.time_since_epoch() / pace_; };
  taken_.erase(taken_.begin(), taken_.lower_bound(number(now)));
  std::int64_t turn = number(due) + 1;  // the first that begins after it
  for (auto next = taken_.lower_bound(turn); next != taken_.end() && *next == turn; ++next) ++turn;
  taken_.insert(turn);
  return Timestamp{pace_ * turn};
}

}  // namespace lepton_operator::base
