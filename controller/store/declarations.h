// Which manifest file declares which objects, so that one file's change asks no other.
//
// Thread rule: domain thread only. Owner: the directory store.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "store/claims.h"

namespace lepton_operator::store {

class Declarations {
 public:
  void put(const ManifestFile& file) {
    take_out(file.name);
    Entry& entry = files_[file.name];
    entry.opaque = file.opaque;
    for (const Document& document : file.documents) {
      entry.identifiers.push_back({document.kind, document.key});
      by_identifier_[entry.identifiers.back()].push_back(file.name);
    }
  }
  void take_out(const std::string& name) {
    const auto found = files_.find(name);
    if (found == files_.end()) return;
    for (const Identifier& identifier : found->second.identifiers) {
      const auto claims = by_identifier_.find(identifier);
      claims->second.erase(std::find(claims->second.begin(), claims->second.end(), name));
      if (claims->second.empty()) by_identifier_.erase(claims);
    }
    files_.erase(found);
  }

  // In force or not.
  bool present(const Identifier& identifier) const { return by_identifier_.contains(identifier); }
  // One for each document that declares it.
  const std::vector<std::string>& files_of(const Identifier& identifier) const {
    static const std::vector<std::string> none;
    const auto found = by_identifier_.find(identifier);
    return found == by_identifier_.end() ? none : found->second;
  }
  const std::vector<Identifier>& of(const std::string& name) const {
    static const std::vector<Identifier> none;
    const auto found = files_.find(name);
    return found == files_.end() ? none : found->second.identifiers;
  }
  bool opaque(const std::string& name) const {
    const auto found = files_.find(name);
    return found != files_.end() && found->second.opaque;
  }

 private:
  struct Entry {
    std::vector<Identifier> identifiers;
    bool opaque = false;
  };
  std::map<std::string, Entry> files_;
  std::map<Identifier, std::vector<std::string>> by_identifier_;
};

}  // namespace lepton_operator::store
