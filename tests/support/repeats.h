// How often a test of random cases repeats itself. A sanitizer makes each case ten times as dear and looks for what is in every one of
// them: its builds set LEPTON_OPERATOR_REPEATS to a percentage (tests/CMakeLists.txt), and the tests take the first so many of their cases.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace lepton_operator::support {

inline int repeats(int all) {
  const char* percent = std::getenv("LEPTON_OPERATOR_REPEATS");
  return percent == nullptr ? all : std::clamp(all * std::atoi(percent) / 100, 1, all);
}

}  // namespace lepton_operator::support
