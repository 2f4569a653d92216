// Kubernetes as the ObjectStore: Invocations, Workspaces and namespaces by list and watch; status and finalizers by JSON patches that stand
// on no more than they must, so that nobody who writes the same objects can starve them (kubernetes_writes.h).
//
// The cache holds what the planner needs, typed, without managedFields and last-applied. A write whose ground has changed is kConflict, one
// of an object that is gone kNotFound; what the cache knows to be so is refused without a request. What others wrote meanwhile stays, is in
// the cache when the write returns, and is told. Our own writes are in the cache when they return, and are not (cached_objects.h). Secrets
// are read by `get` alone and kept for `keep_secrets`.
//
// Verbs: list and watch on invocations, workspaces and namespaces; patch on invocations, invocations/status and workspaces/status; get on
// secrets.
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
