// The frame around every action; the actions themselves are in executor_actions.cc.
#include "reconcile/executor.h"

#include <algorithm>

#include "base/backoff.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::Milliseconds;
using base::Result;
using invocation::Action;
using invocation::Memory;
using invocation::Outcome;

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::minutes kLongestRetry{5};
constexpr int kDoublings = 12;  // beyond the longest

bool quotes_an_answer(const Error& error) { return error.status >= 400 && error.kind != base::ErrorKind::kUnauthorized; }

}  // namespace

void Executor::begin(Memory& memory, const Action& action) const {
  Outcome& outcome = memory.outcomes[invocation::action_key(action)];
  outcome.began = clock_.now();
  outcome.in_flight = true;
  const std::string object = invocation::written_object(action);
  if (!object.empty()) memory.writes[object] = outcome.began;
}

boost::asio::awaitable<bool> Executor::carry_out(Context context, Errand errand, Action action) {
  const std::string key = invocation::action_key(action);
  const std::string object = invocation::written_object(action);
  const std::shared_ptr<Memory> memory = errand.memory;
  Done steps = std::visit([&](auto& known) { return run(context, errand, std::move(known)); }, action);
  const Result<> result = co_await std::move(steps);
  const base::Timestamp ended = clock_.now();
  // It may repeat what an earlier process sent. That takes requests, and until they are answered the action counts as under way: to the
  // planner it must not look as if it had succeeded.
  if (!result && quotes_an_answer(result.error())) co_await vault_.learn(context, errand.object);
  if (!object.empty()) memory->writes[object] = ended;
  Outcome& outcome = memory->outcomes[key];
  outcome.in_flight = false;
  if (result) {
    outcome.error.reset();
    outcome.failures = 0;
    outcome.retry_at = {};
    co_return true;
  }
  Error error = result.error();
  error.what = vault_.cleaned(error.what);
  ++outcome.failures;
  const Milliseconds wait = std::max(delay_after(outcome.failures), error.retry_after.value_or(Milliseconds{0}));
  outcome.retry_at = clock_.now() + wait;
  const bool was_sent = error.kind != base::ErrorKind::kCancelled;  // what never left burdens nobody, and takes nobody's turn
  if (errand.connection && was_sent) outcome.retry_at = errand.connection->client().retry_turn(outcome.retry_at);
  outcome.error = std::move(error);
  co_return false;
}

bool Executor::may_send(const Context& context) const { return !context.expired() && (!may_write_ || may_write_()); }

Milliseconds Executor::delay_after(int failures) {
  base::Backoff backoff(kFirstRetry, kLongestRetry);
  Milliseconds wait{0};
  for (int i = 0; i < std::min(failures, kDoublings); ++i) wait = backoff.next(random_);
  return wait;
}

}  // namespace lepton_operator::reconcile
