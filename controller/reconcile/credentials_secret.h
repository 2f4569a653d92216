// The credentials snapshot in a cluster: the Secret lepton-operator-credentials of the operator's own namespace, one entry a workspace
// ("<namespace>.<name>", which is unambiguous, since a namespace's name has no dot).
//
// save() and remove() are in force at once and written by run() soon after, each entry by a merge patch of its own, so that no entry is
// ever lost to another's write. What could not be written is tried again (1 s doubling to 60 s) and, once more, at the end.
//
// Thread rule: domain thread only. Owner: app; api and clock outlive it. Fails (open) when the API server cannot be asked. An entry that
// cannot be understood is logged and left alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/api.h"
#include "reconcile/credentials_snapshot.h"

namespace lepton_operator::reconcile {

struct CredentialsSecretParts {
  boost::asio::io_context& io;
  kube::Api& api;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  std::string namespace_;
  std::vector<std::string> served = {};  // the namespaces whose Invocations are ours; empty: all
  std::function<bool()> may_write;       // the leader gate; empty: always
};

class CredentialsSecret final : public CredentialsSnapshot {
 public:
  static constexpr const char* kName = "lepton-operator-credentials";

  static boost::asio::awaitable<base::Result<std::unique_ptr<CredentialsSecret>>> open(base::Context context, CredentialsSecretParts parts);

  base::Result<> save(const invocation::ObjectKey& workspace, const lepton::Credentials& credentials) override;
  std::optional<lepton::Credentials> load(const invocation::ObjectKey& workspace) const override;
  std::vector<invocation::ObjectKey> disposable() const override;
  base::Result<> remove(const invocation::ObjectKey& workspace) override;

  boost::asio::awaitable<void> run(base::Context context);
  bool written() const { return pending_.empty(); }

 private:
  using Entries = std::map<std::string, std::optional<std::string>>;  // nothing: to be removed

  explicit CredentialsSecret(CredentialsSecretParts parts);
  void read(const base::Json& secret);
  void change(const std::string& entry, std::optional<std::string> value);
  boost::asio::awaitable<base::Result<>> write(base::Context context);
  boost::asio::awaitable<base::Result<>> send(base::Context context, Entries entries);
  bool may_write() const { return !parts_.may_write || parts_.may_write(); }

  CredentialsSecretParts parts_;
  base::Signal changed_;
  std::map<std::string, lepton::Credentials> kept_;  // by entry
  Entries pending_;
};

}  // namespace lepton_operator::reconcile
