// Brings a state's times into the form that equal states share, and lets go of what nothing can be decided by any more (state.h).
#include <algorithm>
#include <stdexcept>

#include "model/state.h"
#include "model/status_times.h"

namespace lepton_operator::invocation::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSlot{10};      // between two moments of one second that differ
constexpr milliseconds kPresent{900};  // where in its second the present is: behind every moment, and with room for what happens next

constexpr Timestamp kFirst =
    kLongAgo + kHorizon + seconds(1);  // beyond every distance of the model, and below every deadline that is not in it

// Times that are only ever compared with others by a distance of whole seconds: the second they are in tells all.
template <class Visit>
void visit_coarse(State& state, Visit visit) {
  const auto unless_long_ago = [&](Timestamp& time) {
    if (time != kLongAgo) visit(time);
  };
  for (Timestamp& time : state.recorded_times) unless_long_ago(time);
  visit(state.now);
  Memory& memory = state.memory;
  if (state.up) unless_long_ago(memory.since);
  for (auto& [key, outcome] : memory.outcomes) {
    if (key.starts_with("create-job")) visit(outcome.began);
    outcome.error ? visit(outcome.retry_at) : void(outcome.retry_at = kLongAgo);
  }
  for (auto& [name, explanation] : memory.explanations) visit(explanation.began);
  for (AbstractEndpoint& one : state.lepton.endpoints) {
    if (one.shows_after) visit(*one.shows_after);
  }
  for (AbstractJob& one : state.lepton.jobs) {
    if (one.shows_after) visit(*one.shows_after);
  }
  for (Request& request : state.requests) {
    request.fate == Fate::kAnswered ? void(request.until = kLongAgo) : visit(request.until);
  }
}

template <class Visit>
void visit_looks(lepton::Looks& looks, Visit visit) {
  if (looks.last) visit(*looks.last);
  if (looks.before_last) visit(*looks.before_last);
}

const TaskStatus* find_task_of_endpoint(const InvocationStatus& status, const std::string& name) {
  const auto found =
      std::find_if(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) { return task.endpoint.name == name; });
  return found == status.tasks.end() ? nullptr : &*found;
}

bool certain(const EndpointStatus& endpoint) { return (endpoint.seen && !endpoint.resent) || endpoint.state == EndpointPhase::kReleased; }

// An intent whose end is known, a wait that is over, a settling that a look came after: nothing is measured from them any more. Long ago
// is further away than whatever is measured in the model.
void forget_recorded_times(State& state) {
  const InvocationStatus& status = state.recorded->status;
  const auto& looked = state.seen.looks.last;
  auto next = state.recorded_times.begin();
  const auto settled = [&](bool over) {
    if (over) *next = kLongAgo;
    ++next;
  };
  for (const TaskStatus& task : status.tasks) {
    const EndpointStatus& endpoint = task.endpoint;
    const bool waits_not = endpoint.state == EndpointPhase::kReady || endpoint.state == EndpointPhase::kReleased;
    if (endpoint.intended_at) settled(certain(endpoint));
    if (endpoint.waiting_since) settled(waits_not);
    if (endpoint.capacity_since) settled(false);
    if (endpoint.unsettled_until) settled(*next < state.now && (!looked || *looked > *next));
    if (endpoint.put_back_at) settled(endpoint.state == EndpointPhase::kReleased);
    if (task.job.intended_at) settled(!task.job.id.empty());
    for (const AttemptStatus& attempt : task.earlier) {
      if (attempt.job.intended_at) settled(!attempt.job.id.empty());
    }
  }
  for (const SecretStatus& secret : status.secrets) {
    if (secret.unsettled_until) settled(secret.ready && *next <= state.now);
  }
}

bool any_job_uncertain(const InvocationStatus& status) {
  const auto uncertain = [](const JobStatus& job) { return !job.name.empty() && job.id.empty() && !job.released; };
  return uncertain(status.cleanup) || std::any_of(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) {
           return uncertain(task.job) || std::any_of(task.earlier.begin(), task.earlier.end(),
                                                     [&](const AttemptStatus& attempt) { return uncertain(attempt.job); });
         });
}

bool id_recorded(const InvocationStatus& status, const std::string& job) {
  const auto known = [&](const JobStatus& one) { return one.name == job && !one.id.empty(); };
  return known(status.cleanup) || std::any_of(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) {
           return known(task.job) ||
                  std::any_of(task.earlier.begin(), task.earlier.end(), [&](const AttemptStatus& attempt) { return known(attempt.job); });
         });
}

// Of a request that is over and succeeded: does nothing ask for that any more?
bool settled(const State& state, const std::string& key) {
  const std::size_t space = key.find(' ');
  const std::string verb = key.substr(0, space);
  const std::string object = space == std::string::npos ? "" : key.substr(space + 1);
  const InvocationStatus& status = state.recorded->status;
  const TaskStatus* task = find_task_of_endpoint(status, object);
  if (verb == "read-job" || verb == "read-stage" || verb == "explain-endpoint") return true;
  if (verb == "create-job") return id_recorded(status, object);
  if (verb == "create-endpoint") return task != nullptr && certain(task->endpoint);
  if (verb == "update-endpoint" || verb == "start-endpoint" || verb == "stop-job") return !state.memory.writes.contains(object);
  if (verb == "delete-endpoint") return task == nullptr || task->endpoint.state == EndpointPhase::kReleased;
  if (verb == "ensure-secret") {
    return std::any_of(status.secrets.begin(), status.secrets.end(),
                       [&](const SecretStatus& secret) { return secret.name == object && secret.ready; });
  }
  return false;
}

// What the process remembers and nothing can be decided by any more: as if it had been restarted since.
void forget_what_is_settled(State& state) {
  Memory& memory = state.memory;
  Seen& seen = state.seen;
  const InvocationStatus& status = state.recorded->status;
  const lepton::Looks& looks = seen.looks;
  std::erase_if(memory.writes, [&](const auto& write) {  // older than both looks, and than each reading by id
    const auto older = [at = write.second](const auto& read) { return read.second.began <= at; };
    const bool looking = state.looking && (!state.looking->looks.before_last || *state.looking->looks.before_last <= write.second);
    const auto secret = memory.outcomes.find("ensure-secret " + write.first);
    if (secret != memory.outcomes.end()) return !secret->second.in_flight && !secret->second.error;
    return !looking && looks.before_last && *looks.before_last > write.second &&
           std::none_of(memory.reads.begin(), memory.reads.end(), older);
  });
  std::erase_if(memory.outcomes,
                [&](const auto& known) { return !known.second.in_flight && !known.second.error && settled(state, known.first); });
  std::erase_if(memory.created, [&](const auto& made) {  // looks tell more
    return id_recorded(status, made.first) && looks.last && !memory.writes.contains(made.first);
  });
  std::erase_if(memory.explanations, [&](const auto& known) {
    const TaskStatus* task = find_task_of_endpoint(status, known.first);
    return task == nullptr || task->endpoint.state == EndpointPhase::kReady || task->endpoint.state == EndpointPhase::kReleased;
  });
  const bool secrets_ready =
      status.resolved && std::all_of(status.secrets.begin(), status.secrets.end(), [](const SecretStatus& secret) { return secret.ready; });
  const bool looked_since = seen.archive_looks.last && *seen.archive_looks.last > memory.since;
  if (secrets_ready && looked_since) memory.met_with_finalizer = false;
  if (!memory.met_with_finalizer && !any_job_uncertain(status)) seen.archive_looks = {};
  const bool settled_since = memory.since + kCreateDeadline + kSettling < state.now;
  if (!memory.met_with_finalizer && (secrets_ready || settled_since)) memory.since = kLongAgo;
}

// Times whose order counts, too. What no order of theirs can tell any longer is put long ago.
template <class Visit>
void visit_fine(State& state, Visit visit) {
  if (state.up) {
    visit_looks(state.seen.looks, visit);
    visit_looks(state.seen.archive_looks, visit);
    if (state.looking) visit_looks(state.looking->looks, visit);
    if (state.looking) visit_looks(state.looking->archive_looks, visit);
    for (auto& [object, written] : state.memory.writes) visit(written);
    for (auto& [id, read] : state.memory.reads) visit(read.began);
  }
  bool probed = false;  // before the deletion
  for (auto& [key, outcome] : state.memory.outcomes) {
    if (key.starts_with("probe-storage")) {
      probed = probed || (state.deleted && outcome.began < *state.deleted);
      visit(outcome.began);
    } else if (!key.starts_with("create-job")) {
      outcome.began = kLongAgo;
    }
  }
  if (state.deleted) probed ? visit(*state.deleted) : void(state.deleted = kLongAgo);
}

}  // namespace

void normalise(State& state) {
  if (!state.up) {
    state.memory = {};
    state.seen = {};
    state.looking.reset();
  }
  if (state.up) forget_what_is_settled(state);
  forget_recorded_times(state);
  if (state.begun) state.ever_ready.clear();
  std::vector<Timestamp*> times;
  std::vector<Timestamp*> fine;
  visit_coarse(state, [&](Timestamp& time) { times.push_back(&time); });
  visit_fine(state, [&](Timestamp& time) { fine.push_back(&time); });
  const auto second = [](Timestamp time) -> Timestamp { return std::chrono::floor<seconds>(time); };
  std::vector<milliseconds> moments;  // within their seconds
  for (const Timestamp* time : fine) moments.push_back(*time - second(*time));
  std::sort(moments.begin(), moments.end());
  moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
  if ((moments.size() + 1) * static_cast<std::size_t>(kSlot.count()) >= static_cast<std::size_t>(kPresent.count()))
    throw std::logic_error("too many moments in a second");
  const auto moment = [&](Timestamp time) {
    return (std::lower_bound(moments.begin(), moments.end(), time - second(time)) - moments.begin() + 1) * kSlot;
  };
  for (Timestamp* time : times) *time = second(*time);
  std::vector<milliseconds> within;
  for (Timestamp* time : fine) {
    within.push_back(moment(*time));
    *time = second(*time);
  }
  std::vector<Timestamp*> all = times;
  all.insert(all.end(), fine.begin(), fine.end());
  std::sort(all.begin(), all.end(), [](const Timestamp* a, const Timestamp* b) { return *a < *b; });
  Timestamp before = *all.front();
  Timestamp base = kFirst;
  for (Timestamp* time : all) {
    base += std::min<milliseconds>(*time - before, kHorizon);
    before = *time;
    *time = base;
  }
  for (std::size_t i = 0; i < fine.size(); ++i) *fine[i] += within[i];
  state.now += kPresent;
}

}  // namespace lepton_operator::invocation::model
