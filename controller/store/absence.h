// When something that is missing from the manifests counts as removed: missing for a while, in two scans at least, without a gap between
// them. Plain value; domain thread only.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/object_store.h"

namespace lepton_operator::store {

class Absence {
 public:
  explicit Absence(base::Milliseconds needed) : needed_(needed) {}

  // The thing is missing in this scan; true when that is certain now.
  bool certain(Kind kind, const ObjectKey& key, base::Timestamp now) {
    const auto [since, first] = since_.try_emplace({kind, key}, now);
    return !first && now - since->second >= needed_;
  }
  void end(Kind kind, const ObjectKey& key) { since_.erase({kind, key}); }  // present, or gone for good
  std::vector<std::pair<Kind, ObjectKey>> all() const {
    std::vector<std::pair<Kind, ObjectKey>> missing;
    for (const auto& [key, since] : since_) missing.push_back(key);
    return missing;
  }
  void end_all() { since_.clear(); }

  // When to look again.
  std::optional<base::Timestamp> next() const {
    std::optional<base::Timestamp> earliest;
    for (const auto& [key, since] : since_) earliest = std::min(earliest.value_or(since + needed_), since + needed_);
    return earliest;
  }

 private:
  base::Milliseconds needed_;
  std::map<std::pair<Kind, ObjectKey>, base::Timestamp> since_;
};

}  // namespace lepton_operator::store
