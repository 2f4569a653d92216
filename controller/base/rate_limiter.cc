#include "base/rate_limiter.h"

#include <cmath>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/wake.h"

namespace lepton_operator::base {
namespace {

// At hundreds a second waking for each token costs more than what it lets through; so much later nobody notices.
constexpr double kTogetherMs = 10;
constexpr double kRounding = 1e-9;  // sums of tenths must still make one

}  // namespace

// A place in the queue, given up even when the coroutine is destroyed in mid-wait; then the next one's turn comes.
class RateLimiter::Ticket {
 public:
  Ticket(std::shared_ptr<std::list<Ticket*>> queue, const boost::asio::any_io_executor& executor)
      : queue_(std::move(queue)), turn_(executor), at_(queue_->insert(queue_->end(), this)) {
    if (queue_->front() == this) turn_.fire();
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    queue_->erase(at_);
    if (!queue_->empty()) queue_->front()->turn_.fire();
  }

  Wake& turn() { return turn_; }

 private:
  std::shared_ptr<std::list<Ticket*>> queue_;
  Wake turn_;
  std::list<Ticket*>::iterator at_;
};

RateLimiter::RateLimiter(Clock& clock, double per_second, double burst)
    : clock_(clock),
      per_second_(per_second),
      burst_(std::max(burst, 1.0)),  // less than one would never let anybody pass
      tokens_(burst_),
      refilled_at_(clock.now()),
      queue_(std::make_shared<std::list<Ticket*>>()) {}

boost::asio::awaitable<bool> RateLimiter::acquire(Context context) {
  if (context.expired()) co_return false;
  if (queue_->empty() && take()) co_return true;
  const auto executor = co_await boost::asio::this_coro::executor;
  Ticket ticket(queue_, executor);
  const bool first = co_await ticket.turn().wait(context);
  if (!first) co_return false;
  while (!take()) {
    const Milliseconds duration = until_next();
    const bool slept = co_await clock_.sleep(context, duration);
    if (!slept) co_return false;
  }
  co_return true;
}

void RateLimiter::pause(Timestamp until) { paused_until_ = std::max(paused_until_, until); }

double RateLimiter::available() const {
  const double seconds = std::chrono::duration<double>(clock_.now() - refilled_at_).count();
  return std::min(burst_, tokens_ + std::max(seconds, 0.0) * per_second_);
}

void RateLimiter::refill() {
  tokens_ = available();
  refilled_at_ = clock_.now();
}

bool RateLimiter::take() {
  if (clock_.now() < paused_until_) return false;
  refill();
  if (tokens_ < 1.0 - kRounding) return false;
  tokens_ -= 1.0;
  return true;
}

Milliseconds RateLimiter::until_next() const {
  const double soon = available() + kTogetherMs * per_second_ / 1000.0;
  // Half of what it holds, so that waking late loses none.
  const double together = std::floor(std::min({static_cast<double>(queue_->size()), burst_ / 2, soon}) + kRounding);
  const double missing = std::max(std::max(together, 1.0) - available(), 0.0);
  const Milliseconds refilled{std::llround(std::ceil(missing / per_second_ * 1000.0 - 1e-6))};
  return std::max({refilled, paused_until_ - clock_.now(), Milliseconds{1}});
}

}  // namespace lepton_operator::base
