// The last lines of a log that had begun before anybody looked: so many of them, then all that follow. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace lepton_operator::cli {

class LogTail {
 public:
  // Without a number: everything, at once.
  explicit LogTail(std::optional<std::size_t> most) : most_(most) {}

  // The next line; returns those that are to be shown now.
  std::vector<std::string> next(std::string line);
  // What was there already has come; returns the last lines of it. Whatever comes from now on is shown.
  std::vector<std::string> caught_up();
  bool behind() const { return most_.has_value(); }

 private:
  std::optional<std::size_t> most_;
  std::deque<std::string> held_;
};

}  // namespace lepton_operator::cli
