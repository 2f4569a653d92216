// Completion's body; include base/async.h instead.
#pragma once

#include <atomic>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/wake.h"

namespace lepton_operator::base {

template <class T>
struct Completion<T>::State {
  explicit State(boost::asio::io_context& of) : io(of) {}

  boost::asio::io_context& io;
  std::atomic<bool> taken = false;  // the only member that other threads touch
  std::optional<T> value;
  Wake* waiter = nullptr;  // lives in wait()'s frame: no timer is ever destroyed on a foreign thread or after its io_context
};

template <class T>
void Completion<T>::set(T value) const {
  if (state_->taken.exchange(true)) return;
  boost::asio::post(state_->io, [state = state_, carried = std::move(value)]() mutable {
    state->value.emplace(std::move(carried));
    if (state->waiter != nullptr) state->waiter->fire();
  });
}

template <class T>
boost::asio::awaitable<T> Completion<T>::wait() const {
  struct Waiting {
    State& state;
    ~Waiting() { state.waiter = nullptr; }
  };
  const std::shared_ptr<State> state = state_;
  const auto executor = co_await boost::asio::this_coro::executor;
  Wake wake(executor);
  if (state->value) wake.fire();
  state->waiter = &wake;
  const Waiting waiting{*state};
  co_await wake.wait();
  co_return std::move(*state->value);
}

}  // namespace lepton_operator::base
