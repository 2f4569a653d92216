// The Secrets that manifests declare: in memory only, never in the state directory.
//
// Thread rule: domain thread only. Owner: the directory store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "store/manifest.h"

namespace lepton_operator::store {

class SecretTable {
 public:
  using Values = std::map<std::string, std::string>;

  SecretTable(base::Log& log, std::function<void(const ObjectKey&)> changed) : log_(log), changed_(std::move(changed)) {}

  const Values* find(const ObjectKey& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : &found->second.values;
  }
  std::string file_of(const ObjectKey& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? "" : found->second.file;
  }
  std::vector<ObjectKey> keys() const {
    std::vector<ObjectKey> keys;
    for (const auto& [key, record] : records_) keys.push_back(key);
    return keys;
  }

  // A document with errors leaves the last good values in force.
  void apply(const Document& document) {
    const auto found = records_.find(document.key);
    if (!document.errors.empty()) {
      if (found != records_.end()) found->second.file = document.file;
      return;
    }
    const bool same = found != records_.end() && found->second.values == document.secret;
    records_[document.key] = {.values = document.secret, .file = document.file};
    if (same) return;
    for (const auto& [name, value] : document.secret) log_.redact(value);
    changed_(document.key);
  }
  void remove(const ObjectKey& key) {
    if (records_.erase(key) > 0) changed_(key);
  }

 private:
  struct Record {
    Values values;
    std::string file;
  };
  base::Log& log_;
  std::function<void(const ObjectKey&)> changed_;
  std::map<ObjectKey, Record> records_;
};

}  // namespace lepton_operator::store
