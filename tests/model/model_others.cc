// What goes on beside the operator's own doing: Lepton's steps are in model_requests.cc; here are looks, people, crashes and the clock.
#include <algorithm>

#include "model/rules.h"
#include "model/turn.h"

namespace lepton_operator::invocation::model {
namespace {

using std::chrono::seconds;

bool hidden(const std::optional<Timestamp>& shows_after, Timestamp now) { return shows_after && now <= *shows_after; }

// What is being removed before any list showed it is shown by none.
bool going(const AbstractEndpoint& one) { return one.state == lepton::EndpointState::kDeleting; }
bool going(const AbstractJob& one) { return one.state == lepton::JobState::kDeleting; }

}  // namespace

void Model::come_into_view(Turn& turn) {
  const auto shows = [&](auto member, const auto& all, const char* kind) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].shows_after && !going(all[i]))
        (turn.add(Kind::kInevitable, kind + all[i].name + " shows in lists").state.lepton.*member)[i].shows_after.reset();
    }
  };
  shows(&AbstractWorkspace::endpoints, turn.from.lepton.endpoints, "endpoint ");
  shows(&AbstractWorkspace::jobs, turn.from.lepton.jobs, "job ");
}

Seen Model::look(const State& state, bool archive) const {
  Seen seen;
  for (const AbstractEndpoint& one : state.lepton.endpoints) {
    if (one.shows_after) continue;
    Seen::Endpoint endpoint{one.name, one.state, one.edited, 0};
    if (one.state == lepton::EndpointState::kError) {
      const auto& known = state.seen.endpoints;
      const auto before = std::find_if(known.begin(), known.end(), [&](const Seen::Endpoint& other) { return other.name == one.name; });
      endpoint.error_looks = before == known.end() ? 1 : std::min(before->error_looks + 1, 2);
    }
    seen.endpoints.push_back(endpoint);
  }
  for (const AbstractJob& one : state.lepton.jobs) {
    if (!one.shows_after) seen.jobs.push_back(one);
  }
  seen.looks = {state.now, state.seen.looks.last};
  seen.archive_looks = archive ? lepton::Looks{state.now, state.seen.archive_looks.last} : state.seen.archive_looks;
  return seen;
}

void Model::observe(Turn& turn, const Plan& made) {
  const State& from = turn.from;
  if (!from.up || from.workspace != WorkspaceState::kReady) return;
  if (from.looking) {
    Next& next = turn.add(Kind::kProgress, "the look ends");
    next.state.seen = *from.looking;
    next.state.looking.reset();
    return;
  }
  State after = from;
  after.now += kMoment;
  after.seen = look(after, made.interest.archive);
  if (turn.affords(1)) {
    Next& next = turn.add(Kind::kFault, "a look begins that will take a while", 1);
    next.state.looking = after.seen;
  }
  normalise(after);
  if (digest(after) == digest(from)) return;  // nobody can tell
  turn.add(Kind::kProgress, "a look").state = std::move(after);
}

// --- everybody else

void Model::others(Turn& turn) {
  const State& from = turn.from;
  if (from.workspace != WorkspaceState::kReady) {
    turn.add(Kind::kProgress, "the workspace answers again").state.workspace = WorkspaceState::kReady;
  } else if (turn.affords(1)) {
    turn.add(Kind::kFault, "the workspace answers 404", 1).state.workspace = WorkspaceState::kNotFound;
  }
  if (!from.up) turn.add(Kind::kProgress, "a new operator begins").state.up = true;
  if (!from.up) {
    State& state = turn.out.next.back().state;
    state.memory = {};
    state.memory.since = state.now;
    state.memory.met_with_finalizer = state.finalizer;
    state.seen = {};
  }
  if (!turn.affords(1)) return;
  for (const AbstractEndpoint& one : from.lepton.endpoints) {
    if (one.state == lepton::EndpointState::kDeleting) continue;
    turn.add(Kind::kFault, "somebody deletes endpoint " + one.name, 1).state.lepton.delete_endpoint(one.name);
    const bool down = one.state == lepton::EndpointState::kStopped || one.state == lepton::EndpointState::kStopping;
    if (!down) turn.add(Kind::kFault, "somebody stops endpoint " + one.name, 1).state.lepton.scale_endpoint(one.name, false);
    if (!one.edited) turn.add(Kind::kFault, "somebody edits endpoint " + one.name, 1).state.lepton.edit_endpoint(one.name, false);
  }
  for (const AbstractJob& one : from.lepton.jobs) {
    if (one.foreign || one.state == lepton::JobState::kDeleting) continue;
    turn.add(Kind::kFault, "somebody deletes job " + one.id, 1).state.lepton.delete_job(one.id);
  }
}

void Model::users(Turn& turn) {
  const State& from = turn.from;
  if (from.deleted) return;
  Next& next = turn.add(Kind::kUser, "the Invocation is deleted");
  next.state.deleted = from.now;
  next.state.removed = !from.finalizer;
  if (next.state.removed) check_end(next.state, next.broken);
  if (from.edits >= scenario_.edits || finished(from.recorded->status.phase)) return;
  Next& edited = turn.add(Kind::kUser, from.suspended ? "spec.suspend is set to false" : "spec.suspend is set to true");
  edited.state.suspended = !from.suspended;
  ++edited.state.edits;
}

void Model::crash(Turn& turn) {
  if (!turn.from.up || !turn.affords(1)) return;
  Next& next = turn.add(Kind::kFault, "the operator dies", 1);
  next.state.up = false;
  auto& requests = next.state.requests;
  std::erase_if(requests, [](const Request& request) { return request.fate == Fate::kAnswered || !is_change(*request.action); });
  for (Request& request : requests) request.fate = Fate::kOrphan;
}

void Model::let_time_pass(Turn& turn, const Plan& made) {
  const State& from = turn.from;
  std::optional<Timestamp> next_instant;
  const auto may_be = [&](Timestamp at) {
    const bool near = at > from.now && at < from.now + kHorizon - seconds(1);
    if (near && (!next_instant || at < *next_instant)) next_instant = at;
  };
  if (made.wake_at) may_be(*made.wake_at);
  for (const Request& request : from.requests) {
    if (request.fate == Fate::kOrphan) may_be(request.until);
  }
  for (const AbstractEndpoint& one : from.lepton.endpoints) {
    if (one.shows_after) may_be(*one.shows_after);
  }
  for (const AbstractJob& one : from.lepton.jobs) {
    if (one.shows_after) may_be(*one.shows_after);
  }
  if (!next_instant || (turn.urgent && !turn.affords(1))) return;
  const auto passed = std::chrono::ceil<seconds>(*next_instant - from.now).count();
  Next& next = turn.add(turn.urgent ? Kind::kFault : Kind::kProgress, std::to_string(passed) + " s pass", turn.urgent ? 1 : 0);
  State& state = next.state;
  state.now = *next_instant + kMoment;
  std::erase_if(state.requests, [&](const Request& request) { return request.fate == Fate::kOrphan && request.until < state.now; });
  for (AbstractEndpoint& one : state.lepton.endpoints) {
    if (!hidden(one.shows_after, state.now) && !going(one)) one.shows_after.reset();
  }
  for (AbstractJob& one : state.lepton.jobs) {
    if (!hidden(one.shows_after, state.now) && !going(one)) one.shows_after.reset();
  }
}

bool Model::desired(const State& state) const {
  if (state.deleted || !state.requests.empty() || !state.up) return false;
  const InvocationStatus& status = state.recorded->status;
  const bool jobs_over =
      std::all_of(state.lepton.jobs.begin(), state.lepton.jobs.end(), [](const AbstractJob& job) { return job.foreign || over(job); });
  const bool suspended = state.suspended && status.phase == Phase::kSuspended;
  return state.lepton.endpoints.empty() && jobs_over && (finished(status.phase) || suspended);
}

}  // namespace lepton_operator::invocation::model
