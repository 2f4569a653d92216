// One coroutine's alarm: it waits until somebody fires, or its context ends. The building block of everything in base/ that waits.
//
// Thread rule: the executor's thread only. One waiter, who owns it (usually in the coroutine's frame).
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.h"
#include "base/context.h"

namespace lepton_operator::base {

class Wake {
 public:
  explicit Wake(const boost::asio::any_io_executor& executor) : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  // Idempotent; may be called before the wait.
  void fire() {
    fired_ = true;
    timer_.cancel();
  }
  bool fired() const { return fired_; }

  boost::asio::awaitable<void> wait() {
    while (!fired_) {
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
  }

  // True when fired, false when the context ended first. What fired stays fired: nothing is lost when both come together.
  boost::asio::awaitable<bool> wait(Context context) {
    if (fired_) co_return true;
    if (context.expired()) co_return false;
    const Context::Registration on_cancel = context.on_cancel([this] { timer_.cancel(); });
    Context::Registration on_deadline;
    if (const auto deadline = context.deadline()) on_deadline = context.clock().at(*deadline, [this] { timer_.cancel(); });
    while (!fired_ && !context.expired()) {
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    co_return fired_;
  }

 private:
  boost::asio::steady_timer timer_;  // never expires; cancelling it is how one wakes its waiter
  bool fired_ = false;
};

}  // namespace lepton_operator::base
