#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace lepton_operator::base {

namespace {

constexpr const char* kRepeatedName = "is no JSON that can be understood: an object has two members of one name";
constexpr double kLargestExactWhole = 9007199254740992.0;  // 2^53: above it a double's digits are no longer all its own

void write_escape(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

// Bytes that stand in a string as they are. A table, since every text that is sent, compared or packed goes through here.
constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

// What needs no escape, nearly all of any text, is copied in one piece. What is no UTF-8 is replaced: no reader would take the rest.
void write_escaped(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain[byte]) continue;
    const std::size_t length = byte < 0x80 ? 0 : utf8_length(text, at);
    if (length != 0) {
      at += length - 1;
      continue;
    }
    out.append(text, copied, at - copied);
    if (byte < 0x80) {
      write_escape(out, c);
    } else {
      out += kReplacementCharacter;
    }
    copied = at + 1;
  }
  out.append(text, copied, text.size() - copied);
  out += '"';
}

std::string double_text(double value) {
  if (!std::isfinite(value)) return "null";  // JSON has no other way to say it
  std::array<char, 40> buffer{};
  // Whole numbers look like integers, so that 1.0 and 1 have one text (the API server would make them equal as well).
  const bool whole = std::trunc(value) == value && std::abs(value) < kLargestExactWhole;
  const auto end = whole ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<std::int64_t>(value))
                         : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end.ptr);
  // YAML 1.1 readers (PyYAML in the harnesses) take 1e-07 for a string: an exponent needs a point before it.
  const auto exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

void write(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::Null: out += "null"; return;
    case Json::Boolean: out += value.as_bool() ? "true" : "false"; return;
    case Json::Number: out += number_text(value); return;
    case Json::String: write_escaped(out, value.as_string()); return;
    case Json::Array: {
      out += '[';
      bool first = true;
      for (const Json& element : value.as_array()) {
        if (!first) out += ',';
        first = false;
        write(out, element);
      }
      out += ']';
      return;
    }
    case Json::Object: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : value.as_object()) {
        if (!first) out += ',';
        first = false;
        write_escaped(out, name);
        out += ':';
        write(out, member);
      }
      out += '}';
      return;
    }
  }
}

// cpprestsdk says "* Line 1, Column 3 Syntax error: …".
std::string readable(std::string_view message) {
  if (message.starts_with("* ")) message.remove_prefix(2);
  return "is not JSON: " + std::string(message);
}

}  // namespace

Json json_object() { return Json::object(); }
Json json_array() { return Json::array(); }

const Json* find(const Json& object, std::string_view member) {
  if (!object.is_object()) return nullptr;
  const auto& members = object.as_object();
  const auto found = members.find(std::string(member));
  return found == members.end() ? nullptr : &found->second;
}

std::optional<std::string> get_string(const Json& object, std::string_view member) {
  const Json* value = find(object, member);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->as_string();
}

std::optional<std::int64_t> get_int(const Json& object, std::string_view member) {
  const Json* value = find(object, member);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto& number = value->as_number();
  if (number.is_int64()) return number.to_int64();
  if (number.is_integral()) return std::nullopt;  // beyond the signed range
  const double real = number.to_double();
  if (std::trunc(real) != real || std::abs(real) >= kLargestExactWhole) return std::nullopt;
  return static_cast<std::int64_t>(real);
}

std::optional<double> get_double(const Json& object, std::string_view member) {
  const Json* value = find(object, member);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->as_number().to_double();
}

std::optional<bool> get_bool(const Json& object, std::string_view member) {
  const Json* value = find(object, member);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->as_bool();
}

const Json& get_object(const Json& object, std::string_view member) {
  static const Json empty = Json::object();
  const Json* value = find(object, member);
  return value != nullptr && value->is_object() ? *value : empty;
}

std::vector<std::string> get_strings(const Json& object, std::string_view member) {
  std::vector<std::string> strings;
  for (const Json& element : elements(find(object, member))) {
    if (element.is_string()) strings.push_back(element.as_string());
  }
  return strings;
}

std::span<const Json> elements(const Json* array) {
  if (array == nullptr || !array->is_array() || array->size() == 0) return {};
  const auto& items = array->as_array();
  return {&*items.begin(), items.size()};  // the iterators are a vector's: contiguous
}

Json to_json(const std::vector<std::string>& values) {
  std::vector<Json> items;
  items.reserve(values.size());
  for (const auto& value : values) items.push_back(Json::string(value));
  return Json::array(std::move(items));
}

void set_if(Json& object, const char* member, const std::optional<std::string>& value) {
  if (value) object[member] = Json::string(*value);
}

void set_if(Json& object, const char* member, const std::optional<std::int64_t>& value) {
  if (value) object[member] = Json::number(*value);
}

Json merged(const Json& under, const Json& overlay) {
  if (!under.is_object() || !overlay.is_object()) return overlay;
  Json result = under;
  for (const auto& [name, value] : overlay.as_object()) {
    const Json* below = find(under, name);
    result[name] = below != nullptr ? merged(*below, value) : value;
  }
  return result;
}

std::string to_text(const Json& value) {
  std::string out;
  write(out, value);
  return out;
}

std::string number_text(const Json& number) {
  const auto& value = number.as_number();
  if (!value.is_integral()) return double_text(value.to_double());
  return value.is_int64() ? std::to_string(value.to_int64()) : std::to_string(value.to_uint64());
}

namespace {

// Members stand in the order of their names.
bool repeats_a_name(const Json& value) {
  if (value.is_array()) return std::any_of(value.as_array().begin(), value.as_array().end(), repeats_a_name);
  if (!value.is_object()) return false;
  const auto& members = value.as_object();
  const auto alike = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::adjacent_find(members.begin(), members.end(), alike) != members.end()) return true;
  return std::any_of(members.begin(), members.end(), [](const auto& member) { return repeats_a_name(member.second); });
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where) {
  try {
    // What is no UTF-8 is replaced here already: replaced only as it is written, names would change after they were put in order.
    Json value = Json::parse(as_utf8(text));
    // Which of the two is meant nobody knows, and the library would take another one when the same is read again.
    if (repeats_a_name(value)) return Error{.kind = ErrorKind::kInvalid, .what = kRepeatedName, .where = std::string(where)};
    return value;
  } catch (const std::exception& e) {  // json_exception; the library's edge
    return Error{.kind = ErrorKind::kInvalid, .what = readable(e.what()), .where = std::string(where)};
  }
}

}  // namespace lepton_operator::base
