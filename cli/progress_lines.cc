#include "cli/progress_lines.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace lepton_operator::cli {

namespace {

using invocation::Condition;
using invocation::ConditionStatus;
using invocation::EndpointPhase;
using invocation::Invocation;
using invocation::TaskPhase;
using invocation::TaskStatus;

constexpr std::size_t kBar = 20;
constexpr std::size_t kLongestName = 32;

// An endpoint is half of the way; where there is none to wait for, the job is all of it.
double endpoint_stage(EndpointPhase phase) {
  switch (phase) {
    case EndpointPhase::kPending: return 0.0;
    case EndpointPhase::kCreating: return 0.1;
    case EndpointPhase::kWaiting:
    case EndpointPhase::kDown:
    case EndpointPhase::kFailed:
    case EndpointPhase::kIndeterminate: return 0.25;
    case EndpointPhase::kReady:
    case EndpointPhase::kDeleting:
    case EndpointPhase::kReleased: return 0.5;
  }
  __builtin_unreachable();
}

Colour colour_of(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kPending: return Colour::kFaint;
    case TaskPhase::kDeploying:
    case TaskPhase::kStarting:
    case TaskPhase::kRunning: return Colour::kBlue;
    case TaskPhase::kSucceeded: return Colour::kGreen;
    case TaskPhase::kFailed:
    case TaskPhase::kUnknown: return Colour::kRed;
    case TaskPhase::kCancelled: return Colour::kYellow;
  }
  __builtin_unreachable();
}

std::string bar(double stage, Colour colour, const Terminal& terminal) {
  const auto full = static_cast<std::size_t>(std::lround(stage * kBar));
  std::string done;
  std::string rest;
  for (std::size_t i = 0; i < kBar; ++i) (i < full ? done : rest) += terminal.utf8 ? (i < full ? "█" : "░") : (i < full ? "#" : "-");
  return painted(terminal, colour, done) + painted(terminal, Colour::kFaint, rest);
}

std::string padded(std::string text, std::size_t width) {
  text.append(width - std::min(width, width_of(text)), ' ');
  return text;
}

// What the task is at, in a few words.
std::string doing(const TaskStatus& task) {
  switch (task.phase) {
    case TaskPhase::kPending: return "waiting";
    case TaskPhase::kDeploying: return task.endpoint.name.empty() ? "waiting" : "endpoint " + std::string(to_string(task.endpoint.state));
    case TaskPhase::kStarting: return "job starting";
    case TaskPhase::kRunning: return "running";
    case TaskPhase::kSucceeded: return "succeeded";
    case TaskPhase::kFailed: return "failed";
    case TaskPhase::kCancelled: return "cancelled";
    case TaskPhase::kUnknown: return "outcome unknown";
  }
  __builtin_unreachable();
}

std::string line_of(const TaskStatus& task, std::size_t names, bool has_endpoint, base::Timestamp now, const Terminal& terminal) {
  const Colour colour = colour_of(task.phase);
  const std::string elapsed = task_elapsed(task, now);
  return "  " + padded(base::clipped(task.name, kLongestName), names) + "  " + bar(stage_of(task, has_endpoint), colour, terminal) + "  " +
         painted(terminal, colour, padded(doing(task), 22)) + padded(elapsed == "-" ? "" : elapsed, 7) + task.message;
}

std::optional<base::Timestamp> begun(const Invocation& object) {
  return object.status.start_time ? object.status.start_time : object.meta.created;
}

std::string heading(const Invocation& object, base::Timestamp now, const Terminal& terminal) {
  const auto& status = object.status;
  std::string line = painted(terminal, Colour::kBold, object.meta.key.name) + "  " + painted_phase(terminal, to_string(status.phase));
  const auto number = [](int count) { return std::to_string(count); };
  if (status.counts.tasks > 0) {
    const int over = status.counts.succeeded + status.counts.failed + status.counts.unknown;
    line += "  " + number(over) + "/" + number(status.counts.tasks) + " tasks";
  }
  const bool endpoints =
      std::any_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) { return !task.endpoint.name.empty(); });
  if (endpoints && !finished(status.phase)) line += "  " + number(status.counts.endpoints_ready) + " endpoints ready";
  const auto since = begun(object);
  if (since) line += "  " + age(since, status.completion_time.value_or(now));
  return line;
}

// The conditions that say why it does not go on; what tasks say by themselves is left out.
std::vector<std::string> hindrances(const Invocation& object, const Terminal& terminal) {
  std::vector<std::string> lines;
  for (const char* type : {"Accepted", "WorkspaceReady", "Suspended"}) {
    const Condition* condition = find_condition(object.status.conditions, type);
    if (condition == nullptr || condition->message.empty()) continue;
    const bool bad =
        std::string_view(type) == "Suspended" ? condition->status == ConditionStatus::kTrue : condition->status == ConditionStatus::kFalse;
    if (bad || condition->reason == "UpdateRefused") lines.push_back("  " + painted(terminal, Colour::kYellow, condition->message));
  }
  return lines;
}

std::string of_the_rest(const std::vector<TaskStatus>& tasks, std::size_t shown) {
  std::map<std::string, int> counts;
  for (std::size_t i = shown; i < tasks.size(); ++i) ++counts[doing(tasks[i])];
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) parts.push_back(std::to_string(count) + " " + what);
  return "  and " + std::to_string(tasks.size() - shown) + " more: " + base::join(parts, ", ");
}

// Those that a person wants to see first: what failed, then what goes on, then what waits, then what is done.
int urgency(const TaskStatus& task) {
  switch (task.phase) {
    case TaskPhase::kFailed:
    case TaskPhase::kUnknown:
    case TaskPhase::kCancelled: return 0;
    case TaskPhase::kRunning:
    case TaskPhase::kStarting:
    case TaskPhase::kDeploying: return 1;
    case TaskPhase::kPending: return 2;
    case TaskPhase::kSucceeded: return 3;
  }
  __builtin_unreachable();
}

}  // namespace

double stage_of(const TaskStatus& task, bool has_endpoint) {
  const double before = has_endpoint ? 0.5 : 0.0;
  switch (task.phase) {
    case TaskPhase::kPending:
    case TaskPhase::kDeploying: return has_endpoint ? endpoint_stage(task.endpoint.state) : 0.0;
    case TaskPhase::kStarting: return before + 0.1;
    case TaskPhase::kRunning: return before + 0.25;
    case TaskPhase::kSucceeded:
    case TaskPhase::kFailed:
    case TaskPhase::kCancelled:
    case TaskPhase::kUnknown: return 1.0;
  }
  __builtin_unreachable();
}

std::vector<std::string> progress_lines(const Invocation& object, base::Timestamp now, const Terminal& terminal, std::size_t most) {
  std::vector<std::string> lines = {heading(object, now, terminal)};
  for (std::string& hindrance : hindrances(object, terminal)) lines.push_back(std::move(hindrance));
  std::vector<TaskStatus> tasks = object.status.tasks;
  std::size_t names = 0;
  for (const TaskStatus& task : tasks) names = std::max(names, width_of(base::clipped(task.name, kLongestName)));
  const bool has_endpoint = base::get_string(base::get_object(object.spec, "deployment"), "type") != "none";
  const std::size_t room = most > lines.size() ? most - lines.size() : 0;
  std::size_t shown = tasks.size();
  if (shown > room) {
    std::stable_sort(tasks.begin(), tasks.end(), [](const TaskStatus& a, const TaskStatus& b) { return urgency(a) < urgency(b); });
    shown = room > 0 ? room - 1 : 0;
  }
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(line_of(tasks[i], names, has_endpoint, now, terminal));
  if (shown < tasks.size()) lines.push_back(of_the_rest(tasks, shown));
  return lines;
}

std::vector<std::string> summary_of(const Invocation& object, const Terminal& terminal) {
  const auto& status = object.status;
  std::string head = object.meta.key.name + " " + painted_phase(terminal, to_string(status.phase)) + ": " +
                     std::to_string(status.counts.succeeded) + " of " + std::to_string(status.counts.tasks) + " tasks succeeded";
  const auto since = begun(object);
  if (since && status.completion_time) head += " after " + age(since, *status.completion_time);
  std::vector<std::string> lines = {head};
  for (const TaskStatus& task : status.tasks) {
    if (finished(task.phase) && task.phase != TaskPhase::kSucceeded) {
      lines.push_back("  " + task.name + " " + painted_phase(terminal, to_string(task.phase)) +
                      (task.message.empty() ? "" : ": " + task.message));
    }
  }
  const Condition* failed = find_condition(status.conditions, "Failed");
  if (failed != nullptr && failed->status == ConditionStatus::kTrue && lines.size() == 1) lines.push_back("  " + failed->message);
  if (!status.storage.path.empty()) lines.push_back("  results: " + status.storage.path);
  return lines;
}

}  // namespace lepton_operator::cli
