// Waiting times after failures: doubling from `first` to `most`, with jitter of ±10 %. Value type; domain thread.
#pragma once

#include "base/random.h"
#include "base/time.h"

namespace lepton_operator::base {

class Backoff {
 public:
  Backoff(Milliseconds first, Milliseconds most) : first_(first), most_(most) {}

  Milliseconds next(Random& random);  // of this failure; the following one waits longer
  void reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  Milliseconds first_;
  Milliseconds most_;
  int failures_ = 0;
};

}  // namespace lepton_operator::base
