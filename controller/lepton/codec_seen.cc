// What an endpoint of the legacy routes says of the fields that we set, and the body that puts some of them back.
#include <algorithm>

#include "base/hash.h"
#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::elements;
using base::find;
using base::get_int;
using base::get_object;
using base::get_string;
using base::json_object;

namespace {

constexpr std::string_view kMasked = "***";  // section 2: a value that the server does not tell
constexpr std::int64_t kLargest = 1'000'000;

// The member when it is an array; an absent one and null say nothing.
const Json* list(const Json& object, std::string_view member) {
  const Json* found = find(object, member);
  return found != nullptr && found->is_array() ? found : nullptr;
}

std::optional<std::vector<std::string>> strings(const Json& object, std::string_view member) {
  if (list(object, member) == nullptr) return std::nullopt;
  return base::get_strings(object, member);
}

std::optional<int> small_number(const Json& object, std::string_view member) {
  const std::optional<std::int64_t> value = get_int(object, member);
  if (!value || *value < 0 || *value > kLargest) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<std::vector<int>> ports(const Json& container) {
  const Json* array = list(container, "ports");
  if (array == nullptr) return std::nullopt;
  std::vector<int> numbers;
  for (const Json& item : elements(array)) {
    if (const std::optional<int> port = small_number(item, "container_port")) numbers.push_back(*port);
  }
  return numbers;
}

std::optional<std::vector<EnvVar>> envs(const Json& spec) {
  const Json* array = list(spec, "envs");
  if (array == nullptr) return std::nullopt;
  std::vector<EnvVar> seen;
  for (const Json& item : elements(array)) {
    const std::optional<std::string> name = get_string(item, "name");
    if (name) seen.push_back({*name, get_string(item, "value"), get_string(get_object(item, "value_from"), "secret_name_ref")});
  }
  return seen;
}

std::optional<std::vector<Mount>> mounts(const Json& spec) {
  const Json* array = list(spec, "mounts");
  if (array == nullptr) return std::nullopt;
  std::vector<Mount> seen;
  for (const Json& item : elements(array)) {
    seen.push_back(
        {get_string(item, "path").value_or(""), get_string(item, "from").value_or(""), get_string(item, "mount_path").value_or("")});
  }
  return seen;
}

std::optional<std::vector<SeenToken>> tokens(const Json& spec) {
  const Json* array = list(spec, "api_tokens");
  if (array == nullptr) return std::nullopt;
  std::vector<SeenToken> seen;
  for (const Json& item : elements(array)) {
    SeenToken token{get_string(get_object(item, "value_from"), "token_name_ref"), ""};
    const std::optional<std::string> value = get_string(item, "value");
    if (value && !value->empty() && *value != kMasked) token.digest = base::sha256_hex(*value);
    seen.push_back(std::move(token));
  }
  return seen;
}

Json object_or_null(const Json& spec, std::string_view member) {
  const Json* found = find(spec, member);
  return found != nullptr && found->is_object() ? *found : Json();
}

// Copies spec.<member>, or spec.<object>.<member>, if the whole has it.
void copy(Json& to, const Json& from, const char* member) {
  if (const Json* value = find(from, member)) to[member] = *value;
}

void copy_within(Json& to, const Json& from, const char* object, const char* member) {
  const Json* value = find(get_object(from, object), member);
  if (value == nullptr) return;
  if (find(to, object) == nullptr) to[object] = json_object();
  to[object][member] = *value;
}

void copy_field(Json& to, const Json& from, EndpointField field) {
  constexpr const char* kResources = "resource_requirement";
  switch (field) {
    case EndpointField::kImage: return copy_within(to, from, "container", "image");
    case EndpointField::kCommand: return copy_within(to, from, "container", "command");
    case EndpointField::kPort: return copy_within(to, from, "container", "ports");
    case EndpointField::kResourceShape: return copy_within(to, from, kResources, "resource_shape");
    case EndpointField::kReplicas:
      copy_within(to, from, kResources, "min_replicas");
      return copy_within(to, from, kResources, "max_replicas");
    case EndpointField::kNodeGroup: return copy_within(to, from, kResources, "affinity");
    case EndpointField::kEnvs: return copy(to, from, "envs");
    case EndpointField::kMounts: return copy(to, from, "mounts");
    case EndpointField::kApiTokens: return copy(to, from, "api_tokens");
    case EndpointField::kImagePullSecrets: return copy(to, from, "image_pull_secrets");
    case EndpointField::kAutoScaler: return copy(to, from, "auto_scaler");
    case EndpointField::kHealth: return copy(to, from, "health");
    case EndpointField::kPriorityClass: return copy_within(to, from, "queue_config", "priority_class");
  }
  __builtin_unreachable();
}

}  // namespace

namespace codec {

SeenSpec seen_spec(const Json& spec) {
  const Json& container = get_object(spec, "container");
  const Json& resources = get_object(spec, "resource_requirement");
  SeenSpec seen;
  seen.image = get_string(container, "image");
  seen.command = strings(container, "command");
  seen.ports = ports(container);
  if (const auto shape = get_string(resources, "resource_shape")) seen.resource_shape = lower_ascii(*shape);
  seen.min_replicas = small_number(resources, "min_replicas");
  seen.max_replicas = small_number(resources, "max_replicas");
  seen.node_group_ids = strings(get_object(resources, "affinity"), "allowed_dedicated_node_groups");
  seen.envs = envs(spec);
  seen.mounts = mounts(spec);
  seen.api_tokens = tokens(spec);
  seen.image_pull_secrets = strings(spec, "image_pull_secrets");
  seen.auto_scaler = object_or_null(spec, "auto_scaler");
  seen.health = object_or_null(spec, "health");
  seen.priority_class = get_string(get_object(spec, "queue_config"), "priority_class");
  return seen;
}

}  // namespace codec

Json encode_update(const EndpointSpec& spec, const std::vector<EndpointField>& fields) {
  const Json whole = encode(spec);
  Json body = json_object();
  Json& part = body["spec"] = json_object();
  for (const EndpointField field : fields) copy_field(part, whole.at("spec"), field);
  return body;
}

}  // namespace lepton_operator::lepton
