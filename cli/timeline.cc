#include "cli/timeline.h"

#include <algorithm>

namespace lepton_operator::cli {

namespace {

using invocation::Condition;
using invocation::ConditionStatus;
using invocation::TaskPhase;
using invocation::TaskStatus;

class Timeline {
 public:
  void add(const std::optional<base::Timestamp>& at, const char* reason, std::string message, bool warning = false) {
    if (at) lines_.push_back({.at = at, .warning = warning, .reason = reason, .message = std::move(message)});
  }
  std::vector<EventLine> take() {
    std::stable_sort(lines_.begin(), lines_.end(), [](const EventLine& a, const EventLine& b) { return a.at < b.at; });
    return std::move(lines_);
  }

 private:
  std::vector<EventLine> lines_;
};

void add_end(Timeline& line, const TaskStatus& task) {
  const auto& at = task.job.finished_at;
  switch (task.phase) {
    case TaskPhase::kSucceeded: line.add(at, "TaskSucceeded", task.name + " succeeded"); return;
    case TaskPhase::kFailed: line.add(at, "TaskFailed", task.name + ": " + task.message, true); return;
    case TaskPhase::kCancelled: line.add(at, "TaskCancelled", task.name + ": " + task.message, true); return;
    case TaskPhase::kUnknown: line.add(at, "TaskOutcomeUnknown", task.name + ": " + task.message, true); return;
    case TaskPhase::kPending:
    case TaskPhase::kDeploying:
    case TaskPhase::kStarting:
    case TaskPhase::kRunning: return;
  }
}

void add_task(Timeline& line, const TaskStatus& task) {
  line.add(task.endpoint.waiting_since, "EndpointIntended", "creating endpoint " + task.endpoint.name + " for " + task.name);
  line.add(task.endpoint.ready_at, "EndpointReady", "endpoint " + task.endpoint.name + " of " + task.name + " is ready");
  line.add(task.job.intended_at, "JobIntended", "creating job " + task.job.name + " for " + task.name);
  line.add(task.job.started_at, "TaskRunning", task.name + " runs in job " + task.job.id);
  add_end(line, task);
}

void add_condition(Timeline& line, const Condition& condition) {
  if (condition.status == ConditionStatus::kUnknown || condition.last_transition == base::Timestamp{}) return;
  const bool holds = condition.status == ConditionStatus::kTrue;
  const bool bad = condition.type == "Failed" ? holds : !holds && condition.type != "Suspended" && condition.type != "CleanedUp";
  const std::string what = condition.type + (holds ? "" : " no longer or not yet");
  line.add(condition.last_transition, condition.reason.c_str(),
           condition.message.empty() ? what : condition.type + ": " + condition.message, bad);
}

}  // namespace

std::vector<EventLine> timeline_of(const invocation::Invocation& object) {
  Timeline line;
  line.add(object.meta.created, "Created", "accepted from " + object.meta.key.text());
  line.add(object.status.start_time, "Started", "invocation " + object.status.invocation_id + " started");
  for (const TaskStatus& task : object.status.tasks) add_task(line, task);
  for (const Condition& condition : object.status.conditions) add_condition(line, condition);
  line.add(object.meta.deleted, "Deleting", "being deleted");
  return line.take();
}

}  // namespace lepton_operator::cli
