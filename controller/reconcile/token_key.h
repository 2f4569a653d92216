// A key for generated tokens: 32 bytes, kept as 64 hex digits, named by the first 8 digits of its SHA-256. Pure. Internal to reconcile/.
#pragma once

#include <optional>
#include <string>

namespace lepton_operator::reconcile {

inline constexpr std::size_t kTokenKeyBytes = 32;

std::optional<std::string> token_key_bytes(const std::string& hex);  // nothing when it is not 64 lower-case digits
std::string token_key_id(const std::string& bytes);

}  // namespace lepton_operator::reconcile
