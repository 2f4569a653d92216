#include "cli/override.h"

#include <algorithm>

#include "base/strings.h"
#include "cli/override_lexer.h"
#include "cli/override_value.h"

namespace lepton_operator::cli {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

OverrideKind kind_of(std::string_view& text) {
  const auto takes = [&](std::string_view mark) {
    const bool there = text.starts_with(mark);
    if (there) text.remove_prefix(mark.size());
    return there;
  };
  if (takes("~")) return OverrideKind::kRemove;
  if (takes("++")) return OverrideKind::kForceAdd;
  if (takes("+")) return OverrideKind::kAdd;
  return OverrideKind::kChange;
}

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }

// KEY_SPECIAL or, behind or before a point, INT_UNSIGNED.
bool is_part(std::string_view part, bool alone) {
  if (part.empty()) return false;
  if (begins_name(part.front())) {
    return std::all_of(part.begin(), part.end(), [](char c) { return begins_name(c) || is_digit(c) || c == '-'; });
  }
  return !alone && std::all_of(part.begin(), part.end(), is_digit) && (part.size() == 1 || part.front() != '0');
}

std::vector<std::string> split(std::string_view key) {
  std::vector<std::string> parts(1);
  for (const char c : key) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string why_no_key(std::string_view key) {
  if (key.find_first_of("@/") != key.npos)
    return "config groups and packages (/ and @) are Hydra's own; a manifest has fields alone, a.b=value";
  if (key.find('[') != key.npos) return "an element of a list is written with a point: tasks.0 or tasks.NAME";
  return "a field is written as a.b.c, of letters, digits, _, - and $; an element of a list by its number or its name";
}

}  // namespace

std::string Override::key() const { return base::join(path, "."); }

Result<Override> parse_override(std::string_view text) {
  const std::string_view written = text.substr(0, text.find('='));
  const std::string where(base::clipped(written, 120));
  Override parsed;
  parsed.kind = kind_of(text);
  const std::size_t equal = text.find('=');
  const std::string_view key = text.substr(0, equal);
  parsed.path = split(key);
  const bool alone = parsed.path.size() == 1;
  if (!std::all_of(parsed.path.begin(), parsed.path.end(), [&](const std::string& part) { return is_part(part, alone); })) {
    return Error{ErrorKind::kInvalid, why_no_key(key), where};
  }
  if (equal == text.npos) {
    if (parsed.kind == OverrideKind::kRemove) return parsed;
    return Error{ErrorKind::kInvalid, "an override is FIELD=VALUE, e.g. target.url=https://...; ~FIELD removes one", where};
  }
  std::string_view value = text.substr(equal + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  Result<base::Json> parsed_value = parse_override_value(value);
  if (!parsed_value) return Error{ErrorKind::kInvalid, parsed_value.error().what, where};
  parsed.value = std::move(*parsed_value);
  return parsed;
}

}  // namespace lepton_operator::cli
