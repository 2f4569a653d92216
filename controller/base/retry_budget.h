// How much the retries of one client's failed requests may add to its load, in a partial outage as in a whole one.
//
// The figures are gRPC's (A6): 100 tokens, a failure takes one, a success gives a tenth back; at half and below there is no budget. Then
// a retry is not refused, since nobody else would do what it is for: it leaves in a turn of its own, one every `pace`, so that those of
// many callers cannot pile up, and an outage's end is noticed.
//
//   if (!answer) { budget.failed(); retry_at = budget.turn(now, now + backoff.next(random)); }
//
// Thread rule: domain thread only. Value type.
#pragma once

#include <cstdint>
#include <set>

#include "base/time.h"

namespace lepton_operator::base {

class RetryBudget {
 public:
  explicit RetryBudget(Milliseconds pace) : pace_(pace) {}

  void succeeded();
  void failed();
  bool spent() const { return tokens_ <= kMost / 2; }

  // When a retry that would be due at `due` may leave: then, or in the first free turn from then on.
  Timestamp turn(Timestamp now, Timestamp due);

 private:
  static constexpr double kMost = 100.0;
  static constexpr double kRefund = 0.1;

  Milliseconds pace_;
  double tokens_ = kMost;
  std::set<std::int64_t> taken_;  // turns to come, counted in paces since the epoch
};

}  // namespace lepton_operator::base
