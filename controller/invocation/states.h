// The design's state table: what Lepton says, and what that means to us. Total over both enums, unknown spellings included. Pure.
#pragma once

#include "invocation/status.h"
#include "lepton/view.h"

namespace lepton_operator::invocation {

EndpointPhase endpoint_phase(const lepton::SeenEndpoint& seen);

// kStopped and kDeleted are failures here: whoever stopped a job on our behalf knows so before asking.
JobPhase job_phase(const lepton::Job& job);

}  // namespace lepton_operator::invocation
