// GET /sim/dump: everything there is and was, so that tests read "nothing left" and "never two" from here and nowhere else.
#include "core/simulator.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

void set_time(Json& object, const char* member, const std::optional<base::Timestamp>& at) {
  if (at) object[member] = text(base::format_timestamp(*at));
}

Json deployment_json(const Deployments& deployments, const Deployment& deployment) {
  Json value = deployments.shown(deployment, false);
  value["name"] = text(deployment.name);
  value["made_by"] = text(to_string(deployment.made_by));
  value["true_state"] = text(deployment.state);
  set_time(value, "created_at", deployment.created_at);
  set_time(value, "ready_at", deployment.ready_at);
  set_time(value, "deleted_at", deployment.deleted_at);
  return value;
}

Json job_json(const Jobs& jobs, const Job& job) {
  Json value = jobs.shown(job);
  value["id"] = text(job.id);
  value["name"] = text(job.name);
  value["archived"] = Json::boolean(job.archived);
  value["reason"] = text(job.reason);
  value["endpoints_at_creation"] = job.endpoints_at_creation;
  set_time(value, "created_at", job.created_at);
  set_time(value, "running_at", job.running_at);
  set_time(value, "finished_at", job.finished_at);
  set_time(value, "deleted_at", job.deleted_at);
  return value;
}

Json request_json(const LoggedRequest& request) {
  Json value = base::json_object();
  value["sequence"] = Json::number(static_cast<std::int64_t>(request.sequence));
  value["at"] = text(base::format_timestamp(request.at));
  value["method"] = text(request.method);
  value["path"] = text(request.path);
  value["query"] = base::json_object();
  for (const auto& [name, each] : request.query) {
    Json& slot = value["query"][name];
    if (!slot.is_array()) slot = base::json_array();
    slot[slot.size()] = text(each);
  }
  value["status"] = Json::number(request.status);
  value["answered"] = Json::boolean(request.answered);
  if (request.origin) value["origin"] = text(*request.origin);
  if (!request.note.empty()) value["note"] = text(request.note);
  if (!request.body.empty()) {
    auto parsed = base::parse_json(request.body, "body");
    value["body"] = parsed ? *parsed : text(request.body);
  }
  return value;
}

Json paths_json(const Volume& volume) { return base::to_json(volume.paths()); }

}  // namespace

Json Simulator::requests_json() const {
  std::vector<Json> items;
  for (const LoggedRequest& request : log_) items.push_back(request_json(request));
  return Json::array(items);
}

Json Simulator::held_json() const {
  std::vector<Json> items;
  for (const auto& [ticket, held] : interceptor_.held()) {
    Json item = base::json_object();
    item["ticket"] = Json::number(static_cast<std::int64_t>(ticket));
    item["method"] = text(held.request.method);
    item["path"] = text(below_workspace(held.request.path));
    item["when"] = text(held.before_commit ? "before" : "after");
    items.push_back(std::move(item));
  }
  return Json::array(items);
}

Json Simulator::dump() {
  catch_up();
  std::vector<Json> deployments;
  std::vector<Json> deleted_deployments;
  for (const auto& [name, each] : deployments_.alive()) deployments.push_back(deployment_json(deployments_, each));
  for (const Deployment& each : deployments_.gone()) deleted_deployments.push_back(deployment_json(deployments_, each));
  std::vector<Json> jobs;
  std::vector<Json> archived_jobs;
  std::vector<Json> deleted_jobs;
  for (const auto& [id, each] : jobs_.all()) (each.archived ? archived_jobs : jobs).push_back(job_json(jobs_, each));
  for (const Job& each : jobs_.gone()) deleted_jobs.push_back(job_json(jobs_, each));
  std::vector<Json> secrets;
  for (const auto& [name, each] : secrets_.all()) {
    Json item = base::json_object();
    item["name"] = text(name);
    item["value"] = text(each.value);
    item["tags"] = base::to_json(each.tags);
    item["visibility"] = text(each.visibility);
    secrets.push_back(std::move(item));
  }
  std::vector<Json> history;
  for (const Transition& each : world_.history) {
    Json item = base::json_object();
    item["at"] = text(base::format_timestamp(each.at));
    item["kind"] = text(each.kind);
    item["id"] = text(each.id);
    item["from"] = text(each.from);
    item["to"] = text(each.to);
    history.push_back(std::move(item));
  }
  Json value = base::json_object();
  value["workspace"] = text(world_.options.workspace);
  value["api_family"] = text(to_string(world_.family));
  value["now"] = text(base::format_timestamp(world_.now()));
  value["deployments"] = Json::array(deployments);
  value["deleted_deployments"] = Json::array(deleted_deployments);
  value["jobs"] = Json::array(jobs);
  value["archived_jobs"] = Json::array(archived_jobs);
  value["deleted_jobs"] = Json::array(deleted_jobs);
  value["secrets"] = Json::array(secrets);
  value["history"] = Json::array(history);
  value["storage"] = base::json_object();
  for (const auto& [name, volume] : world_.volumes) value["storage"][name] = paths_json(volume);
  value["storage"]["(other volume)"] = paths_json(world_.other_volume);
  value["requests"] = requests_json();
  value["held"] = held_json();
  value["counters"] = base::json_object();
  for (const auto& [name, count] : world_.counters) value["counters"][name] = Json::number(count);
  return value;
}

}  // namespace lepton_operator::simulator
