// The control plane below /sim: faults, holds, states by hand. No token: the listener answers it on loopback alone.
#include "core/routing.h"
#include "core/simulator.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

Response done() {
  Json value = base::json_object();
  value["ok"] = Json::boolean(true);
  return json_answer(value);
}

Response refused_by(const base::Error& error) { return error_answer(400, error.what, error.where); }

}  // namespace

Response Simulator::handle_control(const Request& request, const std::vector<std::string>& path) {
  if (path.size() != 2) return no_such_route();
  const std::string& what = path[1];
  if (request.method == "GET") {
    if (what == "account") return json_answer(account());
    if (what == "dump") return json_answer(dump());
    if (what == "requests") return json_answer(requests_json());
    if (what == "held") return json_answer(held_json());
    if (what == "file") return file_by_hand(request);
    return no_such_route();
  }
  if (request.method != "POST") return method_not_allowed(request);
  Json body = base::json_object();
  if (!request.body.empty()) {
    auto parsed = base::parse_json(request.body, "body");
    if (!parsed || !parsed->is_object()) return error_answer(400, "the body must be a JSON object");
    body = *parsed;
  }
  if (what == "hold") {
    auto hold = parse_hold(body);
    if (!hold) return refused_by(hold.error());
    interceptor_.add(*hold);
    return done();
  }
  if (what == "release") {
    const auto ticket = base::get_int(body, "ticket");
    Json value = base::json_object();
    value["released"] =
        Json::number(static_cast<std::int64_t>(release(ticket ? std::optional(static_cast<std::uint64_t>(*ticket)) : std::nullopt)));
    return json_answer(value);
  }
  if (what == "fault") {
    auto fault = parse_fault(body);
    if (!fault) return refused_by(fault.error());
    add_fault(*fault);
    return done();
  }
  if (what == "set") return set_by_hand(body);
  if (what == "delete") return delete_by_hand(body);
  if (what == "say") return say_by_hand(body);
  if (what == "drop-logs") {
    ++log_drops_;
    return done();
  }
  if (what == "advance") return advance(body);
  if (what == "family") return family_by_hand(body);
  if (what == "reset") {
    reset();
    return done();
  }
  return no_such_route();
}

// {"deployment"|"job": name, "state": "Error", "reason": "..."}; of several jobs with one name the newest.
Response Simulator::set_by_hand(const Json& body) {
  const auto state = base::get_string(body, "state");
  if (!state) return error_answer(400, "is required", "state");
  const std::string reason = base::get_string(body, "reason").value_or("");
  bool found = false;
  if (const auto name = base::get_string(body, "deployment")) found = deployments_.force_state(*name, *state, reason);
  if (const auto name = base::get_string(body, "job")) found = jobs_.force_state(*name, *state, reason);
  return found ? done() : error_answer(404, "no such deployment or job");
}

// {"deployment"|"job"|"secret": name} or {"volume": name, "path": "/..."}: gone at once.
Response Simulator::delete_by_hand(const Json& body) {
  bool found = false;
  if (const auto name = base::get_string(body, "deployment")) found = deployments_.erase(*name);
  if (const auto name = base::get_string(body, "job")) found = jobs_.erase(*name);
  if (const auto name = base::get_string(body, "secret")) found = secrets_.erase(*name);
  if (const auto name = base::get_string(body, "volume")) {
    Volume* volume = world_.mounted(*name);
    const auto path = clean_path(base::get_string(body, "path").value_or(""));
    found = volume != nullptr && path && volume->exists(*path);
    if (found) volume->remove(*path);
  }
  return found ? done() : error_answer(404, "nothing of that name");
}

// {"job": name, "line": "..."} or {"deployment": name, "replica": place, "line": "..."}: a line of its log.
Response Simulator::say_by_hand(const Json& body) {
  const auto job = base::get_string(body, "job");
  const auto deployment = base::get_string(body, "deployment");
  const auto line = base::get_string(body, "line");
  if ((!job && !deployment) || !line) return error_answer(400, "needs a job or a deployment, and a line");
  if (job) return jobs_.say(*job, *line) ? done() : error_answer(404, "no such job");
  const auto place = static_cast<std::size_t>(base::get_int(body, "replica").value_or(0));
  return deployments_.say(*deployment, place, *line) ? done() : error_answer(404, "no such replica");
}

// ?volume=lepton-shared-fs&path=/...: a file's content, whatever /storage serves.
Response Simulator::file_by_hand(const Request& request) {
  const Volume* volume = world_.mounted(request.parameter("volume").value_or("lepton-shared-fs"));
  const auto path = clean_path(request.parameter("path").value_or(""));
  const std::string* content = volume != nullptr && path ? volume->read(*path) : nullptr;
  return content != nullptr ? text_answer(*content) : error_answer(404, "no such file");
}

// {"by": "10m"}: the simulator's clock goes ahead of the real one.
Response Simulator::advance(const Json& body) {
  const auto by = base::parse_duration(base::get_string(body, "by").value_or(""));
  if (!by || by->count() < 0) return error_answer(400, "must be a duration, e.g. 10m", "by");
  advanced_ += *by;
  catch_up();
  return done();
}

// {"family": "endpoints", "former": "moved"|"kept"|"hidden"}: the workspace changes its family while it is in use.
Response Simulator::family_by_hand(const Json& body) {
  const auto family = api_family_named(base::get_string(body, "family").value_or(""));
  if (!family) return error_answer(400, "must be deployments or endpoints", "family");
  const auto former = former_family_named(base::get_string(body, "former").value_or("moved"));
  if (!former) return error_answer(400, "must be moved, kept or hidden", "former");
  set_family(*family, *former);
  return done();
}

}  // namespace lepton_operator::simulator
