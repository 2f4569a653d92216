#include "invocation/states.h"

namespace lepton_operator::invocation {
namespace {

using lepton::EndpointState;
using lepton::JobState;

// One look may catch an endpoint in a passing Error; two in a row are believed (docs/design.md, "States").
constexpr int kErrorLooks = 2;

bool down(EndpointState state) { return state == EndpointState::kStopping || state == EndpointState::kStopped; }

// The counts outlive the state (docs/lepton-api.md, section 6).
JobPhase archived_phase(const lepton::Job& job) {
  if (job.failed > 0) return JobPhase::kFailed;
  if (job.succeeded > 0) return JobPhase::kSucceeded;
  return JobPhase::kUnknown;
}

}  // namespace

EndpointPhase endpoint_phase(const lepton::SeenEndpoint& seen) {
  const lepton::Endpoint& endpoint = seen.endpoint;
  switch (endpoint.state) {
    case EndpointState::kReady: return EndpointPhase::kReady;
    case EndpointState::kNotReady:
      // The legacy backend folds Stopping and Stopped into "Not Ready"; the phase tells (section 4).
      return endpoint.phase && down(*endpoint.phase) ? EndpointPhase::kDown : EndpointPhase::kWaiting;
    case EndpointState::kStarting:
    case EndpointState::kUpdating:
    case EndpointState::kScaling:
    case EndpointState::kMigrating:
    case EndpointState::kRestarting: return EndpointPhase::kWaiting;
    case EndpointState::kStopping:
    case EndpointState::kStopped: return EndpointPhase::kDown;
    case EndpointState::kDeleting: return EndpointPhase::kDeleting;
    case EndpointState::kError: return seen.error_looks >= kErrorLooks ? EndpointPhase::kFailed : EndpointPhase::kWaiting;
    case EndpointState::kUnknown: return EndpointPhase::kIndeterminate;
  }
  return EndpointPhase::kIndeterminate;
}

JobPhase job_phase(const lepton::Job& job) {
  switch (job.state) {
    case JobState::kStarting:
    case JobState::kQueueing:
    case JobState::kAwaiting:
    case JobState::kPendingRetry:
    case JobState::kRestarting: return JobPhase::kStarting;
    case JobState::kRunning: return JobPhase::kRunning;
    case JobState::kStopping:
    case JobState::kTerminating:
    case JobState::kDeleting: return JobPhase::kStopping;
    case JobState::kCompleted: return JobPhase::kSucceeded;
    case JobState::kFailed:
    case JobState::kStopped:
    case JobState::kDeleted: return JobPhase::kFailed;
    case JobState::kArchived: return archived_phase(job);
    case JobState::kUnknown: return JobPhase::kIndeterminate;
  }
  return JobPhase::kIndeterminate;
}

}  // namespace lepton_operator::invocation
