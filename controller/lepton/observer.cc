// The Observer's pace; what a look teaches is in observer_take.cc.
#include "lepton/observer.h"

#include <algorithm>
#include <utility>

namespace lepton_operator::lepton {

using base::Milliseconds;

namespace {

// However often look_soon() is called.
constexpr Milliseconds kSoonest{200};
constexpr double kShareOfBucket = 0.5;
// What a look takes of the domain thread is at most a tenth of the time until the next.
constexpr int kCalmPerWork = 10;
// A look costs as much as it lists, some 30 µs of CPU for each object, and of thousands that run there is always one that hastens the next.
constexpr std::chrono::microseconds kPerObjectHastened{500};
// While nothing but the ends of jobs is awaited: every 13 to 16 s with ten thousand of them and their endpoints.
constexpr std::chrono::microseconds kPerObjectOfJobs{800};
constexpr std::size_t kManyDecoded = 1'000;

ApiFamily other(ApiFamily family) { return family == ApiFamily::kDeployments ? ApiFamily::kEndpoints : ApiFamily::kDeployments; }

}  // namespace

Observer::Observer(boost::asio::io_context& io, Client& client, base::Clock& clock, base::Random& random, ObserverOptions options,
                   std::function<void(const std::string&)> on_change)
    : io_(io),
      client_(client),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      hurry_(io),
      decoded_(kManyDecoded) {}

void Observer::set_interest(const std::string& party, Interest interest) {
  const Interest before = strongest();
  if (const auto known = interests_.find(party); known != interests_.end()) {
    demand_.remove(known->second);
    interests_.erase(known);
  }
  if (!(interest == Interest{})) {
    demand_.add(interest);
    interests_.emplace(party, interest);
  }
  const Interest now = strongest();
  // What is in the view was never asked of them.
  if ((now.archive && !before.archive) || (now.other_family && !before.other_family)) look_soon_ = true;
  if (!(now == before)) hurry_.notify();
}

void Observer::set_family(ApiFamily family) {
  if (family == view_.family) return;
  ++version_;
  view_.family = family;
  known_endpoints_.clear();
  std::swap(view_.endpoint_looks, view_.other_endpoint_looks);
  view_.other_error.reset();
  look_soon();
}

void Observer::look_soon() {
  look_soon_ = true;
  hurry_.notify();
}

void Demand::count(const Interest& interest, int by) {
  if ((paces_[interest.pace] += by) == 0) paces_.erase(interest.pace);
  archive_ += interest.archive ? by : 0;
  other_family_ += interest.other_family ? by : 0;
}

Interest Demand::strongest() const {
  Interest all;
  if (!paces_.empty()) all.pace = paces_.rbegin()->first;
  all.archive = archive_ > 0;
  all.other_family = other_family_ > 0;
  return all;
}

Milliseconds Observer::interval() const {
  switch (strongest().pace) {
    case Pace::kIdle: return options_.idle;
    case Pace::kJobs:
      return std::clamp(std::chrono::floor<Milliseconds>(kPerObjectOfJobs * listed_.sum()), options_.jobs,
                        std::max(options_.jobs, options_.idle));
    case Pace::kClose: return options_.close;
  }
  __builtin_unreachable();
}

Milliseconds Observer::shortest_interval() const {
  const double seconds = requests_of_last_look_ / (kShareOfBucket * client_.requests_per_second());
  return std::chrono::ceil<Milliseconds>(std::chrono::duration<double>(seconds));
}

boost::asio::awaitable<void> Observer::run(Context context) {
  while (!context.expired()) {
    const Timestamp begun = clock_.now();
    look_soon_ = false;
    co_await look(context);
    decoded_.pause(clock_.now());  // now that what the answers took is freed
    co_await rest(context, begun);
  }
}

// Waits from the start of the latest look on, so that a slow answer does not slow the pace; what changes meanwhile is heeded at once.
boost::asio::awaitable<void> Observer::rest(Context context, Timestamp begun) {
  const double shortened = 1.0 - 0.2 * random_.unit();
  while (!context.expired()) {
    const Milliseconds calm = std::chrono::floor<Milliseconds>(interval() * shortened);
    const Milliseconds hastened = std::max(kSoonest, std::chrono::floor<Milliseconds>(kPerObjectHastened * listed_.sum()));
    const Milliseconds wanted = look_soon_ ? std::min(calm, hastened) : calm;
    const Timestamp due = begun + std::max({wanted, shortest_interval(), kCalmPerWork * taken_});
    const Timestamp now = clock_.now();
    if (now >= due) co_return;
    Context until = context.with_timeout(due - now);
    co_await hurry_.wait(until);
  }
}

boost::asio::awaitable<void> Observer::ask_endpoints(Observer& self, Context context, ApiFamily family, Asked<Endpoint>& asked) {
  asked.begun = self.clock_.now();
  const Prints* known = family == self.view_.family ? &self.known_endpoints_ : &self.nothing_known_;
  asked.answer = co_await self.client_.list_endpoints(context, family, known);
}

// The archive first, the alive ones after it: then a job that only the first list has is no longer alive, and never one just created.
boost::asio::awaitable<void> Observer::ask_jobs(Observer& self, Context context, Look& look) {
  const JobQuery alive{JobScope::kAlive, self.options_.job_selector};
  const JobQuery both{JobScope::kAliveAndArchive, self.options_.job_selector};
  if (look.archive) {
    look.archive->begun = self.clock_.now();
    look.archive->answer = co_await self.client_.list_jobs(context, both, &self.known_jobs_);
  }
  look.alive.begun = self.clock_.now();
  look.alive.answer = co_await self.client_.list_jobs(context, alive, &self.known_jobs_);
}

boost::asio::awaitable<void> Observer::look(Context context) {
  Look look;  // outlives the children: they are joined below
  if (strongest().archive) look.archive.emplace();
  base::TaskGroup lists(io_);
  look.family = view_.family;
  lists.spawn(ask_endpoints(*this, context, look.family, look.endpoints));
  if (strongest().other_family) lists.spawn(ask_endpoints(*this, context, other(look.family), look.others.emplace()));
  lists.spawn(ask_jobs(*this, context, look));
  co_await lists.join();
  if (context.expired()) co_return;
  const Timestamp begun = clock_.now();
  take(look);
  taken_ = clock_.now() - begun;
  const std::size_t decoded =
      (look.endpoints.answer ? look.endpoints.answer->items.size() : 0) + (look.alive.answer ? look.alive.answer->items.size() : 0);
  decoded_.worked(decoded);
}

}  // namespace lepton_operator::lepton
