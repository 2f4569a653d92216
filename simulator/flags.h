// The command line of lepton-sim.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct Flags {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  Options options;
  std::string scenario_file;
  bool log_requests = false;
  std::string help;  // set when --help was asked for: print it and end
};

// The error is one sentence that names the flag.
base::Result<Flags> parse_flags(int count, char** words);

}  // namespace lepton_operator::simulator
