// Rows under headings, in columns as wide as their widest entry, as kubectl prints them. Pure.
#pragma once

#include <string>
#include <vector>

namespace lepton_operator::cli {

using Row = std::vector<std::string>;

// Every row has as many entries as there are headings. Lines end with a newline and have no space at their end.
std::string as_table(const Row& headings, const std::vector<Row>& rows);

// Columns that a terminal needs for `text`, which is UTF-8: one a character, two for East Asian wide ones, none for colours.
std::size_t width_of(const std::string& text);

// Where the character, or the colour, that begins at `at` ends.
std::size_t end_of_unit(const std::string& text, std::size_t at);

}  // namespace lepton_operator::cli
