// Tells what is wrong with manifests: each sentence once per content of its file, not once per scan.
//
// Thread rule: domain thread only. Owner: the directory store.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"

namespace lepton_operator::store {

class ManifestReport {
 public:
  explicit ManifestReport(base::Log& log) : log_(log) {}

  // What is known of these files, as people are shown them, is told anew, or is over.
  void begin_scan(const std::set<std::string>& files) {
    for (const std::string& file : files) wrong_.erase(file);
  }
  // `file` as people are shown it; `fingerprint` of its content.
  void tell(const std::string& file, const std::string& fingerprint, const std::string& sentence, const base::LogFields& fields = {}) {
    wrong_.insert(file);
    Told& told = told_[file];
    if (told.fingerprint != fingerprint) told = {.fingerprint = fingerprint, .sentences = {}};
    if (told.sentences.insert(sentence).second) log_.warn(sentence, fields);
  }
  void end_scan() {
    std::erase_if(told_, [this](const auto& entry) { return !wrong_.contains(entry.first); });
  }

  std::vector<std::string> wrong_files() const { return {wrong_.begin(), wrong_.end()}; }

 private:
  struct Told {
    std::string fingerprint;
    std::set<std::string> sentences;
  };
  base::Log& log_;
  std::set<std::string> wrong_;
  std::map<std::string, Told> told_;
};

}  // namespace lepton_operator::store
