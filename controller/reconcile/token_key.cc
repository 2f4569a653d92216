#include "reconcile/token_key.h"

#include "base/hash.h"

namespace lepton_operator::reconcile {

namespace {

constexpr std::size_t kIdDigits = 8;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> token_key_bytes(const std::string& hex) {
  if (hex.size() != 2 * kTokenKeyBytes) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string token_key_id(const std::string& bytes) { return base::sha256_hex(bytes).substr(0, kIdDigits); }

TokenKey new_token_key(base::Random& random) {
  TokenKey key;
  key.hex = random.hex(kTokenKeyBytes);
  key.bytes = token_key_bytes(key.hex).value_or("");
  key.id = token_key_id(key.bytes);
  return key;
}

}  // namespace lepton_operator::reconcile
