// A Lepton workspace in memory: the project's only double of Lepton, as strict as the contract (docs: the wire contract of the
// workspace API).
//
// Pure: no threads, no I/O; time and chance are injected. Every request first lets the time that has passed take effect (an endpoint
// becomes Ready, a job writes its files), then is answered. Besides the API below /api/v2/workspaces/<id> there is a control plane
// below /sim, without a token, that sets faults and holds and shows everything (GET /sim/dump).
//
//   Simulator simulator(options, [&] { return clock.now(); });
//   Response response = simulator.handle({"GET", simulator.base_path() + "/deployments", {}, {{"authorization", "Bearer sim-token"}}, ""});
//
// Thread rule: one caller at a time; the listener has a mutex for it. Never throws on any input.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/deployments.h"
#include "core/endpoints.h"
#include "core/interceptor.h"
#include "core/jobs.h"
#include "core/message.h"
#include "core/secrets.h"
#include "core/storage.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct LoggedRequest {
  std::size_t sequence = 0;  // from 1
  base::Timestamp at;
  std::string method;
  std::string path;  // below the workspace; the whole path when it is outside
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  std::optional<std::string> origin;  // the header of that name
  int status = 0;                     // 0: not answered yet
  bool answered = false;
  std::string note;  // "fault", "silent", "held before", "held after"
};

class Simulator {
 public:
  using Now = std::function<base::Timestamp()>;

  Simulator(Options options, Now now, Scenario scenario = {});
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // The answer, or, when its `held` is set, a promise of one: take_released() then has it.
  Response handle(const Request& request);
  std::vector<std::pair<std::uint64_t, Response>> take_released();

  // That log behind its first `sent` bytes; nothing when it is over and was sent whole.
  std::optional<std::string> log_after(const RunningLog& log, std::size_t sent);
  // How often POST /sim/drop-logs asked that whoever streams a log loses the connection.
  std::uint64_t log_drops() const { return log_drops_; }

  // Lets time pass until the injected clock's now.
  void catch_up();

  std::string base_path() const { return "/api/v2/workspaces/" + world_.options.workspace; }
  const std::string& token() const { return world_.options.token; }

  // Direct looks, for tests in the same process.
  World& world() { return world_; }
  Deployments& deployments() { return deployments_; }
  Jobs& jobs() { return jobs_; }
  Secrets& secrets() { return secrets_; }
  const std::vector<LoggedRequest>& requests() const { return log_; }
  void add_fault(FaultRule fault) { world_.scenario.faults.push_back(std::move(fault)); }
  // The workspace changes its family; what was made through the other one is, or is not, to be found as `former` says.
  void set_family(ApiFamily family, FormerFamily former);
  void add_hold(Hold hold) { interceptor_.add(std::move(hold)); }
  std::size_t release(std::optional<std::uint64_t> ticket = std::nullopt);

  base::Json dump();
  void reset();  // everything but the options and the scenario's files

 private:
  Response handle_control(const Request& request, const std::vector<std::string>& path);
  Response set_by_hand(const base::Json& body);
  Response delete_by_hand(const base::Json& body);
  Response say_by_hand(const base::Json& body);
  Response advance(const base::Json& body);
  Response family_by_hand(const base::Json& body);
  Response file_by_hand(const Request& request);
  base::Json requests_json() const;
  base::Json account();
  base::Json held_json() const;

  Response handle_api(const Request& request);
  Response commit(const Request& request);
  Response meet(const FaultRule& fault, const Request& request);  // answers as the fault says
  Response take_effect(const Request& request);
  Response route(const Request& request, const std::vector<std::string>& path);
  Response workspace_info();
  Response workspace_record() const;
  Response tokens() const;
  Response logs(const Request& request, const std::vector<std::string>& rest) const;
  std::string below_workspace(const std::string& path) const;
  void add_volumes();

  World world_;
  Now now_;
  base::Timestamp token_expires_at_;
  base::Milliseconds advanced_{0};  // by POST /sim/advance
  Scenario initial_;
  Secrets secrets_;
  Deployments deployments_;
  Endpoints endpoints_;
  Jobs jobs_;
  Storage storage_;
  Interceptor interceptor_;
  std::vector<LoggedRequest> log_;
  std::uint64_t log_drops_ = 0;
  std::vector<std::pair<std::uint64_t, Response>> released_;
};

}  // namespace lepton_operator::simulator
