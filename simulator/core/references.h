// Whether what a spec refers to is there: secrets, node groups, nodes, volumes. What is missing is answered with 400. Pure.
#pragma once

#include <optional>

#include "core/schema.h"
#include "core/secrets.h"
#include "core/world.h"

namespace lepton_operator::simulator {

// `affinity` stands at `affinity_field`; envs and mounts stand in the spec itself.
std::optional<Violation> missing_reference(World& world, const Secrets& secrets, const base::Json& spec, const base::Json& affinity,
                                           const std::string& affinity_field);

}  // namespace lepton_operator::simulator
