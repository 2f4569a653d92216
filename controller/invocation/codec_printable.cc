// What `kubectl get` prints and no column can compute: derived from the rest of the status each time it is written, never read back.
#include <algorithm>

#include "invocation/codec_members.h"

namespace lepton_operator::invocation::codec {

namespace {

std::string endpoints(const InvocationStatus& status) {
  const auto intended =
      std::count_if(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& t) { return !t.endpoint.name.empty(); });
  if (intended == 0) return "";  // none yet, or an existing one is evaluated
  return std::to_string(status.counts.endpoints_ready) + "/" + std::to_string(intended);
}

bool bad(const Condition* condition) { return condition != nullptr && condition->status != ConditionStatus::kTrue; }

// The condition that says most about where the Invocation stands.
const Condition* telling(const InvocationStatus& status) {
  const auto find = [&](const char* type) { return find_condition(status.conditions, type); };
  if (status.phase == Phase::kDeleting) return find("CleanedUp");
  if (status.phase == Phase::kSuspended) return find("Suspended");
  for (const char* type : {"Failed", "Complete"}) {
    const Condition* condition = find(type);
    if (condition != nullptr && condition->status == ConditionStatus::kTrue) return condition;
  }
  for (const char* type : {"Accepted", "WorkspaceReady", "Admitted", "EndpointsReady"}) {
    if (bad(find(type))) return find(type);
  }
  return nullptr;
}

}  // namespace

void put_printable(base::Json& object, const InvocationStatus& status) {
  put(object, "endpoints", endpoints(status));
  if (const Condition* condition = telling(status)) put(object, "message", condition->message);
}

}  // namespace lepton_operator::invocation::codec
