// What the status says in the end: task results, counts, phase, conditions. Derived from the tasks, never decided here.
#include <algorithm>

#include "base/strings.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

constexpr std::size_t kTaskMessageBytes = 1024;

int endpoints_ready(const InvocationStatus& status) {
  return static_cast<int>(std::count_if(status.tasks.begin(), status.tasks.end(),
                                        [](const TaskStatus& task) { return task.endpoint.state == EndpointPhase::kReady; }));
}

Counts count(const InvocationStatus& status) {
  Counts counts;
  counts.endpoints_ready = endpoints_ready(status);
  for (const TaskStatus& task : status.tasks) {
    ++counts.tasks;
    if (task.phase == TaskPhase::kRunning) ++counts.running;
    if (task.phase == TaskPhase::kSucceeded) ++counts.succeeded;
    if (task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kCancelled) ++counts.failed;
    if (task.phase == TaskPhase::kUnknown) ++counts.unknown;
  }
  return counts;
}

void complete(Planning& p) {
  InvocationStatus& status = p.status();
  if (finished(status.phase) && status.completion_time) return;  // what was said of its end stays said
  const Counts& counts = status.counts;
  if (!status.completion_time) status.completion_time = p.world.now;
  const bool succeeded = counts.succeeded == counts.tasks;
  status.phase = succeeded ? Phase::kSucceeded : Phase::kFailed;
  if (succeeded) {
    p.condition("Complete", ConditionStatus::kTrue, "TasksSucceeded", "all " + std::to_string(counts.tasks) + " tasks succeeded.");
    return;
  }
  const std::string ratio = std::to_string(counts.failed) + " of " + std::to_string(counts.tasks);
  const std::string reason = counts.unknown > 0          ? "OutcomeUnknown"
                             : p.deadline_exceeded       ? "DeadlineExceeded"
                             : !any_job_intended(status) ? "EndpointFailed"
                                                         : "TasksFailed";
  const auto first = std::find_if(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) {
    return task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kUnknown;
  });
  const std::string why = first == status.tasks.end() ? std::string{} : " (" + first->name + ": " + first->message + ")";
  const std::string what = counts.unknown > 0
                               ? std::to_string(counts.unknown) + " of " + std::to_string(counts.tasks) + " has an unknown outcome"
                               : ratio + " tasks did not succeed";
  p.condition("Failed", ConditionStatus::kTrue, reason, what + why);
}

// Derived from the phase: Suspended only when nothing of it is left that runs.
void suspended_condition(Planning& p) {
  const Condition* known = find_condition(p.status().conditions, "Suspended");
  if (p.status().phase == Phase::kSuspended) {
    p.condition("Suspended", ConditionStatus::kTrue, "Suspended", "nothing of it runs; set spec.suspend to false to go on.");
  } else if (p.spec().suspend && !finished(p.status().phase)) {
    p.condition("Suspended", ConditionStatus::kFalse, "Suspending", "running jobs are being stopped, endpoints released.");
  } else if (known != nullptr) {
    p.condition("Suspended", ConditionStatus::kFalse, p.spec().suspend ? "Finished" : "Resumed", "");
  }
}

Phase running_phase(const Planning& p) {
  const InvocationStatus& status = p.plan.status;
  const bool nothing_runs = p.at_rest.value_or(status.phase == Phase::kSuspended || !status.resolved);
  if (p.spec().suspend && nothing_runs) return Phase::kSuspended;
  const auto& tasks = status.tasks;
  if (any_job_intended(status)) return Phase::kRunning;
  if (std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return !task.endpoint.name.empty(); })) return Phase::kDeploying;
  return Phase::kPending;
}

}  // namespace

void finish_task(Planning& p, TaskStatus& task, TaskPhase phase, std::string message) {
  if (finished(task.phase)) return;  // a result never regresses (rule 5)
  task.phase = phase;
  task.message = base::clipped(message, kTaskMessageBytes);
  if (!task.job.name.empty() && !task.job.finished_at) task.job.finished_at = p.world.now;
  const TaskSpec* spec = p.spec().find_task(task.name);
  if (task.job.name.empty() && spec != nullptr) take_raised_run(task, *spec);  // a run asked for before there was a job was this one
}

void run_again(Planning& p) {
  p.status().completion_time.reset();
  p.status().active_since.reset();
  for (const char* type : {"Complete", "Failed"}) {
    const Condition* known = find_condition(p.status().conditions, type);
    if (known && known->status == ConditionStatus::kTrue) p.condition(type, ConditionStatus::kFalse, "RunAgain", "a task runs once more.");
  }
}

void count_ready_endpoints(Planning& p) { p.status().counts.endpoints_ready = endpoints_ready(p.status()); }

void conclude(Planning& p) {
  InvocationStatus& status = p.status();
  for (TaskStatus& task : status.tasks) {
    const bool held = !task.endpoint.name.empty() && task.endpoint.state != EndpointPhase::kReleased;
    if (task.phase == TaskPhase::kPending && held) task.phase = TaskPhase::kDeploying;
  }
  status.counts = count(status);
  const int over = status.counts.succeeded + status.counts.failed + status.counts.unknown;
  status.progress = std::to_string(over) + "/" + std::to_string(status.counts.tasks);
  if (status.phase == Phase::kDeleting) return;
  if (!status.completion_time && status.resolved) endpoints_condition(p);
  if (all_finished(status)) {
    complete(p);
  } else {
    status.phase = running_phase(p);
    if (status.phase == Phase::kSuspended) status.active_since.reset();
  }
  suspended_condition(p);
}

}  // namespace lepton_operator::invocation
