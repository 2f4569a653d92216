// The workspace's own routes: GET <base>, /workspace, /tokens, /logs (contract, sections 1, 3 and 11).
#include <algorithm>
#include <charconv>
#include <limits>

#include "core/routing.h"
#include "core/simulator.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

Json number(std::int64_t value) { return Json::number(value); }

Json resources(double cpu, std::int64_t memory, double accelerators) {
  Json value = base::json_object();
  value["cpu"] = Json::number(cpu);
  value["memory"] = number(memory);
  value["accelerator_num"] = Json::number(accelerators);
  return value;
}

Json services(std::int64_t stores, std::int64_t queues) {
  Json value = base::json_object();
  value["kv_store_num"] = number(stores);
  value["queue_num"] = number(queues);
  return value;
}

Json limit_and_used(Json limit, Json used) {
  Json value = base::json_object();
  value["limit"] = std::move(limit);
  value["used"] = std::move(used);
  return value;
}

Json supported_shapes() {
  Json shape = base::json_object();
  shape["description"] = text("1 CPU, 4 GB");
  shape["cpu"] = Json::number(1);
  shape["memory"] = number(4096);
  shape["accelerator_type"] = text("");
  shape["accelerator_num"] = Json::number(0);
  shape["accelerator_fraction"] = Json::number(0);
  Json shapes = base::json_object();
  shapes["cpu.small"] = shape;
  return shapes;
}

struct LogLine {
  std::int64_t at;  // ns
  std::string replica;
  std::string line;
};

// One for each replica that has lines, as their collector has it.
Json streams_of(const char* label, const std::string& id, const std::vector<LogLine>& lines) {
  std::map<std::string, std::vector<Json>> values;
  for (const LogLine& each : lines) values[each.replica].push_back(Json::array({text(std::to_string(each.at)), text(each.line)}));
  std::vector<Json> streams;
  for (auto& [replica, of_replica] : values) {
    Json item = base::json_object();
    item["stream"] = base::json_object();
    item["stream"][label] = text(id);
    item["stream"]["replica"] = text(replica);
    item["values"] = Json::array(of_replica);
    streams.push_back(std::move(item));
  }
  return Json::array(streams);
}

std::optional<std::int64_t> whole(const std::string& digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// What is wrong with the bounds: both or neither, in nanoseconds, never 0.
std::optional<std::string> wrong_bounds(const Request& request) {
  const auto start = request.parameter("start");
  const auto end = request.parameter("end");
  if (start.has_value() != end.has_value()) return "start and end go together";
  for (const auto& bound : {start, end}) {
    if (bound && whole(*bound).value_or(0) <= 0) return "start and end are nanoseconds, more than 0";
  }
  if (const auto limit = request.parameter("limit"); limit && whole(*limit).value_or(0) <= 0) return "limit must be more than 0";
  return std::nullopt;
}

using ReplicaLogs = std::map<std::string, std::vector<std::string>>;

// The newest lines within the bounds that hold `q`, a millisecond apart since the workload began; with direction=forward the oldest.
std::vector<LogLine> selected(const ReplicaLogs& logs, base::Timestamp began, const Request& request) {
  const std::string part = request.parameter("q").value_or("");
  const std::int64_t start = whole(request.parameter("start").value_or("0")).value_or(0);
  const std::int64_t end = whole(request.parameter("end").value_or("")).value_or(std::numeric_limits<std::int64_t>::max());
  std::vector<LogLine> found;
  for (const auto& [replica, lines] : logs) {
    if (request.parameter("replica").value_or(replica) != replica) continue;
    std::int64_t at = began.time_since_epoch().count() * 1'000'000;
    for (const std::string& line : lines) {
      if (at >= start && at < end && line.find(part) != std::string::npos) found.push_back({at, replica, line});
      at += 1'000'000;
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
  const auto most = static_cast<std::size_t>(whole(request.parameter("limit").value_or("")).value_or(100));
  if (found.size() <= most) return found;
  if (request.parameter("direction") == "forward") {
    found.resize(most);
  } else {
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(most));
  }
  return found;
}

}  // namespace

Response Simulator::workspace_record() const {
  Json value = base::json_object();
  value["id"] = text(world_.options.workspace);
  value["display_name"] = text("simulated workspace " + world_.options.workspace);
  return json_answer(value);
}

Response Simulator::workspace_info() {
  Json value = base::json_object();
  value["build_time"] = text("2026-07-01_00-00-00");
  value["git_commit"] = text("1.0.0");
  value["workspace_name"] = text(world_.options.workspace);
  value["workspace_tier"] = text("enterprise");
  value["workspace_state"] = text("normal");
  value["supported_shapes"] = supported_shapes();
  value["not_in_use"] = Json::boolean(false);
  value["workspace_disk_usage_bytes"] = number(static_cast<std::int64_t>(world_.mounted("default")->bytes()));
  Json workloads = base::json_object();
  workloads["num_deployments"] = number(static_cast<std::int64_t>(deployments_.alive().size()));
  std::int64_t alive_jobs = 0;
  for (const auto& [id, job] : jobs_.all()) alive_jobs += job.archived ? 0 : 1;
  workloads["num_jobs"] = number(alive_jobs);
  workloads["num_pods"] = number(0);
  workloads["num_photons"] = number(0);
  workloads["num_secrets"] = number(static_cast<std::int64_t>(secrets_.all().size()));
  workloads["num_image_pull_secrets"] = number(0);
  value["workloads"] = workloads;
  value["resource_quota"] = limit_and_used(resources(10000, 100'000'000, 1000), resources(0, 0, 0));
  value["service_quota"] = limit_and_used(services(0, 0), services(0, 0));
  value["dedicated_node_group_only"] = Json::boolean(false);
  Json features = base::json_object();
  features["enable_new_deployment_api"] = Json::boolean(world_.family == ApiFamily::kEndpoints);
  value["features"] = features;
  return json_answer(value);
}

// Ours, and one of somebody else's that ends sooner: whoever does not compare the masks takes the wrong one.
Response Simulator::tokens() const {
  const std::string& token = world_.options.token;
  const auto item = [](const std::string& mask, base::Timestamp expires_at) {
    Json value = base::json_object();
    value["masked_value"] = text(mask);
    value["expires_at"] = unix_ms(expires_at);
    return value;
  };
  const std::string mask = token.size() < 8 ? "***" : token.substr(0, 4) + "..." + token.substr(token.size() - 3);
  return json_answer(Json::array({item("zzzz...zzz", token_expires_at_ - std::chrono::hours(12)), item(mask, token_expires_at_)}));
}

std::optional<std::string> Simulator::log_after(const RunningLog& log, std::size_t sent) {
  catch_up();
  const auto job = jobs_.all().find(log.workload);
  const bool is_job = log.replica.empty();
  const Deployment* deployment = is_job ? nullptr : deployments_.find(log.workload);
  if (is_job ? job == jobs_.all().end() : deployment == nullptr) return std::nullopt;
  const auto lines = is_job ? jobs_.log_lines(job->second) : deployments_.log_lines(*deployment, log.replica);
  std::string whole;
  for (const std::string& line : lines) whole += line + "\n";
  if (whole.size() > sent) return whole.substr(sent);
  const bool goes_on = is_job ? job->second.writes_log() : Deployments::writes_log(*deployment, log.replica);
  return goes_on ? std::optional(std::string()) : std::nullopt;
}

Response Simulator::logs(const Request& request, const std::vector<std::string>& rest) const {
  if (rest.size() > 1 || (rest.size() == 1 && rest[0] != "timeseries")) return no_such_route();
  const char* const workload = world_.family == ApiFamily::kEndpoints ? "endpoint" : "deployment";
  if (auto refusal = refuse_unknown_query(request, {workload, "job", "job_history_name", "job_query_mode", "replica", "start", "end",
                                                    "limit", "q", "direction", "timestamps"})) {
    return *refusal;
  }
  if (const auto wrong = wrong_bounds(request)) return error_answer(400, *wrong);
  Json streams = base::json_array();
  if (const auto name = request.parameter(workload)) {
    const Deployment* deployment = deployments_.find(*name);
    if (deployment != nullptr) {
      ReplicaLogs logs;
      for (const std::string& replica : deployment->replicas) logs[replica] = deployments_.log_lines(*deployment, replica);
      if (logs.empty()) logs[""] = deployments_.log_lines(*deployment, "");  // what was collected before it was stopped
      streams = streams_of(workload, *name, selected(logs, deployment->created_at, request));
    }
  } else if (const auto id = request.parameter("job")) {
    const auto job = jobs_.all().find(*id);
    if (job != jobs_.all().end()) {
      const ReplicaLogs logs{{job->first + "-0", jobs_.log_lines(job->second)}};
      streams = streams_of("job", *id, selected(logs, job->second.created_at, request));
    }
  } else {
    return error_answer(400, std::string("needs ") + workload + " or job");
  }
  Json body = base::json_object();
  body["data"] = base::json_object();
  body["data"]["result"] = std::move(streams);
  return json_answer(body);
}

}  // namespace lepton_operator::simulator
