#include "store/manifest_mark.h"

#include <charconv>

#include "base/utf8.h"

namespace lepton_operator::store {

namespace {

void append_escaped(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::string written(std::string_view name) {
  if (!base::invalid_utf8(name) && !name.starts_with('%')) return std::string(name);
  std::string out = "%";
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = base::utf8_length(name, at);
    if (length == 0 || name[at] == '%') {
      append_escaped(out, name[at++]);
    } else {
      out += name.substr(at, length);
      at += length;
    }
  }
  return out;
}

std::string read(std::string_view name) {
  if (!name.starts_with('%')) return std::string(name);
  std::string out;
  for (std::size_t at = 1; at < name.size(); ++at) {
    unsigned byte = 0;
    const std::string_view digits = name.substr(at + 1, 2);
    const bool escaped =
        name[at] == '%' && digits.size() == 2 && std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2;
    out += escaped ? static_cast<char>(byte) : name[at];
    if (escaped) at += 2;
  }
  return out;
}

}  // namespace

std::string short_hash(const Document& document) { return document.hash.substr(0, 16); }

std::string manifest_mark(const Document& document) { return mark_of(document.file, short_hash(document)); }

std::string mark_of(std::string_view file, std::string_view hash) { return written(file) + "@" + std::string(hash); }

std::string file_in(std::string_view mark) { return read(mark.substr(0, mark.rfind('@'))); }

std::string hash_in(std::string_view mark) {
  const auto at = mark.rfind('@');
  return std::string(at == std::string_view::npos ? "" : mark.substr(at + 1));
}

}  // namespace lepton_operator::store
