// The operator in a cluster: objects by list and watch, its own memory in Secrets of its own namespace, of several processes one acts.
//
// With --leader-elect a standby is ready and holds nothing but its place in the queue; once it leads it reads everything anew. A leader
// that loses its lease begins nothing more, anywhere, and ends with code 1: what it has in memory may be stale. On SIGTERM the lease is
// given back after the drain.
//
// Main thread. Returns the exit code of the process; what stops the start is told in one sentence on stderr.
#pragma once

#include "app/flags.h"
#include "base/log.h"
#include "base/random.h"
#include "invocation/catalogue.h"

namespace lepton_operator::app {

int run_cluster_mode(const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue);

}  // namespace lepton_operator::app
