// How long texts and lists of a manifest may be: the CRDs' maxLength, maxItems and maxProperties, for directory mode. The API server needs
// them so that the cost of the CEL rules is bounded; both modes refuse the same. Internal to invocation/. Pure.
#pragma once

#include <vector>

#include "invocation/codec.h"

namespace lepton_operator::invocation {

// `spec` of an Invocation or of a Workspace. What has no bound or is bounded elsewhere (codec_*.cc) is passed over.
void check_bounds(const base::Json& spec, std::vector<FieldError>& errors);

}  // namespace lepton_operator::invocation
