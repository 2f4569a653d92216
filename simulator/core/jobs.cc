#include "core/jobs.h"

#include <algorithm>

#include "core/contract.h"
#include "core/node_groups.h"
#include "core/references.h"
#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

void set_default(Json& spec, const char* member, int value) {
  if (!spec.has_field(member)) spec[member] = Json::number(value);
}

std::size_t workers(const Json& spec) { return static_cast<std::size_t>(base::get_int(spec, "parallelism").value_or(1)); }

}  // namespace

Response Jobs::handle(const Request& request, const std::vector<std::string>& rest) {
  if (rest.empty()) {
    if (request.method == "GET") return list(request);
    if (request.method == "POST") return create(request);
    return method_not_allowed(request);
  }
  const bool whole_job = rest.size() == 1 && (request.method == "GET" || request.method == "DELETE");
  const bool takes_mode = whole_job || (rest.size() == 2 && rest[1] == "replicas");
  if (takes_mode) {
    if (auto refusal = refuse_unknown_query(request, {"job_query_mode"})) return *refusal;
  } else if (rest.size() != 4) {  // a log stream may carry the SDK's own parameters
    if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
  }
  const auto mode = takes_mode ? query_mode(request) : QueryMode::kAliveAndArchive;
  if (!mode) return error_answer(400, "is not a job query mode", "job_query_mode");
  const auto found = jobs_.find(rest[0]);  // by id alone: a name is not found
  if (found == jobs_.end() || !in_mode(found->second, *mode)) return error_answer(404, "job \"" + rest[0] + "\" not found");
  Job& job = found->second;
  if (rest.size() > 1) return request.method == "GET" ? below(job, rest) : method_not_allowed(request);
  if (request.method == "GET") return json_answer(shown(job));
  if (request.method == "PATCH") return patch(job, request);
  if (request.method == "DELETE") return remove(job);
  return method_not_allowed(request);
}

Response Jobs::create(const Request& request) {
  if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = job_body().check(body)) return refused(*violation);
  const Json& asked = body.at("spec");
  if (auto violation = missing_reference(world_, secrets_, asked, base::get_object(asked, "affinity"), "spec.affinity")) {
    return refused(*violation);
  }
  Job job;
  job.metadata = body.at("metadata");
  job.name = base::get_string(job.metadata, "name").value_or(base::get_string(job.metadata, "id").value_or(""));
  do {
    job.id = job.name + "-" + world_.suffix(4);
  } while (jobs_.contains(job.id));
  job.spec = asked;
  set_default(job.spec, "completions", 1);
  set_default(job.spec, "parallelism", 1);
  set_default(job.spec, "ttl_seconds_after_finished", 600);
  job.created_at = world_.now();
  job.order = next_order_++;
  job.metadata["id"] = text(job.id);
  job.metadata["name"] = text(job.name);
  job.metadata["created_at"] = unix_ms(world_.now());
  job.metadata["last_modified_at"] = unix_ms(world_.now());
  job.metadata["created_by"] = text("sim-user");
  job.metadata["owner"] = text("sim-user");
  job.metadata["last_modified_by"] = text("sim-user");
  note_endpoints(job);
  job.course = world_.scenario.course_of(Kind::kJob, job.name, base::get_object(job.metadata, "labels"));
  Job& made = jobs_[job.id] = std::move(job);
  made.state.clear();
  begin(made);
  world_.count("jobs_created");
  return json_answer(shown(made), 201);
}

Response Jobs::patch(Job& job, const Request& request) {
  auto read = read_json(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Json& body = std::get<Json>(read);
  if (auto violation = job_patch().check(body)) return refused(*violation);
  if (job.archived || job.finished() || job.state == "Deleting" || job.state == "Deleted") {
    return error_answer(400, "the job is " + job.state);
  }
  const bool stop = base::get_bool(body.at("spec"), "stopped").value_or(false);
  job.spec["stopped"] = Json::boolean(stop);
  if (stop && job.state != "Stopped" && job.state != "Stopping") {
    enter(job, "Stopping");
    plan(job, world_.options.delete_delay, &Jobs::stopped);
  } else if (!stop && (job.state == "Stopped" || job.state == "Stopping")) {
    begin(job);
  }
  return json_answer(shown(job));
}

Response Jobs::remove(Job& job) {
  if (job.state != "Deleting") {
    enter(job, "Deleting");
    plan(job, world_.options.delete_delay, &Jobs::vanish);
    world_.count("jobs_deleted");
  }
  return empty_answer();
}

Response Jobs::below(const Job& job, const std::vector<std::string>& rest) const {
  if (rest.size() == 2 && rest[1] == "events") return json_answer(events(job));
  if (rest.size() == 2 && rest[1] == "replicas") return json_answer(replicas(job));
  if (rest.size() == 4 && rest[1] == "replicas" && rest[3] == "log") {
    const Json known = replicas(job);
    const auto& items = base::elements(&known);
    if (std::none_of(items.begin(), items.end(), [&](const Json& each) { return base::get_string(each, "id") == rest[2]; })) {
      return error_answer(404, "replica \"" + rest[2] + "\" not found");
    }
    std::string lines;
    for (const std::string& line : log_lines(job)) lines += line + "\n";
    Response answer = text_answer(std::move(lines));
    if (world_.options.stream_logs && job.writes_log()) answer.goes_on = RunningLog{job.id};
    return answer;
  }
  return no_such_route();
}

Json Jobs::shown(const Job& job) const {
  Json value = base::json_object();
  value["metadata"] = job.metadata;
  value["spec"] = job.spec;
  value["status"] = status(job);
  return value;
}

std::string Jobs::text_of(const Job& job) const {
  return R"({"metadata":)" + base::to_text(job.metadata) + R"(,"spec":)" + base::to_text(job.spec) + R"(,"status":)" +
         base::to_text(status(job)) + "}";
}

Json Jobs::status(const Job& job) const {
  const auto all_if = [&](bool yes) { return Json::number(yes ? static_cast<std::int64_t>(workers(job.spec)) : 0); };
  Json status = base::json_object();
  status["job_name"] = text(job.name);
  status["state"] = text(job.archived && world_.options.archived_state ? "Archived" : job.state);
  const bool running = job.running_at && !job.finished_at;
  status["ready"] = all_if(running);
  status["active"] = all_if(running);
  const bool forgotten = job.archived && world_.options.archive_forgets;
  status["failed"] = all_if(job.state == "Failed" && !forgotten);
  status["succeeded"] = all_if(job.state == "Completed" && !forgotten);
  status["creation_time"] = unix_s(job.created_at);
  if (job.finished_at) status["completion_time"] = unix_s(*job.finished_at);
  status["job_history"] = base::json_array();
  return status;
}

Json Jobs::events(const Job& job) const {
  std::vector<Json> items;
  for (const Transition& step : world_.history) {
    if (step.kind != "job" || step.id != job.id) continue;
    Json item = base::json_object();
    item["type"] = text(step.to == "Failed" ? "Warning" : "Normal");
    item["reason"] = text(step.to);
    item["regarding"] = base::json_object();
    item["regarding"]["kind"] = text("Job");
    item["regarding"]["name"] = text(job.id);
    item["count"] = Json::number(1);
    item["last_observed_time"] = text(base::format_timestamp(step.at));
    items.push_back(std::move(item));
  }
  return Json::array(items);
}

Json Jobs::replicas(const Job& job) const {
  std::vector<Json> items;
  const std::size_t count = job.running_at ? workers(job.spec) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    items.push_back(replica_json(job.id + "-" + std::to_string(i), node_for(base::get_object(job.spec, "affinity"), i), ""));
  }
  return Json::array(items);
}

bool Jobs::say(const std::string& id_or_name, const std::string& text) {
  const Job* known = find(id_or_name);
  if (known == nullptr) return false;
  std::vector<std::string>& said = jobs_.at(known->id).said;
  const std::vector<std::string> lines = split_lines(text);
  said.insert(said.end(), lines.begin(), lines.end());
  return true;
}

std::vector<std::string> Jobs::log_lines(const Job& job) const {
  std::vector<std::string> lines;
  if (job.running_at) lines.push_back("running " + job.name);
  lines.insert(lines.end(), job.said.begin(), job.said.end());
  if (job.state == "Failed") lines.push_back("failed: " + job.reason);
  if (job.state == "Completed") lines.push_back("done");
  return lines;
}

}  // namespace lepton_operator::simulator
