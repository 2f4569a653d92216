// UTF-8 (RFC 3629: no overlong forms, no surrogates). JSON and YAML hold nothing else; file names, and the logs of others, may hold any
// bytes, so whoever writes text replaces what is none. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lepton_operator::base {

inline constexpr std::string_view kReplacementCharacter = "\uFFFD";

// How many bytes the character has that begins at `at`; 0 when none does.
std::size_t utf8_length(std::string_view text, std::size_t at);
// Where the text stops being UTF-8; nothing when it is all good.
std::optional<std::size_t> invalid_utf8(std::string_view text);
// With U+FFFD in place of each byte that belongs to no character.
std::string as_utf8(std::string_view text);

}  // namespace lepton_operator::base
