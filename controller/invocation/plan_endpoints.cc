// One dedicated endpoint per task: intended, created at once, put back when it is lost, failed when it will not come, released.
//
// Creating one is idempotent by its name (409 means that it is there), so an uncertain creation is simply sent again; only declaring an
// endpoint gone has to wait until no creation of ours can still take effect.
#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "invocation/cost.h"
#include "invocation/names.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

const lepton::SeenEndpoint* find_seen(const Planning& p, const std::string& name) {
  const auto found = p.world.view.endpoints.find(name);
  return found == p.world.view.endpoints.end() ? nullptr : &found->second;
}

// Without labels (an old server, the other API family) the name alone speaks: it holds 50 bits of our UID's hash.
bool foreign(const Planning& p, const lepton::Endpoint& endpoint) {
  const std::string owner = owner_uid(endpoint.labels);
  return !owner.empty() && owner != p.world.invocation.meta.uid;
}

std::optional<Timestamp> written_at(const Planning& p, const std::string& name) {
  const auto found = p.world.memory.writes.find(name);
  if (found == p.world.memory.writes.end()) return std::nullopt;
  return found->second;
}

// Certainly refused, each time that it was asked for: nothing of that name stands anywhere.
bool never_made(const Planning& p, const EndpointStatus& endpoint) {
  const base::Error* error = p.failure(key::create_endpoint(endpoint.name));
  return error && !error->uncertain() && !endpoint.seen && !endpoint.unsettled_until;
}

// Made, or last seen, through the routes of the family that the workspace has not (any more).
bool elsewhere(const Planning& p, const EndpointStatus& endpoint) {
  if (endpoint.name.empty() || endpoint.state == EndpointPhase::kReleased) return false;
  return endpoint.family != p.world.view.family && !never_made(p, endpoint);
}

// Rule 3: a look that began before our own last write proves nothing, nor does one at other routes than those that made it.
bool absent_after_writes(const Planning& p, const EndpointStatus& endpoint) {
  if (find_seen(p, endpoint.name)) return false;
  const auto written = written_at(p, endpoint.name);
  const auto proves = [&](const lepton::Looks& looks) { return looks.last && (!written || *looks.last > *written); };
  return proves(p.world.view.endpoint_looks) && (never_made(p, endpoint) || proves(p.world.view.looks_at(endpoint.family)));
}

// No creation of ours can still take effect: the latest was seen, certainly answered or certainly refused, or has settled before the look;
// and so have those before it, of which its end says nothing.
bool creation_over(const Planning& p, const EndpointStatus& endpoint) {
  const std::string key = key::create_endpoint(endpoint.name);
  if (p.in_flight(key)) return false;
  const auto& looks = p.world.view.looks_at(endpoint.family);
  if (endpoint.unsettled_until && looks.begun_after(*endpoint.unsettled_until) == 0) return false;
  const base::Error* error = p.failure(key);
  if ((endpoint.seen && !endpoint.resent) || p.done(key) || (error && !error->uncertain())) return true;
  return endpoint.intended_at && looks.begun_after(*endpoint.intended_at + kCreateDeadline + kSettling) > 0;
}

const TaskSpec* spec_of(const Planning& p, const TaskStatus& task) { return p.spec().find_task(task.name); }

// Nothing of it was sent: as if it had not been intended.
void forget_endpoint_intent(EndpointStatus& endpoint) {
  const int incarnation = endpoint.incarnation;
  endpoint = EndpointStatus{};
  endpoint.incarnation = incarnation;
}

void create(Planning& p, TaskStatus& task) {
  const TaskSpec* spec = spec_of(p, task);
  if (!spec || !p.may_intend) return;
  const auto after = secrets_to_follow(p);  // those of the jobs too
  if (!after) {
    say_of_endpoint(p, task, secret_problem(p));
    return;
  }
  EndpointStatus& endpoint = task.endpoint;
  const std::string name = endpoint_name(p.spec().deployment.type, p.world.invocation.meta.uid, task.name, endpoint.incarnation);
  const std::string key = key::create_endpoint(name);
  if (p.in_flight(key)) return;
  if (const Outcome* known = p.outcome(key); known && known->error && known->retry_at > p.world.now) {
    p.wake(known->retry_at);
    return;
  }
  if (endpoint.seen) {  // gone, and not by us
    endpoint.drift = "gone";
    if (!may_put_back(p, endpoint)) return;
  }
  const bool sent_before = endpoint.intended_at && *endpoint.intended_at < p.world.now;
  if (sent_before && !creation_over(p, endpoint)) endpoint.unsettled_until = *endpoint.intended_at + kCreateDeadline + kSettling;
  endpoint.resent = endpoint.resent || sent_before;
  endpoint.name = name;
  endpoint.family = p.world.view.family;
  endpoint.intended_at = p.world.now;
  // One that is put back gets its own time to become ready; a creation that is sent again does not.
  if (!endpoint.waiting_since || endpoint.seen) begin_wait(endpoint, p.world.now);
  endpoint.seen = false;  // of the one before it; this request's end is open again
  endpoint.state = EndpointPhase::kCreating;
  p.act(CreateEndpoint{task.name, render_endpoint(p.render_input(), *spec, endpoint.incarnation), p.world.now + kCreateDeadline,
                       endpoint.family, *after});
}

void fail_task_of_endpoint(Planning& p, TaskStatus& task, const std::string& why) {
  if (finished(task.phase)) return;
  if (!task.job.name.empty()) {
    task.message = why;  // the job decides its result (docs/design.md, "States")
  } else {
    finish_task(p, task, TaskPhase::kFailed, why);
  }
}

// `task` is the one whose status has the endpoint; with sharing it serves all.
void fail_endpoint(Planning& p, TaskStatus& task, const std::string& why) {
  task.endpoint.state = EndpointPhase::kFailed;
  if (!p.shared()) return fail_task_of_endpoint(p, task, why);
  for (TaskStatus& served : p.status().tasks) fail_task_of_endpoint(p, served, why);
}

}  // namespace

// Rule 5: the reason and the last log lines are kept before the endpoint goes.
void fail_with_diagnosis(Planning& p, TaskStatus& task, const std::string& why) {
  const std::string& name = task.endpoint.name;
  const auto diagnosis = p.world.memory.diagnoses.find(name);
  const DiagnoseEndpoint action{task.name, name, task.endpoint.family};
  if (diagnosis == p.world.memory.diagnoses.end() && !p.failure(action_key(action))) {
    task.endpoint.state = EndpointPhase::kFailed;  // stands in the status, and is told, before its release does
    p.act(action);
    return;
  }
  const bool known = diagnosis != p.world.memory.diagnoses.end() && !diagnosis->second.empty();
  fail_endpoint(p, task, known ? why + ": " + diagnosis->second : why);
}

namespace {

void follow_seen(Planning& p, TaskStatus& task, const lepton::SeenEndpoint& seen) {
  EndpointStatus& endpoint = task.endpoint;
  if (foreign(p, seen.endpoint)) {
    fail_endpoint(p, task, "an endpoint named " + endpoint.name + " exists that is not this Invocation's: remove it.");
    return;
  }
  if (!endpoint.seen || endpoint.family != seen.family) note_as_served(p, task, seen.endpoint);
  endpoint.seen = true;
  endpoint.family = seen.family;                                                  // the workspace may have taken it along to another one
  if (awaited(p, task) && endpoint.reason.empty()) say_of_endpoint(p, task, {});  // of a creation that was in trouble
  const bool was_ready = endpoint.state == EndpointPhase::kReady;
  endpoint.state = endpoint_phase(seen);
  if (endpoint.state == EndpointPhase::kReady && seen.endpoint.external_url.empty()) endpoint.state = EndpointPhase::kWaiting;
  const bool being_put_back = put_back(p, task, seen);
  if (being_put_back && endpoint.state == EndpointPhase::kReady) endpoint.state = EndpointPhase::kWaiting;  // for what was asked for
  if (endpoint.state == EndpointPhase::kFailed &&
      ((being_put_back && !contested(endpoint)) || error_is_older_than_our_update(p, endpoint))) {
    endpoint.state = EndpointPhase::kWaiting;
  }
  if (was_ready && endpoint.state != EndpointPhase::kReady) begin_wait(endpoint, p.world.now);  // of its own, with an end
  switch (endpoint.state) {
    case EndpointPhase::kReady:
      endpoint.url = seen.endpoint.external_url;
      if (!endpoint.reason.empty()) say_of_endpoint(p, task, {});
      end_wait(endpoint);
      if (!endpoint.ready_at) endpoint.ready_at = p.world.now;
      return;
    case EndpointPhase::kFailed: fail_with_diagnosis(p, task, "endpoint " + endpoint.name + " is in state Error"); return;
    case EndpointPhase::kWaiting:
    case EndpointPhase::kIndeterminate: explain_wait(p, task); break;
    case EndpointPhase::kPending:
    case EndpointPhase::kCreating:
    case EndpointPhase::kDown:
    case EndpointPhase::kDeleting:
    case EndpointPhase::kReleased: break;
  }
  check_readiness_deadline(p, task);
}

void follow_unseen(Planning& p, TaskStatus& task) {
  EndpointStatus& endpoint = task.endpoint;
  const bool gone = absent_after_writes(p, endpoint);
  if (elsewhere(p, endpoint) && !(gone && creation_over(p, endpoint))) {  // it may well be there: unknown is neither
    if (endpoint.state == EndpointPhase::kReady) begin_wait(endpoint, p.world.now);
    endpoint.state = EndpointPhase::kIndeterminate;
    check_readiness_deadline(p, task);
    return;
  }
  // What failed before it was seen is over; what was refused after an uncertain request may be refused because that one took effect.
  const base::Error* error = endpoint.seen ? nullptr : p.failure(key::create_endpoint(endpoint.name));
  if (error && error->kind == base::ErrorKind::kInvalid && !endpoint.unsettled_until) {
    fail_endpoint(p, task, "lepton refused the endpoint: " + error->what);
    return;
  }
  if (error && never_made(p, endpoint) && !all_secrets_ready(p) && !endpoint.ready_at) {  // it followed a secret that is not there yet
    if (secret_problem(p).empty()) return;
    forget_endpoint_intent(endpoint);
    if (task.job.name.empty()) task.phase = TaskPhase::kPending;
    create(p, task);  // says the problem
    return;
  }
  if (error) say_of_endpoint(p, task, error->what);
  endpoint.state = EndpointPhase::kCreating;
  const bool known_failure = error != nullptr;
  if (known_failure || gone) create(p, task);  // put back, or sent again
  check_readiness_deadline(p, task);
}

// One that is going is never taken back: the next is another incarnation, under another name.
bool renew(Planning& p, TaskStatus& task) {
  if (!release_endpoint(p, task)) return false;
  end_billing(p.status().cost, task.endpoint, p.world.now);
  const int next = task.endpoint.incarnation + 1;
  task.endpoint = EndpointStatus{};
  task.endpoint.incarnation = next;
  return true;
}

void plan_endpoint(Planning& p, TaskStatus& task) {
  if (task.endpoint.releasing && !renew(p, task)) return;
  if (task.endpoint.name.empty()) {
    create(p, task);
    p.look(lepton::Pace::kClose);
    return;
  }
  if (const lepton::SeenEndpoint* seen = find_seen(p, task.endpoint.name)) {
    follow_seen(p, task, *seen);
  } else if (p.world.view.endpoint_looks.last || p.outcome(key::create_endpoint(task.endpoint.name))) {
    follow_unseen(p, task);
  }
  // Nobody is woken for one whose owner the other family's routes do not name.
  if (task.endpoint.state != EndpointPhase::kReady || elsewhere(p, task.endpoint)) p.look(lepton::Pace::kClose);
}

}  // namespace

void plan_endpoints(Planning& p, int from_wave) {
  auto& tasks = p.status().tasks;
  if (!p.has_endpoints() || tasks.empty()) return;
  if (p.shared()) {
    const bool needed =
        std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return task.wave > 0 && !finished(task.phase); });
    const bool planned = from_wave > tasks.front().wave && tasks.front().wave > 0;  // with the waves before
    if (needed && !planned) plan_endpoint(p, tasks.front());
    return;
  }
  for (TaskStatus& task : tasks) {
    if (task.wave > 0 && task.wave >= from_wave && !finished(task.phase)) plan_endpoint(p, task);
  }
}

bool tell_out_of_sight(Planning& p) {
  const auto& view = p.world.view;
  std::vector<std::string> names;
  for (const TaskStatus& task : p.status().tasks) {
    if (!elsewhere(p, task.endpoint)) continue;
    p.plan.interest.other_family = true;
    // What an earlier look showed behind routes that can be read no longer is out of sight too.
    const lepton::SeenEndpoint* seen = find_seen(p, task.endpoint.name);
    if (!seen || (view.other_error && seen->family != view.family)) names.push_back(task.endpoint.name);
  }
  if (names.empty() || !view.other_error) return false;
  const bool endpoints = view.family == lepton::ApiFamily::kEndpoints;
  const std::string former = lepton::to_string(endpoints ? lepton::ApiFamily::kDeployments : lepton::ApiFamily::kEndpoints);
  p.condition("WorkspaceReady", ConditionStatus::kFalse, "ApiFamilyChanged",
              "the workspace now serves endpoints at /" + std::string(lepton::to_string(view.family)) + ", but " + base::join(names, ", ") +
                  " stands behind /" + former + ", which cannot be read (" + view.other_error->what +
                  "): it is not taken for gone; remove it by hand and set the annotation lepton.dev/abandon, or wait.");
  return true;
}

namespace {

// What was to be created, or put back, by this very plan: as if it had not been.
void withdraw_creation(Planning& p, TaskStatus& task) {
  if (!p.withdraw(key::create_endpoint(task.endpoint.name))) return;
  const auto& tasks = p.world.invocation.status.tasks;
  const auto before = std::find_if(tasks.begin(), tasks.end(), [&](const TaskStatus& known) { return known.name == task.name; });
  if (before != tasks.end() && before->endpoint.name == task.endpoint.name) {
    task.endpoint = before->endpoint;
  } else {
    forget_endpoint_intent(task.endpoint);
  }
}

}  // namespace

bool release_endpoint(Planning& p, TaskStatus& task) {
  EndpointStatus& endpoint = task.endpoint;
  if (endpoint.name.empty()) return true;
  withdraw_creation(p, task);
  if (endpoint.name.empty()) return true;
  endpoint.releasing = true;
  if (endpoint.state == EndpointPhase::kReleased) return true;
  const lepton::SeenEndpoint* seen = find_seen(p, endpoint.name);
  if (seen && !foreign(p, seen->endpoint)) endpoint.family = seen->family;
  const DeleteEndpoint removal{task.name, endpoint.name, endpoint.family};
  if (seen && foreign(p, seen->endpoint)) {
    endpoint.state = EndpointPhase::kReleased;
    return true;
  }
  const bool removed = p.done(action_key(removal));
  if (removed && absent_after_writes(p, endpoint) && creation_over(p, endpoint)) {
    endpoint.state = EndpointPhase::kReleased;
    return true;
  }
  p.look(lepton::Pace::kClose);
  // Its end wakes us. A removal that overtakes the creation finds nothing; the look after both may not show yet what the creation made.
  if (p.in_flight(key::create_endpoint(endpoint.name))) return false;
  if (!creation_over(p, endpoint)) {
    const Timestamp settled = endpoint.intended_at.value_or(p.world.now) + kCreateDeadline + kSettling;
    if (p.world.now < settled) p.wake(settled);  // once it has passed, the next look wakes
  }
  const bool deleting = seen && endpoint_phase(*seen) == EndpointPhase::kDeleting;
  if (seen) endpoint.state = EndpointPhase::kDeleting;
  if (!removed || (seen && !deleting)) p.act_once_per_look(removal, p.world.view.looks_at(endpoint.family));
  return false;
}

// Nobody removes it for us, so what was answered and is not seen yet is waited for, as long as anything may take to become visible.
static bool shown_by_now(const Planning& p, const EndpointStatus& endpoint) {
  if (endpoint.seen || !endpoint.intended_at) return true;
  return p.world.view.looks_at(endpoint.family).begun_after(*endpoint.intended_at + kCreateDeadline + kSettling) > 0;
}

bool keep_endpoint(Planning& p, TaskStatus& task) {
  EndpointStatus& endpoint = task.endpoint;
  withdraw_creation(p, task);  // what is kept is not put back
  if (endpoint.name.empty() || endpoint.state == EndpointPhase::kReleased) return true;
  const lepton::SeenEndpoint* seen = find_seen(p, endpoint.name);
  if (seen && !foreign(p, seen->endpoint)) {
    endpoint.seen = true;
    endpoint.family = seen->family;
    endpoint.state = endpoint_phase(*seen);
  } else if (seen || (absent_after_writes(p, endpoint) && creation_over(p, endpoint) && shown_by_now(p, endpoint))) {
    endpoint.state = EndpointPhase::kReleased;
  } else if (!endpoint.seen || !creation_over(p, endpoint)) {
    p.look(lepton::Pace::kClose);
  }
  return endpoint.state != EndpointPhase::kDeleting;
}

}  // namespace lepton_operator::invocation
