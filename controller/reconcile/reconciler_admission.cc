// Workspace limits: what the others hold, and who stands in line before whom. The counting is invocation/usage.h's, the index of it
// places.h's. Without limits there is no index.
//
// It is as the store is. A change that the store tells of only when a write of ours is answered is in it from then on; until then what
// was planned holds its places all the same.
#include "reconcile/orphans.h"
#include "reconcile/places.h"
#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using invocation::Admission;
using invocation::Digest;
using invocation::Invocation;
using invocation::Usage;
using store::ObjectKey;

// The one walk over all Invocations.
Places& Reconciler::places() {
  if (places_) return *places_;
  places_ = std::make_unique<Places>();
  parts_.store.each_invocation(
      [this](const ObjectKey& key, const Digest& digest) { places_->put(key, digest, planned_usage(key, digest.uid)); });
  return *places_;
}

// What the store shows of it may have changed.
void Reconciler::heed_places(const ObjectKey& invocation) {
  if (!places_) return;
  if (const std::optional<Digest> digest = parts_.store.digest(invocation)) {
    places_->put(invocation, *digest, planned_usage(invocation, digest->uid));
  } else {
    places_->erase(invocation);
  }
}

void Reconciler::heed_planned(const Tracked& tracked) {
  if (places_) places_->plan(tracked.key, tracked.uid, tracked.planned);
}

Usage Reconciler::planned_usage(const ObjectKey& invocation, const std::string& uid) const {
  const auto known = tracked_.find(invocation);
  return known != tracked_.end() && known->second->uid == uid ? known->second->planned : Usage{};
}

// Once for each look, and only while somebody asks.
void Reconciler::see_places(const ObjectKey& workspace) {
  const std::shared_ptr<Connection> connection = parts_.workspaces.find(workspace);
  const Seen now{connection, connection ? connection->observer().version() : 0};
  Seen& before = seen_[workspace];
  if (before.by.lock() == connection && before.version == now.version) return;
  before = now;
  const lepton::View nothing;
  const lepton::View& view = connection ? connection->observer().view() : nothing;
  places().look(workspace, usage_by_owner(view, parts_.install_id));
}

// What a look showed is kept for as long as an Invocation names the workspace.
void Reconciler::leave_places(const ObjectKey& workspace) {
  if (!places_ || places_->named(workspace)) return;
  places_->look(workspace, {});
  seen_.erase(workspace);
}

Admission Reconciler::admission(const Invocation& object, const Tracked& tracked, const invocation::WorkspaceFacts& facts) {
  Admission admission;
  admission.max_endpoints = facts.max_endpoints;
  admission.max_jobs = facts.max_jobs;
  if (!admission.limited() || object.meta.deleted) return admission;
  see_places(tracked.workspace);
  admission.used = places().used_by_others(tracked.workspace, tracked.key, object.meta.uid);
  admission.ahead = places().ahead_of(tracked.workspace, tracked.key, digest_of(object));
  return admission;
}

void Reconciler::wake_line(const ObjectKey& workspace) {
  const invocation::WorkspaceFacts facts = parts_.workspaces.facts(workspace);
  if (!facts.max_endpoints && !facts.max_jobs) return;
  if (const std::optional<ObjectKey> first = places().first_in_line(workspace)) queue_.add(first->text());
}

}  // namespace lepton_operator::reconcile
