// /endpoints, the new family's view of the simulated endpoints (contract, section 5): components, NotReady, external_url, deleted_at.
//
// There are no readiness and termination routes, no labels and no pods. PATCH is RFC 7386, so that it replaces the components whole.
// The endpoints themselves, and what becomes of them over time, are Deployments'.
//
// Thread rule: the Simulator's.
#pragma once

#include <string>
#include <vector>

#include "core/deployments.h"
#include "core/message.h"
#include "core/world.h"

namespace lepton_operator::simulator {

class Endpoints {
 public:
  Endpoints(World& world, Deployments& deployments) : world_(world), deployments_(deployments) {}

  Response handle(const Request& request, const std::vector<std::string>& rest);

 private:
  Response list() const;
  Response create(const Request& request);
  Response patch(Deployment& endpoint, const Request& request);
  base::Json shown(const Deployment& endpoint, bool masked) const;
  base::Json status(const Deployment& endpoint) const;

  World& world_;
  Deployments& deployments_;
};

// The two forms of one spec. `endpoint_form` builds the components; `take_spec` reads a checked spec into a draft.
base::Json endpoint_form(const Deployment& endpoint);
void take_spec(const base::Json& spec, Deployment& draft);

}  // namespace lepton_operator::simulator
