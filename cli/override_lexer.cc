#include "cli/override_lexer.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace lepton_operator::cli {

namespace {

using base::Error;
using base::ErrorKind;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool begins_id(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Each of these says how many characters of `text` it would take from its beginning; 0: none.

std::size_t blanks(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_blank) - text.begin());
}

// DIGIT (('_')? DIGIT)*
std::size_t digits(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    if (is_digit(text[length])) {
      ++length;
    } else if (length > 0 && text[length] == '_' && length + 1 < text.size() && is_digit(text[length + 1])) {
      length += 2;
    } else {
      break;
    }
  }
  return length;
}

// INT_UNSIGNED: no zero before another digit.
std::size_t whole(std::string_view text) { return text.starts_with('0') ? 1 : digits(text); }

std::size_t point_float(std::string_view text) {
  const std::size_t before = whole(text);
  if (before >= text.size() || text[before] != '.') return 0;
  const std::size_t after = digits(text.substr(before + 1));
  return before + after == 0 ? 0 : before + 1 + after;
}

std::size_t exponent(std::string_view text) {
  if (text.empty() || base::lower(text.substr(0, 1)) != "e") return 0;
  const std::size_t sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 1 : 0;
  const std::size_t power = digits(text.substr(1 + sign));
  return power == 0 ? 0 : 1 + sign + power;
}

std::size_t sign(std::string_view text) { return text.starts_with('+') || text.starts_with('-') ? 1 : 0; }

std::size_t keyword(std::string_view text, std::string_view word) {
  return base::lower(text.substr(0, word.size())) == word ? word.size() : 0;
}

std::size_t float_number(std::string_view text) {
  const std::size_t begin = sign(text);
  const std::string_view number = text.substr(begin);
  std::size_t length = std::max({point_float(number), keyword(number, "inf"), keyword(number, "nan")});
  for (const std::size_t mantissa : {whole(number), point_float(number)}) {
    const std::size_t power = mantissa == 0 ? 0 : exponent(number.substr(mantissa));
    if (power != 0) length = std::max(length, mantissa + power);
  }
  return length == 0 ? 0 : begin + length;
}

std::size_t int_number(std::string_view text) {
  const std::size_t length = whole(text.substr(sign(text)));
  return length == 0 ? 0 : sign(text) + length;
}

std::size_t identifier(std::string_view text) {
  if (text.empty() || !begins_id(text.front())) return 0;
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) { return begins_id(c) || is_digit(c) || c == '-'; });
  return static_cast<std::size_t>(end - text.begin());
}

std::size_t escapes(std::string_view text) {
  std::size_t length = 0;
  while (length + 1 < text.size() && text[length] == '\\' && std::string_view("\\()[]{}:=, \t").find(text[length + 1]) != text.npos) {
    length += 2;
  }
  return length;
}

// Up to the first quote of the same sort that an even number of backslashes stands before.
std::size_t quoted(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return 0;
  std::size_t backslashes = 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == text.front() && backslashes % 2 == 0) return at + 1;
    backslashes = text[at] == '\\' ? backslashes + 1 : 0;
  }
  return 0;
}

std::size_t interpolation(std::string_view text) {
  if (!text.starts_with("${")) return 0;
  const std::size_t end = text.find('}', 2);
  return end == text.npos || end == 2 ? 0 : end + 1;
}

enum class Blanks { kAfter, kBefore, kAround };

std::size_t mark(std::string_view text, char c, Blanks may_stand) {
  const std::size_t before = may_stand == Blanks::kAfter ? 0 : blanks(text);
  if (before >= text.size() || text[before] != c) return 0;
  return before + 1 + (may_stand == Blanks::kBefore ? 0 : blanks(text.substr(before + 1)));
}

std::size_t length_of(WordKind kind, std::string_view text) {
  switch (kind) {
    case WordKind::kParenthesisOpen: return mark(text, '(', Blanks::kAround);
    case WordKind::kComma: return mark(text, ',', Blanks::kAround);
    case WordKind::kParenthesisClose: return mark(text, ')', Blanks::kBefore);
    case WordKind::kBracketOpen: return mark(text, '[', Blanks::kAfter);
    case WordKind::kBracketClose: return mark(text, ']', Blanks::kBefore);
    case WordKind::kBraceOpen: return mark(text, '{', Blanks::kAfter);
    case WordKind::kBraceClose: return mark(text, '}', Blanks::kBefore);
    case WordKind::kColon: return mark(text, ':', Blanks::kAround);
    case WordKind::kEqual: return mark(text, '=', Blanks::kAround);
    case WordKind::kFloat: return float_number(text);
    case WordKind::kInt: return int_number(text);
    case WordKind::kBool: return std::max(keyword(text, "true"), keyword(text, "false"));
    case WordKind::kNull: return keyword(text, "null");
    case WordKind::kUnquoted: return !text.empty() && std::string_view("/-\\+.$%*@?|").find(text.front()) != text.npos ? 1 : 0;
    case WordKind::kEscaped: return escapes(text);
    case WordKind::kSpace: return blanks(text);
    case WordKind::kQuoted: return quoted(text);
    case WordKind::kInterpolation: return interpolation(text);
    case WordKind::kId: return identifier(text);
  }
  __builtin_unreachable();
}

Error cannot_stand(char c, std::size_t at) {
  if (c == '"' || c == '\'') return {ErrorKind::kInvalid, "a quote at character " + std::to_string(at + 1) + " of the value is not closed"};
  const bool printable = c > ' ' && c < '\x7f';
  return {ErrorKind::kInvalid, (printable ? std::string("\"") + c + "\"" : std::string("a character")) + " at character " +
                                   std::to_string(at + 1) +
                                   " of the value has to stand in quotes, which the shell must not take away: KEY='\"...\"'"};
}

}  // namespace

base::Result<std::vector<Word>> words_of(std::string_view value) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < value.size();) {
    const std::string_view rest = value.substr(at);
    Word longest{WordKind::kId, {}};
    for (int kind = 0; kind <= static_cast<int>(WordKind::kId); ++kind) {
      const std::size_t length = length_of(static_cast<WordKind>(kind), rest);
      if (length > longest.text.size()) longest = {static_cast<WordKind>(kind), rest.substr(0, length)};
    }
    if (longest.text.empty()) return cannot_stand(value[at], at);
    words.push_back(longest);
    at += longest.text.size();
  }
  return words;
}

}  // namespace lepton_operator::cli
