#include "invocation/world.h"

#include <algorithm>

#include "invocation/states.h"

namespace lepton_operator::invocation {

const char* reason_of(WorkspaceState state) {
  switch (state) {
    case WorkspaceState::kUnknown: return "NotAskedYet";
    case WorkspaceState::kReady: return "Authenticated";
    case WorkspaceState::kMissing: return "WorkspaceMissing";
    case WorkspaceState::kInvalid: return "Invalid";
    case WorkspaceState::kSecretMissing: return "SecretMissing";
    case WorkspaceState::kUnauthorized: return "Unauthorized";
    case WorkspaceState::kNotFound: return "NotFound";
    case WorkspaceState::kUnreachable: return "Unreachable";
  }
  return "Unknown";
}

bool looks_replace(const Memory& memory) {
  const bool answered = std::all_of(memory.outcomes.begin(), memory.outcomes.end(),
                                    [](const auto& known) { return !known.second.in_flight && !known.second.error; });
  // A job that left the list and has not ended: no look shows it, it is read by its id again and again.
  const bool followed_by_id = std::any_of(memory.reads.begin(), memory.reads.end(),
                                          [](const auto& known) { return known.second.job && !finished(job_phase(*known.second.job)); });
  return answered && !followed_by_id && (!memory.storage_probe || memory.storage_probe->seen);
}

}  // namespace lepton_operator::invocation
