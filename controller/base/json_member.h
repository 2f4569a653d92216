// Of a JSON text a part of it, as its own text, without parsing the whole; and what a text is known by. Whoever knows a text need not parse
// it again.
//
// Only what is passed over on the way is checked; errors within the part show when it is parsed. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lepton_operator::base {

// The text of that member of an object's text. Nothing when there is none.
std::optional<std::string_view> json_member(std::string_view text, std::string_view member);

// What a text is known by: two different ones of one server have the same with a probability that can be left aside (2^-64).
std::uint64_t text_print(std::string_view text);

}  // namespace lepton_operator::base
