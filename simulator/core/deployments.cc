#include "core/deployments.h"

#include <algorithm>
#include <sstream>

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
  const auto found = alive_.find(rest[0]);
  if (found == alive_.end()) return error_answer(404, "deployment \"" + rest[0] + "\" not found");
  Deployment& deployment = found->second;
  if (rest.size() == 1) {
    if (request.method == "GET") return json_answer(shown(deployment, true));
    if (request.method == "PATCH") return patch(deployment, request);
    if (request.method == "DELETE") return remove(deployment);
    return method_not_allowed(request);
  }
  if (rest.size() == 2 && rest[1] == "restart") return request.method == "PUT" ? restart(deployment) : method_not_allowed(request);
  if (request.method != "GET") return method_not_allowed(request);
  return below(deployment, rest);
}

Response Deployments::list() const {
  std::vector<Json> items;
  for (const auto& [name, deployment] : alive_) items.push_back(shown(deployment, true));
  return json_answer(Json::array(items));
}

Response Deployments::create(const Request& request) {
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = deployment_body().check(body)) return refused(*violation);
  if (auto violation = missing(world_, secrets_, body.at("spec"))) return refused(*violation);
  Deployment deployment;
  deployment.metadata = body.at("metadata");
  deployment.name = base::get_string(deployment.metadata, "name").value_or(base::get_string(deployment.metadata, "id").value_or(""));
  if (alive_.contains(deployment.name)) return error_answer(409, "deployment \"" + deployment.name + "\" already exists");
  deployment.spec = body.at("spec");
  deployment.created_at = world_.now();
  deployment.serial = next_serial_++;
  Json& metadata = deployment.metadata;
  metadata["id"] = text(deployment.name);
  metadata["name"] = text(deployment.name);
  metadata["created_at"] = unix_ms(world_.now());
  metadata["last_modified_at"] = unix_ms(world_.now());
  metadata["created_by"] = text("sim-user");
  metadata["owner"] = text("sim-user");
  metadata["last_modified_by"] = text("sim-user");
  metadata["version"] = Json::number(1);
  metadata["semantic_version"] = text("1.0");
  deployment.course = world_.scenario.course_of(Kind::kEndpoint, deployment.name, base::get_object(metadata, "labels"));
  Deployment& made = alive_[deployment.name] = std::move(deployment);
  made.state.clear();
  if (min_replicas(made.spec) == 0) {
    enter(made, "Stopped");
  } else {
    begin(made, "Starting");
  }
  world_.count("deployments_created");
  return json_answer(shown(made, true), 201);
}

Response Deployments::patch(Deployment& deployment, const Request& request) {
  if (auto refusal = refuse_unknown_query(request, {"dryrun"})) return *refusal;
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = deployment_patch().check(without_nulls(body))) return refused(*violation);
  if (deployment.state == "Deleting") return error_answer(409, "the deployment is being deleted");
  const Json& changes = base::get_object(body, "metadata");
  for (const char* member : {"name", "id"}) {
    const auto name = base::get_string(changes, member);
    if (name && *name != deployment.name) return error_answer(400, "a deployment cannot be renamed", std::string("metadata.") + member);
  }
  Deployment next = deployment;
  next.spec = merge_patch(deployment.spec, base::get_object(body, "spec"));
  next.metadata = merge_patch(deployment.metadata, changes);
  next.metadata["id"] = text(deployment.name);
  next.metadata["name"] = text(deployment.name);
  const bool down = deployment.state == "Stopped" || deployment.state == "Stopping";  // by hand: with its replicas still in the spec
  if (!down && next.spec == deployment.spec && next.metadata == deployment.metadata) return error_answer(400, "no valid field to update");
  next.metadata["last_modified_at"] = unix_ms(world_.now());
  next.metadata["version"] = Json::number(base::get_int(deployment.metadata, "version").value_or(0) + 1);
  next.metadata["semantic_version"] = text(next_version(deployment, next.spec));
  Json whole = base::json_object();
  whole["metadata"] = next.metadata;
  whole["spec"] = next.spec;
  if (auto violation = deployment_body().check(whole)) return refused(*violation);
  if (auto violation = missing(world_, secrets_, next.spec)) return refused(*violation);
  if (request.parameter("dryrun") == "true") return json_answer(shown(next, true));

  const Json before = deployment.spec;
  deployment = next;
  const bool was_down = down || min_replicas(before) == 0;
  if (min_replicas(deployment.spec) == 0) {
    if (!was_down) stop(deployment);
  } else if (was_down) {
    begin(deployment, "Starting");
  } else if (before != deployment.spec) {
    begin(deployment, only_scaled(before, deployment.spec) ? "Scaling" : "Updating");
  }
  world_.count("deployments_patched");
  return json_answer(shown(deployment, true));
}

Response Deployments::remove(Deployment& deployment) {
  if (deployment.state != "Deleting") {
    enter(deployment, "Deleting");
    plan(deployment, world_.options.delete_delay, &Deployments::vanish);
    world_.count("deployments_deleted");
  }
  return empty_answer();
}

Response Deployments::restart(Deployment& deployment) {
  if (deployment.state == "Deleting") return error_answer(409, "the deployment is being deleted");
  if (min_replicas(deployment.spec) == 0) return error_answer(400, "the deployment is stopped");
  begin(deployment, "Restarting");
  return json_answer(shown(deployment, true));
}

Response Deployments::below(const Deployment& deployment, const std::vector<std::string>& rest) const {
  if (rest.size() == 2) {
    if (rest[1] == "readiness") return json_answer(readiness(deployment));
    if (rest[1] == "termination") return json_answer(termination(deployment));
    if (rest[1] == "replicas") return json_answer(replicas(deployment));
    if (rest[1] == "events") return json_answer(events(deployment));
  }
  if (rest.size() == 4 && rest[1] == "replicas" && rest[3] == "log") {
    const auto& known = deployment.replicas;
    if (std::find(known.begin(), known.end(), rest[2]) == known.end()) return error_answer(404, "replica \"" + rest[2] + "\" not found");
    std::string lines;
    for (const std::string& line : log_lines(deployment)) lines += line + "\n";
    return text_answer(std::move(lines));
  }
  return no_such_route();
}

}  // namespace lepton_operator::simulator
