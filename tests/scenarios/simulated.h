// How a scenario's YAML describes the simulator, for all that play scenarios. Pure; what it cannot understand it throws, as a test may.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "core/scenario.h"
#include "core/world.h"

namespace lepton_operator::scenarios {

using base::Json;

base::Milliseconds duration(const Json& value, const char* member, base::Milliseconds otherwise);

// {ready: 5s, run: 1m, storage: absent, archivedState: true, ...}
simulator::Options options_of(const Json& value);

// `rules` as in a scenario file of lepton-sim.
std::vector<simulator::OutcomeRule> rules_of(const Json& rules);

// As somebody writes who takes a field out.
Json without_nulls(const Json& value);

}  // namespace lepton_operator::scenarios
