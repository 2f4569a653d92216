// The words of Hydra 1.3's override grammar: a value's text taken apart as its lexer does it (OverrideLexer.g4, VALUE_MODE).
//
// The longest word wins; of two that are as long, the one that stands first in the enum below, but for kId, which is last. Pure; any
// thread. Internal to the overrides. Fails with a sentence that says what cannot stand there, never with the value itself: it may be a
// secret.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace lepton_operator::cli {

enum class WordKind {
  kParenthesisOpen,
  kComma,
  kParenthesisClose,
  kBracketOpen,
  kBracketClose,
  kBraceOpen,
  kBraceClose,
  kColon,
  kEqual,
  kFloat,
  kInt,
  kBool,
  kNull,
  kUnquoted,       // one of / - \ + . $ % * @ ? |
  kEscaped,        // \\ \( \) \[ \] \{ \} \: \= \, "\ " and "\<tab>", one or more
  kSpace,          // blanks and tabs
  kQuoted,         // with its quotes
  kInterpolation,  // ${...}
  kId,
};

struct Word {
  WordKind kind;
  std::string_view text;  // of the value's text, with the blanks that belong to it
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }  // of this grammar: ASCII

base::Result<std::vector<Word>> words_of(std::string_view value);

}  // namespace lepton_operator::cli
