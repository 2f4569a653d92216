// The operator without a cluster: a directory of manifests in, a state directory for status (design, "Directory mode").
//
// Main thread. Returns the exit code of the process; what stops the start is told in one sentence on stderr.
#pragma once

#include "app/flags.h"
#include "base/log.h"
#include "base/random.h"
#include "invocation/catalogue.h"

namespace lepton_operator::app {

int run_directory_mode(const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue);

}  // namespace lepton_operator::app
