// The process: reads what every mode needs, then runs until SIGTERM or SIGINT, in a cluster or on a directory (host.h says how it ends).
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
