// What may come next on a command line, for shells: `kubectl-lepton __complete WORDS...`, whose last word is the one under the cursor.
//
// The answer is that of cobra's programs, so that kubectl's own completion of plugins understands it: a line for each candidate, with a tab
// before what is told of it, and a last line ":N", where N says what else: 4 nothing, 0 files too, 16 directories. Asks the cluster or the
// directory for names, for a short while; where that fails there are none, and nothing is said.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace lepton_operator::cli {

inline constexpr const char* kComplete = "__complete";

// Returns the exit code.
int complete(std::vector<std::string> words, const Surroundings& around);

}  // namespace lepton_operator::cli
