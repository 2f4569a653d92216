#include "unit/planner/lifecycle.h"

#include <algorithm>
#include <utility>

#include "invocation/codec.h"
#include "invocation/settled.h"
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr int kLongestLife = 400;  // seconds
constexpr int kPassesPerLook = 30;
constexpr int kQuiet = 5;
constexpr int kLatestWriting = 5;  // seconds since the last; of a status that may wait

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

bool is_creation(const Action& action) {
  return std::holds_alternative<CreateEndpoint>(action) || std::holds_alternative<CreateJob>(action) ||
         std::holds_alternative<EnsureSecret>(action);
}

// Where two of them begin to differ, with what stands around it.
std::string difference(const InvocationStatus& a, const InvocationStatus& b) {
  const std::string one = base::to_text(encode(a));
  const std::string other = base::to_text(encode(b));
  const auto differ = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  const auto at = static_cast<std::size_t>(differ.first - one.begin());
  const std::size_t from = at < 100 ? 0 : at - 100;
  return one.substr(from, 200) + " | " + other.substr(from, 200);
}

// The end of a creation that was never answered may have to be waited for.
bool lets_go(const InvocationStatus& status) {
  return std::any_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) {
    const bool endpoint = task.endpoint.releasing && task.endpoint.state != EndpointPhase::kReleased;
    return endpoint || task.endpoint.state == EndpointPhase::kCreating ||
           (finished(task.phase) && !task.job.name.empty() && !task.job.released);
  });
}

// No creation is open whose end is waited for by the clock: one that is put on meanwhile makes the wait too short, and the duplicate that
// may come of it is rule 2's other half (uncertain_creation_test.cc).
bool certain(const InvocationStatus& status) {
  const auto open = [](const JobStatus& job) { return !job.name.empty() && job.id.empty() && !job.released; };
  const auto uncertain = [&](const TaskStatus& task) {
    const EndpointStatus& endpoint = task.endpoint;
    const bool unseen = !endpoint.name.empty() && !endpoint.seen && endpoint.state != EndpointPhase::kReleased;
    return unseen || endpoint.unsettled_until || open(task.job) ||
           std::any_of(task.earlier.begin(), task.earlier.end(), [&](const AttemptStatus& attempt) { return open(attempt.job); });
  };
  return !open(status.cleanup) && std::none_of(status.tasks.begin(), status.tasks.end(), uncertain) &&
         std::all_of(status.secrets.begin(), status.secrets.end(), [](const SecretStatus& secret) { return secret.ready; });
}

}  // namespace

void Lifecycle::run() {
  quiet_ = 0;
  const int until = second_ + kLongestLife;
  while (!removed && second_ < until) {
    tick();
    const bool edits_over = course_.edits.empty() || course_.edits.rbegin()->first < second_;
    const bool over = finished(scene.status().phase) && !course_.delete_at && edits_over;
    if (over && quiet_ >= kQuiet && under_way_.empty() && !lets_go(scene.status())) return;
  }
  if (!removed) broken("it does not end");
}

void Lifecycle::run_to(int until) {
  while (!removed && second_ < until) tick();
}

void Lifecycle::stay_quiet(int seconds) {
  for (int i = 0; i < seconds; ++i) {
    tick();
    if (quiet_ == 0) broken("something is done after the end: " + done_);
  }
}

void Lifecycle::tick() {
  ++second_;
  if (const auto jump = course_.jumps.find(second_); jump != course_.jumps.end()) to_put_on_ += jump->second;
  if (under_way_.empty() && certain(scene.status())) put_on_ += std::exchange(to_put_on_, 0ms);
  scene.now = at(second_ * 1s + put_on_);
  if (course_.delete_at && second_ >= *course_.delete_at && !scene.object.meta.deleted) scene.deleted_at(second_ * 1s + put_on_);
  if (scene.object.meta.deleted && scene.object.meta.finalizers.empty()) removed = true;
  const auto edit = course_.edits.find(second_);
  if (edit != course_.edits.end()) edit->second(scene);
  const auto disturbance = course_.disturbances.find(second_);
  if (disturbance != course_.disturbances.end()) disturbance->second(lepton);
  end_what_is_due();
  lepton.advance(scene.now);
  lepton.look(scene.view, scene.now);
  const bool down = course_.down_from <= second_ && second_ < course_.down_until;
  quiet_ = down ? 0 : quiet_ + 1;
  if (down) return;
  if (second_ == course_.down_until) restart();
  int passes = 0;
  while (!removed && pass()) {
    quiet_ = 0;
    scene.now += 1ms;
    end_what_is_due();
    if (++passes == kPassesPerLook) return broken("it spins: something new is done again and again though nothing new was seen");
  }
}

bool Lifecycle::pass() {
  const Plan made = planner(scene);
  lepton.asked_for_archive = made.interest.archive;
  check(made);
  const bool may_wait = made.finalizer == FinalizerChange::kRemove || second_ - written_ < kLatestWriting;
  const bool unwritten = course_.lazy && made.status_may_wait && may_wait;
  const bool changed = (made.status != scene.status() && !unwritten) || made.finalizer != FinalizerChange::kNone;
  if (!changed && made.actions.empty()) return false;
  if (on_plan) on_plan(scene, made);
  done_ = made.status == scene.status() ? "" : "another status";
  for (const Action& action : made.actions) done_ += (done_.empty() ? "" : ", ") + action_key(action);
  if (made.finalizer == FinalizerChange::kAdd) scene.object.meta.finalizers.push_back(kCleanupFinalizer);
  if (dies()) return true;
  if (!unwritten) write(made.status);
  check_unwritten(made);
  check_repetition(made);
  if (dies()) return true;
  if (made.finalizer == FinalizerChange::kRemove) {
    if (!under_way_.empty()) broken("the finalizer falls while requests are under way");
    scene.status() = made.status;  // told, written or not
    removed = true;
    return true;
  }
  ++points_;
  if (crashes_here()) {
    for (const Action& action : made.actions) {
      under_way_.push_back({action, scene.now + (is_creation(action) ? course_.late : base::Milliseconds(0)), false});
    }
    restart();
    return true;
  }
  for (const Action& action : made.actions) begin(action);
  return true;
}

// What of a plan stands nowhere else has to stand in the status before it is sent.
void Lifecycle::check_unwritten(const Plan& made) {
  for (const Action& action : made.actions) {
    if (is_creation(action) && !(scene.status() == made.status)) broken("sent with an intent that is not written: " + action_key(action));
    if (std::holds_alternative<RemoveDirectory>(action) && !scene.status().storage.seen)
      broken("a directory is removed of which it is not written where it was seen");
  }
}

void Lifecycle::write(const InvocationStatus& status) {
  if (!(scene.status() == status)) written_ = second_;
  scene.status() = decode_invocation_status(encode(status));  // what is not in the status is lost at a restart
  if (!(scene.status() == status)) broken("the written status is not what was planned");
}

bool Lifecycle::dies() {
  ++points_;
  if (!crashes_here()) return false;
  restart();
  return true;
}

void Lifecycle::restart() {
  crashed = true;
  for (Sent& sent : under_way_) sent.answered = false;
  scene.restarted();
}

void Lifecycle::begin(const Action& action) {
  Outcome& outcome = scene.memory.outcomes[action_key(action)];
  outcome.began = scene.now;
  outcome.in_flight = true;
  if (!written_object(action).empty()) scene.memory.writes[written_object(action)] = scene.now;
  under_way_.push_back({action, scene.now + (course_.slow ? 1s : 0ms), true});
}

void Lifecycle::end_what_is_due() {
  std::vector<Sent> rest;
  std::vector<Sent> due;
  for (Sent& sent : under_way_) (sent.when <= scene.now ? due : rest).push_back(std::move(sent));
  under_way_ = std::move(rest);
  for (const Sent& sent : due) carry_out(sent.action, sent.answered);
}

void Lifecycle::carry_out(const Action& action, bool answered) {
  Memory ignored;
  Memory& memory = answered ? scene.memory : ignored;
  const Timestamp now = scene.now;
  std::visit(Overloaded{
                 [&](const CreateEndpoint& a) { lepton.create_endpoint(a, now); },
                 [&](const StartEndpoint& a) { lepton.start_endpoint(a.name); },
                 [&](const UpdateEndpoint& a) { lepton.update_endpoint(a); },
                 [&](const DeleteEndpoint& a) { lepton.delete_endpoint(a.name, now); },
                 [&](const DiagnoseEndpoint& a) { memory.diagnoses[a.name] = "because"; },
                 [&](const ExplainEndpoint& a) {
                   memory.explanations[a.name] = {now, lepton.trouble_of(a.name, now), "as it says"};
                 },
                 [&](const CreateJob& a) { memory.created[a.job.name] = lepton.create_job(a, now); },
                 [&](const ReadJob& a) {
                   memory.reads[a.id] = {now, lepton.read_job(a.id, now)};
                 },
                 [&](const ReadStage& a) { memory.stages[a.id] = {lepton.exit_code_of(a.id, now)}; },
                 [&](const StopJob& a) { lepton.stop_job(a.id, now); },
                 [&](const DeleteJob& a) { lepton.delete_job(a.id, now); },
                 [&](const EnsureSecret& a) { lepton.secrets.insert(a.secret.name); },
                 [&](const DeleteSecrets& a) {
                   for (const std::string& name : a.names) lepton.secrets.erase(name);
                   memory.secrets_absent = true;
                 },
                 [&](const ProbeStorage& a) {
                   memory.storage_probe.emplace();
                   memory.storage_probe->path = a.directory.path();
                   memory.storage_probe->seen = lepton.storage_api && lepton.directory;
                   if (memory.storage_probe->seen) memory.storage_probe->file_system = a.file_systems.front();
                 },
                 [&](const RemoveDirectory&) {
                   lepton.directory = false;
                   memory.directory_removed = true;
                 },
                 [&](const ReadNodeGroups&) {
                   if (answered) scene.workspace.node_groups = std::map<std::string, std::string>{{"ng-1", "h200-eu"}};
                 },
                 [&](const ReadSecretKeys& a) {
                   for (const SecretKeyRef& key : a.keys) memory.secret_keys[key] = SecretKeyState::kPresent;
                 },
             },
             action);
  if (!answered) return;
  memory.outcomes[action_key(action)].in_flight = false;
  if (!written_object(action).empty()) memory.writes[written_object(action)] = now;
}

void Lifecycle::check(const Plan& made) {
  for (const TaskStatus& before : scene.status().tasks) {
    check_results(before, task_of(made, before.name));
  }
  if (made.wake_at && *made.wake_at <= scene.now) broken("it wakes at a time gone by");
  check_rest(made);
  check_forgetting(made);
  for (const Action& action : made.actions) check_action(made, action);
  for (const auto& [name, times] : lepton.made()) {
    if (times > 1) broken(name + " was made twice");
  }
}

// At rest a look decides nothing, but for two jobs with one name; and what is settled is at rest.
void Lifecycle::check_rest(const Plan& made) {
  if (owners_of_namesakes(scene.view).contains(scene.object.meta.uid)) return;
  const bool quiet = made.actions.empty() && made.finalizer == FinalizerChange::kNone && made.status == scene.status();
  if (invocation::settled(scene.object)) {
    ++settled;
    if (!quiet || !made.at_rest || made.wake_at || made.remove_object || !(made.interest == lepton::Interest{}))
      broken("it is settled, and not at rest");
  }
  if (!quiet || !made.at_rest) return;
  Scene blind = scene;
  blind.view = {};
  const Plan unseeing = planner(blind);
  if (!unseeing.actions.empty() || !(unseeing.status == made.status) || !unseeing.at_rest) broken("at rest it heeds a look");
}

// Two complete looks of each kind, after the last of what it remembers.
bool Lifecycle::looked_twice() const {
  Timestamp last{};
  for (const auto& [object, written] : scene.memory.writes) last = std::max(last, written);
  for (const auto& [key, outcome] : scene.memory.outcomes) last = std::max(last, outcome.began);
  return scene.view.endpoint_looks.begun_after(last) >= 2 && scene.view.job_looks.begun_after(last) >= 2;
}

// While only jobs run, what looks have replaced is not missed.
void Lifecycle::check_forgetting(const Plan& made) {
  const bool quiet = made.actions.empty() && made.finalizer == FinalizerChange::kNone && made.status == scene.status();
  if (!quiet || made.interest.pace != lepton::Pace::kJobs || made.interest.archive) return;
  if (scene.memory.outcomes.empty() || !looks_replace(scene.memory) || !looked_twice()) return;
  Scene forgetful = scene;
  forgetful.memory = {};
  forgetful.memory.since = scene.memory.since;
  forgetful.memory.met_with_finalizer = scene.memory.met_with_finalizer;
  const Plan without = planner(forgetful);
  const bool same = without.actions.empty() && without.finalizer == made.finalizer && without.status == made.status &&
                    without.interest == made.interest && without.wake_at == made.wake_at;
  if (!same) broken("while it only runs it misses what it forgot");
  ++forgotten;
  if (course_.forgetful) scene.memory = std::move(forgetful.memory);
}

// A result stays the task's, or becomes one of its earlier attempts'; and none of those ever changes.
void Lifecycle::check_results(const TaskStatus& before, const TaskStatus& now) {
  const std::size_t known = before.earlier.size();
  if (now.earlier.size() < known) return broken("an earlier attempt of " + before.name + " is forgotten");
  for (std::size_t i = 0; i < known; ++i) {
    const AttemptStatus& was = before.earlier[i];
    const AttemptStatus& is = now.earlier[i];
    if (is.outcome != was.outcome || is.job.name != was.job.name || is.job.finished_at != was.job.finished_at)
      broken("an earlier attempt of " + before.name + " has changed");
  }
  if (!finished(before.phase) || now.phase == before.phase) return;
  if (now.earlier.size() == known || now.earlier[known].outcome != before.phase) broken("the result of " + before.name + " is lost");
}

void Lifecycle::check_action(const Plan& made, const Action& action) {
  const bool deleting = scene.object.meta.deleted.has_value();
  if (const auto* endpoint = std::get_if<CreateEndpoint>(&action)) {
    if (deleting) broken("an endpoint is created for what is being deleted");
    const EndpointStatus& intent = task_of(made, endpoint->task).endpoint;
    const bool another = lepton.endpoints_of(endpoint->task) > 0 && !lepton.made().contains(intent.name);
    if (another) broken("a second endpoint for " + endpoint->task);
    if (intent.name != endpoint->endpoint.spec.name || intent.intended_at != scene.now) broken("no intent for " + action_key(action));
  } else if (const auto* job = std::get_if<CreateJob>(&action)) {
    const JobStatus& intent = job->task.empty() ? made.status.cleanup : task_of(made, job->task).job;
    if (intent.name != job->job.name || intent.intended_at != scene.now) broken("no intent for " + action_key(action));
    if (job->task.empty() && lepton.has_jobs_of_tasks()) broken("storage goes while jobs can still write");
    if (!job->task.empty() && deleting) broken("a job is created for what is being deleted");
    if (!job->task.empty() && lepton.unfinished_jobs(job->task, scene.now) > 0) broken("two jobs of " + job->task + " would run at once");
    if (!job->task.empty()) check_barrier(made, job->task);
  } else if (const auto* release = std::get_if<DeleteEndpoint>(&action)) {
    const TaskStatus& task = task_of(made, release->task);
    const bool suspended = base::get_bool(scene.object.spec, "suspend").value_or(false);
    const bool goes_on = suspended || task_of(scene.status(), release->task).endpoint.releasing;
    if (!deleting && !goes_on && !finished(task.phase)) broken("an endpoint is released before its task's result is recorded");
    if (!deleting && !goes_on && base::get_string(scene.object.spec, "endpointRetention").value_or("") == "UntilDeleted")
      broken("an endpoint is released that was to be kept");
  } else if (std::holds_alternative<RemoveDirectory>(action)) {
    if (lepton.has_jobs_of_tasks()) broken("storage goes while jobs can still write");
  } else if (std::holds_alternative<EnsureSecret>(action) && deleting) {
    broken("a secret is made for what is being deleted");
  }
}

void Lifecycle::check_barrier(const Plan& made, const std::string& of) {
  const bool one_by_one = base::get_string(scene.object.spec, "startPolicy").value_or("") == "EachEndpointReady";
  const bool shared = base::get_string(base::get_object(scene.object.spec, "deployment"), "sharing").value_or("") == "Shared";
  const auto& tasks = made.status.tasks;
  const int wave = task_of(made, of).wave;
  const auto& before = scene.status().tasks;
  const bool passed =
      std::any_of(before.begin(), before.end(), [&](const TaskStatus& task) { return task.wave == wave && task.job_ever_intended(); });
  for (const TaskStatus& task : tasks) {
    const bool serves = shared ? &task == &tasks.front() : of == task.name;
    const bool awaited = !one_by_one && !passed && !finished(task.phase) && task.wave == wave;
    if ((serves || awaited) && !task.endpoint.name.empty() && !lepton.was_ready(task.endpoint.name))
      broken("a job is created before the last endpoint was Ready");
  }
}

// The same facts and the written status: the same status, and nothing that was not asked for already.
void Lifecycle::check_repetition(const Plan& made) {
  const Plan again = planner(scene);
  if (!(again.status == made.status)) broken("the same facts give another status: " + difference(made.status, again.status));
  const std::set<std::string> first = keys_of(made.actions);
  for (const Action& action : again.actions) {
    if (!first.contains(action_key(action))) broken("the same facts give another action: " + action_key(action));
    if (std::holds_alternative<CreateJob>(action)) broken("the same facts create a job once more: " + action_key(action));
  }
}

void Lifecycle::broken(const std::string& what) { violations.push_back("at " + std::to_string(second_) + " s: " + what); }

}  // namespace lepton_operator::invocation::planner
