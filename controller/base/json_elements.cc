#include "base/json_elements.h"

#include <functional>

namespace lepton_operator::base {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

// A reader that skips whole values by their brackets and strings.
class Skimmer {
 public:
  explicit Skimmer(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_blank();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_blank();
    return at_ >= text_.size();
  }

  // Nothing where no value begins or it does not end.
  std::optional<std::string_view> value() {
    skip_blank();
    const std::size_t begin = at_;
    if (at_ >= text_.size()) return std::nullopt;
    const char first = text_[at_];
    bool whole = false;
    if (first == '"') {
      whole = skip_string();
    } else if (first == '{' || first == '[') {
      whole = skip_nested();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      whole = at_ > begin;
    }
    if (!whole) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip_blank() { at_ = std::min(text_.find_first_not_of(kBlank, at_), text_.size()); }

  bool skip_string() {  // from its opening quote on
    ++at_;
    while (true) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) return false;
      std::size_t slashes = 0;
      while (quote - slashes > at_ && text_[quote - slashes - 1] == '\\') ++slashes;
      at_ = quote + 1;
      if (slashes % 2 == 0) return true;
    }
  }

  bool skip_nested() {
    int depth = 0;
    while (at_ < text_.size()) {
      switch (text_[at_]) {
        case '"':
          if (!skip_string()) return false;
          continue;
        case '{':
        case '[': ++depth; break;
        case '}':
        case ']': --depth; break;
        default: break;
      }
      ++at_;
      if (depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<std::vector<std::string_view>> elements_of(std::string_view array) {
  std::vector<std::string_view> elements;
  Skimmer skimmer(array);
  if (!skimmer.take('[')) return std::nullopt;
  if (skimmer.take(']')) return elements;
  do {
    const auto element = skimmer.value();
    if (!element) return std::nullopt;
    elements.push_back(*element);
  } while (skimmer.take(','));
  if (!skimmer.take(']') || !skimmer.at_end()) return std::nullopt;
  return elements;
}

}  // namespace

std::optional<std::string_view> json_member(std::string_view text, std::string_view member) {
  Skimmer skimmer(text);
  if (!skimmer.take('{')) return std::nullopt;
  do {
    const auto name = skimmer.value();
    if (!name || !skimmer.take(':')) return std::nullopt;
    const auto value = skimmer.value();
    if (!value) return std::nullopt;
    if (name->size() == member.size() + 2 && name->substr(1, member.size()) == member) return value;
  } while (skimmer.take(','));
  return std::nullopt;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view text, std::string_view member) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return std::nullopt;
  if (text[begin] == '[') return elements_of(text);
  const auto array = json_member(text, member);
  return array ? elements_of(*array) : std::nullopt;
}

std::uint64_t text_print(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace lepton_operator::base
