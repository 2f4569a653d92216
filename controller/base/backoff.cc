#include "base/backoff.h"

#include <algorithm>
#include <cmath>

namespace lepton_operator::base {

Milliseconds Backoff::next(Random& random) {
  Milliseconds wait = std::min(first_, most_);
  for (int i = 0; i < failures_ && wait < most_; ++i) wait = std::min(wait * 2, most_);
  ++failures_;
  const double jittered = static_cast<double>(wait.count()) * (0.9 + 0.2 * random.unit());
  return Milliseconds{std::llround(jittered)};
}

}  // namespace lepton_operator::base
