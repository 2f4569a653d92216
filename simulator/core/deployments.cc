#include "core/deployments.h"

#include <algorithm>
#include <sstream>

#include "base/strings.h"
#include "core/contract.h"
#include "core/references.h"
#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

std::int64_t min_replicas(const Json& spec) {
  return base::get_int(base::get_object(spec, "resource_requirement"), "min_replicas").value_or(1);
}

std::optional<Violation> missing(World& world, const Secrets& secrets, const Json& spec) {
  return missing_reference(world, secrets, spec, base::get_object(base::get_object(spec, "resource_requirement"), "affinity"),
                           "spec.resource_requirement.affinity");
}

// The labels by which a scenario knows whose it is; where there are none, from the environment variable that stands for them.
Json owner_labels(const Deployment& deployment) {
  const Json& labels = base::get_object(deployment.metadata, "labels");
  if (labels.size() > 0) return labels;
  Json found = base::json_object();
  for (const Json& env : base::elements(base::find(deployment.spec, "envs"))) {
    if (base::get_string(env, "name") != "LEPTONOP_OWNER") continue;
    std::istringstream pairs(base::get_string(env, "value").value_or(""));
    for (std::string pair; std::getline(pairs, pair, ',');) {
      const std::size_t equals = pair.find('=');
      if (equals != std::string::npos) found[pair.substr(0, equals)] = text(pair.substr(equals + 1));
    }
  }
  return found;
}

// Only the number of replicas differs.
bool only_scaled(Json before, Json after) {
  for (Json* spec : {&before, &after}) {
    for (const char* member : {"min_replicas", "max_replicas"}) {
      if ((*spec)["resource_requirement"].has_field(member)) (*spec)["resource_requirement"].erase(member);
    }
  }
  return before == after;
}

// MAJOR.MINOR: what restarts the replicas raises MAJOR. `lep endpoint update` compares it with that of a dry run.
std::string next_version(const Deployment& before, const Json& spec) {
  int major = 1;
  int minor = 0;
  std::istringstream reads(base::get_string(before.metadata, "semantic_version").value_or("1.0"));
  char dot = '.';
  reads >> major >> dot >> minor;
  const bool restarts = before.spec != spec && min_replicas(spec) > 0 && min_replicas(before.spec) > 0 && !only_scaled(before.spec, spec);
  return restarts ? std::to_string(major + 1) + ".0" : std::to_string(major) + "." + std::to_string(minor + 1);
}

}  // namespace

const Deployment* Deployments::find(const std::string& name) const {
  const auto found = alive_.find(name);
  return found == alive_.end() ? nullptr : &found->second;
}

bool Deployments::shows(const Deployment& deployment, ApiFamily family) const {
  if (world_.family == world_.options.api_family || world_.former == FormerFamily::kMoved) return true;
  return deployment.made_by == family;
}

Deployment* Deployments::find(const std::string& name, ApiFamily family) {
  const auto found = alive_.find(name);
  return found == alive_.end() || !shows(found->second, family) ? nullptr : &found->second;
}

std::vector<const Deployment*> Deployments::shown_by(ApiFamily family) const {
  std::vector<const Deployment*> shown;
  for (const auto& [name, deployment] : alive_) {
    if (shows(deployment, family)) shown.push_back(&deployment);
  }
  return shown;
}

Response Deployments::handle(const Request& request, const std::vector<std::string>& rest) {
  const bool dry_run_may_stand = rest.size() == 1 && request.method == "PATCH";
  if (!dry_run_may_stand && !(rest.size() == 4 && rest[3] == "log")) {
    if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
  }
  if (rest.empty()) {
    if (request.method == "GET") return list();
    if (request.method == "POST") return create(request);
    return method_not_allowed(request);
  }
  Deployment* deployment = find(rest[0], ApiFamily::kDeployments);
  if (deployment == nullptr) return error_answer(404, "deployment \"" + rest[0] + "\" not found");
  if (rest.size() == 1) {
    if (request.method == "GET") return json_answer(shown(*deployment, true));
    if (request.method == "PATCH") return patch(*deployment, request);
    if (request.method == "DELETE") return remove(*deployment);
    return method_not_allowed(request);
  }
  if (rest.size() == 2 && rest[1] == "restart") {
    if (request.method != "PUT") return method_not_allowed(request);
    if (auto refusal = restart(*deployment)) return *refusal;
    return json_answer(shown(*deployment, true));
  }
  if (request.method != "GET") return method_not_allowed(request);
  return legacy_below(*deployment, rest);
}

Response Deployments::list() const {
  std::vector<std::string> items;
  for (const Deployment* deployment : shown_by(ApiFamily::kDeployments)) items.push_back(text_of(*deployment));
  return json_text_answer("[" + base::join(items, ",") + "]");
}

Response Deployments::create(const Request& request) {
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = deployment_body().check(body)) return refused(*violation);
  Deployment draft;
  draft.metadata = body.at("metadata");
  draft.name = base::get_string(draft.metadata, "name").value_or(base::get_string(draft.metadata, "id").value_or(""));
  draft.spec = body.at("spec");
  const auto made = make(std::move(draft));
  if (const auto* refusal = std::get_if<Response>(&made)) return *refusal;
  return json_answer(shown(std::get<Deployment>(made), true), 201);
}

std::variant<Deployment, Response> Deployments::make(Deployment draft) {
  if (auto violation = missing(world_, secrets_, draft.spec)) return refused(*violation);
  if (alive_.contains(draft.name)) return error_answer(409, "an endpoint named \"" + draft.name + "\" already exists");
  draft.created_at = world_.now();
  draft.serial = next_serial_++;
  Json& metadata = draft.metadata;
  metadata["id"] = text(draft.name);
  metadata["name"] = text(draft.name);
  metadata["created_at"] = unix_ms(world_.now());
  metadata["last_modified_at"] = unix_ms(world_.now());
  metadata["created_by"] = text("sim-user");
  metadata["owner"] = text("sim-user");
  metadata["last_modified_by"] = text("sim-user");
  metadata["version"] = Json::number(1);
  metadata["semantic_version"] = text("1.0");
  draft.course = world_.scenario.course_of(Kind::kEndpoint, draft.name, owner_labels(draft));
  Deployment& made = alive_[draft.name] = std::move(draft);
  made.state.clear();
  if (min_replicas(made.spec) == 0) {
    enter(made, "Stopped");
  } else {
    begin(made, "Starting");
  }
  world_.count("deployments_created");
  return made;
}

Response Deployments::patch(Deployment& deployment, const Request& request) {
  if (auto refusal = refuse_unknown_query(request, {"dryrun"})) return *refusal;
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = deployment_patch().check(without_nulls(body))) return refused(*violation);
  const Json& changes = base::get_object(body, "metadata");
  for (const char* member : {"name", "id"}) {
    const auto name = base::get_string(changes, member);
    if (name && *name != deployment.name) return error_answer(400, "a deployment cannot be renamed", std::string("metadata.") + member);
  }
  Deployment draft = deployment;
  draft.spec = merge_patch(deployment.spec, base::get_object(body, "spec"));
  draft.metadata = merge_patch(deployment.metadata, changes);
  Json whole = base::json_object();
  whole["metadata"] = draft.metadata;
  whole["spec"] = draft.spec;
  if (auto violation = deployment_body().check(whole)) return refused(*violation);
  const auto changed = change(deployment, std::move(draft), request.parameter("dryrun") == "true");
  if (const auto* refusal = std::get_if<Response>(&changed)) return *refusal;
  return json_answer(shown(std::get<Deployment>(changed), true));
}

std::variant<Deployment, Response> Deployments::change(Deployment& current, Deployment draft, bool dry_run) {
  if (current.state == "Deleting") return error_answer(409, "the endpoint is being deleted");
  draft.metadata["id"] = text(current.name);
  draft.metadata["name"] = text(current.name);
  const bool down = current.state == "Stopped" || current.state == "Stopping";  // by hand: with its replicas still in the spec
  const bool same = draft.spec == current.spec && draft.siblings == current.siblings && draft.metadata == current.metadata;
  if (!down && same) return error_answer(400, "no valid field to update");
  draft.metadata["last_modified_at"] = unix_ms(world_.now());
  draft.metadata["version"] = Json::number(base::get_int(current.metadata, "version").value_or(0) + 1);
  draft.metadata["semantic_version"] = text(next_version(current, draft.spec));
  if (auto violation = missing(world_, secrets_, draft.spec)) return refused(*violation);
  if (dry_run) return draft;

  const Json before = current.spec;
  current = std::move(draft);
  const bool was_down = down || min_replicas(before) == 0;
  if (min_replicas(current.spec) == 0) {
    if (!was_down) stop(current);
  } else if (was_down) {
    begin(current, "Starting");
  } else if (before != current.spec) {
    begin(current, only_scaled(before, current.spec) ? "Scaling" : "Updating");
  }
  world_.count("deployments_patched");
  return current;
}

Response Deployments::remove(Deployment& deployment) {
  if (deployment.state != "Deleting") {
    deployment.state_before_deletion = deployment.state;
    enter(deployment, "Deleting");
    plan(deployment, world_.options.delete_delay, &Deployments::vanish);
    world_.count("deployments_deleted");
  }
  return empty_answer();
}

std::optional<Response> Deployments::restart(Deployment& deployment) {
  if (deployment.state == "Deleting") return error_answer(409, "the endpoint is being deleted");
  if (min_replicas(deployment.spec) == 0) return error_answer(400, "the endpoint is stopped");
  begin(deployment, "Restarting");
  return std::nullopt;
}

Response Deployments::legacy_below(const Deployment& deployment, const std::vector<std::string>& rest) const {
  if (rest.size() == 2 && rest[1] == "readiness") return json_answer(readiness(deployment));
  if (rest.size() == 2 && rest[1] == "termination") return json_answer(termination(deployment));
  return below(deployment, rest);
}

Response Deployments::below(const Deployment& deployment, const std::vector<std::string>& rest) const {
  if (rest.size() == 2 && rest[1] == "replicas") return json_answer(replicas(deployment));
  if (rest.size() == 2 && rest[1] == "events") return json_answer(events(deployment));
  if (rest.size() == 4 && rest[1] == "replicas" && rest[3] == "log") {
    const auto& known = deployment.replicas;
    if (std::find(known.begin(), known.end(), rest[2]) == known.end()) return error_answer(404, "replica \"" + rest[2] + "\" not found");
    std::string lines;
    for (const std::string& line : log_lines(deployment, rest[2])) lines += line + "\n";
    Response answer = text_answer(std::move(lines));
    if (world_.options.stream_logs && writes_log(deployment, rest[2])) answer.goes_on = RunningLog{deployment.name, rest[2]};
    return answer;
  }
  return no_such_route();
}

}  // namespace lepton_operator::simulator
