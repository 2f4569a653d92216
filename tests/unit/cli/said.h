// Runs a command line and keeps what it said.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace lepton_operator::cli {

struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

inline Said said(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
  std::ostringstream out;
  std::ostringstream err;
  const auto read = [&environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  std::istringstream in;
  const int code = run_command_line(std::move(arguments), {read, in, out, err, [] { return Terminal{}; }});
  return {code, out.str(), err.str()};
}

}  // namespace lepton_operator::cli
