// The index of places against what a walk over everything says.
#include <algorithm>
#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/places.h"
#include "support/repeats.h"

namespace lepton_operator::reconcile::test {
namespace {

using invocation::Digest;
using invocation::ObjectKey;
using invocation::Usage;
using namespace std::chrono_literals;
using Seen = std::map<std::string, Usage>;

const ObjectKey kLine{"team", "default"};

base::Timestamp at(int second) { return base::Timestamp{} + std::chrono::seconds(second); }

Digest holding(const std::string& uid, Usage usage) {
  Digest digest;
  digest.uid = uid;
  digest.workspace = kLine.name;
  digest.usage = usage;
  return digest;
}

Digest waiting(const std::string& uid, int since) {
  Digest digest = holding(uid, {});
  digest.waits = true;
  digest.queued_since = at(since);
  return digest;
}

// What there is, looked through for each question.
class Walk {
 public:
  struct Known {
    Digest digest;
    Usage planned;
  };

  void put(const ObjectKey& key, const Digest& digest, Usage planned) { known_[key] = {digest, planned}; }
  void plan(const ObjectKey& key, const std::string& uid, Usage planned) {
    const auto found = known_.find(key);
    if (found != known_.end() && found->second.digest.uid == uid) found->second.planned = planned;
  }
  void erase(const ObjectKey& key) { known_.erase(key); }
  void look(const ObjectKey& workspace, const Seen& seen) { seen_[workspace] = seen; }

  bool knows(const std::string& uid) const {
    return std::any_of(known_.begin(), known_.end(), [&](const auto& one) { return one.second.digest.uid == uid; });
  }
  bool named(const ObjectKey& workspace) const {
    return std::any_of(known_.begin(), known_.end(), [&](const auto& one) { return workspace_of(one) == workspace; });
  }
  Usage used_by_others(const ObjectKey& workspace, const ObjectKey& own, const std::string& uid) const {
    Usage sum;
    each_other(workspace, own, uid, [&](const ObjectKey&, const Known& other) {
      sum.endpoints += std::max(other.digest.usage.endpoints, other.planned.endpoints);
      sum.jobs += std::max(other.digest.usage.jobs, other.planned.jobs);
    });
    const auto seen = seen_.find(workspace);
    if (seen == seen_.end()) return sum;
    for (const auto& [owner, usage] : seen->second) {
      if (knows(owner)) continue;
      sum.endpoints += usage.endpoints;
      sum.jobs += usage.jobs;
    }
    return sum;
  }
  int ahead_of(const ObjectKey& workspace, const ObjectKey& own, const Digest& digest) const {
    int ahead = 0;
    each_other(workspace, own, digest.uid, [&](const ObjectKey&, const Known& other) {
      ahead += other.digest.waits && place_in_line(other.digest) < place_in_line(digest) ? 1 : 0;
    });
    return ahead;
  }
  std::optional<ObjectKey> first_in_line(const ObjectKey& workspace) const {
    std::optional<std::pair<ObjectKey, invocation::PlaceInLine>> first;
    each_other(workspace, {}, "", [&](const ObjectKey& key, const Known& other) {
      if (!other.digest.waits) return;
      if (!first || place_in_line(other.digest) < first->second) first.emplace(key, place_in_line(other.digest));
    });
    return first ? std::optional(first->first) : std::nullopt;
  }

 private:
  static ObjectKey workspace_of(const std::pair<const ObjectKey, Known>& one) {
    return {one.first.namespace_, one.second.digest.workspace};
  }
  void each_other(const ObjectKey& workspace, const ObjectKey& own, const std::string& uid,
                  const std::function<void(const ObjectKey&, const Known&)>& each) const {
    for (const auto& one : known_) {
      if (workspace_of(one) != workspace || (one.first == own && one.second.digest.uid == uid)) continue;
      each(one.first, one.second);
    }
  }

  std::map<ObjectKey, Known> known_;
  std::map<ObjectKey, Seen> seen_;
};

// A life of changes as a store, plans and looks make them, among so few names, times and UIDs that they meet all the time.
class Life {
 public:
  explicit Life(unsigned seed) : random_(seed) {}

  void step() {
    const ObjectKey key = any_key();
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const Digest digest = any_digest(key);
        const Usage planned = any_usage();
        places_.put(key, digest, planned);
        walk_.put(key, digest, planned);
        break;
      }
      case 4:
      case 5:
      case 6: {
        const std::string uid = any_uid(key);
        const Usage planned = any_usage();
        places_.plan(key, uid, planned);
        walk_.plan(key, uid, planned);
        break;
      }
      case 7:
      case 8:
        places_.erase(key);
        walk_.erase(key);
        break;
      default: {
        const ObjectKey workspace = any_workspace();
        const Seen seen = any_look();
        places_.look(workspace, seen);
        walk_.look(workspace, seen);
      }
    }
  }

  void agree() {
    const ObjectKey key = any_key();
    const Digest own = any_digest(key);  // as it is in the store, or about to be something else
    const ObjectKey workspace{key.namespace_, own.workspace};
    EXPECT_EQ(places_.used_by_others(workspace, key, own.uid), walk_.used_by_others(workspace, key, own.uid));
    EXPECT_EQ(places_.ahead_of(workspace, key, own), walk_.ahead_of(workspace, key, own));
    EXPECT_EQ(places_.first_in_line(workspace), walk_.first_in_line(workspace));
    EXPECT_EQ(places_.named(workspace), walk_.named(workspace));
  }

  void end() {
    for (const char* space : {"a", "b"}) {
      for (int i = 0; i < 12; ++i) {
        places_.erase({space, "i" + std::to_string(i)});
        walk_.erase({space, "i" + std::to_string(i)});
      }
    }
  }

 private:
  int below(int most) { return static_cast<int>(random_() % static_cast<unsigned>(most)); }
  bool one_in(int times) { return below(times) == 0; }
  std::string any_space() { return one_in(2) ? "a" : "b"; }
  ObjectKey any_key() {
    std::string space = any_space();
    return {std::move(space), "i" + std::to_string(below(12))};
  }
  ObjectKey any_workspace() {
    std::string space = any_space();
    return {std::move(space), one_in(2) ? "w" : "v"};
  }
  // Made anew it has another; a store that gives one to two of different names is borne.
  std::string any_uid(const ObjectKey& key) { return key.name + (one_in(4) ? "'" : "") + (one_in(8) ? "" : key.namespace_); }
  Usage any_usage() {
    const int endpoints = below(4);
    return {endpoints, below(4)};
  }
  Digest any_digest(const ObjectKey& key) {
    Digest digest;
    digest.uid = any_uid(key);
    digest.workspace = one_in(4) ? "v" : "w";
    digest.waits = one_in(2);
    if (!one_in(5)) digest.queued_since = at(below(4));
    if (!one_in(5)) digest.created = at(below(3));
    digest.usage = any_usage();
    return digest;
  }
  Seen any_look() {
    Seen seen;
    for (int i = below(10); i > 0; --i) seen[any_uid(any_key())] = any_usage();
    if (one_in(3)) seen[""] = any_usage();  // its mark does not say whose it is
    return seen;
  }

  std::mt19937 random_;
  Places places_;
  Walk walk_;
};

TEST(Places, AreWhatAWalkOverEverythingSaysAfterAnyChanges) {
  const int lives = support::repeats(300);
  for (int seed = 0; seed < lives; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(static_cast<unsigned>(seed));
    for (int i = 0; i < 200; ++i) {
      life.step();
      life.agree();
      if (testing::Test::HasFailure()) return;
    }
    life.end();
    for (int i = 0; i < 20; ++i) life.agree();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Places, TheGreaterOfWhatIsRecordedAndWhatIsPlannedIsTaken) {
  Places places;
  places.put({"team", "one"}, holding("1", {2, 1}), {});
  places.plan({"team", "one"}, "1", {1, 3});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), (Usage{2, 3}));
  places.plan({"team", "one"}, "that of another", {9, 9});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), (Usage{2, 3}));
  EXPECT_EQ(places.used_by_others(kLine, {"team", "one"}, "1"), Usage{}) << "it is no other";
}

TEST(Places, WhoIsAboutToWaitStandsBehindAllWhoDoAndNobodyStandsBeforeThemselves) {
  Places places;
  places.put({"team", "one"}, waiting("1", 10), {});
  places.put({"team", "two"}, waiting("2", 20), {});
  EXPECT_EQ(places.ahead_of(kLine, {"team", "three"}, holding("3", {})), 2);
  EXPECT_EQ(places.ahead_of(kLine, {"team", "two"}, waiting("2", 20)), 1);
  EXPECT_EQ(places.ahead_of(kLine, {"team", "one"}, waiting("1", 30)), 1) << "somebody else wrote its status: it asked at 30";
  EXPECT_EQ(places.first_in_line(kLine), (ObjectKey{"team", "one"}));
  places.put({"team", "one"}, holding("1", {1, 1}), {});
  EXPECT_EQ(places.first_in_line(kLine), (ObjectKey{"team", "two"}));
}

TEST(Places, WhatALookShowsIsTakenByNobodyWhileItsInvocationIsNotThere) {
  Places places;
  places.look(kLine, {{"1", {1, 2}}});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), (Usage{1, 2}));
  places.put({"team", "one"}, holding("1", {}), {});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), Usage{}) << "its own status says what it holds";
  places.erase({"team", "one"});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), (Usage{1, 2}));
  places.look(kLine, {});
  EXPECT_EQ(places.used_by_others(kLine, {"team", "two"}, "2"), Usage{});
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
