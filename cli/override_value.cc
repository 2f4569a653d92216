#include "cli/override_value.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "cli/override_lexer.h"

namespace lepton_operator::cli {

namespace {

using base::Error;
using base::ErrorKind;
using base::invalid;
using base::Json;
using base::Result;

constexpr int kMostLevels = 64;

std::string without(std::string_view text, char unwanted) {
  std::string kept(text);
  std::erase(kept, unwanted);
  return kept;
}

// The second, fourth, ... character: of pairs of a backslash and what it protects.
std::string unescaped(std::string_view text) {
  std::string kept;
  for (std::size_t at = 1; at < text.size(); at += 2) kept += text[at];
  return kept;
}

// Backslashes count only in front of a quote of the same sort; the closing one is such a quote.
std::string unquoted(std::string_view text) {
  const char quote = text.front();
  std::string kept;
  std::size_t run = 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++run;
      continue;
    }
    kept.append(text[at] == quote ? run / 2 : run, '\\');
    run = 0;
    if (at + 1 < text.size()) kept += text[at];
  }
  return kept;
}

// Of a resolver, which a manifest has not: what the launcher's users write for variables of their own environment.
bool resolves(std::string_view text) { return text.find("${oc.") != text.npos; }

class Parser {
 public:
  explicit Parser(std::span<const Word> words) : words_(words) {}

  Result<Json> whole() {
    Result<Json> value = element(0);
    if (!value || words_.empty()) return value;
    if (at(WordKind::kComma)) return invalid("several values are a sweep, which one Invocation cannot be; a list is written [a,b]");
    return unexpected();
  }

 private:
  bool at(WordKind kind) const { return !words_.empty() && words_.front().kind == kind; }
  Word take() {
    const Word word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  Error unexpected() const {
    if (words_.empty()) return invalid("the value ends too early: a bracket is not closed, or nothing stands between commas");
    const std::string word(words_.front().text);
    switch (words_.front().kind) {
      case WordKind::kParenthesisOpen:
      case WordKind::kParenthesisClose:
      case WordKind::kComma:
      case WordKind::kBracketOpen:
      case WordKind::kBracketClose:
      case WordKind::kBraceOpen:
      case WordKind::kBraceClose:
      case WordKind::kColon:
      case WordKind::kEqual:
        return invalid("\"" + without(without(word, ' '), '\t') +
                       "\" cannot stand there; text that holds it goes in quotes that the shell leaves alone: KEY='\"...\"'");
      case WordKind::kFloat:
      case WordKind::kInt:
      case WordKind::kBool:
      case WordKind::kNull:
      case WordKind::kUnquoted:
      case WordKind::kEscaped:
      case WordKind::kSpace:
      case WordKind::kQuoted:
      case WordKind::kInterpolation:
      case WordKind::kId: return invalid("something stands behind a closing quote or bracket");
    }
    __builtin_unreachable();
  }

  Result<Json> element(int level) {
    if (level > kMostLevels) return invalid("the value has more than " + std::to_string(kMostLevels) + " levels");
    if (at(WordKind::kBracketOpen)) return list(level);
    if (at(WordKind::kBraceOpen)) return dict(level);
    if (at(WordKind::kQuoted)) return text(unquoted(take().text));
    return primitive();
  }

  Result<Json> list(int level) {
    take();
    Json items = base::json_array();
    while (!at(WordKind::kBracketClose)) {
      if (items.size() > 0) {
        if (!at(WordKind::kComma)) return unexpected();
        take();
      }
      Result<Json> item = element(level + 1);
      if (!item) return item;
      items[items.size()] = std::move(*item);
    }
    take();
    return items;
  }

  Result<Json> dict(int level) {
    take();
    Json members = base::json_object();
    bool first = true;
    while (!at(WordKind::kBraceClose)) {
      if (!std::exchange(first, false)) {
        if (!at(WordKind::kComma)) return unexpected();
        take();
      }
      const std::span<const Word> words = run(false);
      if (words.empty()) return unexpected();
      const Result<Json> name = typed(words);
      if (!name) return name;
      if (name->is_null()) return invalid("null cannot be the name of a field");
      if (!at(WordKind::kColon)) return unexpected();
      take();
      Result<Json> member = element(level + 1);
      if (!member) return member;
      members[name->is_string() ? name->as_string() : base::to_text(*name)] = std::move(*member);
    }
    take();
    return members;
  }

  // As many words as make one unquoted piece. A dict's key takes neither ":" nor "${...}".
  std::span<const Word> run(bool value) {
    const auto part = [&](const Word& word) {
      switch (word.kind) {
        case WordKind::kId:
        case WordKind::kNull:
        case WordKind::kInt:
        case WordKind::kFloat:
        case WordKind::kBool:
        case WordKind::kUnquoted:
        case WordKind::kEscaped:
        case WordKind::kSpace: return true;
        case WordKind::kColon:
        case WordKind::kInterpolation: return value;
        case WordKind::kParenthesisOpen:
        case WordKind::kComma:
        case WordKind::kParenthesisClose:
        case WordKind::kBracketOpen:
        case WordKind::kBracketClose:
        case WordKind::kBraceOpen:
        case WordKind::kBraceClose:
        case WordKind::kEqual:
        case WordKind::kQuoted: return false;
      }
      __builtin_unreachable();
    };
    const auto end = std::find_if_not(words_.begin(), words_.end(), part);
    const std::span<const Word> taken = words_.first(static_cast<std::size_t>(end - words_.begin()));
    words_ = words_.subspan(taken.size());
    return taken;
  }

  Result<Json> primitive() {
    const std::span<const Word> words = run(true);
    if (words.size() == 1 && words.front().kind == WordKind::kId && at(WordKind::kParenthesisOpen)) {
      return invalid("functions of Hydra's grammar, such as choice() or int(), are not known here: write the value itself");
    }
    if (words.empty()) return unexpected();
    return typed(words);
  }

  static Result<Json> typed(std::span<const Word> words) {
    if (words.front().kind == WordKind::kSpace) words = words.subspan(1);
    if (words.empty()) return invalid("a value of blanks alone has to stand in quotes");
    if (words.back().kind == WordKind::kSpace) words = words.first(words.size() - 1);
    if (words.size() == 1) return single(words.front());
    std::string joined;
    for (const Word& word : words) {
      if (word.kind == WordKind::kInterpolation) return no_interpolation();
      joined += word.kind == WordKind::kEscaped ? unescaped(word.text) : std::string(word.text);
    }
    return text(std::move(joined));
  }

  static Result<Json> single(const Word& word) {
    switch (word.kind) {
      case WordKind::kInt: return int_number(word.text);
      case WordKind::kFloat: return float_number(word.text);
      case WordKind::kBool: return Json::boolean(word.text.size() == 4);
      case WordKind::kNull: return Json::null();
      case WordKind::kEscaped: return text(unescaped(word.text));
      case WordKind::kInterpolation: return no_interpolation();
      case WordKind::kId:
      case WordKind::kUnquoted:
      case WordKind::kColon: return text(std::string(word.text));
      case WordKind::kSpace:
      case WordKind::kQuoted:
      case WordKind::kParenthesisOpen:
      case WordKind::kComma:
      case WordKind::kParenthesisClose:
      case WordKind::kBracketOpen:
      case WordKind::kBracketClose:
      case WordKind::kBraceOpen:
      case WordKind::kBraceClose:
      case WordKind::kEqual: break;  // run() lets none of these through
    }
    return invalid("the value cannot be read");
  }

  static Error no_interpolation() {
    return invalid("${...} is not known in manifests: let the shell put a variable in, KEY=\"$NAME\", or name a secret");
  }

  static Result<Json> text(std::string value) {
    if (resolves(value)) return no_interpolation();
    if (value.find('\0') != value.npos) return invalid("a value cannot hold a NUL character");
    return Json::string(value);
  }

  static Result<Json> int_number(std::string_view word) {
    const std::string digits = without(word, '_');
    errno = 0;
    const long long number = std::strtoll(digits.c_str(), nullptr, 10);
    if (errno == ERANGE) return invalid("a whole number has to fit 64 bits; put it in quotes if it is text");
    return Json::number(static_cast<std::int64_t>(number));
  }

  static Result<Json> float_number(std::string_view word) {
    const double number = std::strtod(without(word, '_').c_str(), nullptr);
    if (!std::isfinite(number)) return invalid("inf and nan are no numbers of a manifest; put the value in quotes if it is text");
    return Json::number(number);
  }

  std::span<const Word> words_;
};

}  // namespace

Result<Json> parse_override_value(std::string_view text) {
  if (text.empty()) return Json::string("");
  const Result<std::vector<Word>> words = words_of(text);
  if (!words) return words.error();
  return Parser(*words).whole();
}

}  // namespace lepton_operator::cli
