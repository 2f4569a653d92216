// What a fuzz target holds the code to, beyond that it does not crash: require() ends the process when a promise is broken, as the fuzzer
// and the replay (replay_main.cc) want a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace lepton_operator::fuzz {

inline void require(bool kept, std::string_view promise, std::string_view detail = {}) {
  if (kept) return;
  const std::string text = "broken promise: " + std::string(promise) + "\n" + std::string(detail) + "\n";
  std::fputs(text.c_str(), stderr);
  std::abort();
}

// Each target defines this.
void try_input(std::string_view input);

}  // namespace lepton_operator::fuzz
