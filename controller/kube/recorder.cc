#include "kube/recorder.h"

#include <algorithm>
#include <utility>

#include "base/async.h"
#include "kube/event_ledger.h"
#include "kube/event_object.h"

namespace lepton_operator::kube {

namespace {

using base::ErrorKind;
using base::Milliseconds;

constexpr int kTries = 12;
constexpr std::chrono::seconds kRetry{10};
constexpr std::chrono::minutes kTend{1};

Resource events() { return Resource{"events.k8s.io", "v1", "events"}; }

// True when the same request may be answered differently in a while.
bool may_pass(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnauthorized:
    case ErrorKind::kThrottled:
    case ErrorKind::kServer:
    case ErrorKind::kUnreachable:
    case ErrorKind::kInterrupted:
    case ErrorKind::kTimeout: return true;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kForbidden:
    case ErrorKind::kUnsupported:
    case ErrorKind::kCancelled:
    case ErrorKind::kMalformed: return false;
  }
  __builtin_unreachable();
}

}  // namespace

struct EventRecorder::State {
  State(boost::asio::io_context& io, Api& of, base::Clock& time, base::Random& randomness, EventSource from)
      : api(of), clock(time), random(randomness), source(std::move(from)), ledger(randomness), changed(io) {}

  Api& api;
  base::Clock& clock;
  base::Random& random;
  const EventSource source;
  EventLedger ledger;
  base::Signal changed;

  Answer<Json> create(Context context, std::shared_ptr<EventSeries> series, int count) {
    Json object = event_object(series->event, source, series->name, series->first);
    if (count > 1) object["series"] = event_series(count, series->last);
    std::string space = event_namespace(series->event.regarding);
    Result<Json> created = co_await api.create(context, events(), std::move(space), std::move(object));
    // The name is ours alone: an earlier attempt got through after all.
    if (!created && created.error().kind == ErrorKind::kConflict) created = base::json_object();
    co_return created;
  }

  Answer<Json> patch(Context context, std::shared_ptr<EventSeries> series, int count) {
    Json body = base::json_object();
    body["series"] = event_series(count, series->last);
    const ObjectName name{event_namespace(series->event.regarding), series->name};
    Result<Json> patched = co_await api.patch(context, events(), name, "", PatchType::kMerge, std::move(body));
    if (patched || patched.error().kind != ErrorKind::kNotFound) co_return patched;
    // Events live for an hour; one that goes on is told anew.
    Result<Json> created = co_await create(context, series, count);
    co_return created;
  }

  // The wait after a failure; the first is spread, so that many clients do not all return at the same moment.
  Milliseconds pause(int tries, const base::Error& error) {
    const Milliseconds whole{kRetry};
    if (error.retry_after && *error.retry_after > whole) return *error.retry_after;
    return tries == 1 ? Milliseconds{static_cast<Milliseconds::rep>(static_cast<double>(whole.count()) * random.unit())} : whole;
  }

  boost::asio::awaitable<void> send(Context context, std::shared_ptr<EventSeries> series) {
    for (int tries = 1; !context.expired(); ++tries) {
      const bool known = series->told > 0;
      const int count = known ? series->count : 1;
      Result<Json> sent = base::Error{};
      if (known) {
        sent = co_await patch(context, series, count);
      } else {
        sent = co_await create(context, series, count);
      }
      if (sent) co_return ledger.told(series, count, clock.now());
      if (tries == kTries || !may_pass(sent.error().kind)) break;
      const Milliseconds wait = pause(tries, sent.error());
      co_await clock.sleep(context, wait);
    }
    ledger.given_up(series, clock.now());
  }
};

EventRecorder::EventRecorder(boost::asio::io_context& io, Api& api, base::Clock& clock, base::Random& random, std::string controller,
                             std::string instance)
    : state_(std::make_unique<State>(io, api, clock, random, within_limits(EventSource{std::move(controller), std::move(instance)}))) {}

EventRecorder::~EventRecorder() = default;

void EventRecorder::record(Event event) {
  state_->ledger.add(std::move(event), state_->clock.now());
  if (state_->ledger.queued() > 0) state_->changed.notify();
}

boost::asio::awaitable<void> EventRecorder::run(Context context) {
  State& state = *state_;
  base::Timestamp tended_at = state.clock.now();
  while (!context.expired()) {
    if (state.clock.now() - tended_at >= kTend) {
      tended_at = state.clock.now();
      state.ledger.tend(tended_at);
    }
    const std::shared_ptr<EventSeries> series = state.ledger.next();
    if (series) {
      co_await state.send(context, series);
    } else {
      const Context pause = context.with_timeout(kTend);
      co_await state.changed.wait(pause);
    }
  }
}

}  // namespace lepton_operator::kube
