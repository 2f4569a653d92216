// A token bucket: at most `burst` at once, `rate` a second in the long run, first come first served. Where more than one token comes in
// 10 ms, those that wait are let through so many at a time.
//
// Thread rule: domain thread only.
#pragma once

#include <list>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/context.h"

namespace lepton_operator::base {

class RateLimiter {
 public:
  RateLimiter(Clock& clock, double per_second, double burst);

  // False when the context ended before it was let through; no token is then used.
  boost::asio::awaitable<bool> acquire(Context context);

  // No token is handed out before `until` (Retry-After).
  void pause(Timestamp until);

  double available() const;
  double per_second() const { return per_second_; }

 private:
  class Ticket;

  void refill();
  bool take();
  Milliseconds until_next() const;  // until the first may pass, and those that may within the same 10 ms

  Clock& clock_;
  double per_second_;
  double burst_;
  double tokens_;
  Timestamp refilled_at_;
  Timestamp paused_until_{};
  std::shared_ptr<std::list<Ticket*>> queue_;  // only the first waits for time, the others for their turn
};

}  // namespace lepton_operator::base
