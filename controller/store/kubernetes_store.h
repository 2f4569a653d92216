// Kubernetes as the ObjectStore: Invocations, Workspaces and namespaces by list and watch, status by its subresource, finalizers by patch.
//
// The cache holds what the planner needs, typed, without managedFields and last-applied. Every write carries the resourceVersion that was
// read: 409 is kConflict, 404 kNotFound; a write of an object that the cache knows to have changed is refused without a request. Our own
// writes are in the cache when they return (cached_objects.h). Secrets are read by `get` alone and kept for `keep_secrets`.
//
// Verbs: list and watch on invocations, workspaces and namespaces; patch on invocations; update on invocations/status and
// workspaces/status; get on secrets.
//
// Thread rule: domain thread only. Owner: app; io, api, clock, randomness and log outlive it. While the API server is away the cache stays
// as it is and run() goes on trying; run() never fails by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/api.h"
#include "store/object_store.h"

namespace lepton_operator::store {

struct KubernetesOptions {
  std::vector<std::string> namespaces = {};  // empty: all
  std::function<bool()> may_write = {};      // the leader gate; empty: always
  base::Milliseconds keep_secrets{60'000};
};

std::unique_ptr<ObjectStore> make_kubernetes_store(boost::asio::io_context& io, kube::Api& api, base::Clock& clock, base::Random& random,
                                                   base::Log& log, KubernetesOptions options);

}  // namespace lepton_operator::store
