#include "core/endpoints.h"

#include "core/contract.h"
#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

// What of the metadata a request may write; the schema of bodies has nothing else.
Json writable_metadata(const Json& metadata) {
  Json lepton = base::json_object();
  for (const char* member : {"owner", "visibility"}) base::set_if(lepton, member, base::get_string(metadata, member));
  Json value = base::json_object();
  value["name"] = metadata.at("name");
  value["lepton_metadata"] = lepton;
  return value;
}

void take_metadata(const Json& lepton, Json& metadata) {
  for (const char* member : {"owner", "visibility"}) {
    if (const Json* value = base::find(lepton, member)) metadata[member] = *value;
  }
}

}  // namespace

Response Endpoints::handle(const Request& request, const std::vector<std::string>& rest) {
  const bool dry_run_may_stand = rest.size() == 1 && request.method == "PATCH";
  if (!dry_run_may_stand && !(rest.size() == 4 && rest[3] == "log")) {
    if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
  }
  if (rest.empty()) {
    if (request.method == "GET") return list();
    if (request.method == "POST") return create(request);
    return method_not_allowed(request);
  }
  Deployment* endpoint = deployments_.find(rest[0], ApiFamily::kEndpoints);
  if (endpoint == nullptr) return error_answer(404, "endpoint \"" + rest[0] + "\" not found");
  if (rest.size() == 1) {
    if (request.method == "GET") return json_answer(shown(*endpoint, true));
    if (request.method == "PATCH") return patch(*endpoint, request);
    if (request.method == "DELETE") return deployments_.remove(*endpoint);
    return method_not_allowed(request);
  }
  if (rest.size() == 2 && rest[1] == "restart") {
    if (request.method != "PUT") return method_not_allowed(request);
    if (auto refusal = deployments_.restart(*endpoint)) return *refusal;
    return json_answer(shown(*endpoint, true));
  }
  if (request.method != "GET") return method_not_allowed(request);
  if (rest.size() == 2 && rest[1] == "history") return json_answer(base::json_array());
  return deployments_.below(*endpoint, rest);
}

Response Endpoints::list() const {
  std::vector<Json> items;
  for (const Deployment* endpoint : deployments_.shown_by(ApiFamily::kEndpoints)) items.push_back(shown(*endpoint, true));
  return json_answer(Json::array(items));
}

Response Endpoints::create(const Request& request) {
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = endpoint_body().check(body)) return refused(*violation);
  Deployment draft;
  draft.made_by = ApiFamily::kEndpoints;
  draft.name = base::get_string(body.at("metadata"), "name").value_or("");
  draft.metadata = base::json_object();
  take_spec(body.at("spec"), draft);
  auto made = deployments_.make(std::move(draft));
  if (const auto* refusal = std::get_if<Response>(&made)) return *refusal;
  return json_answer(shown(std::get<Deployment>(made), true), 201);
}

Response Endpoints::patch(Deployment& endpoint, const Request& request) {
  if (auto refusal = refuse_unknown_query(request, {"dryrun"})) return *refusal;
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = endpoint_patch().check(without_nulls(body))) return refused(*violation);
  const auto name = base::get_string(base::get_object(body, "metadata"), "name");
  if (name && *name != endpoint.name) return error_answer(400, "an endpoint cannot be renamed", "metadata.name");
  Json current = base::json_object();
  current["metadata"] = writable_metadata(endpoint.metadata);
  current["spec"] = endpoint_form(endpoint);
  const Json whole = merge_patch(current, body);
  if (auto violation = endpoint_body().check(whole)) return refused(*violation);
  Deployment draft = endpoint;
  take_spec(whole.at("spec"), draft);
  take_metadata(base::get_object(whole.at("metadata"), "lepton_metadata"), draft.metadata);
  const auto changed = deployments_.change(endpoint, std::move(draft), request.parameter("dryrun") == "true");
  if (const auto* refusal = std::get_if<Response>(&changed)) return *refusal;
  return json_answer(shown(std::get<Deployment>(changed), true));
}

Json Endpoints::shown(const Deployment& endpoint, bool masked) const {
  Json lepton = base::json_object();
  Json metadata = base::json_object();
  metadata["name"] = text(endpoint.name);
  for (const char* member : {"created_at", "version", "semantic_version"}) metadata[member] = endpoint.metadata.at(member);
  metadata["resource_version"] = text(base::to_text(endpoint.metadata.at("version")));
  for (const char* member : {"owner", "created_by", "last_modified_by", "last_modified_at", "visibility"}) {
    if (const Json* value = base::find(endpoint.metadata, member)) lepton[member] = *value;
  }
  metadata["lepton_metadata"] = lepton;
  if (endpoint.state == "Deleting") metadata["deleted_at"] = unix_ms(endpoint.changed_at);
  Json value = base::json_object();
  value["metadata"] = metadata;
  value["spec"] = endpoint_form(endpoint);
  if (masked && world_.options.mask_tokens && value["spec"].has_field("api_tokens")) {
    for (Json& token : value["spec"]["api_tokens"].as_array()) {
      if (token.has_field("value")) token["value"] = text("***");
    }
  }
  value["status"] = status(endpoint);
  return value;
}

// deleted_at alone tells of a deletion. The URL is there once something has served behind it.
Json Endpoints::status(const Deployment& endpoint) const {
  std::string state = endpoint.state == "Deleting" ? endpoint.state_before_deletion : endpoint.state;
  if (state == "Not Ready") state = "NotReady";
  if (state == "Restarting" || state == "Migrating") state = "Updating";  // this family has no such states
  Json value = base::json_object();
  value["state"] = text(state);
  if (endpoint.ready_at) value["external_url"] = text("https://" + world_.options.workspace + "-" + endpoint.name + ".xenon.lepton.run");
  const auto wanted = base::get_int(base::get_object(endpoint.spec, "resource_requirement"), "min_replicas").value_or(1);
  value["auto_scaler_status"] = base::json_object();
  value["auto_scaler_status"]["desired_replicas"] = Json::number(wanted);
  if (state == "Ready") value["ready_replicas"] = Json::number(static_cast<std::int64_t>(endpoint.replicas.size()));
  return value;
}

}  // namespace lepton_operator::simulator
