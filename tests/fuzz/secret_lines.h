// Values of a YAML text that must never stand in a sentence about it, found by lines: the text may be no YAML at all.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/promise.h"

namespace lepton_operator::fuzz {

inline std::size_t occurrences(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// `line` is "key: value": the value, without what YAML gives a meaning at its ends. Empty when it is none.
inline std::string value_of_line(std::string_view line) {
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos) return "";
  std::string_view value = line.substr(colon + 2);
  if (value.starts_with("!!")) value.remove_prefix(std::min(value.find(' '), value.size()));  // a tag of YAML's own
  const auto begin = value.find_first_not_of(" \t\"'!*&|>@%`");
  if (begin == std::string_view::npos) return "";
  const auto end = value.find_last_not_of(" \t\r\"'");
  return std::string(value.substr(begin, end + 1 - begin));
}

inline std::string key_of_line(std::string_view line) {
  const auto begin = line.find_first_not_of(" -");
  const auto colon = line.find(": ");
  if (begin == std::string_view::npos || colon == std::string_view::npos || begin >= colon) return "";
  return std::string(line.substr(begin, colon - begin));
}

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// No sentence about the text holds the value. `sentences` says them of any text. A fuzzer soon writes our own words, or the file's name, as
// a value: what is still said when another value stands in its place did not come from there. One that is short, or stands elsewhere in the
// text too, may be told for another reason.
template <class Sentences>
void require_untold(std::string_view text, std::string_view value, Sentences sentences) {
  if (value.size() < 8 || occurrences(text, value) != 1) return;
  const auto told = [&](std::string_view of) {
    std::string found;
    for (const std::string& sentence : sentences(of)) {
      if (sentence.find(value) != std::string::npos) found = sentence;
    }
    return found;
  };
  const std::string sentence = told(text);
  if (sentence.empty()) return;
  std::string other(text);
  other.replace(other.find(value), value.size(), value.size(), 'z');
  require(!told(other).empty(), "no secret stands in a sentence", sentence);
}

}  // namespace lepton_operator::fuzz
