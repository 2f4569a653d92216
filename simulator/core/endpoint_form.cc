// One endpoint's spec in the legacy family's form and in the new one's.
#include <array>

#include "core/endpoints.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

struct Pair {
  const char* legacy;
  const char* endpoint;
};

// Where the same thing stands: beside the components, in a component, and in a component but below resource_requirement.
constexpr std::array kAlike{
    Pair{"api_tokens", "api_tokens"},
    Pair{"auth_config", "access_config"},
    Pair{"allow_unauthenticated_access", "allow_unauthenticated_access"},
    Pair{"image_pull_secrets", "image_pull_secrets"},
    Pair{"ingress_enabled", "ingress_enabled"},
    Pair{"ingress_timeout_seconds", "ingress_timeout_seconds"},
    Pair{"load_balance_config", "load_balancing"},
    Pair{"log", "log"},
    Pair{"metrics", "metrics"},
    Pair{"routing_policy", "routing_policy"},
};
constexpr std::array kOfComponent{
    Pair{"auto_scaler", "autoscaling"},
    Pair{"envs", "envs"},
    Pair{"health", "health"},
    Pair{"mounts", "mounts"},
    Pair{"queue_config", "queue_config"},
    Pair{"reservation_config", "reservation_config"},
    Pair{"scheduling_policy", "scheduling_policy"},
    Pair{"storage_attachments", "storage_attachments"},
    Pair{"user_security_context", "user_security_context"},
};
constexpr std::array kOfContainer{"image", "command", "ports"};
constexpr std::array kOfResources{"resource_shape", "min_replicas", "max_replicas", "shared_memory_size", "affinity", "host_network"};

void copy(const Json& from, const char* member, Json& to, const char* as) {
  if (const Json* value = base::find(from, member)) to[as] = *value;
}

Json component_of(const Deployment& endpoint) {
  Json component = base::json_object();
  component["name"] = text(endpoint.component);
  if (endpoint.siblings.is_array()) component["frontend"] = Json::boolean(true);
  for (const char* member : kOfContainer) copy(base::get_object(endpoint.spec, "container"), member, component, member);
  for (const char* member : kOfResources) copy(base::get_object(endpoint.spec, "resource_requirement"), member, component, member);
  for (const Pair& pair : kOfComponent) copy(endpoint.spec, pair.legacy, component, pair.endpoint);
  return component;
}

bool is_frontend(const Json& component) { return base::get_bool(component, "frontend").value_or(false); }

}  // namespace

Json endpoint_form(const Deployment& endpoint) {
  Json spec = base::json_object();
  std::vector<Json> components = {component_of(endpoint)};
  for (const Json& sibling : base::elements(&endpoint.siblings)) components.push_back(sibling);
  spec["components"] = Json::array(components);
  for (const Pair& pair : kAlike) copy(endpoint.spec, pair.legacy, spec, pair.endpoint);
  return spec;
}

void take_spec(const Json& spec, Deployment& draft) {
  const auto components = base::elements(base::find(spec, "components"));
  std::size_t front = 0;
  for (std::size_t i = 0; i < components.size(); ++i) front = is_frontend(components[i]) ? i : front;
  std::vector<Json> siblings;
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (i != front) siblings.push_back(components[i]);
  }
  draft.siblings = siblings.empty() ? Json() : Json::array(siblings);
  const Json& component = components[front];
  draft.component = base::get_string(component, "name").value_or("");
  Json& legacy = draft.spec = base::json_object();
  legacy["container"] = base::json_object();
  legacy["resource_requirement"] = base::json_object();
  for (const char* member : kOfContainer) copy(component, member, legacy["container"], member);
  for (const char* member : kOfResources) copy(component, member, legacy["resource_requirement"], member);
  for (const Pair& pair : kOfComponent) copy(component, pair.endpoint, legacy, pair.legacy);
  for (const Pair& pair : kAlike) copy(spec, pair.endpoint, legacy, pair.legacy);
}

}  // namespace lepton_operator::simulator
