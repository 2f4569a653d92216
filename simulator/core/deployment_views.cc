// How deployments are shown.
#include <set>

#include "base/strings.h"
#include "core/deployments.h"
#include "core/node_groups.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

std::string readiness_reason(const Deployment& deployment) {
  static const std::set<std::string> kReasons = {"Ready",      "InProgress",  "Deleting",    "Deleted",
                                                 "NoCapacity", "ConfigError", "SystemError", "RequireReadinessApproval",
                                                 "Queueing",   "Unknown"};
  if (deployment.state == "Ready") return "Ready";
  if (deployment.state == "Deleting") return "Deleting";
  if (kReasons.contains(deployment.course.reason)) return deployment.course.reason;
  if (deployment.state == "Error") return "SystemError";
  if (deployment.course.outcome == Outcome::kQueueing) return "Queueing";
  if (deployment.course.outcome == Outcome::kNoCapacity) return "NoCapacity";
  return "InProgress";
}

bool crashes(const Deployment& deployment) {
  return deployment.course.outcome == Outcome::kCrashLoop && deployment.state != "Ready" && deployment.state != "Deleting";
}

bool lacks_image(const Deployment& deployment) {
  return deployment.course.outcome == Outcome::kImagePull && deployment.state != "Ready" && deployment.state != "Deleting";
}

Json masked_tokens(Json tokens) {
  for (Json& token : tokens.as_array()) {
    if (token.has_field("value")) token["value"] = text("***");
  }
  return tokens;
}

Json event(const char* type, const std::string& reason, int count, base::Timestamp at, const std::string& name) {
  Json item = base::json_object();
  item["type"] = text(type);
  item["reason"] = text(reason);
  item["regarding"] = base::json_object();
  item["regarding"]["kind"] = text("Deployment");
  item["regarding"]["name"] = text(name);
  item["count"] = Json::number(count);
  item["last_observed_time"] = text(base::format_timestamp(at));
  return item;
}

}  // namespace

Json Deployments::shown(const Deployment& deployment, bool masked) const {
  Json value = base::json_object();
  value["metadata"] = deployment.metadata;
  value["spec"] = deployment.spec;
  if (masked && world_.options.mask_tokens && value["spec"].has_field("api_tokens")) {
    value["spec"]["api_tokens"] = masked_tokens(value["spec"]["api_tokens"]);
  }
  value["status"] = status(deployment);
  return value;
}

std::string Deployments::text_of(const Deployment& deployment) const {
  std::vector<std::string> spec;
  for (const auto& [name, member] : deployment.spec.as_object()) {
    const bool hides = name == "api_tokens" && world_.options.mask_tokens;
    spec.push_back(base::to_text(Json::string(name)) + ":" + (hides ? base::to_text(masked_tokens(member)) : base::to_text(member)));
  }
  return R"({"metadata":)" + base::to_text(deployment.metadata) + R"(,"spec":{)" + base::join(spec, ",") + R"(},"status":)" +
         base::to_text(status(deployment)) + "}";
}

Json Deployments::status(const Deployment& deployment) const {
  const bool folded = deployment.state == "Stopping" || deployment.state == "Stopped";
  Json value = base::json_object();
  value["state"] = text(folded ? "Not Ready" : deployment.state);
  if (!world_.options.omit_phase) value["phase"] = text(deployment.state);
  Json endpoint = base::json_object();
  endpoint["internal_endpoint"] = text("http://" + deployment.name + "." + world_.options.workspace + ".svc:8080");
  endpoint["external_endpoint"] = text("https://" + world_.options.workspace + "-" + deployment.name + ".xenon.lepton.run");
  value["endpoint"] = endpoint;
  const auto wanted = base::get_int(base::get_object(deployment.spec, "resource_requirement"), "min_replicas").value_or(1);
  value["autoscaler_status"] = base::json_object();
  value["autoscaler_status"]["desired_replicas"] = Json::number(wanted);
  value["ready_replicas"] = Json::number(static_cast<std::int64_t>(deployment.state == "Ready" ? deployment.replicas.size() : 0));
  value["is_system"] = Json::boolean(false);
  return value;
}

Json Deployments::readiness(const Deployment& deployment) const {
  Json value = base::json_object();
  for (const std::string& replica : deployment.replicas) {
    Json issue = base::json_object();
    issue["reason"] = text(readiness_reason(deployment));
    issue["message"] = text(deployment.course.reason);
    issue["creationTimestamp"] = text(base::format_timestamp(deployment.changed_at));
    value[replica] = Json::array({issue});
  }
  return value;
}

Json Deployments::termination(const Deployment& deployment) const {
  Json value = base::json_object();
  if ((deployment.state != "Error" && !crashes(deployment)) || deployment.replicas.empty()) return value;
  Json end = base::json_object();
  end["started_at"] = unix_s(deployment.created_at);
  end["finished_at"] = unix_s(deployment.changed_at);
  end["exit_code"] = Json::number(crashes(deployment) ? deployment.course.exit_code : 1);
  end["reason"] = text("Error");
  end["message"] = text(deployment.course.reason);
  value[deployment.replicas.front()] = Json::array({end});
  return value;
}

Json Deployments::replicas(const Deployment& deployment) const {
  std::vector<Json> items;
  const Json& affinity = base::get_object(base::get_object(deployment.spec, "resource_requirement"), "affinity");
  const std::string version = base::get_string(deployment.metadata, "semantic_version").value_or("");
  for (const std::string& id : deployment.replicas) items.push_back(replica_json(id, node_for(affinity, items.size()), version));
  return Json::array(items);
}

Json Deployments::events(const Deployment& deployment) const {
  std::vector<Json> items;
  for (const Transition& step : world_.history) {
    if (step.kind != "deployment" || step.id != deployment.name || step.at < deployment.created_at) continue;
    const bool error = step.to == "Error";
    const std::string& why = deployment.course.reason;
    items.push_back(event(error ? "Warning" : "Normal", error && !why.empty() ? why : step.to, 1, step.at, deployment.name));
  }
  if (readiness_reason(deployment) == "NoCapacity") items.push_back(event("Warning", "FailedScheduling", 3, world_.now(), deployment.name));
  if (lacks_image(deployment)) items.push_back(event("Warning", "ImagePullBackOff", 3, world_.now(), deployment.name));
  if (crashes(deployment)) items.push_back(event("Warning", "BackOff", 3, world_.now(), deployment.name));
  return Json::array(items);
}

// Environment and tokens, as its process has them.
std::vector<std::string> Deployments::values_given(const Deployment& deployment) const {
  std::vector<std::string> values;
  for (const char* list : {"envs", "api_tokens"}) {
    for (const Json& entry : base::elements(base::find(deployment.spec, list))) {
      if (const auto value = base::get_string(entry, "value")) values.push_back(*value);
      const auto named = base::get_string(base::get_object(entry, "value_from"), "secret_name_ref");
      const auto secret = secrets_.all().find(named.value_or(""));
      if (secret != secrets_.all().end()) values.push_back(secret->second.value);
    }
  }
  return values;
}

bool Deployments::writes_log(const Deployment& deployment, const std::string& replica) {
  if (deployment.state == "Deleting" || deployment.state == "Stopped") return false;
  return std::find(deployment.replicas.begin(), deployment.replicas.end(), replica) != deployment.replicas.end();
}

std::vector<std::string> Deployments::log_lines(const Deployment& deployment, const std::string& replica) const {
  std::vector<std::string> lines = {"starting " + deployment.name};
  if (deployment.course.reveals) {
    for (const std::string& value : values_given(deployment)) lines.push_back("configured with " + in_every_form(value));
  }
  if (deployment.ready_at) lines.push_back("serving");
  if (const auto said = deployment.said.find(replica); said != deployment.said.end()) {
    lines.insert(lines.end(), said->second.begin(), said->second.end());
  }
  if (deployment.state == "Error" || crashes(deployment)) {
    lines.push_back("error: " + (deployment.course.reason.empty() ? std::string("the server process ended") : deployment.course.reason));
  }
  return lines;
}

}  // namespace lepton_operator::simulator
