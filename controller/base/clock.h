// Time, injected, so that every test drives it.
//
// now() never goes back within a process (wall time at construction plus CLOCK_BOOTTIME since), so that "begun after" comparisons hold and
// timestamps in status are real. Thread rule: domain thread only, except now(), which any thread may call.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/context.h"
#include "base/time.h"

namespace lepton_operator::base {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual Timestamp now() const = 0;

  // Calls back once, at `at` or as soon as possible after it, on the domain thread; never from inside this call. The Registration unsets
  // it.
  virtual Context::Registration at(Timestamp at, std::function<void()> callback) = 0;

  // True after the whole time; false as soon as the context ends first.
  boost::asio::awaitable<bool> sleep(Context context, Milliseconds duration);
};

// Real time on an io_context, which must outlive it.
class SystemClock final : public Clock {
 public:
  explicit SystemClock(boost::asio::io_context& io);
  ~SystemClock() override;
  Timestamp now() const override;
  Context::Registration at(Timestamp at, std::function<void()> callback) override;

 private:
  struct Timers;
  std::shared_ptr<Timers> timers_;
};

// Time that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(boost::asio::io_context& io, Timestamp start = Timestamp{std::chrono::hours(24 * 365 * 56)});
  Timestamp now() const override;
  Context::Registration at(Timestamp at, std::function<void()> callback) override;

  // Moves time and posts the callbacks that fall due, in order of their time.
  void advance(Milliseconds by);
  // The earliest pending callback's time, if any.
  std::optional<Timestamp> next() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lepton_operator::base
