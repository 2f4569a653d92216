// What can be said about a manifest alone: the same rules that the CRDs' schema and CEL state, for directory mode and as a second line of
// defence. Nothing here needs the catalogue or the workspace. Pure.
#pragma once

#include <vector>

#include "invocation/codec.h"

namespace lepton_operator::invocation {

// Of the manifest's own spec, before any defaults. Includes decode_invocation_spec's errors.
std::vector<FieldError> validate_invocation(const base::Json& spec);
std::vector<FieldError> validate_workspace(const base::Json& spec);

// Of an update: what may not change (design, "API"). `finished`: no task may be added any more.
std::vector<FieldError> validate_update(const base::Json& old_spec, const base::Json& new_spec, bool finished);

// After the merge: what must be there in the end, wherever it came from (e.g. a resource shape). Paths are the Invocation's.
std::vector<FieldError> validate_effective(const InvocationSpec& spec);

}  // namespace lepton_operator::invocation
