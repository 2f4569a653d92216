// Workspace limits: what the other Invocations hold, and who stands in line before whom. The counting is invocation/usage.h's.
#include <algorithm>
#include <set>

#include "reconcile/orphans.h"
#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using invocation::Admission;
using invocation::Invocation;
using invocation::Usage;
using store::ObjectKey;

namespace {

void add(Usage& sum, const Usage& more) {
  sum.endpoints += more.endpoints;
  sum.jobs += more.jobs;
}

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
  for (const ObjectKey& key : parts_.store.invocations()) {
    const ObjectPtr other = parts_.store.find_invocation(key);
    if (!other) continue;
    owners.insert(other->meta.uid);
    if (other->meta.uid == object.meta.uid || workspace_of(*other) != tracked.workspace) continue;
    Usage held = usage_of(*other, other->status);
    const auto known = tracked_.find(key);
    if (known != tracked_.end() && known->second->uid == other->meta.uid) held = greater(held, known->second->planned);
    add(admission.used, held);
    if (in_line(*other) && before_in_line(*other, object)) ++admission.ahead;
  }
  add(admission.used, ownerless_usage(view, parts_.install_id, owners));
  return admission;
}

void Reconciler::wake_line(const ObjectKey& workspace) {
  const invocation::WorkspaceFacts facts = parts_.workspaces.facts(workspace);
  if (!facts.max_endpoints && !facts.max_jobs) return;
  ObjectPtr first;
  for (const ObjectKey& key : parts_.store.invocations()) {
    const ObjectPtr other = parts_.store.find_invocation(key);
    if (!other || workspace_of(*other) != workspace || !in_line(*other)) continue;
    if (!first || before_in_line(*other, *first)) first = other;
  }
  if (first) queue_.add(first->meta.key.text());
}

}  // namespace lepton_operator::reconcile
