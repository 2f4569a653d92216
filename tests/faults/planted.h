// Bugs that are put into the planner on purpose, so that the runner is seen to catch them. Only fault_runner_planted has them: its link
// wraps invocation::plan() (CMakeLists.txt), and no other program knows of it.
#pragma once

#include <string>
#include <vector>

namespace lepton_operator::faults {

// Their names, e.g. "blind-retry".
const std::vector<std::string>& planted_bugs();
// From now on the planner has this one; empty: none. False: there is no such bug, or this program can have none.
bool plant(const std::string& bug);

}  // namespace lepton_operator::faults
