// The elements of a list in a JSON text, each as its own text, without parsing any: whoever knows an element by its text need not parse it
// again, and whoever parses them one by one never holds the tree of the whole list.
//
// Only what stands between the elements is checked; an element's own errors show when it is parsed. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lepton_operator::base {

// Of the array that `text` is, or that its member `member` is when it is an object. Nothing when it is neither, or no JSON.
std::optional<std::vector<std::string_view>> json_elements(std::string_view text, std::string_view member);

// The text of that member of an object's text. Nothing when there is none.
std::optional<std::string_view> json_member(std::string_view text, std::string_view member);

// What a text is known by: two different ones of one server have the same with a probability that can be left aside (2^-64).
std::uint64_t text_print(std::string_view text);

}  // namespace lepton_operator::base
