#include "unit/planner/lifecycle.h"

#include <algorithm>

#include "invocation/codec.h"
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr int kLongestLife = 400;  // seconds
constexpr int kPassesPerLook = 30;
constexpr int kQuiet = 5;

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

}  // namespace

void Lifecycle::run() {
  quiet_ = 0;
  const int until = second_ + kLongestLife;
  while (!removed && second_ < until) {
    tick();
    const bool over = finished(scene.status().phase) && !course_.delete_at;
    if (over && quiet_ >= kQuiet && under_way_.empty()) return;
  }
  if (!removed) broken("it does not end");
}

void Lifecycle::stay_quiet(int seconds) {
  for (int i = 0; i < seconds; ++i) {
    tick();
    if (quiet_ == 0) broken("something is done after the end");
  }
}

void Lifecycle::tick() {
  ++second_;
  scene.now = at(second_ * 1s);
  if (course_.delete_at && second_ >= *course_.delete_at && !scene.object.meta.deleted) scene.deleted_at(second_ * 1s);
  if (scene.object.meta.deleted && scene.object.meta.finalizers.empty()) removed = true;
  end_what_is_due();
  lepton.advance(scene.now);
  lepton.look(scene.view, scene.now);
  ++quiet_;
  int passes = 0;
  while (!removed && pass()) {
    quiet_ = 0;
    scene.now += 1ms;
    end_what_is_due();
    if (++passes == kPassesPerLook) return broken("it spins: something new is done again and again though nothing new was seen");
  }
}

bool Lifecycle::pass() {
  const Plan made = plan(scene);
  check(made);
  const bool changed = made.status != scene.status() || made.finalizer != FinalizerChange::kNone;
  if (!changed && made.actions.empty()) return false;
  if (made.finalizer == FinalizerChange::kAdd) scene.object.meta.finalizers.push_back(kCleanupFinalizer);
  if (dies()) return true;
  scene.status() = decode_invocation_status(encode(made.status));  // what is not in the status is lost at a restart
  if (!(scene.status() == made.status)) broken("the written status is not what was planned");
  check_repetition(made);
  if (dies()) return true;
  if (made.finalizer == FinalizerChange::kRemove) {
    if (!under_way_.empty()) broken("the finalizer falls while requests are under way");
    removed = true;
    return true;
  }
  ++points_;
  if (course_.crash_at == points_) {
    for (const Action& action : made.actions) {
      under_way_.push_back({action, scene.now + (is_creation(action) ? course_.late : base::Milliseconds(0)), false});
    }
    restart();
    return true;
  }
  for (const Action& action : made.actions) begin(action);
  return true;
}

bool Lifecycle::dies() {
  ++points_;
  if (course_.crash_at != points_) return false;
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
                 [&](const StartEndpoint&) {},
                 [&](const UpdateEndpoint&) {},
                 [&](const DeleteEndpoint& a) { lepton.delete_endpoint(a.name, now); },
                 [&](const DiagnoseEndpoint& a) { memory.diagnoses[a.name] = "because"; },
                 [&](const CreateJob& a) { memory.created[a.job.name] = lepton.create_job(a, now); },
                 [&](const ReadJob& a) {
                   memory.reads[a.id] = {now, lepton.read_job(a.id, now)};
                 },
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
                 [&](const ReadNodeGroups&) {},
                 [&](const ReadSecretKeys&) {},
             },
             action);
  if (!answered) return;
  memory.outcomes[action_key(action)].in_flight = false;
  if (!written_object(action).empty()) memory.writes[written_object(action)] = now;
}

void Lifecycle::check(const Plan& made) {
  for (const TaskStatus& before : scene.status().tasks) {
    if (finished(before.phase) && task_of(made, before.name).phase != before.phase) broken("the result of " + before.name + " is lost");
  }
  if (made.wake_at && *made.wake_at <= scene.now) broken("it wakes at a time gone by");
  for (const Action& action : made.actions) check_action(made, action);
  for (const auto& [name, times] : lepton.made()) {
    if (times > 1) broken(name + " was made twice");
  }
}

void Lifecycle::check_action(const Plan& made, const Action& action) {
  const bool deleting = scene.object.meta.deleted.has_value();
  if (const auto* endpoint = std::get_if<CreateEndpoint>(&action)) {
    if (deleting) broken("an endpoint is created for what is being deleted");
    const EndpointStatus& intent = task_of(made, endpoint->task).endpoint;
    if (intent.name != endpoint->endpoint.spec.name || intent.intended_at != scene.now) broken("no intent for " + action_key(action));
  } else if (const auto* job = std::get_if<CreateJob>(&action)) {
    const JobStatus& intent = job->task.empty() ? made.status.cleanup : task_of(made, job->task).job;
    if (intent.name != job->job.name || intent.intended_at != scene.now) broken("no intent for " + action_key(action));
    if (job->task.empty() && lepton.has_jobs_of_tasks()) broken("storage goes while jobs can still write");
    if (!job->task.empty() && deleting) broken("a job is created for what is being deleted");
    for (const TaskStatus& task : made.status.tasks) {
      if (!task.endpoint.name.empty() && !lepton.was_ready(task.endpoint.name))
        broken("a job is created before the last endpoint was Ready");
    }
  } else if (const auto* release = std::get_if<DeleteEndpoint>(&action)) {
    if (!deleting && !finished(task_of(made, release->task).phase)) broken("an endpoint is released before its task's result is recorded");
  } else if (std::holds_alternative<RemoveDirectory>(action)) {
    if (lepton.has_jobs_of_tasks()) broken("storage goes while jobs can still write");
  } else if (std::holds_alternative<EnsureSecret>(action) && deleting) {
    broken("a secret is made for what is being deleted");
  }
}

// The same facts and the written status: the same status, and nothing that was not asked for already.
void Lifecycle::check_repetition(const Plan& made) {
  const Plan again = plan(scene);
  if (!(again.status == made.status)) broken("the same facts give another status");
  const std::set<std::string> first = keys_of(made.actions);
  for (const Action& action : again.actions) {
    if (!first.contains(action_key(action))) broken("the same facts give another action: " + action_key(action));
    if (std::holds_alternative<CreateJob>(action)) broken("the same facts create a job once more: " + action_key(action));
  }
}

void Lifecycle::broken(const std::string& what) { violations.push_back("at " + std::to_string(second_) + " s: " + what); }

}  // namespace lepton_operator::invocation::planner
