// All states that a model can come to, by fewest faults and then fewest steps, until no new one appears; and whether every one of them
// leads to an end as it is desired when nothing more goes wrong.
//
// The latter: what progress makes of the states is a graph. It has no circle, so that every way through it has an end, at most `longest`
// steps away; and each state at which a way ends is as desired and stays so, since nothing is left to be done in it. (Where something
// inevitable has not happened yet, only the ways on which it is next are counted: it comes sooner or later on every other one.)
// Deterministic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/model.h"

namespace lepton_operator::invocation::model {

struct Violation {
  std::string what;
  std::vector<std::string> trace;  // from the beginning, a line a step
};

struct Exploration {
  std::size_t states = 0;
  std::size_t moves = 0;
  int depth = 0;           // of the farthest state: moves from the beginning
  int longest = 0;         // way to an end without faults: moves
  bool exhausted = false;  // no new state appears
  std::size_t ends = 0;    // states as desired in which nothing is left to be done
  std::size_t violations = 0;
  std::vector<Violation> found;  // the first of each kind, shortest way first
};

struct Bounds {
  int faults = 1;
  std::size_t most_states = 20'000'000;  // then it gives up: not exhausted
  bool stop_at_first = false;
};

Exploration explore(Model& model, Bounds bounds);

}  // namespace lepton_operator::invocation::model
