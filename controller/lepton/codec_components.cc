// Endpoints on the new routes (docs/lepton-api.md, section 5): one form is turned into the other, field by field, and the legacy codec does
// the rest. Labels, which this family has not, travel as one environment variable of ours.
#include <algorithm>
#include <array>

#include "base/strings.h"
#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::elements;
using base::find;
using base::get_object;
using base::get_string;
using base::json_object;

namespace {

struct Member {
  const char* deployment;
  const char* endpoint;
};

constexpr std::array kBesideComponents{
    Member{"api_tokens", "api_tokens"}, Member{"image_pull_secrets", "image_pull_secrets"}, Member{"log", "log"},
    Member{"metrics", "metrics"},       Member{"routing_policy", "routing_policy"},
};
constexpr std::array kOfComponent{
    Member{"envs", "envs"},
    Member{"mounts", "mounts"},
    Member{"health", "health"},
    Member{"auto_scaler", "autoscaling"},
    Member{"queue_config", "queue_config"},
    Member{"user_security_context", "user_security_context"},
};
constexpr std::array kOfContainer{"image", "command", "ports"};
constexpr std::array kOfResources{"resource_shape", "min_replicas", "max_replicas", "shared_memory_size", "affinity"};
constexpr const char* kOnlyComponent = "default";  // as the SDK names it

void copy(const Json& from, const char* member, Json& to, const char* as) {
  const Json* value = find(from, member);
  if (value != nullptr && !value->is_null()) to[as] = *value;
}

std::string owner_text(const Labels& labels) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : labels) pairs.push_back(std::string(key).append("=").append(value));
  return base::join(pairs, ",");
}

Json labels_of_text(const std::string& text) {
  Json labels = json_object();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::size_t equals = text.find('=', at);
    if (equals < end) labels[text.substr(at, equals - at)] = Json::string(text.substr(equals + 1, end - equals - 1));
    at = end + 1;
  }
  return labels;
}

bool is_mark(const Json& env) { return get_string(env, "name") == kOwnerVariable; }

const Json* mark_among(const Json& component) {
  const auto envs = elements(find(component, "envs"));
  const auto mark = std::find_if(envs.begin(), envs.end(), is_mark);
  return mark == envs.end() ? nullptr : &*mark;
}

Json without_mark(const Json& envs) {
  Json kept = base::json_array();
  for (const Json& env : elements(&envs)) {
    if (!is_mark(env)) kept[kept.size()] = env;
  }
  return kept;
}

Json with_mark(const Json& envs, const Json& mark) {
  Json all = without_mark(envs);
  all[all.size()] = mark;
  return all;
}

// A component's variables and our mark, which no list of the manifest's variables holds: the live one's, else one of these labels.
Json marked(const Json& component, const Json& live, const Labels& labels) {
  const Json* envs = find(component, "envs");
  const Json written = envs != nullptr && envs->is_array() ? *envs : base::json_array();
  if (mark_among(component) != nullptr) return written;
  if (const Json* mark = mark_among(live)) return with_mark(written, *mark);
  if (labels.empty()) return written;
  Json mark = json_object();
  mark["name"] = Json::string(kOwnerVariable);
  mark["value"] = Json::string(owner_text(labels));
  return with_mark(written, mark);
}

// What of a deployment's spec, whole or partial, belongs to its component.
Json component_members(const Json& spec) {
  Json component = json_object();
  for (const char* member : kOfContainer) copy(get_object(spec, "container"), member, component, member);
  for (const char* member : kOfResources) copy(get_object(spec, "resource_requirement"), member, component, member);
  for (const Member& member : kOfComponent) copy(spec, member.deployment, component, member.endpoint);
  return component;
}

// The one that serves: of several one is marked.
std::size_t serving(std::span<const Json> components) {
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (base::get_bool(components[i], "frontend").value_or(false)) return i;
  }
  return 0;
}

std::string deployment_state(const std::string& state) { return state == "NotReady" ? "Not Ready" : state; }

Json deployment_metadata(const Json& metadata) {
  Json result = json_object();
  const Json& lepton = get_object(metadata, "lepton_metadata");
  for (const char* member : {"id", "name", "created_at", "version"}) copy(metadata, member, result, member);
  for (const char* member : {"owner", "created_by", "last_modified_by", "last_modified_at"}) copy(lepton, member, result, member);
  return result;
}

Json deployment_spec(const Json& spec, const Json& component) {
  Json result = json_object();
  Json& container = result["container"] = json_object();
  for (const char* member : kOfContainer) copy(component, member, container, member);
  Json& resources = result["resource_requirement"] = json_object();
  for (const char* member : kOfResources) copy(component, member, resources, member);
  for (const Member& member : kOfComponent) copy(component, member.endpoint, result, member.deployment);
  for (const Member& member : kBesideComponents) copy(spec, member.endpoint, result, member.deployment);
  if (const Json* envs = find(component, "envs"); envs != nullptr && envs->is_array()) result["envs"] = without_mark(*envs);
  return result;
}

bool is_set(const Json* value) { return value != nullptr && !value->is_null() && *value != Json::number(0) && *value != Json::string(""); }

Json deployment_form(const Json& body) {
  const Json& spec = get_object(body, "spec");
  const auto components = elements(find(spec, "components"));
  const Json component = components.empty() ? json_object() : components[serving(components)];
  Json result = json_object();
  Json& metadata = result["metadata"] = deployment_metadata(get_object(body, "metadata"));
  if (const Json* mark = mark_among(component)) metadata["labels"] = labels_of_text(get_string(*mark, "value").value_or(""));
  result["spec"] = deployment_spec(spec, component);
  const Json& status = get_object(body, "status");
  const bool deleting = is_set(find(get_object(body, "metadata"), "deleted_at"));
  const std::string state = deleting ? "Deleting" : deployment_state(get_string(status, "state").value_or(""));
  Json& shown = result["status"] = json_object();
  shown["state"] = Json::string(state);
  shown["phase"] = Json::string(state);
  shown["endpoint"] = json_object();
  shown["endpoint"]["external_endpoint"] = Json::string(get_string(status, "external_url").value_or(""));
  return result;
}

// Lepton takes no endpoint without replicas whose number follows its load.
void drop_load_targets(Json& component) {
  if (base::get_int(component, "min_replicas").value_or(1) > 0) return;
  const Json* scaling = find(component, "autoscaling");
  if (scaling == nullptr || !scaling->is_object()) return;
  Json changed = *scaling;
  if (find(changed, "target_gpu_utilization_percentage")) changed["target_gpu_utilization_percentage"] = Json::number(0);
  if (find(get_object(changed, "target_throughput"), "qpm")) changed["target_throughput"]["qpm"] = Json::number(0);
  component["autoscaling"] = changed;
}

base::Error no_components() {
  return codec::malformed("an endpoint without spec.components, which an update would replace: nothing was sent");
}

}  // namespace

Json encode(const EndpointSpec& spec, ApiFamily family) {
  const Json deployment = encode(spec);
  if (family == ApiFamily::kDeployments) return deployment;
  const Json& from = deployment.at("spec");
  Json component = component_members(from);
  component["name"] = Json::string(kOnlyComponent);
  component["envs"] = marked(component, Json(), spec.labels);
  Json body = json_object();
  body["metadata"] = json_object();
  body["metadata"]["name"] = Json::string(spec.name);
  Json& wire = body["spec"] = json_object();
  wire["components"] = base::json_array();
  wire["components"][0] = component;
  for (const Member& member : kBesideComponents) copy(from, member.deployment, wire, member.endpoint);
  return body;
}

// With the labels, which go where the variables go.
Json encode_update(const EndpointSpec& spec, const std::vector<EndpointField>& fields, ApiFamily family) {
  Json patch = encode_update(spec, fields);
  if (family == ApiFamily::kDeployments || spec.labels.empty()) return patch;
  patch["metadata"] = json_object();
  patch["metadata"]["labels"] = codec::labels_json(spec.labels);
  return patch;
}

base::Result<Json> encode_components_patch(const Json& live, const Json& deployment_patch) {
  const auto components = elements(find(get_object(live, "spec"), "components"));
  const auto named = [](const Json& component) { return !get_string(component, "name").value_or("").empty(); };
  if (components.empty() || !std::all_of(components.begin(), components.end(), named)) return no_components();
  const Json& patch = get_object(deployment_patch, "spec");
  const std::size_t changed = serving(components);
  Json all = base::json_array();
  for (std::size_t i = 0; i < components.size(); ++i) {
    Json component = components[i];
    if (i == changed) {
      component = base::merged(component, component_members(patch));
      component["envs"] = marked(component, components[i], codec::labels_of(deployment_patch));
      drop_load_targets(component);
    }
    all[i] = component;
  }
  Json body = json_object();
  body["metadata"] = json_object();
  Json& wire = body["spec"] = json_object();
  wire["components"] = all;
  for (const Member& member : kBesideComponents) copy(patch, member.deployment, wire, member.endpoint);
  return body;
}

base::Result<Endpoint> decode_endpoint(const Json& body, ApiFamily family) {
  return family == ApiFamily::kDeployments ? decode_endpoint(body) : decode_endpoint(deployment_form(body));
}

base::Result<Decoded<Endpoint>> decode_endpoints(const Json& body, ApiFamily family) {
  if (family == ApiFamily::kDeployments || !codec::is_list(body)) return decode_endpoints(body);
  Json deployments = base::json_array();
  for (const Json& item : elements(&body)) deployments[deployments.size()] = deployment_form(item);
  return decode_endpoints(deployments);
}

}  // namespace lepton_operator::lepton
