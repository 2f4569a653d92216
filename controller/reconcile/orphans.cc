#include "reconcile/orphans.h"

#include <algorithm>

#include "invocation/names.h"
#include "invocation/states.h"

namespace lepton_operator::reconcile {

using base::Timestamp;
using lepton::Labels;

namespace {

std::string value_of(const Labels& labels, const char* key) { return std::string(labels.find(key).value_or("")); }

bool is_ours(const Labels& labels, const std::string& install_id) {
  return !install_id.empty() && value_of(labels, invocation::kInstallLabel) == install_id;
}

// Nothing when it is not ours, or has its owner.
std::optional<Owner> lost_owner(const Labels& labels, const std::string& install_id, const std::set<std::string>& owners) {
  if (!is_ours(labels, install_id)) return std::nullopt;
  Owner owner{value_of(labels, invocation::kNamespaceLabel), value_of(labels, invocation::kNameLabel), invocation::owner_uid(labels)};
  if (owners.contains(owner.uid)) return std::nullopt;
  return owner;
}

// "key=value", as secrets carry their marks.
Labels labels_of(const std::vector<std::string>& tags) {
  Labels labels;
  for (const std::string& tag : tags) {
    const std::size_t equals = tag.find('=');
    if (equals != std::string::npos) labels.set(tag.substr(0, equals), tag.substr(equals + 1));
  }
  return labels;
}

bool is_over(const lepton::Job& job) { return invocation::finished(invocation::job_phase(job)); }

bool ends(lepton::JobState state) { return state == lepton::JobState::kDeleting || state == lepton::JobState::kDeleted; }

}  // namespace

const char* to_string(OrphanKind kind) {
  switch (kind) {
    case OrphanKind::kEndpoint: return "endpoint";
    case OrphanKind::kJob: return "job";
    case OrphanKind::kSecret: return "secret";
  }
  __builtin_unreachable();
}

std::vector<Ownerless> ownerless(const lepton::View& view, const std::string& install_id, const std::set<std::string>& owners) {
  std::vector<Ownerless> found;
  for (const auto& [name, seen] : view.endpoints) {
    std::optional<Owner> owner = lost_owner(seen.endpoint.labels, install_id, owners);
    if (!owner) continue;
    const bool going = seen.endpoint.state == lepton::EndpointState::kDeleting;
    found.push_back({OrphanKind::kEndpoint, name, name, std::move(*owner), seen.family, going, false, view.looks_at(seen.family).last});
  }
  for (const auto& [name, jobs] : view.jobs) {
    for (const lepton::Job& job : jobs) {
      std::optional<Owner> owner = job.archived ? std::nullopt : lost_owner(job.labels, install_id, owners);
      if (!owner) continue;
      found.push_back({OrphanKind::kJob, job.id, name, std::move(*owner), view.family, ends(job.state), is_over(job), view.job_looks.last});
    }
  }
  return found;
}

std::map<std::string, invocation::Usage> usage_by_owner(const lepton::View& view, const std::string& install_id) {
  std::map<std::string, invocation::Usage> usage;
  for (const auto& [name, seen] : view.endpoints) {
    const Labels& labels = seen.endpoint.labels;
    if (is_ours(labels, install_id)) ++usage[invocation::owner_uid(labels)].endpoints;
  }
  for (const auto& [name, jobs] : view.jobs) {
    for (const lepton::Job& job : jobs) {
      const bool counts = is_ours(job.labels, install_id) && !job.archived && !is_over(job);
      if (counts) ++usage[invocation::owner_uid(job.labels)].jobs;
    }
  }
  return usage;
}

std::vector<Ownerless> ownerless(const std::vector<lepton::Secret>& secrets, Timestamp listed, const std::string& install_id,
                                 const std::set<std::string>& owners) {
  std::vector<Ownerless> found;
  for (const lepton::Secret& secret : secrets) {
    std::optional<Owner> owner = lost_owner(labels_of(secret.tags), install_id, owners);
    if (!owner) continue;
    found.push_back({OrphanKind::kSecret, secret.name, secret.name, std::move(*owner), {}, false, false, listed});
  }
  return found;
}

// Absent is what a complete look lacks that began after we saw it last, and after we removed it.
bool OrphanLedger::gone(const Entry& entry, const Sighting& sighting) {
  const auto after_it = [&](const std::optional<Timestamp>& looked) {
    return looked && *looked > entry.last_seen && (!entry.removed || *looked > *entry.removed);
  };
  switch (entry.object.kind) {
    case OrphanKind::kEndpoint:
      // Through the routes of a family that the workspace has left nobody looks without need.
      return entry.object.family != sighting.family || after_it(sighting.endpoints_looked);
    case OrphanKind::kJob: return after_it(sighting.jobs_looked);
    case OrphanKind::kSecret: return after_it(sighting.secrets_looked);
  }
  __builtin_unreachable();
}

OrphanLedger::Removed OrphanLedger::note(const std::string& account, const Sighting& sighting, const std::set<std::string>& owners) {
  std::map<Id, Entry>& entries = accounts_[account];
  std::set<Id> shown;
  for (const Ownerless& object : sighting.ownerless) {
    if (!object.seen) continue;
    shown.insert(id_of(object));
    const auto [known, fresh] = entries.try_emplace(id_of(object));
    Entry& entry = known->second;
    if (fresh) entry.first_seen = *object.seen;
    entry.last_seen = *object.seen;
    entry.object = object;
  }
  Removed removed;
  std::erase_if(entries, [&](const auto& known) {
    const auto& [id, entry] = known;
    if (shown.contains(id)) return false;
    if (owners.contains(entry.object.owner.uid)) return true;
    if (!gone(entry, sighting)) return false;
    if (entry.removed) removed.push_back(entry.object);
    return true;
  });
  return removed;
}

void OrphanLedger::forget_others(const std::set<std::string>& accounts) {
  std::erase_if(accounts_, [&](const auto& known) { return !accounts.contains(known.first); });
}

std::vector<OrphanLedger::Entry*> OrphanLedger::orphans(const std::string& account) {
  std::vector<Entry*> found;
  for (auto& [id, entry] : accounts_[account]) {
    if (certain(entry)) found.push_back(&entry);
  }
  return found;
}

std::map<OrphanKind, int> OrphanLedger::count(const std::string& account) const {
  std::map<OrphanKind, int> counts;
  for (const OrphanKind kind : kOrphanKinds) counts[kind] = 0;
  const auto entries = accounts_.find(account);
  if (entries == accounts_.end()) return counts;
  for (const auto& [id, entry] : entries->second) counts[entry.object.kind] += certain(entry) ? 1 : 0;
  return counts;
}

bool OrphanLedger::any(const std::string& account, OrphanKind kind) const {
  const auto entries = accounts_.find(account);
  if (entries == accounts_.end()) return false;
  return std::any_of(entries->second.begin(), entries->second.end(), [&](const auto& known) { return known.second.object.kind == kind; });
}

bool OrphanLedger::holds(const std::string& account, const std::string& owner_uid) const {
  const auto entries = accounts_.find(account);
  if (entries == accounts_.end()) return false;
  return std::any_of(entries->second.begin(), entries->second.end(), [&](const auto& known) {
    return known.second.object.kind != OrphanKind::kSecret && known.second.object.owner.uid == owner_uid;
  });
}

void OrphanLedger::forget(const std::string& account, const Ownerless& object) { accounts_[account].erase(id_of(object)); }

}  // namespace lepton_operator::reconcile
