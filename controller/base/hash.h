// Hashes and HMAC by OpenSSL. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lepton_operator::base {

std::string sha256_hex(std::string_view data);                             // 64 lower-case digits
std::string hmac_sha256_hex(std::string_view key, std::string_view data);  // likewise
std::string base64_encode(std::string_view data);
// Nothing when the text is not base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace lepton_operator::base
