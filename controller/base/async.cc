#include "base/async.h"

#include <list>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/wake.h"

namespace lepton_operator::base {

namespace {

using Waiters = std::list<Wake*>;

// A waiter's place in the list, given up even when its coroutine is destroyed in mid-wait.
class Place {
 public:
  Place(Waiters& waiters, Wake& wake) : waiters_(waiters), at_(waiters.insert(waiters.end(), &wake)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { waiters_.erase(at_); }

 private:
  Waiters& waiters_;
  Waiters::iterator at_;
};

}  // namespace

struct Signal::State {
  Waiters waiters;
  bool remembered = false;
};

Signal::Signal(boost::asio::io_context&) : state_(std::make_shared<State>()) {}
Signal::~Signal() = default;

void Signal::notify() {
  // A waiter that was woken already but has not yet run does not count: it would not see this change as a new one.
  bool woken = false;
  for (Wake* waiter : state_->waiters) {
    woken = woken || !waiter->fired();
    waiter->fire();
  }
  if (!woken) state_->remembered = true;
}

boost::asio::awaitable<bool> Signal::wait(Context context) {
  const std::shared_ptr<State> state = state_;  // the wait may outlive the Signal's owner
  if (context.expired()) co_return false;
  if (std::exchange(state->remembered, false)) co_return true;
  const auto executor = co_await boost::asio::this_coro::executor;
  Wake wake(executor);
  const Place place(state->waiters, wake);
  const bool notified = co_await wake.wait(context);
  co_return notified;
}

struct TaskGroup::State {
  explicit State(boost::asio::io_context& of) : io(of) {}

  void ended() {
    if (--running != 0) return;
    for (Wake* waiter : waiters) waiter->fire();
  }

  boost::asio::io_context& io;
  std::size_t running = 0;
  std::exception_ptr failure;
  Waiters waiters;

  static boost::asio::awaitable<void> run(std::shared_ptr<State> state, boost::asio::awaitable<void> child) {
    struct Running {
      State& state;
      ~Running() { state.ended(); }
    };
    const Running counted{*state};
    try {
      co_await std::move(child);
    } catch (...) {  // a bug in the child; its owner hears of it in join()
      if (!state->failure) state->failure = std::current_exception();
    }
  }
};

TaskGroup::TaskGroup(boost::asio::io_context& io) : state_(std::make_shared<State>(io)) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(boost::asio::awaitable<void> child) {
  ++state_->running;
  boost::asio::co_spawn(state_->io, State::run(state_, std::move(child)), boost::asio::detached);
}

std::size_t TaskGroup::running() const { return state_->running; }

boost::asio::awaitable<void> TaskGroup::join() {
  const std::shared_ptr<State> state = state_;
  const auto executor = co_await boost::asio::this_coro::executor;
  while (state->running != 0) {  // children may spawn more
    Wake wake(executor);
    const Place place(state->waiters, wake);
    co_await wake.wait();
  }
  if (state->failure) std::rethrow_exception(std::exchange(state->failure, nullptr));
}

}  // namespace lepton_operator::base
