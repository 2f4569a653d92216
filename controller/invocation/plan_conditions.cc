// What the status says in the end: task results, counts, phase, conditions. Derived from the tasks, never decided here.
#include <algorithm>

#include "base/strings.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

constexpr std::size_t kTaskMessageBytes = 1024;

Counts count(const InvocationStatus& status) {
  Counts counts;
  for (const TaskStatus& task : status.tasks) {
    ++counts.tasks;
    if (task.endpoint.state == EndpointPhase::kReady) ++counts.endpoints_ready;
    if (task.phase == TaskPhase::kRunning) ++counts.running;
    if (task.phase == TaskPhase::kSucceeded) ++counts.succeeded;
    if (task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kCancelled) ++counts.failed;
    if (task.phase == TaskPhase::kUnknown) ++counts.unknown;
  }
  return counts;
}

std::string waiting_for(const InvocationStatus& status) {
  std::vector<std::string> waiting;
  for (const TaskStatus& task : status.tasks) {
    if (task.endpoint.state == EndpointPhase::kReady) continue;
    const std::string why = task.message.empty() ? to_string(task.endpoint.state) : task.message;
    waiting.push_back(task.name + ": " + why);
  }
  return std::to_string(waiting.size()) + " of " + std::to_string(status.tasks.size()) + " endpoints not ready (" +
         base::join(waiting, "; ") + ").";
}

void endpoints_condition(Planning& p) {
  if (!p.has_endpoints()) {
    p.condition("EndpointsReady", ConditionStatus::kTrue, "NotNeeded", "an existing endpoint is used.");
    return;
  }
  const auto& tasks = p.status().tasks;
  if (const std::string changed = drift_sentence(p.status()); !changed.empty()) {
    const bool given_up = std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return contested(task.endpoint); });
    p.condition("EndpointsReady", ConditionStatus::kFalse, given_up ? "EndpointContested" : "EndpointChanged", changed + ".");
    return;
  }
  if (std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return !task.job.name.empty(); })) {
    p.condition("EndpointsReady", ConditionStatus::kTrue, "AllReady", "all endpoints were ready; jobs have been created.");
    return;
  }
  const bool failed = std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return task.phase == TaskPhase::kFailed; });
  p.condition("EndpointsReady", ConditionStatus::kFalse, failed ? "EndpointFailed" : "Waiting", waiting_for(p.status()));
}

bool all_finished(const InvocationStatus& status) {
  return !status.tasks.empty() &&
         std::all_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) { return finished(task.phase); });
}

void complete(Planning& p) {
  InvocationStatus& status = p.status();
  const Counts& counts = status.counts;
  if (!status.completion_time) status.completion_time = p.world.now;
  const bool succeeded = counts.succeeded == counts.tasks;
  status.phase = succeeded ? Phase::kSucceeded : Phase::kFailed;
  if (succeeded) {
    p.condition("Complete", ConditionStatus::kTrue, "TasksSucceeded", "all " + std::to_string(counts.tasks) + " tasks succeeded.");
    return;
  }
  const std::string ratio = std::to_string(counts.failed) + " of " + std::to_string(counts.tasks);
  const bool before_barrier =
      std::none_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& t) { return !t.job.name.empty(); });
  const std::string reason = counts.unknown > 0 ? "OutcomeUnknown" : before_barrier ? "EndpointFailed" : "TasksFailed";
  const auto first = std::find_if(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) {
    return task.phase == TaskPhase::kFailed || task.phase == TaskPhase::kUnknown;
  });
  const std::string why = first == status.tasks.end() ? std::string{} : " (" + first->name + ": " + first->message + ")";
  const std::string what = counts.unknown > 0
                               ? std::to_string(counts.unknown) + " of " + std::to_string(counts.tasks) + " has an unknown outcome"
                               : ratio + " tasks did not succeed";
  p.condition("Failed", ConditionStatus::kTrue, reason, what + why);
}

Phase running_phase(const InvocationStatus& status) {
  const auto& tasks = status.tasks;
  if (std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return !task.job.name.empty(); })) return Phase::kRunning;
  if (std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return !task.endpoint.name.empty(); })) return Phase::kDeploying;
  return Phase::kPending;
}

}  // namespace

void finish_task(Planning& p, TaskStatus& task, TaskPhase phase, std::string message) {
  if (finished(task.phase)) return;  // a result never regresses (rule 5)
  task.phase = phase;
  task.message = base::clipped(message, kTaskMessageBytes);
  if (!task.job.name.empty() && !task.job.finished_at) task.job.finished_at = p.world.now;
}

void conclude(Planning& p) {
  InvocationStatus& status = p.status();
  for (TaskStatus& task : status.tasks) {
    if (task.phase == TaskPhase::kPending && !task.endpoint.name.empty()) task.phase = TaskPhase::kDeploying;
  }
  status.counts = count(status);
  const int over = status.counts.succeeded + status.counts.failed + status.counts.unknown;
  status.progress = std::to_string(over) + "/" + std::to_string(status.counts.tasks);
  if (status.phase == Phase::kDeleting) return;
  if (!status.completion_time && status.resolved) endpoints_condition(p);
  if (all_finished(status)) {
    complete(p);
  } else {
    status.phase = running_phase(status);
  }
}

}  // namespace lepton_operator::invocation
