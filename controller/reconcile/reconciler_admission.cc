// Workspace limits: what the other Invocations hold, and who stands in line before whom. The counting is invocation/usage.h's.
#include <algorithm>
#include <set>

#include "reconcile/orphans.h"
#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using invocation::Admission;
using invocation::Digest;
using invocation::Invocation;
using invocation::Usage;
using store::ObjectKey;

namespace {

void add(Usage& sum, const Usage& more) {
  sum.endpoints += more.endpoints;
  sum.jobs += more.jobs;
}

ObjectKey workspace_of(const ObjectKey& key, const Digest& digest) { return {key.namespace_, digest.workspace}; }

Usage greater(const Usage& a, const Usage& b) { return {std::max(a.endpoints, b.endpoints), std::max(a.jobs, b.jobs)}; }

// What the workspace has of ours that belongs to no Invocation any more: it takes places all the same.
Usage ownerless_usage(const lepton::View& view, const std::string& install_id, const std::set<std::string>& owners) {
  Usage usage;
  for (const Ownerless& object : ownerless(view, install_id, owners)) {
    usage.endpoints += object.kind == OrphanKind::kEndpoint ? 1 : 0;
    usage.jobs += object.kind == OrphanKind::kJob && !object.over ? 1 : 0;
  }
  return usage;
}

}  // namespace

// Costs a walk over all Invocations, so only where there are limits.
Admission Reconciler::admission(const Invocation& object, const Tracked& tracked, const invocation::WorkspaceFacts& facts,
                                const lepton::View& view) const {
  Admission admission;
  admission.max_endpoints = facts.max_endpoints;
  admission.max_jobs = facts.max_jobs;
  if (!admission.limited() || object.meta.deleted) return admission;
  std::set<std::string> owners;
  const Digest own = digest_of(object);
  parts_.store.each_invocation([&](const ObjectKey& key, const Digest& other) {
    owners.insert(other.uid);
    if (other.uid == object.meta.uid || workspace_of(key, other) != tracked.workspace) return;
    Usage held = other.usage;
    const auto known = tracked_.find(key);
    if (known != tracked_.end() && known->second->uid == other.uid) held = greater(held, known->second->planned);
    add(admission.used, held);
    if (other.waits && before_in_line(other, own)) ++admission.ahead;
  });
  add(admission.used, ownerless_usage(view, parts_.install_id, owners));
  return admission;
}

void Reconciler::wake_line(const ObjectKey& workspace) {
  const invocation::WorkspaceFacts facts = parts_.workspaces.facts(workspace);
  if (!facts.max_endpoints && !facts.max_jobs) return;
  std::optional<std::pair<ObjectKey, Digest>> first;
  parts_.store.each_invocation([&](const ObjectKey& key, const Digest& other) {
    if (!other.waits || workspace_of(key, other) != workspace) return;
    if (!first || before_in_line(other, first->second)) first.emplace(key, other);
  });
  if (first) queue_.add(first->first.text());
}

}  // namespace lepton_operator::reconcile
