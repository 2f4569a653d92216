// to_yaml. Written by hand rather than with yaml-cpp's emitter, whose literal blocks do not say whether a last line end belongs to the
// text.
#include "base/utf8.h"
#include "base/yaml.h"
#include "base/yaml_scalar.h"

namespace lepton_operator::base {

namespace {

void append_unicode_escape(std::string& out, unsigned code) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[code >> static_cast<unsigned>(shift) & 15];
}

// Code points that YAML wants escaped although they are valid UTF-8: C1 controls, the exotic line ends, the byte order mark.
std::optional<std::pair<unsigned, std::size_t>> special_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return std::pair{byte(1), std::size_t{2}};
  if (byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9))
    return std::pair{0x2000u + byte(2) - 0x80u, std::size_t{3}};
  if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return std::pair{0xFEFFu, std::size_t{3}};
  return std::nullopt;
}

// What is no UTF-8 is replaced: as it stands, nobody could read the whole document again.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (const auto special = special_at(text, i)) {
      append_unicode_escape(out, special->first);
      i += special->second - 1;
    } else if (text[i] == '"' || text[i] == '\\') {
      out += '\\';
      out += text[i];
    } else if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      append_unicode_escape(out, byte);
    } else if (const std::size_t length = utf8_length(text, i); length != 0) {
      out += text.substr(i, length);
      i += length - 1;
    } else {
      out += kReplacementCharacter;
    }
  }
  return out + '"';
}

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool plain_is_safe(std::string_view text) {
  if (reads_as_other_type(text)) return false;
  if (!is_word(text.front()) && text.front() != '/' && text.front() != '_' && text.front() != '.' && text.front() != '$') return false;
  if (text.front() == '.' && text.starts_with("...")) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool last = i + 1 == text.size();
    if (c == ':' && (last || text[i + 1] == ' ')) return false;
    if (c == ' ' && (last || text[i + 1] == '#')) return false;
    if (!is_word(c) && std::string_view(" _-./:@+=$()*;<>~^").find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::string inline_text(std::string_view text) { return plain_is_safe(text) ? std::string(text) : quoted(text); }

// Safe as a literal block: several lines, the first neither empty nor indented, at most one line end at the end, nothing that needs an
// escape, and UTF-8.
bool literal_is_safe(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  if (text.front() == ' ' || text.front() == '\t' || text.front() == '\n') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && text[i] != '\n' && text[i] != '\t') || byte == 0x7F || special_at(text, i)) return false;
  }
  return !invalid_utf8(text);
}

// Readers look no further than 1,024 characters for the colon after a key (YAML 1.2.2, 7.4); one that may be longer is announced by "?".
constexpr std::size_t kLongestSimpleKey = 1'000;

class Writer {
 public:
  // After "key:" or "-": the rest of the line and all that belongs to the value.
  void value(const Json& value, std::size_t indent) {
    if (value.is_object() && value.size() != 0) {
      out_ += '\n';
      members(value, indent);
    } else if (value.is_array() && value.size() != 0) {
      out_ += '\n';
      items(value, indent);
    } else if (value.is_string() && literal_is_safe(value.as_string())) {
      literal(value.as_string(), indent);
    } else {
      out_ += ' ';
      scalar(value);
      out_ += '\n';
    }
  }

  void members(const Json& object, std::size_t indent, bool first_is_in_place = false) {
    for (const auto& [name, member] : object.as_object()) {
      if (!first_is_in_place) out_.append(indent, ' ');
      first_is_in_place = false;
      const std::string key = inline_text(name);
      const bool simple = key.size() <= kLongestSimpleKey;
      out_ += simple ? key + ":" : "? " + key + "\n" + std::string(indent, ' ') + ":";
      // A list stands at its key's own level, as Kubernetes' tools write it.
      value(member, member.is_array() && simple ? indent : indent + 2);
    }
  }

  void items(const Json& array, std::size_t indent) {
    for (const Json& item : array.as_array()) {
      out_.append(indent, ' ');
      out_ += '-';
      if (item.is_object() && item.size() != 0) {
        out_ += ' ';
        members(item, indent + 2, true);
      } else {
        value(item, indent + 2);
      }
    }
  }

  void scalar(const Json& value) {
    switch (value.type()) {
      case Json::Null: out_ += "null"; return;
      case Json::Boolean: out_ += value.as_bool() ? "true" : "false"; return;
      case Json::Number: out_ += number_text(value); return;
      case Json::String: out_ += inline_text(value.as_string()); return;
      case Json::Array: out_ += "[]"; return;
      case Json::Object: out_ += "{}"; return;
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void literal(std::string_view text, std::size_t indent) {
    out_ += text.ends_with('\n') ? " |\n" : " |-\n";
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (;;) {
      const auto end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      if (!line.empty()) out_.append(indent, ' ');
      out_ += line;
      out_ += '\n';
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
    }
  }

  std::string out_;
};

}  // namespace

std::string to_yaml(const Json& value) {
  Writer writer;
  if (value.is_object() && value.size() != 0) {
    writer.members(value, 0);
  } else if (value.is_array() && value.size() != 0) {
    writer.items(value, 0);
  } else if (value.is_string()) {
    return quoted(value.as_string()) + "\n";
  } else {
    writer.scalar(value);
    return writer.take() + "\n";
  }
  return writer.take();
}

}  // namespace lepton_operator::base
