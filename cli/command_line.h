// From the words of the command line to an exit code: finds the verb, reads the flags, runs it, tells trouble.
//
// Main thread. Never throws: CLI11's exceptions end here. What it prints: a verb's output on `out`; trouble, as one sentence and a hint, on
// `err`.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace lepton_operator::cli {

// `arguments` without the program's name. Returns the exit code.
int run_command_line(std::vector<std::string> arguments, const Surroundings& around);

}  // namespace lepton_operator::cli
