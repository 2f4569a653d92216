// What one installation in a cluster is known by: its install id and the keys of its generated tokens, in the Secret
// lepton-operator-install of the operator's own namespace {installId, cluster, current, key.<id>: hex}.
//
// Made once: the id marks what is ours in Lepton, and the keys are those of the tokens of what runs. Of two processes that make it at once,
// one does, the other reads what that made. Nothing in it changes after but by an administrator, or, when `current` says "rotate", by
// adding a key; the old ones stay. `cluster` is the UID of the namespace kube-system where the installation was made, or was first seen
// by an operator that records it: a cluster that was restored elsewhere from a backup has another.
//
// Thread rule: domain thread only. Fails (open) when the API server cannot be asked, or with kInvalid when the Secret is damaged: a new one
// in its place would orphan everything that runs.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/random.h"
#include "kube/api.h"
#include "reconcile/key_store.h"

namespace lepton_operator::reconcile {

class KeySecret final : public KeyStore {
 public:
  static constexpr const char* kName = "lepton-operator-install";

  static boost::asio::awaitable<base::Result<std::unique_ptr<KeySecret>>> open(base::Context context, kube::Api& api,
                                                                               std::string namespace_, base::Random& random);

  std::string current_id() const override { return current_; }
  std::optional<std::string> key(const std::string& id) const override;
  const std::string& install_id() const { return install_id_; }
  const std::string& cluster_uid() const { return cluster_uid_; }  // empty: it could not be read

 private:
  static base::Result<std::unique_ptr<KeySecret>> decode(const base::Json& secret, const std::string& where);

  std::string install_id_;
  std::string cluster_uid_;
  std::string current_;
  std::map<std::string, std::string> keys_;  // id -> bytes
};

}  // namespace lepton_operator::reconcile
