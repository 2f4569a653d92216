// Carries out one Action of a plan and records in the Invocation's Memory what came of it.
//
//   executor.begin(*memory, action);                           // before anything is awaited: from now on it is in flight
//   co_await executor.carry_out(context, job, action);         // ends with the outcome in memory
//
// Nothing is sent once the context is cancelled or the leader gate is closed. The executor never retries: a failure sets the time before
// which the planner must not ask again (1 s doubling to 5 min, ±10 %; Retry-After if that is longer; then a
// turn of the connection's retry budget).
//
// Thread rule: domain thread only. Owner: Reconciler; store, vault and clock outlive it. Failures are outcomes, never exceptions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/async.h"
#include "base/clock.h"
#include "base/random.h"
#include "invocation/plan.h"
#include "invocation/world.h"
#include "reconcile/connection.h"
#include "reconcile/vault.h"

namespace lepton_operator::reconcile {

// For whom an action is carried out. All of it is shared, since the object may go while a request is out.
struct Errand {
  std::shared_ptr<const invocation::Invocation> object;
  std::shared_ptr<Connection> connection;  // may be null for ReadSecretKeys
  std::shared_ptr<invocation::Memory> memory;
  std::shared_ptr<base::Signal> ended = {};  // of each action of that Invocation; only for those that follow another one
};

class Executor {
 public:
  // `wanted`: whether that endpoint is still to be created, after its request had to wait.
  Executor(base::Clock& clock, base::Random& random, Vault& vault, std::string install_id, std::function<bool()> may_write,
           std::function<bool(const invocation::Invocation&, const std::string& endpoint)> wanted = {})
      : clock_(clock),
        random_(random),
        vault_(vault),
        install_id_(std::move(install_id)),
        may_write_(std::move(may_write)),
        wanted_(std::move(wanted)) {}

  void begin(invocation::Memory& memory, const invocation::Action& action) const;
  // True when it succeeded.
  boost::asio::awaitable<bool> carry_out(base::Context context, Errand errand, invocation::Action action);

 private:
  using Done = boost::asio::awaitable<base::Result<>>;

  Done run(base::Context context, Errand errand, invocation::CreateEndpoint action);
  Done run(base::Context context, Errand errand, invocation::StartEndpoint action);
  Done run(base::Context context, Errand errand, invocation::UpdateEndpoint action);
  Done run(base::Context context, Errand errand, invocation::DeleteEndpoint action);
  Done run(base::Context context, Errand errand, invocation::DiagnoseEndpoint action);
  Done run(base::Context context, Errand errand, invocation::ExplainEndpoint action);
  Done run(base::Context context, Errand errand, invocation::CreateJob action);
  Done run(base::Context context, Errand errand, invocation::ReadJob action);
  Done run(base::Context context, Errand errand, invocation::ReadStage action);
  Done run(base::Context context, Errand errand, invocation::StopJob action);
  Done run(base::Context context, Errand errand, invocation::DeleteJob action);
  Done run(base::Context context, Errand errand, invocation::EnsureSecret action);
  Done run(base::Context context, Errand errand, invocation::DeleteSecrets action);
  Done run(base::Context context, Errand errand, invocation::ProbeStorage action);
  Done run(base::Context context, Errand errand, invocation::RemoveDirectory action);
  Done run(base::Context context, Errand errand, invocation::ReadNodeGroups action);
  Done run(base::Context context, Errand errand, invocation::ReadSecretKeys action);

  // Their values, in order.
  boost::asio::awaitable<base::Result<std::vector<lepton::ApiToken>>> tokens(base::Context context, Errand errand,
                                                                             std::vector<invocation::SecretSource> sources);
  // Ends well once the secrets that it follows, which are being made, are there.
  Done follow(base::Context context, Errand errand, const invocation::CreateEndpoint& creation);
  bool may_send(const base::Context& context) const;
  base::Milliseconds delay_after(int failures);

  base::Clock& clock_;
  base::Random& random_;
  Vault& vault_;
  std::string install_id_;  // the mark of what has no labels of its own
  std::function<bool()> may_write_;
  std::function<bool(const invocation::Invocation&, const std::string& endpoint)> wanted_;
};

}  // namespace lepton_operator::reconcile
