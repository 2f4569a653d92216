#include "cli/table.h"

#include <algorithm>
#include <cstdint>

namespace lepton_operator::cli {

namespace {

constexpr std::size_t kGap = 3;

// The character that begins at `at`, which moves behind it; a byte that begins none counts as one.
std::uint32_t next_character(const std::string& text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  std::uint32_t character = more == 0 ? first : first & (0x3Fu >> more);
  for (int i = 0; i < more && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[at++]) & 0x3Fu);
  }
  return character;
}

std::size_t width_of(std::uint32_t character) {
  if (character >= 0x300 && character < 0x370) return 0;  // combining
  const bool wide = (character >= 0x1100 && character < 0x1160) || (character >= 0x2E80 && character < 0xA4D0) ||
                    (character >= 0xAC00 && character < 0xD7A4) || (character >= 0xF900 && character < 0xFB00) ||
                    (character >= 0xFE30 && character < 0xFE70) || (character >= 0xFF00 && character < 0xFF61) ||
                    (character >= 0x1F300 && character < 0x1FB00) || (character >= 0x20000 && character < 0x30000);
  return wide ? 2 : 1;
}

}  // namespace

std::size_t end_of_unit(const std::string& text, std::size_t at) {
  if (text[at] == '\x1b') return std::min(text.find('m', at), text.size() - 1) + 1;
  next_character(text, at);
  return at;
}

std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {
      at = end_of_unit(text, at);
    } else {
      width += width_of(next_character(text, at));
    }
  }
  return width;
}

std::string as_table(const Row& headings, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < headings.size(); ++column) {
    std::size_t widest = width_of(headings[column]);
    for (const Row& row : rows) widest = std::max(widest, width_of(row[column]));
    widths.push_back(widest);
  }
  std::string text;
  const auto add = [&](const Row& row) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line += row[column];
      if (column + 1 < row.size()) line.append(widths[column] - width_of(row[column]) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add(headings);
  for (const Row& row : rows) add(row);
  return text;
}

}  // namespace lepton_operator::cli
