// A key for generated tokens: 32 bytes, kept as 64 hex digits, named by the first 8 digits of its SHA-256. Pure. Internal to reconcile/.
#pragma once

#include <optional>
#include <string>

#include "base/random.h"

namespace lepton_operator::reconcile {

inline constexpr std::size_t kTokenKeyBytes = 32;

// Written by an administrator in place of the current key's id: the next start makes a new key and keeps the old ones.
inline constexpr const char* kRotate = "rotate";

struct TokenKey {
  std::string id;
  std::string hex;
  std::string bytes;
};
TokenKey new_token_key(base::Random& random);

std::optional<std::string> token_key_bytes(const std::string& hex);  // nothing when it is not 64 lower-case digits
std::string token_key_id(const std::string& bytes);

}  // namespace lepton_operator::reconcile
