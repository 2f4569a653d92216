// One scenario played under one fault, and what is wrong with how it ended.
#pragma once

#include <string>
#include <vector>

#include "faults/scenario.h"

namespace lepton_operator::faults {

// How a scenario goes when nothing fails: what every case of it is compared with.
struct Clean {
  std::vector<Call> calls;  // of its steps
  Json end;
  std::vector<std::string> broken;
};

Clean play_clean(const Scenario& scenario, base::Log& log);
// What is wrong; empty: nothing.
std::vector<std::string> play_case(const Scenario& scenario, const Clean& clean, Aim aim, base::Log& log);
std::vector<Aim> all_aims(const Scenario& scenario, const Clean& clean);

}  // namespace lepton_operator::faults
