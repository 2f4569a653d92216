// A flag's value that is one of a few words: what each of them means, and the sentence for any other. For a CLI::Validator: CLI11's own
// name the values too. Pure.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace lepton_operator::cli {

// Changes the value to what it means, or returns what is wrong with it.
using Choice = std::function<std::string(std::string&)>;

inline std::string none_of(const std::string& value, const std::vector<std::string>& words) {
  return "\"" + base::clipped(value, 40) + "\" is none of " + base::join(words, ", ");
}

// For an option whose variable is a string: one of the words themselves.
inline Choice one_of(std::vector<std::string> words) {
  const auto check = [words = std::move(words)](std::string& value) {
    const bool known = std::find(words.begin(), words.end(), value) != words.end();
    return known ? std::string{} : none_of(value, words);
  };
  return check;
}

// For an option whose variable is an enum: the word stands for that value.
template <class Enum>
Choice one_of(std::vector<std::pair<std::string, Enum>> meanings) {
  const auto translate = [meanings = std::move(meanings)](std::string& value) {
    std::vector<std::string> words;
    for (const auto& [word, meaning] : meanings) {
      if (word == value) {
        value = std::to_string(static_cast<std::underlying_type_t<Enum>>(meaning));
        return std::string{};
      }
      words.push_back(word);
    }
    return none_of(value, words);
  };
  return translate;
}

}  // namespace lepton_operator::cli
