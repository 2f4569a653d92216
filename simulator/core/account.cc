// GET /sim/account: what the dump proves, as numbers: where there are ten thousand objects, the dump itself would be what is measured.
#include <algorithm>
#include <map>

#include "core/simulator.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

constexpr const char* kOwner = "lepton-operator.uid";
constexpr const char* kTask = "lepton-operator.task";
constexpr std::size_t kInvocationId = 16;  // hex digits: the directory of one run

struct Made {
  std::map<std::string, std::int64_t> deployments;  // by task
  std::map<std::string, std::int64_t> jobs;
  base::Timestamp last_job{};
};
using Owners = std::map<std::string, Made>;

std::string label(const Json& metadata, const char* name) {
  return base::get_string(base::get_object(metadata, "labels"), name).value_or("");
}

Json numbers(const std::map<std::string, std::int64_t>& counts) {
  Json value = base::json_object();
  for (const auto& [name, count] : counts) value[name] = Json::number(count);
  return value;
}

// "GET /jobs", "DELETE /jobs/*", "POST /deployments".
std::string route_of(const LoggedRequest& request) {
  const std::size_t end = request.path.find('/', 1);
  return request.method + " " + request.path.substr(0, end) + (end == std::string::npos ? "" : "/*");
}

// As Volume::paths() writes a directory: with a slash behind it.
bool is_directory_of_a_run(std::string path) {
  if (path.empty() || path.back() != '/') return false;
  path.pop_back();
  const std::string last = path.substr(path.rfind('/') + 1);
  return last.size() == kInvocationId && last.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void add(Owners& owners, const Deployment& deployment) {
  const std::string task = label(deployment.metadata, kTask);
  if (!task.empty()) ++owners[label(deployment.metadata, kOwner)].deployments[task];
}

void add(Owners& owners, const Job& job) {
  const std::string task = label(job.metadata, kTask);
  if (task.empty()) return;  // a cleanup
  Made& made = owners[label(job.metadata, kOwner)];
  ++made.jobs[task];
  made.last_job = std::max(made.last_job, job.created_at);
}

}  // namespace

Json Simulator::account() {
  catch_up();
  Owners owners;
  for (const auto& [name, each] : deployments_.alive()) add(owners, each);
  for (const Deployment& each : deployments_.gone()) add(owners, each);
  for (const auto& [id, each] : jobs_.all()) add(owners, each);
  for (const Job& each : jobs_.gone()) add(owners, each);
  std::map<std::string, std::int64_t> requests;
  for (const LoggedRequest& each : log_) ++requests[route_of(each)];
  std::map<std::string, std::int64_t> left = {
      {"deployments", deployments_.alive().size()}, {"jobs", jobs_.all().size()}, {"secrets", secrets_.all().size()}};
  left["directories"] = 0;
  for (const auto& [name, volume] : world_.volumes) {
    for (const std::string& path : volume.paths()) left["directories"] += is_directory_of_a_run(path) ? 1 : 0;
  }
  std::vector<Json> made;
  for (const auto& [uid, each] : owners) {
    Json item = base::json_object();
    item["uid"] = text(uid);
    item["deployments"] = numbers(each.deployments);
    item["jobs"] = numbers(each.jobs);
    item["last_job_at"] = text(base::format_timestamp(each.last_job));
    made.push_back(std::move(item));
  }
  Json value = base::json_object();
  value["requests"] = numbers(requests);
  value["left"] = numbers(left);
  const auto runs = [](const auto& each) { return each.second.state == "Running"; };
  value["running"] = Json::number(static_cast<std::int64_t>(std::count_if(jobs_.all().begin(), jobs_.all().end(), runs)));
  value["made"] = Json::array(made);
  value["counters"] = numbers({world_.counters.begin(), world_.counters.end()});
  return value;
}

}  // namespace lepton_operator::simulator
