// Endpoints with states over time, and /deployments, the legacy family's view of them (contract, section 4). The other family's view of
// the same is endpoints.h.
//
// A deployment goes Starting → Ready after the ready delay unless the scenario says otherwise. Stopped (min_replicas 0) is shown as
// "Not Ready" with the true value in `phase`, as the real backend does. Deletion takes the delete delay; until then the name is taken.
//
// Thread rule: the Simulator's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/message.h"
#include "core/secrets.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct Deployment {
  std::string name;
  base::Json metadata;
  base::Json spec;  // in the legacy family's form, whoever made it
  ApiFamily made_by = ApiFamily::kDeployments;
  std::string component = "default";  // its name in the other family
  base::Json siblings;                // the components beside it, as they were sent; null when there are none
  std::string state = "Starting";     // the true one; Stopping and Stopped are folded on the wire
  std::string state_before_deletion;
  OutcomeRule course;
  std::vector<std::string> replicas;
  std::map<std::string, std::vector<std::string>> said;  // lines of a replica's log, by hand (POST /sim/say)
  base::Timestamp created_at;
  base::Timestamp changed_at;               // of the state
  std::optional<base::Timestamp> ready_at;  // the first time
  std::optional<base::Timestamp> deleted_at;
  std::uint64_t serial = 0;  // tells two deployments of one name apart
  std::uint64_t plan = 0;    // raised to drop what was planned for it
};

class Deployments {
 public:
  Deployments(World& world, const Secrets& secrets) : world_(world), secrets_(secrets) {}

  Response handle(const Request& request, const std::vector<std::string>& rest);

  const std::map<std::string, Deployment>& alive() const { return alive_; }
  const std::vector<Deployment>& gone() const { return gone_; }
  const Deployment* find(const std::string& name) const;
  // The same, if the routes of `family` show it.
  Deployment* find(const std::string& name, ApiFamily family);
  std::vector<const Deployment*> shown_by(ApiFamily family) const;

  // What either family's requests come down to. make() and change() take a draft whose spec was checked against the contract.
  std::variant<Deployment, Response> make(Deployment draft);
  std::variant<Deployment, Response> change(Deployment& current, Deployment draft, bool dry_run);
  Response remove(Deployment& deployment);
  std::optional<Response> restart(Deployment& deployment);  // the answer that refuses it
  // What stands below it in both: replicas, their logs, events.
  Response below(const Deployment& deployment, const std::vector<std::string>& rest) const;

  // By hand: the state stays until something else is asked of the deployment. False when there is none of that name.
  bool force_state(const std::string& name, const std::string& state, const std::string& reason);
  bool erase(const std::string& name);  // at once
  void clear();

  // Into the log of the replica at that place. False when there is none.
  bool say(const std::string& name, std::size_t place, const std::string& text);
  // Whether that replica writes on.
  static bool writes_log(const Deployment& deployment, const std::string& replica);
  std::vector<std::string> log_lines(const Deployment& deployment, const std::string& replica) const;
  std::vector<std::string> values_given(const Deployment& deployment) const;
  base::Json shown(const Deployment& deployment, bool masked) const;

 private:
  bool shows(const Deployment& deployment, ApiFamily family) const;
  Response list() const;
  Response create(const Request& request);
  Response patch(Deployment& deployment, const Request& request);
  Response legacy_below(const Deployment& deployment, const std::vector<std::string>& rest) const;

  base::Json status(const Deployment& deployment) const;
  std::string text_of(const Deployment& deployment) const;  // shown(), masked, without a copy of what it holds
  base::Json readiness(const Deployment& deployment) const;
  base::Json termination(const Deployment& deployment) const;
  base::Json replicas(const Deployment& deployment) const;
  base::Json events(const Deployment& deployment) const;

  void enter(Deployment& deployment, const std::string& state);
  void plan(Deployment& deployment, base::Milliseconds delay, void (Deployments::*step)(Deployment&));
  void begin(Deployment& deployment, const std::string& state);  // on the way to Ready, or wherever the scenario leads
  void arrive(Deployment& deployment);
  void flap(Deployment& deployment);
  void stop(Deployment& deployment);
  void stopped(Deployment& deployment) { enter(deployment, "Stopped"); }
  void vanish(Deployment& deployment);
  base::Milliseconds ready_delay(const Deployment& deployment) const;

  World& world_;
  const Secrets& secrets_;
  std::map<std::string, Deployment> alive_;
  std::vector<Deployment> gone_;
  std::uint64_t next_serial_ = 1;
};

}  // namespace lepton_operator::simulator
