// What patches make of an object, as the API server's libraries have it. Pure.
#pragma once

#include "base/json.h"

namespace lepton_operator::fakeapi {

using base::Json;

// RFC 7396.
Json merge_patched(Json under, const Json& patch);
// RFC 6902: one operation. False when it cannot be applied, or is a test that does not hold. A test for null holds where there is nothing.
bool apply_operation(Json& object, const Json& operation);

}  // namespace lepton_operator::fakeapi
