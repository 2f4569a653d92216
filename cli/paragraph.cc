#include "cli/paragraph.h"

#include <sstream>

namespace lepton_operator::cli {

std::string filled(const std::string& text, std::size_t width, std::size_t indent, std::size_t at) {
  std::istringstream words(text);
  std::string lines;
  std::string line(at == 0 ? indent : 0, ' ');
  std::size_t used = at == 0 ? indent : at;
  bool first = true;
  for (std::string word; words >> word; first = false) {
    if (!first && used + 1 + word.size() > width) {
      lines += line + "\n";
      line = std::string(indent, ' ');
      used = indent;
      first = true;
    }
    line += (first ? "" : " ") + word;
    used += word.size() + (first ? 0 : 1);
  }
  return lines + line + "\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace lepton_operator::cli
