// One job per task, all at once after the barrier. Creating one is not idempotent on the wire, so its intent stands in status first, and an
// uncertain creation is tried again only when two looks that began after it settled show nothing (rule 2).
#include <algorithm>

#include "base/time.h"
#include "invocation/names.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// The script ends a task at its timeout; the operator only when the script evidently did not.
constexpr std::chrono::seconds kScriptGrace{120};
// How often a job that left the list is read by its id while it is in no final state.
constexpr std::chrono::seconds kReadAgain{2};

bool older(const lepton::Job& a, const lepton::Job& b) {
  if (a.created_at != b.created_at) return a.created_at < b.created_at;
  return a.id < b.id;
}

// Our jobs of this name: those listed, and the one that answered our creation if no list shows it yet. Oldest first.
std::vector<lepton::Job> known_jobs(const Planning& p, const std::string& name) {
  std::vector<lepton::Job> jobs;
  if (const auto listed = p.world.view.jobs.find(name); listed != p.world.view.jobs.end()) {
    for (const lepton::Job& job : listed->second) {
      const std::string owner = owner_uid(job.labels);
      if (owner.empty() || owner == p.world.invocation.meta.uid) jobs.push_back(job);
    }
  }
  std::sort(jobs.begin(), jobs.end(), older);
  return jobs;
}

std::optional<Timestamp> latest_write(const Planning& p, const JobStatus& job) {
  std::optional<Timestamp> latest;
  for (const std::string& object : {job.name, job.id}) {
    const auto found = p.world.memory.writes.find(object);
    if (!object.empty() && found != p.world.memory.writes.end() && (!latest || *latest < found->second)) latest = found->second;
  }
  return latest;
}

bool absent_after_writes(const Planning& p, const JobStatus& job) {
  const auto written = latest_write(p, job);
  const auto& looks = p.world.view.job_looks;
  return looks.last && (!written || *looks.last > *written);
}

void delete_duplicates(Planning& p, const std::string& task, const std::vector<lepton::Job>& jobs) {
  for (std::size_t i = 1; i < jobs.size(); ++i) {
    p.look(lepton::Pace::kClose);
    const DeleteJob removal{task, jobs[i].name, jobs[i].id, DeletionReason::kDuplicate};
    const bool going = job_phase(jobs[i]) == JobPhase::kStopping;  // asked for already, or about to stop: then it is asked for
    if (!jobs[i].archived && !going) p.act_once_per_look(removal, p.world.view.job_looks);
  }
}

bool has_duplicates(const Planning& p, const std::string& name) {
  const std::vector<lepton::Job> jobs = known_jobs(p, name);
  return jobs.size() > 1 && std::any_of(jobs.begin() + 1, jobs.end(), [](const lepton::Job& job) { return !job.archived; });
}

Sighting seen(lepton::Job job) {
  Sighting sighting;
  sighting.kind = Sighting::Kind::kSeen;
  sighting.job = std::move(job);
  return sighting;
}

Sighting of_kind(Sighting::Kind kind, const base::Error* error = nullptr) {
  Sighting sighting;
  sighting.kind = kind;
  sighting.error = error;
  return sighting;
}

// A job that left the list of the living: its id tells more than its absence.
Sighting sight_by_id(Planning& p, const std::string& task, const JobStatus& job) {
  const auto created = p.world.memory.created.find(job.name);
  if (!absent_after_writes(p, job)) {
    p.look(lepton::Pace::kClose);
    return created != p.world.memory.created.end() ? seen(created->second) : of_kind(Sighting::Kind::kCreating);
  }
  const ReadJob read{task, job.id};
  const auto known = p.world.memory.reads.find(job.id);
  const auto written = latest_write(p, job);
  const bool fresh = known != p.world.memory.reads.end() && (!written || known->second.began > *written);
  if (!fresh) {
    p.act(read);
    return of_kind(Sighting::Kind::kCreating);
  }
  if (!known->second.job) return of_kind(Sighting::Kind::kVanished);
  if (!finished(job_phase(*known->second.job))) {
    if (p.world.now - known->second.began >= kReadAgain) {
      p.act(read);
    } else {
      p.wake(known->second.began + kReadAgain);
    }
  }
  return seen(*known->second.job);
}

// No id: the creation was not answered. Rule 2 decides when it may be believed not to have happened.
Sighting sight_uncertain(Planning& p, const JobStatus& job) {
  const std::string key = "create-job " + job.name;
  if (p.in_flight(key)) return of_kind(Sighting::Kind::kCreating);
  const Outcome* known = p.outcome(key);
  const bool of_this_intent = known && job.intended_at && known->began >= *job.intended_at;
  if (of_this_intent && known->error && !known->error->uncertain()) {
    if (known->error->kind == base::ErrorKind::kInvalid) return of_kind(Sighting::Kind::kRefused, &*known->error);
    if (known->retry_at <= p.world.now) return of_kind(Sighting::Kind::kNotThere, &*known->error);
    p.wake(known->retry_at);
    return of_kind(Sighting::Kind::kCreating, &*known->error);
  }
  const Timestamp settled = job.intended_at.value_or(p.world.memory.since) + kCreateDeadline + kSettling;
  p.look(lepton::Pace::kClose, true);
  if (p.world.now < settled) p.wake(settled);
  const bool settled_and_absent =
      p.world.now >= settled && p.world.view.archive_looks.begun_after(settled) >= 2 && p.world.view.job_looks.begun_after(settled) >= 2;
  if (settled_and_absent && known && known->error && known->retry_at > p.world.now) {  // an intent without its request would be a lie
    p.wake(known->retry_at);
    return of_kind(Sighting::Kind::kCreating);
  }
  return of_kind(settled_and_absent ? Sighting::Kind::kNotThere : Sighting::Kind::kCreating);
}

// A job of ours that the status does not tell of: somebody edited it while nobody kept it right, or restored an older one. It is followed
// as if it had been intended now, and not made again.
void adopt_unrecorded(Planning& p, TaskStatus& task) {
  const std::string name = job_name(p.world.invocation.meta.uid, task.name, task.job.attempt);
  if (known_jobs(p, name).empty()) return;
  task.job.name = name;
  task.job.intended_at = p.world.now;
  const auto directory = StorageDirectory::make(p.spec.storage.path, p.status().invocation_id);
  if (directory) p.status().storage.path = directory->path();
}

// An object that had our finalizer when this process met it may have such jobs. They are looked for before the first is intended.
bool may_be_unrecorded(Planning& p) {
  const Memory& memory = p.world.memory;
  if (!memory.met_with_finalizer || p.world.view.archive_looks.begun_after(memory.since) > 0) return false;
  p.look(lepton::Pace::kClose, true);
  return true;
}

void intend(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  if (!p.may_intend || may_be_unrecorded(p)) return;
  JobStatus& job = task.job;
  job.name = job_name(p.world.invocation.meta.uid, task.name, job.attempt);
  job.intended_at = p.world.now;
  job.state = JobPhase::kCreating;
  p.status().storage.path = StorageDirectory::make(p.spec.storage.path, p.status().invocation_id)->path();
  const std::string url = target_url(p.spec, p.status().resolved->tasks.at(task.name).endpoint_type, task.endpoint.url);
  p.act(CreateJob{task.name, render_job(p.render_input(), spec, job.attempt, url), p.world.now + kCreateDeadline});
}

void check_timeout(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  if (!task.job.started_at) return;
  const Milliseconds timeout = spec.timeout.value_or(p.spec.execution.timeout);
  const Timestamp deadline = *task.job.started_at + timeout + kScriptGrace;
  if (p.world.now < deadline) {
    p.wake(deadline);
    return;
  }
  finish_task(p, task, TaskPhase::kFailed, "timed out: still running after " + base::format_duration(timeout));
}

std::string why_failed(const lepton::Job& job) {
  const std::string id = "job " + job.id;
  // We stop and delete only jobs of tasks that are finished.
  if (job.state == lepton::JobState::kStopped) return id + " was stopped by somebody else.";
  if (job.state == lepton::JobState::kDeleted) return id + " was deleted by somebody else.";
  return id + " ended as " + lepton::to_string(job.state) + ": its log says why.";
}

void follow_job(Planning& p, TaskStatus& task, const TaskSpec& spec, const lepton::Job& job) {
  task.job.id = job.id;
  task.job.state = job_phase(job);
  task.message.clear();
  switch (task.job.state) {
    case JobPhase::kRunning:
      if (!task.job.started_at) task.job.started_at = p.world.now;
      task.phase = TaskPhase::kRunning;
      probe_storage(p, false);
      p.look(lepton::Pace::kJobs);
      check_timeout(p, task, spec);
      return;
    case JobPhase::kSucceeded:
      if (!task.job.started_at) task.job.started_at = task.job.intended_at;
      finish_task(p, task, TaskPhase::kSucceeded, {});
      return;
    case JobPhase::kFailed: finish_task(p, task, TaskPhase::kFailed, why_failed(job)); return;
    case JobPhase::kUnknown:
      finish_task(p, task, TaskPhase::kUnknown,
                  "job " + job.id + " was archived before its result was seen: look for results.yml in the storage directory.");
      return;
    case JobPhase::kPending:
    case JobPhase::kCreating:
    case JobPhase::kStarting:
    case JobPhase::kStopping:
    case JobPhase::kIndeterminate:
      if (task.phase != TaskPhase::kRunning) task.phase = TaskPhase::kStarting;
      p.look(lepton::Pace::kClose);
      check_timeout(p, task, spec);
      return;
  }
}

void follow_intent(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  task.phase = std::max(task.phase, TaskPhase::kStarting);
  const Sighting sighting = sight(p, task.name, task.job);
  switch (sighting.kind) {
    case Sighting::Kind::kSeen: follow_job(p, task, spec, sighting.job); return;
    case Sighting::Kind::kCreating:
      if (sighting.error) task.message = sighting.error->what;
      p.look(lepton::Pace::kClose);
      return;
    case Sighting::Kind::kRefused:
      task.job.state = JobPhase::kFailed;
      finish_task(p, task, TaskPhase::kFailed, "lepton refused the job: " + sighting.error->what);
      return;
    case Sighting::Kind::kNotThere: intend(p, task, spec); return;
    case Sighting::Kind::kVanished:
      task.job.state = JobPhase::kFailed;
      finish_task(p, task, TaskPhase::kFailed, "job " + task.job.id + " was deleted by somebody else.");
      return;
  }
}

// Once passed it stays passed: any intended job says so. Until then all endpoints must be Ready in the same look.
bool barrier_passed(const Planning& p) {
  const auto& tasks = p.plan.status.tasks;
  if (std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return !task.job.name.empty(); })) return true;
  if (!p.has_endpoints()) return true;
  return std::all_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return task.endpoint.state == EndpointPhase::kReady; });
}

// endpointFailurePolicy FailInvocation: before the barrier one lost endpoint ends it all.
void cancel_others_of_a_failed_endpoint(Planning& p) {
  auto& tasks = p.status().tasks;
  const auto failed = std::find_if(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return task.phase == TaskPhase::kFailed; });
  if (failed == tasks.end()) return;
  for (TaskStatus& task : tasks) {
    if (!finished(task.phase)) finish_task(p, task, TaskPhase::kCancelled, "not started: the endpoint of " + failed->name + " failed");
  }
}

}  // namespace

Sighting sight(Planning& p, const std::string& task, JobStatus& job) {
  const std::vector<lepton::Job> listed = known_jobs(p, job.name);
  if (!listed.empty()) {
    delete_duplicates(p, task, listed);
    job.id = listed.front().id;
    return seen(listed.front());
  }
  if (job.id.empty()) {
    const auto created = p.world.memory.created.find(job.name);
    if (created != p.world.memory.created.end()) job.id = created->second.id;
  }
  return job.id.empty() ? sight_uncertain(p, job) : sight_by_id(p, task, job);
}

void plan_jobs(Planning& p) {
  if (!barrier_passed(p)) {
    cancel_others_of_a_failed_endpoint(p);
    return;
  }
  for (TaskStatus& task : p.status().tasks) {
    const TaskSpec* spec = p.spec.find_task(task.name);
    if (!spec || finished(task.phase)) continue;
    if (task.job.name.empty()) adopt_unrecorded(p, task);
    if (!task.job.name.empty()) {
      follow_intent(p, task, *spec);
    } else if (p.has_endpoints() && task.endpoint.state != EndpointPhase::kReady) {
      continue;
    } else if (!secrets_ready(p, secrets_of_job(p.render_input(), *spec))) {
      task.message = secret_problem(p);
    } else {
      if (p.may_intend) task.phase = TaskPhase::kStarting;
      intend(p, task, *spec);
      p.look(lepton::Pace::kClose);
    }
  }
}

bool release_job(Planning& p, TaskStatus& task) {
  JobStatus& job = task.job;
  if (job.name.empty() || job.released) return true;
  const Sighting sighting = sight(p, task.name, job);
  switch (sighting.kind) {
    case Sighting::Kind::kRefused:
    case Sighting::Kind::kNotThere:
    case Sighting::Kind::kVanished: job.released = true; return true;
    case Sighting::Kind::kCreating:
      p.look(lepton::Pace::kClose);
      job.released = sighting.error != nullptr;  // certainly not made, and it will not be tried again
      return job.released;
    case Sighting::Kind::kSeen: break;
  }
  job.state = job_phase(sighting.job);
  if (finished(job.state)) {
    job.released = !has_duplicates(p, job.name);  // while one is left, sight() has it removed
    return job.released;
  }
  p.look(lepton::Pace::kClose);
  p.act_once_per_look(StopJob{task.name, sighting.job.id}, p.world.view.job_looks);
  return false;
}

bool delete_job(Planning& p, const std::string& task, JobStatus& job) {
  if (job.name.empty()) return true;
  const Sighting sighting = sight(p, task, job);
  p.look(lepton::Pace::kClose);
  if (sighting.kind == Sighting::Kind::kCreating && job.id.empty() && !sighting.error) return false;  // it may still come
  if (job.id.empty()) return true;                                                                    // certainly never created
  const DeleteJob removal{task, job.name, job.id};
  if (!p.done(action_key(removal))) {
    p.act(removal);
    return false;
  }
  if (sighting.kind == Sighting::Kind::kVanished) return true;
  // An archived job that is terminal counts as absent (rule 7); one in the list of the living does not.
  const std::vector<lepton::Job> known = known_jobs(p, job.name);
  const bool alive = std::any_of(known.begin(), known.end(), [](const lepton::Job& other) { return !other.archived; });
  const bool over = sighting.kind == Sighting::Kind::kSeen && finished(job_phase(sighting.job));
  const bool going = sighting.kind == Sighting::Kind::kSeen && job_phase(sighting.job) == JobPhase::kStopping;
  if (alive && !going) p.act_once_per_look(removal, p.world.view.job_looks);
  return over && absent_after_writes(p, job) && !alive;
}

}  // namespace lepton_operator::invocation
