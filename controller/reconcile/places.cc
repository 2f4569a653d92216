#include "reconcile/places.h"

#include <algorithm>

namespace lepton_operator::reconcile {

using invocation::Digest;
using invocation::Usage;

namespace {

void add(Usage& sum, const Usage& more) {
  sum.endpoints += more.endpoints;
  sum.jobs += more.jobs;
}

void subtract(Usage& sum, const Usage& less) {
  sum.endpoints -= less.endpoints;
  sum.jobs -= less.jobs;
}

}  // namespace

Usage Places::Entry::held() const { return {std::max(recorded.endpoints, planned.endpoints), std::max(recorded.jobs, planned.jobs)}; }

void Places::put(const Key& invocation, const Digest& digest, const Usage& planned) {
  erase(invocation);
  Entry entry{.uid = digest.uid,
              .workspace = {invocation.namespace_, digest.workspace},
              .recorded = digest.usage,
              .planned = planned,
              .waits = digest.waits ? std::optional(place_in_line(digest)) : std::nullopt};
  put_in(invocation, entry);
  entries_.emplace(invocation, std::move(entry));
}

void Places::plan(const Key& invocation, const std::string& uid, const Usage& planned) {
  const auto known = entries_.find(invocation);
  if (known == entries_.end() || known->second.uid != uid) return;
  Entry& entry = known->second;
  Usage& held = workspaces_.at(entry.workspace).held;
  subtract(held, entry.held());
  entry.planned = planned;
  add(held, entry.held());
}

void Places::erase(const Key& invocation) {
  const auto known = entries_.find(invocation);
  if (known == entries_.end()) return;
  take_out(invocation, known->second);
  entries_.erase(known);
}

void Places::look(const Key& workspace, const std::map<std::string, Usage>& by_owner) {
  Workspace& seen = workspaces_[workspace];
  for (const std::string& uid : seen.owners) {
    owners_.at(uid).seen.erase(workspace);
    drop_if_empty(uid);
  }
  seen.owners.clear();
  seen.ownerless = {};
  for (const auto& [uid, usage] : by_owner) {
    Owner& owner = owners_[uid];
    owner.seen.emplace(workspace, usage);
    seen.owners.push_back(uid);
    if (owner.invocations == 0) add(seen.ownerless, usage);
  }
  drop_if_empty(workspace);
}

bool Places::named(const Key& workspace) const {
  const auto known = workspaces_.find(workspace);
  return known != workspaces_.end() && known->second.invocations > 0;
}

Usage Places::used_by_others(const Key& workspace, const Key& invocation, const std::string& uid) const {
  const auto known = workspaces_.find(workspace);
  if (known == workspaces_.end()) return {};
  Usage used = known->second.held;
  add(used, known->second.ownerless);
  const Entry* own = find(invocation, uid);
  if (own && own->workspace == workspace) subtract(used, own->held());
  return used;
}

int Places::ahead_of(const Key& workspace, const Key& invocation, const Digest& own) const {
  const auto known = workspaces_.find(workspace);
  if (known == workspaces_.end()) return 0;
  const invocation::PlaceInLine place = place_in_line(own);
  int ahead = static_cast<int>(known->second.line.order_of_key({place, Key{}}));  // no key is before the empty one
  const Entry* itself = find(invocation, own.uid);  // it may stand there at another place: somebody else may have written its status
  if (itself && itself->workspace == workspace && itself->waits && *itself->waits < place) --ahead;
  return ahead;
}

std::optional<Places::Key> Places::first_in_line(const Key& workspace) const {
  const auto known = workspaces_.find(workspace);
  if (known == workspaces_.end() || known->second.line.empty()) return std::nullopt;
  return known->second.line.begin()->second;
}

void Places::put_in(const Key& invocation, const Entry& entry) {
  Workspace& workspace = workspaces_[entry.workspace];
  ++workspace.invocations;
  add(workspace.held, entry.held());
  if (entry.waits) workspace.line.insert({*entry.waits, invocation});
  Owner& owner = owners_[entry.uid];
  if (owner.invocations++ > 0) return;
  for (const auto& [where, usage] : owner.seen) subtract(workspaces_.at(where).ownerless, usage);
}

void Places::take_out(const Key& invocation, const Entry& entry) {
  Workspace& workspace = workspaces_.at(entry.workspace);
  --workspace.invocations;
  subtract(workspace.held, entry.held());
  if (entry.waits) workspace.line.erase(Turn{*entry.waits, invocation});
  Owner& owner = owners_.at(entry.uid);
  if (--owner.invocations == 0) {
    for (const auto& [where, usage] : owner.seen) add(workspaces_.at(where).ownerless, usage);
  }
  drop_if_empty(entry.uid);
  drop_if_empty(entry.workspace);
}

void Places::drop_if_empty(const Key& workspace) {
  const auto known = workspaces_.find(workspace);
  if (known->second.invocations == 0 && known->second.owners.empty()) workspaces_.erase(known);
}

void Places::drop_if_empty(const std::string& uid) {
  const auto known = owners_.find(uid);
  if (known->second.invocations == 0 && known->second.seen.empty()) owners_.erase(known);
}

const Places::Entry* Places::find(const Key& invocation, const std::string& uid) const {
  const auto known = entries_.find(invocation);
  return known == entries_.end() || known->second.uid != uid ? nullptr : &known->second;
}

}  // namespace lepton_operator::reconcile
