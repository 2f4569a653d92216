// The Invocations of a cluster, asked of its API server (owner_registry.h).
//
// A 404 for one object alone proves nothing: an API server that has lost the CRD, or serves it not yet, answers the same. So the list of
// the owner's namespace must be served before and after it. 401, 403, 429, 5xx and no answer are errors.
//
// Verbs: get and list on invocations, get on the namespace kube-system, whose UID tells one cluster from another for as long as it lives.
// Thread rule: domain thread only. Owner: app; the API outlives it.
#pragma once

#include <string>
#include <vector>

#include "kube/api.h"
#include "reconcile/owner_registry.h"

namespace lepton_operator::reconcile {

// The UID of the namespace kube-system.
boost::asio::awaitable<base::Result<std::string>> read_cluster_uid(base::Context context, kube::Api& api);

class ClusterOwners final : public OwnerRegistry {
 public:
  // `namespaces`: those that are looked after; empty: all. `cluster_uid`: as recorded with the install id; empty: it is not.
  ClusterOwners(kube::Api& api, std::vector<std::string> namespaces, std::string cluster_uid)
      : api_(api), namespaces_(std::move(namespaces)), cluster_uid_(std::move(cluster_uid)) {}

  bool in_scope(const Owner& owner) const override;
  boost::asio::awaitable<base::Result<bool>> at_home(base::Context context) override;
  boost::asio::awaitable<base::Result<bool>> absent(base::Context context, Owner owner) override;

 private:
  boost::asio::awaitable<base::Result<>> served(base::Context context, std::string namespace_);

  kube::Api& api_;
  std::vector<std::string> namespaces_;
  std::string cluster_uid_;
};

}  // namespace lepton_operator::reconcile
