#include "invocation/world.h"

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

}  // namespace lepton_operator::invocation
