// The keys that generated endpoint tokens are made with. A key is never forgotten: tokens of running Invocations name theirs by id.
//
// Thread rule: domain thread only. Owner: app; outlives the Vault. Keys are secrets: never logged.
#pragma once

#include <optional>
#include <string>

namespace lepton_operator::reconcile {

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  virtual std::string current_id() const = 0;                               // of the key for new tokens
  virtual std::optional<std::string> key(const std::string& id) const = 0;  // its bytes
};

}  // namespace lepton_operator::reconcile
