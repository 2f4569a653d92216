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

// A job of ours that the status does not tell of: somebody edited it while nobody kept it right, or restored an older one. It is followed
// as if it had been intended now, and not made again.
bool adopt_unrecorded(Planning& p, TaskStatus& task) {
  const std::string name = job_name(p.world.invocation.meta.uid, task.name, task.job.attempt);
  if (known_jobs(p, name).empty()) return false;
  task.job.name = name;
  task.job.intended_at = p.world.now;
  const auto directory = StorageDirectory::make(p.spec().storage.path, p.status().invocation_id);
  if (directory) p.status().storage.path = directory->path();
  return true;
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
  job.timeout = p.spec().timeout_of(spec);
  job.state = JobPhase::kCreating;
  p.status().storage.path = StorageDirectory::make(p.spec().storage.path, p.status().invocation_id)->path();
  const std::string url = target_url(p.spec(), p.status().resolved->tasks.at(task.name).endpoint_type, endpoint_for(p, task).url);
  p.act(CreateJob{task.name, render_job(p.render_input(), spec, job.attempt, url), p.world.now + kCreateDeadline});
}

// What was edited since the intent reaches the next attempt: the script of this one knows the timeout that it was made with.
void check_timeout(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  if (!task.job.started_at) return;
  const std::chrono::seconds timeout = task.job.timeout.count() > 0 ? task.job.timeout : p.spec().timeout_of(spec);
  const Timestamp deadline = *task.job.started_at + timeout + kScriptGrace;
  if (p.world.now < deadline) {
    p.wake(deadline);
    return;
  }
  end_attempt(p, task, spec, TaskPhase::kFailed, "timed out: still running after " + base::format_duration(timeout));
}

std::string why_failed(const lepton::Job& job) {
  const std::string id = "job " + job.id;
  // Ours are finished, or told to stop before (stop_requested).
  if (job.state == lepton::JobState::kStopped) return id + " was stopped by somebody else.";
  if (job.state == lepton::JobState::kDeleted) return id + " was deleted by somebody else.";
  return id + " ended as " + lepton::to_string(job.state) + ": its log says why.";
}

void follow_job(Planning& p, TaskStatus& task, const TaskSpec& spec, const lepton::Job& job) {
  task.job.id = job.id;
  task.job.state = job_phase(job);
  task.message.clear();
  if (task.job.stop_requested && !finished(task.job.state)) {
    task.message = "stopping its job: suspended.";
    p.look(lepton::Pace::kClose);
    p.act_once_per_look(StopJob{task.name, job.id}, p.world.view.job_looks);
    return;
  }
  switch (task.job.state) {
    case JobPhase::kRunning:
      if (!task.job.started_at) task.job.started_at = p.world.now;
      task.phase = TaskPhase::kRunning;
      probe_storage(p, p.spec().storage, false);
      p.look(lepton::Pace::kJobs);
      check_timeout(p, task, spec);
      return;
    case JobPhase::kSucceeded:
      if (!task.job.started_at) task.job.started_at = task.job.intended_at;
      end_attempt(p, task, spec, TaskPhase::kSucceeded, {});
      return;
    case JobPhase::kFailed: end_attempt(p, task, spec, TaskPhase::kFailed, why_failed(job)); return;
    case JobPhase::kUnknown:
      end_by_stage_files(p, task, spec, TaskPhase::kUnknown,
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

// Not even the archive has it. While Lepton would have kept it, somebody deleted it; later that proves nothing.
void follow_vanished(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  const bool kept = task.job.intended_at && p.world.now < *task.job.intended_at + lepton::JobSpec{}.ttl_after_finished;
  if (kept) {
    end_by_stage_files(p, task, spec, TaskPhase::kFailed, "job " + task.job.id + " was deleted by somebody else.");
  } else {
    end_by_stage_files(p, task, spec, TaskPhase::kUnknown,
                       "job " + task.job.id + " is not even in the archive any more: look for results.yml in the storage directory.");
  }
}

}  // namespace

void forget_intent(TaskStatus& task) {
  const int attempt = task.job.attempt;
  task.job = JobStatus{};
  task.job.attempt = attempt;
}

void follow_attempt(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  task.phase = std::max(task.phase, TaskPhase::kStarting);
  const Sighting sighting = sight(p, task.name, task.job);
  switch (sighting.kind) {
    case Sighting::Kind::kSeen: follow_job(p, task, spec, sighting.job); return;
    case Sighting::Kind::kCreating:
      if (sighting.error) task.message = sighting.error->what;
      p.look(lepton::Pace::kClose);
      if (sighting.error && task.job.stop_requested) forget_intent(task);
      return;
    case Sighting::Kind::kRefused:
      task.job.state = JobPhase::kFailed;
      end_without_retry(p, task, spec, TaskPhase::kFailed, "lepton refused the job: " + sighting.error->what);
      return;
    case Sighting::Kind::kNotThere:
      if (task.job.stop_requested) {
        forget_intent(task);
      } else {
        intend(p, task, spec);
      }
      return;
    case Sighting::Kind::kVanished: follow_vanished(p, task, spec); return;
  }
}

void plan_jobs(Planning& p, int from_wave) {
  cancel_others_of_a_failed_endpoint(p);
  for (TaskStatus& task : p.status().tasks) {
    const TaskSpec* spec = p.spec().find_task(task.name);
    if (!spec || finished(task.phase) || task.wave < from_wave) continue;
    if (!task.job.name.empty()) follow_attempt(p, task, *spec);
    if (task.wave == 0 || !barrier_passed(p, task.wave)) continue;
    while (!finished(task.phase) && task.job.name.empty() && adopt_unrecorded(p, task)) follow_attempt(p, task, *spec);
    if (finished(task.phase) || !task.job.name.empty()) continue;
    if (!earlier_attempts_over(p, task)) {  // two at once would write to the same directory
      p.look(lepton::Pace::kClose);
    } else if (p.has_endpoints() && endpoint_for(p, task).state != EndpointPhase::kReady) {
      continue;
    } else if (!secrets_ready(p, secrets_of_job(p.render_input(), *spec))) {
      task.message = secret_problem(p);
    } else {
      if (p.may_intend) {
        task.phase = TaskPhase::kStarting;
        take_raised_run(task, *spec);
      }
      intend(p, task, *spec);
      p.look(lepton::Pace::kClose);
    }
  }
}

}  // namespace lepton_operator::invocation
