// Where a manifest file went that cannot be understood: what it holds can only be told by its content, or by what appeared as it left.
//
// Thread rule: domain thread only. Owner: the directory store.
#pragma once

#include <map>
#include <set>
#include <string>

#include "store/manifest_files.h"

namespace lepton_operator::store {

class Moves {
 public:
  // `changed`: whose content that counts is another one, or that are gone.
  void note(const std::set<std::string>& changed, const ManifestFiles& files);
  // The name that the file has now, as far as is known; `name` itself when it has not moved.
  std::string now_at(std::string name) const;

 private:
  std::string successor(const std::string& fingerprint, const std::set<std::string>& appeared) const;

  std::map<std::string, std::string> opaque_;  // files that cannot be understood, with the fingerprints of their content
  std::map<std::string, std::string> left_;    // of those that are gone, and not yet found again
  std::map<std::string, std::string> moved_;   // old name, new name
};

}  // namespace lepton_operator::store
