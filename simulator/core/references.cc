#include "core/references.h"

#include "core/node_groups.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

std::optional<Violation> missing_secret(const Secrets& secrets, const Json& spec) {
  int index = 0;
  for (const Json& env : base::elements(base::find(spec, "envs"))) {
    const auto name = base::get_string(base::get_object(env, "value_from"), "secret_name_ref");
    if (name && !secrets.contains(*name)) {
      return Violation{"spec.envs[" + std::to_string(index) + "].value_from.secret_name_ref", "secret \"" + *name + "\" not found", 400};
    }
    ++index;
  }
  return std::nullopt;
}

std::optional<Violation> missing_volume(World& world, const Json& spec) {
  int index = 0;
  for (const Json& mount : base::elements(base::find(spec, "mounts"))) {
    const std::string at = "spec.mounts[" + std::to_string(index++) + "]";
    const std::string from = base::get_string(mount, "from").value_or("");
    if (world.mounted(from) == nullptr) return Violation{at + ".from", "no volume \"" + from + "\"", 400};
    if (!clean_path(base::get_string(mount, "path").value_or("/"))) return Violation{at + ".path", "must not contain \"..\"", 400};
  }
  return std::nullopt;
}

std::optional<Violation> missing_node(const Json& affinity, const std::string& field) {
  const auto groups = base::get_strings(affinity, "allowed_dedicated_node_groups");
  for (const std::string& group : groups) {
    if (!node_group_exists(group)) {
      return Violation{field + ".allowed_dedicated_node_groups", "no node group has the id \"" + group + "\"", 400};
    }
  }
  for (const std::string& node : base::get_strings(affinity, "allowed_nodes_in_node_group")) {
    if (!node_exists(node, groups)) return Violation{field + ".allowed_nodes_in_node_group", "no node \"" + node + "\" in the group", 400};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Violation> missing_reference(World& world, const Secrets& secrets, const Json& spec, const Json& affinity,
                                           const std::string& affinity_field) {
  if (auto violation = missing_secret(secrets, spec)) return violation;
  if (auto violation = missing_volume(world, spec)) return violation;
  return missing_node(affinity, affinity_field);
}

}  // namespace lepton_operator::simulator
