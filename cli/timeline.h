// What a status remembers of its own past, as events: a directory keeps none, and its operator's log has them all. Pure.
#pragma once

#include <vector>

#include "cli/backend.h"
#include "invocation/object.h"

namespace lepton_operator::cli {

// The oldest first.
std::vector<EventLine> timeline_of(const invocation::Invocation& object);

}  // namespace lepton_operator::cli
