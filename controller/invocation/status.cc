#include "invocation/status.h"

#include <algorithm>

#include "base/strings.h"

namespace lepton_operator::invocation {

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::kPending: return "Pending";
    case Phase::kDeploying: return "Deploying";
    case Phase::kRunning: return "Running";
    case Phase::kSuspended: return "Suspended";
    case Phase::kSucceeded: return "Succeeded";
    case Phase::kFailed: return "Failed";
    case Phase::kDeleting: return "Deleting";
  }
  __builtin_unreachable();
}

const char* to_string(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kPending: return "Pending";
    case TaskPhase::kDeploying: return "Deploying";
    case TaskPhase::kStarting: return "Starting";
    case TaskPhase::kRunning: return "Running";
    case TaskPhase::kSucceeded: return "Succeeded";
    case TaskPhase::kFailed: return "Failed";
    case TaskPhase::kCancelled: return "Cancelled";
    case TaskPhase::kUnknown: return "Unknown";
  }
  __builtin_unreachable();
}

const char* to_string(EndpointPhase phase) {
  switch (phase) {
    case EndpointPhase::kPending: return "Pending";
    case EndpointPhase::kCreating: return "Creating";
    case EndpointPhase::kWaiting: return "Waiting";
    case EndpointPhase::kReady: return "Ready";
    case EndpointPhase::kDown: return "Down";
    case EndpointPhase::kFailed: return "Failed";
    case EndpointPhase::kDeleting: return "Deleting";
    case EndpointPhase::kIndeterminate: return "Indeterminate";
    case EndpointPhase::kReleased: return "Released";
  }
  __builtin_unreachable();
}

const char* to_string(JobPhase phase) {
  switch (phase) {
    case JobPhase::kPending: return "Pending";
    case JobPhase::kCreating: return "Creating";
    case JobPhase::kStarting: return "Starting";
    case JobPhase::kRunning: return "Running";
    case JobPhase::kStopping: return "Stopping";
    case JobPhase::kSucceeded: return "Succeeded";
    case JobPhase::kFailed: return "Failed";
    case JobPhase::kUnknown: return "Unknown";
    case JobPhase::kIndeterminate: return "Indeterminate";
  }
  __builtin_unreachable();
}

bool finished(TaskPhase phase) {
  switch (phase) {
    case TaskPhase::kSucceeded:
    case TaskPhase::kFailed:
    case TaskPhase::kCancelled:
    case TaskPhase::kUnknown: return true;
    case TaskPhase::kPending:
    case TaskPhase::kDeploying:
    case TaskPhase::kStarting:
    case TaskPhase::kRunning: return false;
  }
  __builtin_unreachable();
}

bool finished(Phase phase) { return phase == Phase::kSucceeded || phase == Phase::kFailed; }

bool finished(JobPhase phase) {
  switch (phase) {
    case JobPhase::kSucceeded:
    case JobPhase::kFailed:
    case JobPhase::kUnknown: return true;  // its outcome will not be known any more
    case JobPhase::kPending:
    case JobPhase::kCreating:
    case JobPhase::kStarting:
    case JobPhase::kRunning:
    case JobPhase::kStopping:
    case JobPhase::kIndeterminate: return false;
  }
  __builtin_unreachable();
}

bool TaskStatus::job_ever_intended() const {
  const auto intended = [](const AttemptStatus& attempt) { return !attempt.job.name.empty(); };
  return !job.name.empty() || std::any_of(earlier.begin(), earlier.end(), intended);
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

void set_condition(std::vector<Condition>& conditions, Condition condition) {
  constexpr std::size_t kLongestMessage = 1024;
  condition.message = base::clipped(condition.message, kLongestMessage);
  const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const Condition& c) { return c.type == condition.type; });
  if (found == conditions.end()) {
    conditions.push_back(std::move(condition));
    return;
  }
  if (found->status == condition.status) condition.last_transition = found->last_transition;
  *found = std::move(condition);
}

bool Resolved::operator==(const Resolved& other) const {
  // By text: cpprestsdk tells 1 from 1.0, which the API server does not keep apart.
  return workspace_id == other.workspace_id && workspace_url == other.workspace_url &&
         endpoint_node_group_id == other.endpoint_node_group_id && token_key_id == other.token_key_id && tasks == other.tasks &&
         base::to_text(defaults) == base::to_text(other.defaults);
}

}  // namespace lepton_operator::invocation
