// Text as lines of a certain width. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lepton_operator::cli {

// Words in lines of at most `width`, each `indent` from the left; the first line continues what stands `at` columns in, or is indented like
// the others. A word that is longer than a line stands alone.
std::string filled(const std::string& text, std::size_t width, std::size_t indent, std::size_t at = 0);
// Its lines, without their ends; the last one needs none.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace lepton_operator::cli
