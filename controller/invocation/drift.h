// What somebody else changed about an endpoint of ours: the fields that we set, as the endpoint has them now against what we sent.
//
// Compared is only what was sent and what the answer carries: what the server added or defaulted is no drift, nor is another spelling of
// the same (order of maps, of environment variables, mounts and secrets; case of a shape; 1 for 1.0; a masked token). The rendering of now
// stands for what was sent as long as its hash is the one that the endpoint was labelled with when it was made. Where it is another one,
// another version of this program made the endpoint, or it carries no hash: nothing is compared, since our own change must send nothing for
// what runs (design, rule 11). What differs already at the first sight of an endpoint is how that server shows it, and nobody's edit: the
// caller leaves it out from then on. Pure; any thread.
#pragma once

#include <vector>

#include "invocation/rendering.h"
#include "lepton/types.h"

namespace lepton_operator::invocation {

// In the order of the enum; empty when there is no difference, or none that could be told.
std::vector<lepton::EndpointField> drifted_fields(const InvocationSpec& spec, const RenderedEndpoint& sent, const lepton::Endpoint& seen);

}  // namespace lepton_operator::invocation
