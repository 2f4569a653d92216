#include "reconcile/operator.h"

#include "invocation/names.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Result;
using store::Kind;
using store::ObjectKey;

namespace {

WorkspacesParts workspaces_parts(const OperatorParts& parts, Vault& vault) {
  lepton::ObserverOptions observing;
  observing.close = parts.options.poll_close;
  observing.jobs = parts.options.poll_jobs;
  observing.idle = parts.options.poll_idle;
  observing.job_selector = invocation::kInstallLabel;
  observing.job_selector += "=";
  observing.job_selector += parts.install_id;
  observing.owner_label = invocation::kUidLabel;
  // Whose it is, for the planner and the orphan sweep.
  observing.job_labels = {invocation::kInstallLabel, invocation::kUidLabel, invocation::kNamespaceLabel, invocation::kNameLabel};
  return WorkspacesParts{.io = parts.io,
                         .clock = parts.clock,
                         .random = parts.random,
                         .log = parts.log,
                         .store = parts.store,
                         .snapshot = parts.snapshot,
                         .vault = vault,
                         .make_transport = parts.make_transport,
                         .fallback = parts.fallback,
                         .observer = observing,
                         .observe_request = parts.hooks.request,
                         .may_write = parts.may_write,
                         .transition = parts.hooks.workspace_transition};
}

ReconcilerParts reconciler_parts(const OperatorParts& parts, Workspaces& workspaces, Vault& vault) {
  return ReconcilerParts{parts.io, parts.clock,     parts.random,     parts.log,       parts.store, workspaces,
                         vault,    parts.catalogue, parts.install_id, parts.may_write, parts.hooks, parts.options.workers};
}

OrphanSweepParts sweep_parts(const OperatorParts& parts, Workspaces& workspaces) {
  return OrphanSweepParts{.clock = parts.clock,
                          .random = parts.random,
                          .log = parts.log,
                          .store = parts.store,
                          .workspaces = workspaces,
                          .owners = *parts.owners,
                          .install_id = parts.install_id,
                          .may_write = parts.may_write,
                          .options = parts.options.orphans,
                          .deleted = parts.hooks.orphan_deleted,
                          .transition = parts.hooks.workspace_transition};
}

}  // namespace

Operator::Operator(OperatorParts parts)
    : parts_(std::move(parts)),
      vault_(parts_.store, parts_.keys, parts_.log),
      workspaces_(workspaces_parts(parts_, vault_)),
      reconciler_(reconciler_parts(parts_, workspaces_, vault_)) {
  WorkspacesEvents events;
  events.changed = [this](const ObjectKey& key) { reconciler_.workspace_changed(key); };
  events.looked = [this](const ObjectKey& key) { reconciler_.workspace_looked(key); };
  events.owner_changed = [this](const std::string& uid) { reconciler_.owner_changed(uid); };
  workspaces_.on(std::move(events));
  if (parts_.owners) sweep_.emplace(sweep_parts(parts_, workspaces_));
}

Operator::~Operator() = default;

void Operator::store_changed(Kind kind, const ObjectKey& key) {
  switch (kind) {
    case Kind::kInvocation: return reconciler_.invocation_changed(key);
    case Kind::kWorkspace: return workspaces_.changed(key);
    case Kind::kSecret: workspaces_.secret_changed(key); return reconciler_.secret_changed(key);
  }
  __builtin_unreachable();
}

boost::asio::awaitable<void> Operator::run_store(Operator* self, Context context, Context stop) {
  const store::ChangeHandler handler = [self](Kind kind, ObjectKey key) { self->store_changed(kind, key); };
  self->store_ended_ = co_await self->parts_.store.run(context, handler);
  stop.cancel();  // without the store nothing can go on
}

boost::asio::awaitable<Result<>> Operator::run(Context context) {
  const Context running = context.child();  // ends also when the store does
  const Context store(parts_.clock);        // outlives the drain
  const Context workspaces(parts_.clock);
  base::TaskGroup stores(parts_.io);
  base::TaskGroup keepers(parts_.io);
  stores.spawn(run_store(this, store, running));
  keepers.spawn(workspaces_.run(workspaces));
  if (sweep_) keepers.spawn(sweep_->run(running));
  co_await reconciler_.run(running);
  workspaces.cancel();
  co_await keepers.join();
  store.cancel();
  co_await stores.join();
  co_return store_ended_;
}

}  // namespace lepton_operator::reconcile
