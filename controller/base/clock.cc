#include "base/clock.h"

#include <ctime>
#include <set>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/wake.h"

namespace lepton_operator::base {

namespace {

// Timers count CLOCK_MONOTONIC, which stands still while the machine sleeps; we look again at least this often.
constexpr std::chrono::seconds kLongestWait{30};

// A callback that may be unset between falling due and running.
struct Due {
  std::function<void()> callback;
  void run() {
    if (callback) std::exchange(callback, nullptr)();
  }
};

std::chrono::nanoseconds since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace

boost::asio::awaitable<bool> Clock::sleep(Context context, Milliseconds duration) {
  if (context.expired()) co_return false;
  const Timestamp until = now() + std::max(duration, Milliseconds{0});
  const auto executor = co_await boost::asio::this_coro::executor;
  Wake wake(executor);
  const auto alarm = at(until, [&wake] { wake.fire(); });
  const bool whole = co_await wake.wait(context);
  co_return whole;
}

struct SystemClock::Timers {
  struct Entry {
    explicit Entry(boost::asio::io_context& io) : timer(io) {}
    boost::asio::steady_timer timer;
    Timestamp at;
    Due due;
  };

  explicit Timers(boost::asio::io_context& of)
      : io(of), wall(std::chrono::floor<Milliseconds>(std::chrono::system_clock::now())), boot(since_boot()) {}

  Timestamp now() const { return wall + std::chrono::floor<Milliseconds>(since_boot() - boot); }

  // The pending wait owns the entry, so that neither the clock nor the registration has to outlive the io_context's queue.
  static void arm(const std::shared_ptr<Timers>& self, const std::shared_ptr<Entry>& entry) {
    const auto remaining = std::min<Milliseconds>(entry->at - self->now(), kLongestWait);
    entry->timer.expires_after(std::max(remaining, Milliseconds{0}));
    entry->timer.async_wait([weak = std::weak_ptr(self), entry](const boost::system::error_code& error) {
      const auto timers = weak.lock();
      if (error || !timers || !entry->due.callback) return;
      if (timers->now() < entry->at) return arm(timers, entry);
      entry->due.run();
    });
  }

  boost::asio::io_context& io;
  const Timestamp wall;
  const std::chrono::nanoseconds boot;
};

SystemClock::SystemClock(boost::asio::io_context& io) : timers_(std::make_shared<Timers>(io)) {}
SystemClock::~SystemClock() = default;

Timestamp SystemClock::now() const { return timers_->now(); }

Context::Registration SystemClock::at(Timestamp at, std::function<void()> callback) {
  auto entry = std::make_shared<Timers::Entry>(timers_->io);
  entry->at = at;
  entry->due.callback = std::move(callback);
  Timers::arm(timers_, entry);
  return Context::Registration([weak = std::weak_ptr(entry)] {
    if (const auto pending = weak.lock()) {
      pending->due.callback = nullptr;
      pending->timer.cancel();
    }
  });
}

struct ManualClock::State {
  explicit State(boost::asio::io_context& of, Timestamp start) : io(of), now(start) {}

  void post(std::shared_ptr<Due> due) {
    boost::asio::post(io, [due = std::move(due)] { due->run(); });
  }

  boost::asio::io_context& io;
  Timestamp now;
  std::multimap<Timestamp, std::shared_ptr<Due>> pending;
};

ManualClock::ManualClock(boost::asio::io_context& io, Timestamp start) : state_(std::make_shared<State>(io, start)) {}

Timestamp ManualClock::now() const { return state_->now; }

Context::Registration ManualClock::at(Timestamp at, std::function<void()> callback) {
  auto due = std::make_shared<Due>(Due{std::move(callback)});
  if (at <= state_->now) {
    state_->post(due);
    return Context::Registration([due] { due->callback = nullptr; });
  }
  state_->pending.emplace(at, due);
  return Context::Registration([weak = std::weak_ptr(state_), due, at] {
    due->callback = nullptr;
    const auto state = weak.lock();
    if (!state) return;
    const auto [first, last] = state->pending.equal_range(at);
    for (auto entry = first; entry != last; ++entry) {
      if (entry->second != due) continue;
      state->pending.erase(entry);
      return;
    }
  });
}

void ManualClock::advance(Milliseconds by) {
  state_->now += by;
  while (!state_->pending.empty() && state_->pending.begin()->first <= state_->now) {
    state_->post(std::move(state_->pending.begin()->second));
    state_->pending.erase(state_->pending.begin());
  }
}

std::optional<Timestamp> ManualClock::next() const {
  if (state_->pending.empty()) return std::nullopt;
  return state_->pending.begin()->first;
}

}  // namespace lepton_operator::base
