// The whole operator, from injected parts: store, workspaces and reconciler wired to each other. Everything that touches the world (store,
// transport, clock, randomness, files) is handed in, so that tests build and tear it down many times in one process.
//
//   Operator whole(std::move(parts));
//   Result<> ended = co_await whole.run(context);   // until the context is cancelled, or the store can never work
//
// Thread rule: domain thread only. Owner: app or a test; parts outlive it. Shutdown: the reconciler drains first, then workspaces, then the
// store, which takes the last status writes.
#pragma once

#include <optional>
#include <vector>

#include "invocation/catalogue.h"
#include "reconcile/orphan_sweep.h"
#include "reconcile/reconciler.h"
#include "reconcile/workspaces.h"

namespace lepton_operator::reconcile {

struct OperatorOptions {
  base::Milliseconds poll_close{2'000};
  base::Milliseconds poll_jobs{10'000};
  base::Milliseconds poll_idle{30'000};
  int workers = 8;
  SweepOptions orphans = {};
};

struct OperatorParts {
  boost::asio::io_context& io;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  store::ObjectStore& store;
  const KeyStore& keys;
  CredentialsSnapshot& snapshot;
  const invocation::Catalogue& catalogue;
  TransportFactory make_transport;
  FallbackCredentials fallback;  // may be empty
  std::string install_id;
  OperatorOptions options;
  Hooks hooks;
  std::function<bool()> may_write;  // the leader gate; empty: always
  OwnerRegistry* owners = nullptr;  // whom the orphan sweep asks; null: there is none
};

class Operator {
 public:
  explicit Operator(OperatorParts parts);
  ~Operator();

  boost::asio::awaitable<base::Result<>> run(base::Context context);

  // For health and metrics.
  bool synced() const { return parts_.store.synced(); }
  const Workspaces& workspaces() const { return workspaces_; }
  kube::WorkQueueStats queue_stats() const { return reconciler_.queue_stats(); }
  std::size_t remembered() const { return reconciler_.remembered(); }
  std::vector<OrphanFigure> orphans() const { return sweep_ ? sweep_->figures() : std::vector<OrphanFigure>{}; }

 private:
  void store_changed(store::Kind kind, const store::ObjectKey& key);
  static boost::asio::awaitable<void> run_store(Operator* self, base::Context context, base::Context stop);

  OperatorParts parts_;
  Vault vault_;
  Workspaces workspaces_;
  Reconciler reconciler_;
  std::optional<OrphanSweep> sweep_;
  base::Result<> store_ended_ = base::Ok{};
};

}  // namespace lepton_operator::reconcile
