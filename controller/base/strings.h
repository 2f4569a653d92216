// Text helpers. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lepton_operator::base {

// Up to `most` of `known` that are likeliest meant by `word`: small edit distance or one containing the other, best first.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known, std::size_t most = 3);

// ASCII only, whatever the locale says.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string lower(std::string_view text);
// At most `most` bytes, cut at a UTF-8 boundary with "…" when something was cut.
std::string clipped(std::string_view text, std::size_t most);

}  // namespace lepton_operator::base
