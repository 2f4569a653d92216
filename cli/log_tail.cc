#include "cli/log_tail.h"

#include <utility>

namespace lepton_operator::cli {

std::vector<std::string> LogTail::next(std::string line) {
  if (!most_) return {std::move(line)};
  held_.push_back(std::move(line));
  if (held_.size() > *most_) held_.pop_front();
  return {};
}

std::vector<std::string> LogTail::caught_up() {
  most_.reset();
  const std::deque<std::string> held = std::exchange(held_, {});
  return {held.begin(), held.end()};
}

}  // namespace lepton_operator::cli
