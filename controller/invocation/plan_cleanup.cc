// Deletion: jobs and endpoints at once, then secrets, the storage directory last; the finalizer only when all are verified gone (rules 7,
// 8).
#include <algorithm>

#include "base/strings.h"
#include "invocation/names.h"
#include "invocation/planning.h"
#include "invocation/progress.h"

namespace lepton_operator::invocation {
namespace {

constexpr std::chrono::seconds kProbeAgain{30};
constexpr int kProbesBeforeJob = 3;
constexpr std::size_t kAbandonReasonBytes = 256;
// A cleanup job that failed is tried again, later and later, up to five minutes apart.
constexpr std::chrono::seconds kCleanupRetry{5};
constexpr std::chrono::seconds kCleanupRetryMost{300};

void not_clean(Planning& p, const std::string& reason, std::string message) {
  p.condition("CleanedUp", ConditionStatus::kFalse, reason, std::move(message));
}

// What stood in the way of an action, for a sentence; empty when nothing did.
std::string why(const Planning& p, const std::string& key) {
  const base::Error* error = p.failure(key);
  return error ? " (" + error->what + ")" : std::string{};
}

bool ever_created(const InvocationStatus& status) {
  const auto touched = [](const TaskStatus& task) { return !task.endpoint.name.empty() || task.job_ever_intended(); };
  return !status.secrets.empty() || std::any_of(status.tasks.begin(), status.tasks.end(), touched);
}

bool job_ever_intended(const InvocationStatus& status) {
  return std::any_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) { return task.job_ever_intended(); });
}

// Of all attempts; true when none is left.
bool delete_jobs(Planning& p, TaskStatus& task) {
  bool gone = delete_job(p, task.name, task.job);
  for (AttemptStatus& attempt : task.earlier) gone = delete_job(p, task.name, attempt.job) && gone;
  return gone;
}

// True when neither jobs nor endpoints are left. All are asked for at once; none waits for another.
bool remove_jobs_and_endpoints(Planning& p) {
  std::vector<std::string> left;
  for (TaskStatus& task : p.status().tasks) {
    const bool job_gone = delete_jobs(p, task);
    const bool endpoint_gone = release_endpoint(p, task);
    if (!job_gone) left.push_back("job of " + task.name + why(p, key::delete_job(task.job.id)));
    if (!endpoint_gone) left.push_back("endpoint " + task.endpoint.name + why(p, key::delete_endpoint(task.endpoint.name)));
  }
  if (left.empty()) return true;
  not_clean(p, "RemovingWorkload", "still there: " + base::join(left, ", ") + ".");
  return false;
}

// True while a creation of this secret may still take effect: then its absence proves nothing yet (as rule 2 has it for jobs).
bool may_still_come(Planning& p, const SecretStatus& secret) {
  const std::string key = key::ensure_secret(secret.name);
  if (p.in_flight(key)) return true;
  Timestamp settled = secret.unsettled_until.value_or(Timestamp::min());
  const auto ended = p.world.memory.writes.find(secret.name);
  const base::Error* error = p.failure(key);
  if (error && error->uncertain()) {
    const Timestamp sent_before = ended == p.world.memory.writes.end() ? p.outcome(key)->began : ended->second;
    settled = std::max(settled, sent_before + kCreateDeadline + kSettling);
  }
  const bool by_earlier_process = !secret.ready && !p.outcome(key);
  if (by_earlier_process) settled = std::max(settled, p.world.memory.since + kCreateDeadline + kSettling);
  if (p.world.now >= settled) return false;
  p.wake(settled);
  return true;
}

bool remove_secrets(Planning& p) {
  auto& secrets = p.status().secrets;
  if (secrets.empty() || p.world.memory.secrets_absent.value_or(false)) return true;
  const auto open = std::count_if(secrets.begin(), secrets.end(), [&](const SecretStatus& secret) { return may_still_come(p, secret); });
  if (open > 0) {
    not_clean(p, "RemovingSecrets", "waiting for the end of " + std::to_string(open) + " Lepton secret(s) that were being made.");
    return false;
  }
  DeleteSecrets removal;
  for (const SecretStatus& secret : secrets) removal.names.push_back(secret.name);
  p.act(std::move(removal));
  not_clean(p, "RemovingSecrets", "removing " + std::to_string(secrets.size()) + " Lepton secret(s)" + why(p, key::kDeleteSecrets) + ".");
  return false;
}

std::string executed_image(const Planning& p) {
  for (const TaskStatus& task : p.plan.status.tasks) {
    const auto resolved = p.plan.status.resolved->tasks.find(task.name);
    if (task.job_ever_intended() && resolved != p.plan.status.resolved->tasks.end()) return resolved->second.container;
  }
  return {};
}

void refuse_storage(Planning& p, const std::string& path, const std::string& why) {
  not_clean(p, "StorageRefused", "will not remove " + path + ": " + why + ".");
}

// A job takes what else the spec says. Where this version cannot read it, none is begun, and none is let go of for another.
bool may_render_cleanup_job(Planning& p) {
  if (p.spec_readable()) return true;
  refuse_storage(p, p.status().storage.path,
                 "it takes a job, and this version cannot read the spec; remove it by hand and set the annotation lepton.dev/abandon, "
                 "or go back to the version that accepted it");
  return false;
}

void intend_cleanup_job(Planning& p) {
  if (!may_render_cleanup_job(p)) return;
  JobStatus& job = p.status().cleanup;
  job.name = cleanup_job_name(p.world.invocation.meta.uid, job.attempt);
  job.id.clear();
  job.intended_at = p.world.now;
  job.state = JobPhase::kCreating;
  p.act(CreateJob{{}, render_cleanup_job(p.render_input(), executed_image(p), job.attempt), p.world.now + kCreateDeadline});
  p.look(lepton::Pace::kClose);
}

void say_removing_by_job(Planning& p) { not_clean(p, "RemovingStorage", "removing " + p.status().storage.path + " by a job."); }

void retry_cleanup_job(Planning& p, const std::string& why) {
  JobStatus& job = p.status().cleanup;
  if (!job.finished_at) job.finished_at = p.world.now;
  const auto wait = std::min(kCleanupRetryMost, kCleanupRetry * (1 << std::min(job.attempt, 6)));
  not_clean(p, "CleanupJobFailed", why + "; trying again.");
  if (p.world.now < *job.finished_at + wait) {
    p.wake(*job.finished_at + wait);
    return;
  }
  if (!may_render_cleanup_job(p) || !delete_job(p, {}, job)) return;
  const int attempt = job.attempt + 1;
  job = JobStatus{};
  job.attempt = attempt;
  say_removing_by_job(p);
  intend_cleanup_job(p);
}

void follow_cleanup_job(Planning& p) {
  JobStatus& job = p.status().cleanup;
  const Sighting sighting = sight(p, {}, job);
  p.look(lepton::Pace::kClose);
  switch (sighting.kind) {
    case Sighting::Kind::kCreating: return;
    case Sighting::Kind::kRefused: retry_cleanup_job(p, "lepton refused the cleanup job: " + sighting.error->what); return;
    case Sighting::Kind::kNotThere: intend_cleanup_job(p); return;
    case Sighting::Kind::kVanished: retry_cleanup_job(p, "the cleanup job was deleted by somebody else"); return;
    case Sighting::Kind::kSeen: break;
  }
  job.state = job_phase(sighting.job);
  if (job.state == JobPhase::kSucceeded) p.status().storage.removed = true;
  if (finished(job.state) && job.state != JobPhase::kSucceeded) {
    retry_cleanup_job(p, "the cleanup job " + job.id + " ended as " + lepton::to_string(sighting.job.state));
  }
}

void remove_by_job(Planning& p) {
  say_removing_by_job(p);
  if (p.status().cleanup.name.empty()) {
    intend_cleanup_job(p);
  } else {
    follow_cleanup_job(p);
  }
}

void remove_by_api(Planning& p, const StorageSpec& spec, const StorageDirectory& directory) {
  const RemoveDirectory removal{directory, p.status().storage.file_system};
  const base::Error* error = p.failure(action_key(removal));
  const bool gone_api = error && (error->kind == base::ErrorKind::kUnsupported || error->kind == base::ErrorKind::kNotFound);
  if (gone_api && spec.cleanup == CleanupMethod::kAuto) {
    remove_by_job(p);
    return;
  }
  p.act(removal);
  not_clean(p, "RemovingStorage", error ? error->what : "removing " + directory.path() + ".");
}

// A probe of this deletion: what an earlier one saw missing may have been made since. An API that keeps failing is given up for a job.
bool probed_since_deletion(const Planning& p, const StorageSpec& spec, const StorageDirectory& directory) {
  const Outcome* probe = p.outcome(action_key(ProbeStorage{directory, {}}));
  if (!probe || probe->in_flight) return false;
  const bool given_up = spec.cleanup == CleanupMethod::kAuto && probe->failures >= kProbesBeforeJob;
  if (probe->error && !given_up) return false;
  const Timestamp deleted = p.world.invocation.meta.deleted.value_or(p.world.now);
  return probe->began >= deleted || deleted > p.world.now;  // the latter: another clock than ours set it
}

void take_probe(Planning& p) {
  const auto& probe = p.world.memory.storage_probe;
  if (!probe || !probe->seen) return;
  p.status().storage.seen = true;
  p.status().storage.file_system = probe->file_system;
}

void probe_again_later(Planning& p, const StorageSpec& spec, const StorageDirectory& directory) {
  const Outcome* probe = p.outcome(action_key(ProbeStorage{directory, {}}));
  const Timestamp next = probe ? probe->began + kProbeAgain : p.world.now;
  if (next <= p.world.now) probe_storage(p, spec, true);
  p.wake(std::max(next, p.world.now + std::chrono::seconds(1)));
}

// Of what its time to live removed the results stay, unless the manifest itself says otherwise.
DeletionPolicy deletion_policy(const Planning& p, const StorageSpec& spec) {
  const Json* written = base::find(base::get_object(p.world.invocation.spec, "storage"), "deletionPolicy");
  const bool says_so = written != nullptr && !written->is_null();
  return p.plan.status.expired && !says_so ? DeletionPolicy::kRetain : spec.deletion_policy;
}

// Asks for the next step towards its removal; the API first, unless the spec wants a job or there is one.
void remove_directory(Planning& p, const StorageSpec& spec, const StorageDirectory& directory) {
  const StorageStatus& storage = p.status().storage;
  const bool ask_api = spec.cleanup != CleanupMethod::kJob && p.status().cleanup.name.empty();
  if (ask_api && !storage.seen && !probed_since_deletion(p, spec, directory)) {
    probe_storage(p, spec, true);
    const std::string trouble = why(p, action_key(ProbeStorage{directory, {}}));
    not_clean(p, "RemovingStorage", "asking whether the storage API shows " + directory.path() + trouble + ".");
  } else if (ask_api && storage.seen) {
    remove_by_api(p, spec, directory);
  } else if (spec.cleanup == CleanupMethod::kApi) {
    not_clean(
        p, "StorageNotVisible",
        "the storage API does not show " + directory.path() + ": remove it by hand and set the annotation lepton.dev/abandon, or wait.");
    probe_again_later(p, spec, directory);
  } else {
    remove_by_job(p);
  }
}

bool remove_storage(Planning& p) {
  take_probe(p);
  if (!job_ever_intended(p.status())) return true;
  const Checked<StorageSpec> read = read_storage_spec(p.world.invocation);
  const StorageSpec& spec = read.value;
  if (deletion_policy(p, spec) == DeletionPolicy::kRetain) return true;
  StorageStatus& storage = p.status().storage;
  const auto directory = StorageDirectory::make(spec.path, p.status().invocation_id);
  const bool other = directory && !storage.path.empty() && directory->path() != storage.path;
  if (!read.ok() || other) {
    refuse_storage(p, storage.path, "the spec now says otherwise, or this version cannot read it");
    return false;
  }
  if (!directory) {
    refuse_storage(p, spec.path, "it is no directory of this Invocation's own");
    return false;
  }
  if (p.world.memory.directory_removed) storage.removed = true;
  if (!storage.removed) remove_directory(p, spec, *directory);
  if (!storage.removed) return false;
  if (delete_job(p, {}, p.status().cleanup)) return true;
  not_clean(p, "RemovingStorage", storage.path + " is removed; removing the job that did it.");
  return false;
}

// After a restart what was last known stays said until there is an answer.
void wait_for_workspace(Planning& p) {
  const auto& conditions = p.status().conditions;
  const bool asked = p.world.workspace.state != WorkspaceState::kUnknown;
  if (!asked && find_condition(conditions, "CleanedUp")) return;
  const std::string why = asked ? find_condition(conditions, "WorkspaceReady")->message : "this operator has no answer from it yet";
  not_clean(p, "WorkspaceNotReady", "waiting for the workspace: " + why);
}

std::string sentence(const std::vector<Left>& left) {
  std::vector<std::string> names;
  for (const Left& one : left) names.push_back(std::string(one.kind) + " " + one.name);
  return names.empty() ? "nothing is known to be left behind." : "possibly left behind: " + base::join(names, ", ") + ".";
}

bool abandoned(Planning& p) {
  const std::string reason = p.world.invocation.meta.annotation(kAbandonAnnotation);
  if (reason.empty()) return false;
  not_clean(p, kAbandonedReason, "abandoned (" + base::clipped(reason, kAbandonReasonBytes) + "); " + sentence(left_behind(p.status())));
  p.plan.finalizer = FinalizerChange::kRemove;
  return true;
}

}  // namespace

void probe_storage(Planning& p, const StorageSpec& storage, bool again) {
  take_probe(p);
  if (p.status().storage.seen || (p.world.memory.storage_probe && !again)) return;
  if (const auto directory = StorageDirectory::make(storage.path, p.status().invocation_id)) {
    p.act(ProbeStorage{*directory, file_system_candidates(storage.from)});
  }
}

void plan_deletion(Planning& p) {
  p.status().phase = Phase::kDeleting;
  if (!p.world.invocation.meta.has_finalizer(kCleanupFinalizer)) return;
  if (abandoned(p)) return;
  if (!p.status().resolved || !ever_created(p.status())) {
    p.plan.finalizer = FinalizerChange::kRemove;
    return;
  }
  if (!workspace_usable(p)) {
    wait_for_workspace(p);
    return;
  }
  if (!remove_jobs_and_endpoints(p)) return;
  const bool secrets_gone = remove_secrets(p);
  const bool storage_gone = remove_storage(p);
  if (!secrets_gone || !storage_gone) return;
  const StorageStatus& storage = p.status().storage;
  p.condition("CleanedUp", ConditionStatus::kTrue, "Verified",
              storage.removed                 ? "jobs, endpoints, secrets and storage are verified gone."
              : job_ever_intended(p.status()) ? "jobs, endpoints and secrets are verified gone; " + storage.path + " is kept."
                                              : "jobs, endpoints and secrets are verified gone.");
  p.plan.finalizer = FinalizerChange::kRemove;
}

}  // namespace lepton_operator::invocation
