#include "base/yaml_scalar.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace lepton_operator::base {

namespace {

constexpr std::string_view kStandardTag = "tag:yaml.org,2002:";
// A scalar may be a secret: what is wrong with it is said without it.
constexpr const char* kNumberTooLarge = "a number that is too large; quote it if it is text";

std::optional<bool> as_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+
struct Integer {
  bool negative = false;
  int base = 10;
  std::string_view digits;
};
std::optional<Integer> as_integer(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (text.starts_with("0x") && text.size() > 2 && text.find_first_not_of(kHex, 2) == std::string_view::npos) {
    return Integer{.base = 16, .digits = text.substr(2)};
  }
  if (text.starts_with("0o") && text.size() > 2 && text.find_first_not_of("01234567", 2) == std::string_view::npos) {
    return Integer{.base = 8, .digits = text.substr(2)};
  }
  const bool sign = text.starts_with('-') || text.starts_with('+');
  const bool negative = text.starts_with('-');
  if (sign) text.remove_prefix(1);
  if (!all_digits(text)) return std::nullopt;
  return Integer{.negative = negative, .digits = text};
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_digits(power)) return false;
    text = text.substr(0, exponent);
  }
  const auto point = text.find('.');
  if (point == std::string_view::npos) return all_digits(text);
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(point + 1);
  if (whole.empty()) return all_digits(fraction);
  return all_digits(whole) && (fraction.empty() || all_digits(fraction));
}

bool is_not_finite(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" || text == ".NAN";
}

Result<Json> read_integer(const Integer& integer) {
  std::uint64_t magnitude = 0;
  const char* end = integer.digits.data() + integer.digits.size();
  const auto [stop, failure] = std::from_chars(integer.digits.data(), end, magnitude, integer.base);
  constexpr std::uint64_t kLowest = std::uint64_t{1} << 63;
  if (failure != std::errc{} || stop != end || (integer.negative && magnitude > kLowest)) {
    return invalid(kNumberTooLarge);
  }
  if (integer.negative) return Json::number(static_cast<std::int64_t>(~magnitude + 1));
  if (magnitude < kLowest) return Json::number(static_cast<std::int64_t>(magnitude));
  return Json::number(magnitude);
}

Result<Json> read_float(const std::string& text) {
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  double value = 0;
  const auto [stop, failure] = std::from_chars(begin, text.data() + text.size(), value);
  if (failure != std::errc{} || !std::isfinite(value)) return invalid(kNumberTooLarge);
  return Json::number(value);
}

Result<Json> read_plain(const std::string& text) {
  if (const auto boolean = as_bool(text)) return Json::boolean(*boolean);
  if (const auto integer = as_integer(text)) return read_integer(*integer);
  if (is_float(text)) return read_float(text);
  if (is_not_finite(text)) return invalid(text + " cannot be carried in JSON; quote it if it is text");
  return Json::string(text);
}

}  // namespace

Result<Json> read_scalar(std::string_view tag, const std::string& text) {
  if (tag == "?" || tag.empty()) return read_plain(text);
  if (tag == "!") return Json::string(text);
  if (!tag.starts_with(kStandardTag)) return invalid("unknown tag; put the value in quotes if it is text");
  const std::string_view type = tag.substr(kStandardTag.size());
  if (type == "str") return Json::string(text);
  if (type == "null" && (text.empty() || text == "null" || text == "~")) return Json::null();
  if (type == "bool" && as_bool(text)) return Json::boolean(*as_bool(text));
  if (type == "int" && as_integer(text)) return read_integer(*as_integer(text));
  if (type == "float" && is_float(text)) return read_float(text);
  return invalid("a value that is not of the type that its tag says (!!" + std::string(type) + ")");
}

bool reads_as_other_type(std::string_view text) {
  static constexpr std::array<std::string_view, 16> kWords{"",   "~",  "null", "Null", "NULL", "true", "false", "yes",
                                                           "no", "on", "off",  "y",    "n",    "=",    "<<",    "none"};
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (std::find(kWords.begin(), kWords.end(), folded) != kWords.end()) return true;
  // Numbers, times of day, dates, hex, octal, .inf, .nan in either version: nothing but these characters after a digit, sign or point. That
  // catches some harmless words ("0bad"): quotes do no harm.
  if (!is_digit(folded.front()) && folded.front() != '.' && folded.front() != '-' && folded.front() != '+') return false;
  return folded.find_first_not_of("0123456789abcdef_.:+-xotzin ") == std::string::npos;
}

}  // namespace lepton_operator::base
