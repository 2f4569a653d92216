// What a Stage is made of, for its own two sources. Thread rule: the Stage's.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>

#include "invocation/catalogue.h"
#include "invocation/names.h"
#include "reconcile/operator.h"
#include "scenarios/observed.h"
#include "scenarios/simulated.h"
#include "scenarios/stage.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::scenarios {

using namespace std::chrono_literals;
using base::Milliseconds;
using invocation::ObjectKey;

inline const ObjectKey kWorkspace{"team", "default"};
inline ObjectKey key_of(const std::string& name) { return {"team", name}; }

struct Stage::Parts {
  explicit Parts(const Json& simulator);
  ~Parts() { stop(); }

  void start();
  void stop();

  std::shared_ptr<const invocation::Invocation> object(const std::string& name) const { return bench.store.find_invocation(key_of(name)); }
  const invocation::Invocation& existing(const std::string& name) const {
    const auto found = object(name);
    if (!found) throw std::logic_error("there is no Invocation " + name);
    return *found;
  }
  // The Lepton secrets that endpoints' tokens are in, by what they are called here.
  std::map<std::string, std::string> tokens() const {
    std::map<std::string, std::string> names;
    for (const auto& [name, spec] : specs) {
      names[invocation::secret_name("uid-of-" + name, "token")] = (name == "run" ? "" : name + ":") + "token";
    }
    return names;
  }
  void put_workspace(const Json& overlay) {
    workspace = without_nulls(overlaid(workspace, overlay));
    bench.store.put_workspace(kWorkspace, base::to_yaml(workspace));
  }
  std::string name_of_endpoint(const std::string& label) const {
    for (const auto& [name, each] : bench.simulator.deployments().alive()) {
      if (label_of(each.metadata) == label) return name;
    }
    throw std::logic_error("there is no endpoint " + label);
  }
  std::string id_of_job(const std::string& label) const {
    for (const auto& [id, each] : bench.simulator.jobs().all()) {
      if (label_of(each.metadata) == label) return id;
    }
    throw std::logic_error("there is no job " + label);
  }

  mutable reconcile::test::Bench bench;
  invocation::Catalogue catalogue;
  std::unique_ptr<reconcile::Operator> running;
  std::optional<base::Context> context;
  std::shared_ptr<std::optional<base::Result<>>> ended;
  std::map<std::string, std::map<std::string, int>> events;  // by Invocation and reason
  std::map<std::string, Json> specs;                         // as written last, by Invocation
  Json workspace = base::json_object();
};

}  // namespace lepton_operator::scenarios
