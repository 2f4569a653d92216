// Who takes places of a workspace under its limits, and who waits for some in what order: an index of what a walk over all Invocations and
// over all that a look shows would tell, so that a plan asks for it in logarithmic time (rule 12; the counting is invocation/usage.h's).
//
// Of each Invocation it knows the digest of what the store shows and what was planned for it last, which may not be written yet: the
// greater of the two counts. Of each workspace that was asked for it knows what the last look showed, by owner: what has no Invocation
// takes places all the same, from the moment that its Invocation goes, and no longer when one with that UID comes.
//
// Pure: no I/O, clock or randomness. Domain thread only. Owner: Reconciler, which tells of every change; what it is not told of it cannot
// know. Nothing fails: who is not known holds nothing and waits for nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>

#include "invocation/digest.h"

namespace lepton_operator::reconcile {

class Places {
 public:
  using Key = invocation::ObjectKey;
  using Usage = invocation::Usage;

  // What the store shows of it now, with what was planned for it last; erase(): nothing.
  void put(const Key& invocation, const invocation::Digest& digest, const Usage& planned);
  void plan(const Key& invocation, const std::string& uid, const Usage& planned);
  void erase(const Key& invocation);
  // What a look at the workspace showed of ours, by the owners' UIDs, in place of what the look before it did.
  void look(const Key& workspace, const std::map<std::string, Usage>& by_owner);

  bool named(const Key& workspace) const;  // by an Invocation
  // By all other Invocations that name the workspace, and by what is there without one.
  Usage used_by_others(const Key& workspace, const Key& invocation, const std::string& uid) const;
  // Who waits before this one, which may be about to wait.
  int ahead_of(const Key& workspace, const Key& invocation, const invocation::Digest& own) const;
  std::optional<Key> first_in_line(const Key& workspace) const;

 private:
  using Turn = std::pair<invocation::PlaceInLine, Key>;
  template <class T>
  using OrderedSet = __gnu_pbds::tree<T, __gnu_pbds::null_type, std::less<T>, __gnu_pbds::rb_tree_tag,  // which counts those before one
                                      __gnu_pbds::tree_order_statistics_node_update>;
  struct Entry {
    std::string uid;
    Key workspace;
    Usage recorded;
    Usage planned;
    std::optional<invocation::PlaceInLine> waits;

    Usage held() const;
  };
  struct Workspace {
    int invocations = 0;  // that name it
    Usage held;           // by them
    Usage ownerless;
    OrderedSet<Turn> line;
    std::vector<std::string> owners;  // of what was seen
  };
  struct Owner {
    int invocations = 0;        // with that UID: one at most, but for a store that gives a UID twice
    std::map<Key, Usage> seen;  // by workspace
  };

  void put_in(const Key& invocation, const Entry& entry);
  void take_out(const Key& invocation, const Entry& entry);
  void drop_if_empty(const Key& workspace);
  void drop_if_empty(const std::string& uid);
  const Entry* find(const Key& invocation, const std::string& uid) const;

  std::map<Key, Entry> entries_;
  std::map<Key, Workspace> workspaces_;
  std::unordered_map<std::string, Owner> owners_;
};

}  // namespace lepton_operator::reconcile
