#include "invocation/planning.h"

#include "base/strings.h"

namespace lepton_operator::invocation {
namespace {

constexpr std::size_t kMessageBytes = 1024;  // docs/design.md, "Status"

}  // namespace

Planning::Planning(const World& from) : world(from) {
  static const auto nothing = std::make_shared<const Checked<InvocationSpec>>();
  plan.status = from.invocation.status;
  reading = nothing;
}

const Outcome* Planning::outcome(const std::string& key) const {
  const auto found = world.memory.outcomes.find(key);
  return found == world.memory.outcomes.end() ? nullptr : &found->second;
}

const base::Error* Planning::failure(const std::string& key) const {
  const Outcome* known = outcome(key);
  return known && !known->in_flight && known->error ? &*known->error : nullptr;
}

bool Planning::in_flight(const std::string& key) const {
  const Outcome* known = outcome(key);
  return known && known->in_flight;
}

bool Planning::done(const std::string& key) const {
  const Outcome* known = outcome(key);
  return known && !known->in_flight && !known->error;
}

void Planning::act(Action action) {
  const std::string key = action_key(action);
  const Outcome* known = outcome(key);
  if (known && known->in_flight) return;
  if (known && known->error && known->retry_at > world.now) {
    wake(known->retry_at);
    return;
  }
  if (asked.insert(key).second) plan.actions.push_back(std::move(action));  // two steps may want the same
}

void Planning::act_once_per_look(Action action, const lepton::Looks& looks) {
  const auto written = world.memory.writes.find(written_object(action));
  const bool looked_since = written == world.memory.writes.end() || (looks.last && *looks.last > written->second);
  if (!done(action_key(action)) || looked_since) act(std::move(action));
}

bool Planning::withdraw(const std::string& key) {
  if (asked.erase(key) == 0) return false;
  std::erase_if(plan.actions, [&](const Action& action) { return action_key(action) == key; });
  return true;
}

void Planning::wake(Timestamp at) {
  if (!plan.wake_at || at < *plan.wake_at) plan.wake_at = at;
}

void Planning::look(lepton::Pace pace, bool archive) {
  plan.interest.pace = std::max(plan.interest.pace, pace);
  plan.interest.archive = plan.interest.archive || archive;
}

void Planning::condition(const std::string& type, ConditionStatus state, const std::string& reason, std::string message) {
  Condition next;
  next.type = type;
  next.status = state;
  next.reason = reason;
  next.message = base::clipped(message, kMessageBytes);
  next.last_transition = world.now;
  next.observed_generation = world.invocation.meta.generation;
  set_condition(status().conditions, std::move(next));
}

}  // namespace lepton_operator::invocation
