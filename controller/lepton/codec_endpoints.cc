// Endpoints on the legacy routes (docs/lepton-api.md, section 4).
#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::get_bool;
using base::get_object;
using base::get_string;
using base::json_array;
using base::json_object;

namespace {

Json container_json(const EndpointSpec& spec) {
  Json port = json_object();
  port["container_port"] = Json::number(spec.port);
  Json container = json_object();
  container["image"] = Json::string(spec.image);
  container["ports"] = json_array();
  container["ports"][0] = port;
  if (!spec.command.empty()) container["command"] = base::to_json(spec.command);
  return container;
}

Json resources_json(const EndpointSpec& spec) {
  Json resources = json_object();
  resources["resource_shape"] = Json::string(codec::lower_ascii(spec.resource_shape));
  resources["min_replicas"] = Json::number(spec.min_replicas);
  resources["max_replicas"] = Json::number(spec.max_replicas);
  base::set_if(resources, "shared_memory_size", spec.shared_memory_mib);
  if (!spec.node_group_ids.empty()) resources["affinity"] = codec::affinity_json(spec.node_group_ids);
  return resources;
}

Json tokens_json(const std::vector<ApiToken>& tokens) {
  Json array = json_array();
  for (const ApiToken& token : tokens) {
    Json item = json_object();
    if (token.token_name) {
      item["value_from"] = json_object();
      item["value_from"]["token_name_ref"] = Json::string(*token.token_name);
    } else {
      item["value"] = Json::string(token.value.value_or(""));
    }
    array[array.size()] = item;
  }
  return array;
}

Json default_health() {
  Json health = json_object();
  health["readiness"] = json_object();
  health["liveness"] = json_object();
  return health;
}

std::string without_trailing_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

bool is_pod(const Json& body) { return get_bool(get_object(body, "spec"), "is_pod").value_or(false); }

}  // namespace

Json encode(const EndpointSpec& spec) {
  Json body = json_object();
  Json& metadata = body["metadata"] = json_object();
  metadata["id"] = Json::string(spec.name);  // equal for endpoints; the CLI sends both
  metadata["name"] = Json::string(spec.name);
  if (!spec.labels.empty()) metadata["labels"] = codec::labels_json(spec.labels);

  Json& wire = body["spec"] = json_object();
  wire["container"] = container_json(spec);
  wire["resource_requirement"] = resources_json(spec);
  wire["envs"] = codec::envs_json(spec.envs);
  if (!spec.mounts.empty()) wire["mounts"] = codec::mounts_json(spec.mounts);
  if (!spec.api_tokens.empty()) wire["api_tokens"] = tokens_json(spec.api_tokens);
  if (!spec.image_pull_secrets.empty()) wire["image_pull_secrets"] = base::to_json(spec.image_pull_secrets);
  if (!spec.auto_scaler.is_null()) wire["auto_scaler"] = spec.auto_scaler;
  wire["health"] = spec.health.is_null() ? default_health() : spec.health;
  wire["log"] = json_object();
  wire["log"]["enable_collection"] = Json::boolean(true);
  wire["queue_config"] = json_object();
  wire["queue_config"]["priority_class"] = Json::string(spec.priority_class);
  // Empty, as the launcher's own defaults put them on the wire.
  wire["metrics"] = json_object();
  wire["routing_policy"] = json_object();
  wire["user_security_context"] = json_object();
  return body;
}

Json encode_replicas(int min_replicas, int max_replicas) {
  Json body = json_object();
  body["spec"] = json_object();
  Json& resources = body["spec"]["resource_requirement"] = json_object();
  resources["min_replicas"] = Json::number(min_replicas);
  resources["max_replicas"] = Json::number(max_replicas);
  return body;
}

base::Result<Endpoint> decode_endpoint(const Json& body) {
  Endpoint endpoint;
  const std::optional<std::string> name = codec::metadata_text(body, "name");
  const std::optional<std::string> id = codec::metadata_text(body, "id");
  if (!name && !id) return codec::malformed("an endpoint without metadata.name");
  endpoint.name = name ? *name : *id;
  endpoint.labels = codec::labels_of(body);
  endpoint.created_at = codec::created_at(body);

  const Json& spec = get_object(body, "spec");
  endpoint.spec = codec::seen_spec(spec);
  endpoint.modified_by = codec::metadata_text(body, "last_modified_by").value_or("");

  const Json& status = get_object(body, "status");
  endpoint.state = parse_endpoint_state(get_string(status, "state").value_or(""));
  if (const std::optional<std::string> phase = get_string(status, "phase"); phase && !phase->empty()) {
    endpoint.phase = parse_endpoint_state(*phase);
  }
  endpoint.external_url = without_trailing_slash(get_string(get_object(status, "endpoint"), "external_endpoint").value_or(""));
  return endpoint;
}

base::Result<Decoded<Endpoint>> decode_endpoints(const Json& body) {
  if (!codec::is_list(body)) return codec::malformed("the list of endpoints is no JSON array");
  Decoded<Endpoint> list;
  for (const Json& item : base::elements(&body)) {
    if (is_pod(item)) continue;  // the route lists pods along with endpoints
    base::Result<Endpoint> endpoint = decode_endpoint(item);
    if (endpoint) {
      list.items.push_back(std::move(endpoint).value());
    } else {
      ++list.malformed;
    }
  }
  return list;
}

}  // namespace lepton_operator::lepton
