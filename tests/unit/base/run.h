// Runs coroutines in tests: to their end, or as far as they get while time stands still.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace lepton_operator::base {

// A coroutine under way; its value is there once it ended.
template <class T>
class Running {
 public:
  Running(boost::asio::io_context& io, boost::asio::awaitable<T> work) : state_(std::make_shared<State>()) {
    boost::asio::co_spawn(io, keep(state_, std::move(work)), [state = state_](std::exception_ptr failure) { state->failure = failure; });
  }
  bool ended() const { return state_->value.has_value() || state_->failure; }
  const T& value() const {
    if (state_->failure) std::rethrow_exception(state_->failure);
    return state_->value.value();
  }
  T take() {
    (void)value();
    return std::move(*state_->value);
  }

 private:
  struct State {
    std::optional<T> value;
    std::exception_ptr failure;
  };

  static boost::asio::awaitable<void> keep(std::shared_ptr<State> state, boost::asio::awaitable<T> work) {
    state->value.emplace(co_await std::move(work));
  }
  std::shared_ptr<State> state_;
};

// Everything that can run now has run.
inline void settle(boost::asio::io_context& io) {
  io.restart();
  io.poll();
}

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
  Running<T> running(io, std::move(work));
  io.restart();
  while (!running.ended() && io.run_one() != 0) {
  }
  return running.take();
}

}  // namespace lepton_operator::base
