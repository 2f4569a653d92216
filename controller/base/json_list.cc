#include "base/json_list.h"

#include <algorithm>

namespace lepton_operator::base {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

std::string_view without_blanks_at_end(std::string_view text) { return text.substr(0, text.find_last_not_of(kBlanks) + 1); }

bool ends_scalar(char c) { return c == ',' || c == ']' || c == '}' || is_blank(c); }

}  // namespace

std::size_t JsonListReader::Place::skip_string(std::string_view bytes) {
  std::size_t at = 0;
  if (escaped && !bytes.empty()) {
    escaped = false;
    at = 1;
  }
  while (at < bytes.size()) {
    const std::size_t quote = std::min(bytes.find('"', at), bytes.size());
    std::size_t backslashes = 0;
    while (quote - backslashes > at && bytes[quote - backslashes - 1] == '\\') ++backslashes;
    const bool odd = backslashes % 2 == 1;
    if (quote == bytes.size()) {
      escaped = odd;
      return quote;
    }
    at = quote + 1;
    if (odd) continue;
    in_string = false;
    return at;
  }
  return at;
}

void JsonListReader::Place::open_or_close(char c) {
  if (c == '"') in_string = true;
  if (c == '{' || c == '[') ++depth;
  if (c == '}' || c == ']') --depth;
}

// Where the value ends whose next bytes these are, the first ones perhaps; npos if it goes on.
std::size_t JsonListReader::Place::end_of(std::string_view bytes, bool first) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (in_string) {
      at += skip_string(bytes.substr(at));
      if (!in_string && depth == 0) return at;
      continue;
    }
    const char c = bytes[at];
    if (depth == 0 && !first && ends_scalar(c)) return at;
    first = false;
    ++at;
    open_or_close(c);
    if ((c == '}' || c == ']') && depth <= 0) return at;
  }
  return std::string_view::npos;
}

void JsonListReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kBefore:
      case State::kAfter: bytes.remove_prefix(take_rest(bytes)); break;
      case State::kBetween: bytes.remove_prefix(take_between(bytes)); break;
      case State::kWithin: bytes.remove_prefix(take_element(bytes)); break;
    }
  }
}

// Whether the list is what opens next: the text itself, or the value of our key in it.
bool JsonListReader::opens_list() const {
  if (state_ != State::kBefore) return false;
  std::string_view before = without_blanks_at_end(rest_);
  if (place_.depth == 0) return before.empty();
  if (place_.depth != 1 || !before.ends_with(':')) return false;
  before = without_blanks_at_end(before.substr(0, before.size() - 1));
  if (!before.ends_with(key_)) return false;
  // A quote is a key's own, and no escaped one within another string, where nothing but these stands before it.
  before = without_blanks_at_end(before.substr(0, before.size() - key_.size()));
  return before.ends_with('{') || before.ends_with(',');
}

std::size_t JsonListReader::take_rest(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (place_.in_string) {
      const std::size_t length = place_.skip_string(bytes.substr(at));
      rest_ += bytes.substr(at, length);
      at += length;
      continue;
    }
    const char c = bytes[at++];
    const bool is_list = c == '[' && opens_list();
    rest_ += c;
    if (is_list) {
      state_ = State::kBetween;
      return at;
    }
    place_.open_or_close(c);
  }
  return at;
}

// Blanks, commas and the end. What must not stand there is left in the rest, which is no JSON then.
std::size_t JsonListReader::take_between(std::string_view bytes) {
  const std::size_t at = std::min(bytes.find_first_not_of(kBlanks), bytes.size());
  if (at == bytes.size()) return at;
  const char c = bytes[at];
  if (c == ',') {
    if (comma_ || !several_) rest_ += c;
    comma_ = true;
    return at + 1;
  }
  if (c == ']') {
    if (comma_) rest_ += ',';
    rest_ += c;
    state_ = State::kAfter;
    return at + 1;
  }
  if (several_ && !comma_) rest_ += ',';
  state_ = State::kWithin;
  comma_ = false;
  several_ = true;
  return at;
}

std::size_t JsonListReader::take_element(std::string_view bytes) {
  const std::size_t end = within_.end_of(bytes, begun_.empty());
  if (end == std::string_view::npos) {
    begun_ += bytes;
    return bytes.size();
  }
  within_ = Place{};
  state_ = State::kBetween;
  if (begun_.empty()) {
    element(bytes.substr(0, end));
    return end;
  }
  begun_ += bytes.substr(0, end);
  element(begun_);
  begun_.clear();
  return end;
}

}  // namespace lepton_operator::base
