#include "core/simulator.h"

#include <algorithm>

#include "core/node_groups.h"
#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

bool begins_with(const std::vector<std::string>& path, const std::vector<std::string>& prefix) {
  return path.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

}  // namespace

Simulator::Simulator(Options options, Now now, Scenario scenario)
    : now_(std::move(now)),
      initial_(std::move(scenario)),
      secrets_(world_),
      deployments_(world_, secrets_),
      endpoints_(world_, deployments_),
      jobs_(world_, secrets_, deployments_),
      storage_(world_) {
  world_.options = std::move(options);
  world_.family = world_.options.api_family;
  world_.scenario = initial_;
  token_expires_at_ = now_() + world_.options.token_expires_in;
  world_.random = base::make_seeded_random(world_.options.seed);
  add_volumes();
  world_.agenda.run_until(now_());
}

void Simulator::add_volumes() {
  world_.other_volume = {};
  world_.volumes.clear();
  for (const char* name : {"lepton-shared-fs", "default", "node-local"}) world_.volumes[name];
}

void Simulator::catch_up() { world_.agenda.run_until(now_() + advanced_); }

Response Simulator::handle(const Request& request) {
  catch_up();
  const auto path = split_path(request.path);
  if (!path) return error_answer(400, "the path is malformed");
  if (!path->empty() && path->front() == "sim") return handle_control(request, *path);
  return handle_api(request);
}

std::string Simulator::below_workspace(const std::string& path) const {
  const std::string base = base_path();
  if (path == base) return "/";
  return path.starts_with(base + "/") ? path.substr(base.size()) : path;
}

Response Simulator::handle_api(const Request& request) {
  const std::string path = below_workspace(request.path);
  const std::size_t index = log_.size();
  LoggedRequest entry;
  entry.sequence = index + 1;
  entry.at = world_.now();
  entry.method = request.method;
  entry.path = path;
  entry.query = request.query;
  entry.body = request.body;
  if (const auto origin = request.headers.find("origin"); origin != request.headers.end()) entry.origin = origin->second;
  log_.push_back(std::move(entry));
  world_.count("requests");
  const auto hold = interceptor_.caught(request.method, path);
  if (hold && hold->before_commit) {
    log_[index].note = "held before";
    Response promise;
    promise.held = interceptor_.keep({0, index, request, true, {}});
    return promise;
  }
  const auto fault = world_.scenario.fault_for(request.method, path, *world_.random);
  if (fault) log_[index].note = fault->silent ? "silent" : "fault";
  const bool silent = fault && fault->silent;
  if (silent) world_.count("silent");
  Response answer = fault && !silent ? meet(*fault, request) : take_effect(request);
  if (hold || silent) {
    if (hold) log_[index].note = "held after";
    log_[index].status = answer.status;
    Response promise;
    promise.held = interceptor_.keep({0, index, request, false, std::move(answer)});
    return promise;
  }
  log_[index].status = answer.status;
  log_[index].answered = true;
  return answer;
}

Response Simulator::meet(const FaultRule& fault, const Request& request) {
  if (fault.after_commit) take_effect(request);
  world_.count("faults");
  Response answer = fault.echo ? text_answer(everything_sent(request), fault.status) : error_answer(fault.status, "simulated fault");
  if (fault.retry_after) answer.headers["retry-after"] = *fault.retry_after;
  return answer;
}

// A request that was held before its time: now it takes effect, unless a fault meets it first.
Response Simulator::commit(const Request& request) {
  const auto fault = world_.scenario.fault_for(request.method, below_workspace(request.path), *world_.random);
  return fault && !fault->silent ? meet(*fault, request) : take_effect(request);
}

Response Simulator::take_effect(const Request& request) {
  const auto path = split_path(request.path);
  const std::vector<std::string> base = {"api", "v2", "workspaces"};
  const auto token = request.headers.find("authorization");
  if (!path || !begins_with(*path, base) || path->size() < 4) return no_such_route();
  if (token == request.headers.end() || token->second != "Bearer " + world_.options.token) {
    world_.count("unauthorized");
    return error_answer(401, "invalid token");
  }
  if ((*path)[3] != world_.options.workspace) return error_answer(404, "workspace \"" + (*path)[3] + "\" not found");
  return route(request, {path->begin() + 4, path->end()});
}

Response Simulator::route(const Request& request, const std::vector<std::string>& path) {
  if (path.empty()) return request.method == "GET" ? workspace_record() : method_not_allowed(request);
  const std::string& resource = path.front();
  const std::vector<std::string> rest(path.begin() + 1, path.end());
  if (resource == "deployments" && world_.serves(ApiFamily::kDeployments)) return deployments_.handle(request, rest);
  if (resource == "endpoints" && world_.serves(ApiFamily::kEndpoints)) return endpoints_.handle(request, rest);
  if (resource == "jobs") return jobs_.handle(request, rest);
  if (resource == "usersecrets") return secrets_.handle(request, rest);
  if (resource == "storage") return storage_.handle(request, rest);
  if (resource == "dedicated-node-groups") return handle_node_groups(request, rest, world_.options.workspace);
  if (resource == "shapes") return handle_shapes(request, rest);
  if (resource == "logs") return request.method == "GET" ? logs(request, rest) : method_not_allowed(request);
  if (resource == "workspace" && rest.empty()) return request.method == "GET" ? workspace_info() : method_not_allowed(request);
  if (resource == "tokens" && rest.empty()) return request.method == "GET" ? tokens() : method_not_allowed(request);
  return no_such_route();
}

void Simulator::set_family(ApiFamily family, FormerFamily former) {
  world_.family = family;
  world_.former = former;
}

std::size_t Simulator::release(std::optional<std::uint64_t> ticket) {
  std::size_t count = 0;
  for (HeldRequest& held : interceptor_.take(ticket)) {
    Response answer = held.before_commit ? commit(held.request) : std::move(held.answer);
    if (held.log_index < log_.size()) {
      log_[held.log_index].status = answer.status;
      log_[held.log_index].answered = true;
    }
    released_.emplace_back(held.ticket, std::move(answer));
    ++count;
  }
  return count;
}

std::vector<std::pair<std::uint64_t, Response>> Simulator::take_released() { return std::exchange(released_, {}); }

void Simulator::reset() {
  // Whoever still waits for a held reply gets one; nothing of it takes effect any more.
  for (HeldRequest& held : interceptor_.take(std::nullopt)) {
    released_.emplace_back(held.ticket, held.before_commit ? error_answer(503, "the simulator was reset") : std::move(held.answer));
  }
  interceptor_.forget_holds();
  world_.agenda.clear();
  world_.scenario = initial_;
  world_.history.clear();
  world_.counters.clear();
  token_expires_at_ = now_() + world_.options.token_expires_in;
  secrets_.clear();
  deployments_.clear();
  set_family(world_.options.api_family, FormerFamily::kMoved);
  jobs_.clear();
  log_.clear();
  add_volumes();
}

}  // namespace lepton_operator::simulator
