#include "store/moves.h"

#include <algorithm>

namespace lepton_operator::store {

void Moves::note(const std::set<std::string>& changed, const ManifestFiles& files) {
  std::set<std::string> appeared;
  std::set<std::string> gone;
  for (const std::string& name : changed) {
    const auto file = files.files().find(name);
    const bool known = opaque_.contains(name);
    if (file == files.files().end()) {
      if (known) left_.insert(opaque_.extract(name));
      if (known) gone.insert(name);
      continue;
    }
    moved_.erase(name);
    left_.erase(name);
    if (!file->second.opaque) {
      opaque_.erase(name);
      continue;
    }
    opaque_[name] = files.fingerprint(name);
    if (!known) appeared.insert(name);
  }
  std::erase_if(left_, [&](const auto& entry) {
    const auto& [name, fingerprint] = entry;
    std::string to = successor(fingerprint, appeared);
    if (to.empty() && gone.contains(name) && !appeared.empty()) to = *appeared.begin();  // it was changed as it moved
    if (!to.empty()) moved_[name] = std::move(to);
    return moved_.contains(name);
  });
}

std::string Moves::successor(const std::string& fingerprint, const std::set<std::string>& appeared) const {
  const auto same = std::find_if(appeared.begin(), appeared.end(), [&](const auto& name) { return opaque_.at(name) == fingerprint; });
  return same == appeared.end() ? "" : *same;
}

// There is no ring: a file that is there has not moved.
std::string Moves::now_at(std::string name) const {
  for (auto next = moved_.find(name); next != moved_.end(); next = moved_.find(name)) name = next->second;
  return name;
}

}  // namespace lepton_operator::store
