// Runs a command line and keeps what it said.
#pragma once

#include <istream>
#include <map>
#include <ostream>
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

// Where it reads and writes, if it is not to be nothing and what is kept.
struct Streams {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
};

inline Said said(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}, Streams streams = {}) {
  std::ostringstream out;
  std::ostringstream err;
  const auto read = [&environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  std::istringstream nothing;
  std::istream& in = streams.in != nullptr ? *streams.in : nothing;
  std::ostream& shown = streams.out != nullptr ? *streams.out : out;
  const int code = run_command_line(std::move(arguments), {read, in, shown, err, [] { return Terminal{}; }});
  return {code, out.str(), err.str()};
}

}  // namespace lepton_operator::cli
