// Orphans: what a workspace has of ours whose Invocation is no more; and how sure of each of them we are.
//
// Ours is what carries the mark of this installation (labels; where the API has none LEPTONOP_OWNER, which the codec turns into labels;
// tags on secrets). Whose Invocation the store does not know is ownerless. An orphan is what was ownerless in two complete looks at least
// so long apart as the sweep waits, and in every one between: an Invocation that this process has only not heard of yet has time to come.
//
// Pure: no I/O, no clock of its own. OrphanLedger: domain thread only; owner: OrphanSweep. Nothing fails.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/backoff.h"
#include "invocation/usage.h"
#include "lepton/view.h"

namespace lepton_operator::reconcile {

enum class OrphanKind { kEndpoint, kJob, kSecret };
inline constexpr OrphanKind kOrphanKinds[] = {OrphanKind::kEndpoint, OrphanKind::kJob, OrphanKind::kSecret};
const char* to_string(OrphanKind kind);  // "endpoint", "job", "secret": the metrics' words

// The Invocation that a mark names.
struct Owner {
  std::string namespace_;
  std::string name;
  std::string uid;

  auto operator<=>(const Owner&) const = default;
  bool complete() const { return !namespace_.empty() && !name.empty() && !uid.empty(); }
};

struct Ownerless {
  OrphanKind kind = OrphanKind::kEndpoint;
  std::string id;    // what its removal takes: of a job its id, else the name
  std::string name;  // for people
  Owner owner;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;  // of an endpoint
  bool going = false;                                          // Lepton is removing it already
  bool over = false;                                           // a job that has ended
  std::optional<base::Timestamp> seen;                         // when the complete look that shows it began
};

// By the UIDs of all Invocations that there are. Archived jobs are left out: Lepton itself is done with them.
std::vector<Ownerless> ownerless(const lepton::View& view, const std::string& install_id, const std::set<std::string>& owners);
std::vector<Ownerless> ownerless(const std::vector<lepton::Secret>& secrets, base::Timestamp listed, const std::string& install_id,
                                 const std::set<std::string>& owners);

// What a look shows of ours that takes places under a Workspace's limits, by its owner's UID, whether that is known or not.
std::map<std::string, invocation::Usage> usage_by_owner(const lepton::View& view, const std::string& install_id);

// One workspace of Lepton as it looked: what is ownerless in it, and by which looks something is absent.
struct Sighting {
  std::vector<Ownerless> ownerless;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
  std::optional<base::Timestamp> endpoints_looked;  // when the last complete look at each kind began
  std::optional<base::Timestamp> jobs_looked;
  std::optional<base::Timestamp> secrets_looked;
};

class OrphanLedger {
 public:
  struct Entry {
    Ownerless object;
    base::Timestamp first_seen{};
    base::Timestamp last_seen{};
    std::optional<base::Timestamp> removed;  // Lepton accepted our removal; it is gone when a look shows so
    base::Timestamp retry_at{};
    base::Backoff backoff{std::chrono::minutes(1), std::chrono::minutes(30)};
    std::string told;  // what people were told of it last
  };
  using Removed = std::vector<Ownerless>;

  explicit OrphanLedger(base::Milliseconds after) : after_(after) {}

  // Returns what we removed and what is gone now.
  Removed note(const std::string& account, const Sighting& sighting, const std::set<std::string>& owners);
  void forget_others(const std::set<std::string>& accounts);  // of which nothing is seen any more

  bool certain(const Entry& entry) const { return entry.last_seen - entry.first_seen >= after_; }
  std::vector<Entry*> orphans(const std::string& account);  // the certain ones; good until the next note() or forget…()
  std::map<OrphanKind, int> count(const std::string& account) const;
  bool any(const std::string& account, OrphanKind kind) const;                 // certain or not
  bool holds(const std::string& account, const std::string& owner_uid) const;  // an endpoint or a job of that owner

  void forget(const std::string& account, const Ownerless& object);  // it has an owner after all

 private:
  using Id = std::tuple<OrphanKind, std::string, std::string>;  // kind, id, the owner's UID
  static Id id_of(const Ownerless& object) { return {object.kind, object.id, object.owner.uid}; }
  static bool gone(const Entry& entry, const Sighting& sighting);

  base::Milliseconds after_;
  std::map<std::string, std::map<Id, Entry>> accounts_;
};

}  // namespace lepton_operator::reconcile
