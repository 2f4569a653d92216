// Of whom plan() would say that it is at rest and that nothing changes, told from the object alone: so that a new process need not plan for
// each of ten thousand that ended before it began.
//
// plan() decides. This only recognises what it left behind, and says no when in doubt; tests/unit/planner/lifecycle.cc holds it to plan()
// in every life. Pure.
#pragma once

#include <set>
#include <string>

#include "invocation/object.h"
#include "lepton/view.h"

namespace lepton_operator::invocation {

bool settled(const Invocation& object);

// UIDs of those whom a look concerns though they are at rest: of two jobs with one name, one has to go.
std::set<std::string> owners_of_namesakes(const lepton::View& view);

}  // namespace lepton_operator::invocation
