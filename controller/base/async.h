// The coroutine parts that Boost 1.74 lacks: a wake-up signal, a group of children that can be joined, and a bridge from callbacks.
//
// Thread rule: domain thread only, except Completion::set, which any thread may call once (it posts).
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/context.h"

namespace lepton_operator::base {

// "Something changed, look again." notify() wakes every present waiter and is remembered for the next one if there is none.
class Signal {
 public:
  explicit Signal(boost::asio::io_context& io);
  ~Signal();
  void notify();
  // True when notified, false when the context was cancelled or its deadline passed.
  boost::asio::awaitable<bool> wait(Context context);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Children that run concurrently and are all awaited before their owner goes: nothing is ever detached. A child that throws is a bug;
// join() rethrows the first such exception after all children ended.
class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::io_context& io);
  ~TaskGroup();  // must have been joined if anything was spawned
  void spawn(boost::asio::awaitable<void> child);
  std::size_t running() const;
  boost::asio::awaitable<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// One value handed from any thread to one awaiting coroutine: set() posts to the domain's io_context exactly once; later sets are ignored.
template <class T>
class Completion {
 public:
  explicit Completion(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
  void set(T value) const;
  boost::asio::awaitable<T> wait() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lepton_operator::base

#include "base/async_impl.h"
