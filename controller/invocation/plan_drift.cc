// An endpoint that somebody else changed while its task needs it is put back, and it is said who changed what.
//
// By an update of the fields that differ and no others: the endpoint keeps its name, its URL and, where only numbers differ, its replicas;
// making it anew would cost a running job more than the change did. One that was stopped is scaled up again, one that is gone is made again
// (plan_endpoints.cc). Who insists is not fought for ever: each time in a row waits longer, and after the tenth it is left as it is; then
// a task without a job ends by its readiness timeout, and a job decides its own result. Ten minutes as we made it begin a new row.
#include <algorithm>

#include "base/strings.h"
#include "invocation/drift.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

constexpr int kMostInARow = 10;
constexpr std::chrono::seconds kFirstWait{30};
constexpr std::chrono::minutes kLongestWait{5};
constexpr std::chrono::minutes kCalm{10};
constexpr std::size_t kShownName = 80;

Milliseconds wait_after(int times) {
  if (times == 0) return Milliseconds{0};
  Milliseconds wait = kFirstWait;
  for (int i = 1; i < times && wait < kLongestWait; ++i) wait *= 2;
  return std::min<Milliseconds>(wait, kLongestWait);
}

// Whoever changed it last may be ourselves by now; it is told with the change that we saw first.
std::string described(const std::vector<lepton::EndpointField>& fields, bool down, const lepton::Endpoint& seen) {
  std::vector<std::string> words;
  if (down) words.emplace_back("stopped");
  for (const lepton::EndpointField field : fields) words.emplace_back(lepton::to_string(field));
  const std::string who = seen.modified_by.empty() ? "" : ", last changed by " + base::clipped(seen.modified_by, kShownName);
  return base::join(words, ", ") + who;
}

std::string listed(const std::vector<lepton::EndpointField>& fields) {
  std::vector<std::string> words;
  for (const lepton::EndpointField field : fields) words.emplace_back(lepton::to_string(field));
  return base::join(words, " ");
}

bool names(const std::string& list, lepton::EndpointField field) {
  return (" " + list + " ").find(" " + std::string(lepton::to_string(field)) + " ") != std::string::npos;
}

bool look_is_older_than_our_write(const Planning& p, const std::string& name, lepton::ApiFamily family) {
  const auto written = p.world.memory.writes.find(name);
  const auto& looks = p.world.view.looks_at(family);
  return written != p.world.memory.writes.end() && !(looks.last && *looks.last > written->second);
}

Action putting_back(const Planning& p, const TaskStatus& task, RenderedEndpoint sent, std::vector<lepton::EndpointField> fields,
                    bool down) {
  if (fields.empty()) {
    return StartEndpoint{task.name, task.endpoint.name, p.spec().deployment.min_replicas, p.spec().deployment.max_replicas,
                         task.endpoint.family};
  }
  const bool scaled = std::find(fields.begin(), fields.end(), lepton::EndpointField::kReplicas) != fields.end();
  if (down && !scaled) fields.push_back(lepton::EndpointField::kReplicas);
  return UpdateEndpoint{task.name, std::move(sent), std::move(fields), task.endpoint.family};
}

}  // namespace

bool contested(const EndpointStatus& endpoint) { return endpoint.put_back >= kMostInARow && !endpoint.drift.empty(); }

bool may_put_back(Planning& p, EndpointStatus& endpoint) {
  if (endpoint.put_back >= kMostInARow) return false;
  const Timestamp due = endpoint.put_back_at ? *endpoint.put_back_at + wait_after(endpoint.put_back) : p.world.now;
  if (p.world.now < due) {
    p.wake(due);
    return false;
  }
  ++endpoint.put_back;
  endpoint.put_back_at = p.world.now;
  return true;
}

void note_as_served(Planning& p, TaskStatus& task, const lepton::Endpoint& seen) {
  const TaskSpec* spec = p.spec().find_task(task.name);
  if (!spec) return;
  const RenderedEndpoint sent = render_endpoint(p.render_input(), *spec, task.endpoint.incarnation);
  std::vector<lepton::EndpointField> fields = drifted_fields(p.spec(), sent, seen);
  std::erase(fields, lepton::EndpointField::kReplicas);  // a number has no other spelling
  task.endpoint.served_otherwise = listed(fields);
}

bool put_back(Planning& p, TaskStatus& task, const lepton::SeenEndpoint& seen) {
  EndpointStatus& endpoint = task.endpoint;
  const TaskSpec* spec = p.spec().find_task(task.name);
  const bool going = endpoint.state == EndpointPhase::kDeleting;
  if (!spec || going) return false;
  const bool down = endpoint.state == EndpointPhase::kDown;
  RenderedEndpoint sent = render_endpoint(p.render_input(), *spec, endpoint.incarnation);
  std::vector<lepton::EndpointField> fields = drifted_fields(p.spec(), sent, seen.endpoint);
  std::erase_if(fields, [&](lepton::EndpointField field) { return names(endpoint.served_otherwise, field); });
  if (!p.may_intend) fields.clear();  // rendered from an edit that is refused: it is no word of what was sent
  if (fields.empty() && !down) {
    endpoint.drift.clear();
    if (endpoint.put_back_at && p.world.now - *endpoint.put_back_at >= kCalm) {
      endpoint.put_back = 0;
      endpoint.put_back_at.reset();
    }
    return false;
  }
  const std::string what = described(fields, down, seen.endpoint);
  Action action = putting_back(p, task, std::move(sent), std::move(fields), down);
  const std::string key = action_key(action);
  if (const base::Error* error = p.failure(key)) {
    endpoint.drift = what + "; not put back yet: " + error->what;
    p.act(std::move(action));  // the same time once more, when it may be
    return true;
  }
  if (p.in_flight(key)) return true;
  if (p.done(key) && look_is_older_than_our_write(p, endpoint.name, seen.family)) return true;
  endpoint.drift = what;
  if (may_put_back(p, endpoint)) p.act(std::move(action));
  return true;
}

bool error_is_older_than_our_update(const Planning& p, const EndpointStatus& endpoint) {
  const auto written = p.world.memory.writes.find(endpoint.name);
  if (!p.outcome(key::update_endpoint(endpoint.name)) || written == p.world.memory.writes.end()) return false;
  return p.world.view.looks_at(endpoint.family).begun_after(written->second) < 2;
}

std::string drift_sentence(const InvocationStatus& status) {
  std::vector<std::string> sentences;
  for (const TaskStatus& task : status.tasks) {
    const EndpointStatus& endpoint = task.endpoint;
    if (finished(task.phase) || endpoint.drift.empty()) continue;
    const std::string times = std::to_string(endpoint.put_back) + (endpoint.put_back == 1 ? " time" : " times");
    const std::string end = contested(endpoint) ? "; it is left so now: undo the change, or delete this Invocation" : "";
    sentences.push_back("endpoint " + endpoint.name + " of " + task.name + " is not as it was made (" + endpoint.drift + "): put back " +
                        times + end);
  }
  return base::join(sentences, "; ");
}

}  // namespace lepton_operator::invocation
