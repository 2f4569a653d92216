#include "lepton/types.h"

#include <array>
#include <string_view>
#include <utility>

namespace lepton_operator::lepton {

namespace {

constexpr std::array kEndpointStates{
    std::pair{EndpointState::kReady, "Ready"},       std::pair{EndpointState::kNotReady, "Not Ready"},
    std::pair{EndpointState::kStarting, "Starting"}, std::pair{EndpointState::kUpdating, "Updating"},
    std::pair{EndpointState::kScaling, "Scaling"},   std::pair{EndpointState::kMigrating, "Migrating"},
    std::pair{EndpointState::kStopping, "Stopping"}, std::pair{EndpointState::kStopped, "Stopped"},
    std::pair{EndpointState::kDeleting, "Deleting"}, std::pair{EndpointState::kRestarting, "Restarting"},
    std::pair{EndpointState::kError, "Error"},
};

constexpr std::array kJobStates{
    std::pair{JobState::kStarting, "Starting"},
    std::pair{JobState::kRunning, "Running"},
    std::pair{JobState::kFailed, "Failed"},
    std::pair{JobState::kCompleted, "Completed"},
    std::pair{JobState::kStopped, "Stopped"},
    std::pair{JobState::kStopping, "Stopping"},
    std::pair{JobState::kDeleting, "Deleting"},
    std::pair{JobState::kDeleted, "Deleted"},
    std::pair{JobState::kRestarting, "Restarting"},
    std::pair{JobState::kArchived, "Archived"},
    std::pair{JobState::kQueueing, "Queueing"},
    std::pair{JobState::kAwaiting, "Awaiting"},
    std::pair{JobState::kPendingRetry, "PendingRetry"},
    std::pair{JobState::kTerminating, "Terminating"},
};

template <class State, std::size_t N>
State parsed(const std::array<std::pair<State, const char*>, N>& table, std::string_view wire) {
  for (const auto& [state, spelling] : table) {
    if (wire == spelling) return state;
  }
  return State::kUnknown;
}

template <class State, std::size_t N>
const char* spelled(const std::array<std::pair<State, const char*>, N>& table, State wanted) {
  for (const auto& [state, spelling] : table) {
    if (state == wanted) return spelling;
  }
  return "Unknown";
}

}  // namespace

EndpointState parse_endpoint_state(std::string_view wire) { return parsed(kEndpointStates, wire); }
const char* to_string(EndpointTrouble trouble) {
  switch (trouble) {
    case EndpointTrouble::kNone: return "";
    case EndpointTrouble::kNoCapacity: return "NoCapacity";
    case EndpointTrouble::kQueueing: return "Queueing";
    case EndpointTrouble::kImagePull: return "ImagePullFailed";
    case EndpointTrouble::kCrash: return "Crashed";
    case EndpointTrouble::kConfig: return "ConfigError";
    case EndpointTrouble::kApproval: return "ApprovalRequired";
    case EndpointTrouble::kSystem: return "SystemError";
  }
  __builtin_unreachable();
}

const char* to_string(EndpointState state) { return spelled(kEndpointStates, state); }

const char* to_string(ApiFamily family) {
  switch (family) {
    case ApiFamily::kDeployments: return "deployments";
    case ApiFamily::kEndpoints: return "endpoints";
  }
  __builtin_unreachable();
}

std::optional<ApiFamily> parse_api_family(std::string_view text) {
  for (const ApiFamily family : {ApiFamily::kDeployments, ApiFamily::kEndpoints}) {
    if (text == to_string(family)) return family;
  }
  return std::nullopt;
}

JobState parse_job_state(std::string_view wire) { return parsed(kJobStates, wire); }
const char* to_string(JobState state) { return spelled(kJobStates, state); }

const char* to_string(EndpointField field) {
  switch (field) {
    case EndpointField::kImage: return "image";
    case EndpointField::kCommand: return "command";
    case EndpointField::kPort: return "port";
    case EndpointField::kResourceShape: return "resourceShape";
    case EndpointField::kReplicas: return "replicas";
    case EndpointField::kNodeGroup: return "nodeGroup";
    case EndpointField::kEnvs: return "envs";
    case EndpointField::kMounts: return "mounts";
    case EndpointField::kApiTokens: return "apiTokens";
    case EndpointField::kImagePullSecrets: return "imagePullSecrets";
    case EndpointField::kAutoScaler: return "autoScaler";
    case EndpointField::kHealth: return "health";
    case EndpointField::kPriorityClass: return "priorityClass";
  }
  __builtin_unreachable();
}

std::optional<Timestamp> expiry_of(const std::string& token, const std::vector<MaskedToken>& known) {
  std::optional<Timestamp> earliest;
  for (const MaskedToken& one : known) {
    const bool may_be =
        token.size() >= one.beginning.size() + one.end.size() && token.starts_with(one.beginning) && token.ends_with(one.end);
    if (may_be && (!earliest || one.expires_at < *earliest)) earliest = one.expires_at;
  }
  return earliest;
}

}  // namespace lepton_operator::lepton
