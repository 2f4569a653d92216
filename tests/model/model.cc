#include "model/model.h"

#include <algorithm>

#include "invocation/names.h"
#include "invocation/progress.h"
#include "lepton/codec.h"
#include "model/rules.h"
#include "model/turn.h"

namespace lepton_operator::invocation::model {
namespace {

using std::chrono::seconds;

constexpr const char* kStranger = "00000000-0000-4000-8000-000000000000";

Timestamp made_at(const AbstractJob& job) { return planner::at(seconds(job.number)); }

void sort(std::vector<Request>& requests) {
  std::stable_sort(requests.begin(), requests.end(),
                   [](const Request& a, const Request& b) { return std::tie(a.key, a.fate) < std::tie(b.key, b.fate); });
}

std::string told_of(const Plan& made, const planner::Scene& before) {
  std::vector<std::string> parts;
  for (const Transition& transition : transitions(before.object, made.status)) {
    std::string part = transition.reason;
    for (const auto& [name, value] : transition.fields) {
      if (name == "task" || name == "attempt") part += " " + value;
    }
    parts.push_back(part);
  }
  std::string text = "operator writes";
  if (made.finalizer == FinalizerChange::kAdd) text += " the finalizer,";
  text += parts.empty() ? " the status" : "";
  for (const std::string& part : parts) text += (&part == &parts.front() ? " " : ", ") + part;
  if (made.finalizer == FinalizerChange::kRemove) text += "; removes the finalizer";
  for (const Action& action : made.actions) text += (&action == &made.actions.front() ? "; asks " : ", ") + action_key(action);
  return text;
}

}  // namespace

Model::Model(Scenario scenario, Planner planner, bool releases_before_it_writes)
    : scenario_(std::move(scenario)), planner_(std::move(planner)), releases_before_it_writes_(releases_before_it_writes) {
  scene_ = scenario_.endpoints ? planner::a_new_invocation() : planner::a_new_invocation_on_existing_endpoint();
  if (!scenario_.spec.empty()) scene_.with_spec(scenario_.spec);
}

State Model::initial() {
  State state;
  state.now = planner::at(std::chrono::minutes(1));
  state.memory.since = state.now;
  record(state, InvocationStatus{});
  if (scenario_.strangers_job) {
    AbstractJob job;
    job.name = job_name(scene_.object.meta.uid, planner::kGpqa, 0);
    job.id = job.name + "-0";
    job.task = "theirs";
    job.foreign = true;
    job.state = lepton::JobState::kRunning;
    state.lepton.jobs.push_back(job);
  }
  normalise(state);
  return state;
}

lepton::Job Model::shown(const AbstractJob& one) const {
  lepton::Job job;
  job.id = one.id;
  job.name = one.name;
  if (one.foreign) {
    job.labels.set(kUidLabel, kStranger);
  } else {
    job.labels = labels_.at(one.name);
  }
  job.state = one.state;
  job.created_at = made_at(one);
  return job;
}

void Model::see(const State& state) {
  scene_.object.status = status_of(state);
  scene_.object.meta.finalizers.clear();
  if (state.finalizer) scene_.object.meta.finalizers.push_back(kCleanupFinalizer);
  scene_.object.meta.deleted = state.deleted;
  if (scenario_.edits > 0) scene_.object.spec["suspend"] = base::Json::boolean(state.suspended);
  scene_.workspace.state = state.workspace;
  scene_.memory = state.memory;
  scene_.now = state.now;
  lepton::View& view = scene_.view;
  view = {};
  for (const Seen::Endpoint& one : state.seen.endpoints) {
    lepton::SeenEndpoint& seen = view.endpoints[one.name];
    seen.endpoint = sent_.at(one.name);
    seen.endpoint.state = one.state;
    if (one.state == lepton::EndpointState::kReady) seen.endpoint.external_url = "https://" + one.name + ".example";
    if (one.edited) {
      lepton::SeenSpec edited = *seen.endpoint.spec;
      edited.image = "registry.example/another:2";
      seen.endpoint.spec = std::move(edited);
    }
    seen.error_looks = one.error_looks;
  }
  for (const AbstractJob& one : state.seen.jobs) view.jobs[one.name].push_back(shown(one));
  view.endpoint_looks = view.job_looks = state.seen.looks;
  view.archive_looks = state.seen.archive_looks;
}

Plan Model::plan(const State& state) {
  see(state);
  return planner_(scene_);
}

Expansion Model::expand(const State& state, int faults_left, bool tell) {
  Expansion out;
  Turn turn{state, faults_left, tell, out};
  if (state.removed) {
    out.desired = true;
    return out;
  }
  Plan made;
  if (state.up) {
    made = plan(state);
    check_plan(scene_.object.status, made, state.now, out.broken);
    State after = state;
    if (record(after, made.status) || made.finalizer != FinalizerChange::kNone || !made.actions.empty()) {
      operate(turn, made);
      return out;
    }
  }
  requests(turn);
  if (!scenario_.one_by_one || !turn.urgent) {
    lepton_steps(turn);
    observe(turn, made);
  }
  const bool settled = !turn.urgent;
  come_into_view(turn);
  others(turn);
  users(turn);
  crash(turn);
  turn.urgent = !settled;
  let_time_pass(turn, made);
  out.desired = desired(state);
  for (Next& next : out.next) sort(next.state.requests);
  return out;
}

// --- the operator

// Planted: this status is written when the requests have been sent.
bool Model::late(const Plan& made) const {
  return releases_before_it_writes_ && std::any_of(made.actions.begin(), made.actions.end(),
                                                   [](const Action& action) { return std::holds_alternative<DeleteEndpoint>(action); });
}

void Model::operate(Turn& turn, const Plan& made) {
  write_and_send(turn, made);
  if (made.status_may_wait && !made.actions.empty()) send_unwritten(turn, made);
  const bool deletable = !turn.from.deleted && made.finalizer != FinalizerChange::kRemove;
  if (deletable) {  // while the status is written: what was planned does not hold any longer
    Next& next = turn.add(Kind::kUser, turn.tell ? told_of(made, scene_) + " -- and it is deleted meanwhile: nothing is sent" : "");
    next.state.finalizer = next.state.finalizer || made.finalizer == FinalizerChange::kAdd;
    next.state.deleted = turn.from.now;
    record(next.state, made.status);
    if (!next.state.finalizer) next.state.removed = true;
  }
  if (turn.affords(1)) {
    if (made.finalizer == FinalizerChange::kAdd) {
      Next& next = turn.add(Kind::kFault, "operator writes the finalizer, and dies", 1);
      next.state.finalizer = true;
      next.state.up = false;
    }
    if (!made.actions.empty() || made.finalizer == FinalizerChange::kRemove) {
      Next& next = turn.add(Kind::kFault, turn.tell ? told_of(made, scene_) + " -- and dies before anything is sent" : "", 1);
      next.state.finalizer = next.state.finalizer || made.finalizer == FinalizerChange::kAdd;
      if (late(made)) {
        for (const Action& action : made.actions) send(next, action);
        for (Request& request : next.state.requests) request.fate = Fate::kOrphan;
      } else {
        record(next.state, made.status);
      }
      next.state.up = false;
    }
  }
  crash(turn);
  for (Next& next : turn.out.next) sort(next.state.requests);
}

// The status may be written late: then a process that dies has sent what stands nowhere.
void Model::send_unwritten(Turn& turn, const Plan& made) {
  Next& next = turn.add(Kind::kProgress, turn.tell ? told_of(made, scene_) + " -- unwritten" : "");
  next.state.now -= kMoment;
  for (const Action& action : made.actions) send(next, action);
  next.state.now += kMoment;
}

void Model::write_and_send(Turn& turn, const Plan& made) {
  Next& next = turn.add(Kind::kProgress, turn.tell ? told_of(made, scene_) : "");
  State& state = next.state;
  state.now -= kMoment;
  state.finalizer = state.finalizer || made.finalizer == FinalizerChange::kAdd;
  if (!late(made)) record(state, made.status);
  if (made.finalizer == FinalizerChange::kRemove) {
    state.removed = true;
    check_end(state, next.broken);
  } else {
    for (const Action& action : made.actions) send(next, action);
  }
  record(state, made.status);
  state.now += kMoment;
}

void Model::send(Next& next, const Action& action) {
  State& state = next.state;
  if (const auto* endpoint = std::get_if<CreateEndpoint>(&action)) {
    const std::string& name = endpoint->endpoint.spec.name;
    if (!sent_.contains(name)) sent_[name] = *lepton::decode_endpoint(lepton::encode(endpoint->endpoint.spec));
    task_of_[name] = endpoint->task;
  } else if (const auto* job = std::get_if<CreateJob>(&action)) {
    labels_[job->job.name] = job->job.labels;
  }
  check_request(state, action, task_of_, next.broken);
  if (const auto* job = std::get_if<CreateJob>(&action)) state.begun = state.begun || !job->task.empty();
  Request request;
  request.action = std::make_shared<const Action>(action);
  request.key = action_key(action);
  request.until = state.now + kCreateDeadline;
  Outcome& outcome = state.memory.outcomes[request.key];
  outcome.began = state.now;
  outcome.in_flight = true;
  if (const std::string object = written_object(action); !object.empty()) state.memory.writes[object] = state.now;
  state.requests.push_back(std::move(request));
}

}  // namespace lepton_operator::invocation::model
