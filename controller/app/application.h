// The process: builds the parts of the directory mode, hands them to each other, runs until SIGTERM or SIGINT, ends in order.
//
// Order of the end: cancel → the operator drains and awaits its children → the ports close → the loop has nothing left → the parts go, in
// reverse of their making. A second signal ends the process at once with 130.
#pragma once

#include "app/flags.h"
#include "base/log.h"

namespace lepton_operator::app {

inline constexpr int kFailed = 1;  // exit codes
inline constexpr int kWrongFlags = 2;
inline constexpr int kInterrupted = 130;

// Returns the exit code. What stops the start is told in one sentence on stderr, the rest in the log. Main thread; it becomes the domain's.
int run(const Options& options, base::Log& log);

}  // namespace lepton_operator::app
