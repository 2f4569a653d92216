// The keys of the directory mode: STATE/token-key, mode 0600, YAML {current: id, keys: {id: hex}}. Made with 32 random bytes when there is
// none, or when `current` says "rotate": then the old ones stay beside it. An id is the first 8 digits of its key's SHA-256.
//
// Thread rule: domain thread only. Fails (open) when the file cannot be read or written, or is not of this shape: making a new key in place
// of a damaged file would lose the tokens of what runs.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "reconcile/key_store.h"

namespace lepton_operator::reconcile {

class KeyFile final : public KeyStore {
 public:
  static base::Result<std::unique_ptr<KeyFile>> open(const std::filesystem::path& path, base::Random& random);

  std::string current_id() const override { return current_; }
  std::optional<std::string> key(const std::string& id) const override;

 private:
  base::Result<> add_key(const std::filesystem::path& path, base::Json root, base::Random& random);

  std::string current_;
  std::map<std::string, std::string> keys_;  // id -> bytes
};

}  // namespace lepton_operator::reconcile
