// One expansion of a state: where its moves are collected. Private to the model (model*.cc).
#pragma once

#include "model/model.h"

namespace lepton_operator::invocation::model {

struct Model::Turn {
  const State& from;
  int faults_left;
  bool tell;
  Expansion& out;
  bool urgent = false;  // something goes on by itself: the clock stands still unless that is a fault

  Next& add(Kind kind, const std::string& told, int cost = 0) {
    Next& next = out.next.emplace_back();
    next.state = from;
    next.state.now += kMoment;
    next.state.faults += cost;
    next.kind = kind;
    if (tell) next.told = told;
    if (kind == Kind::kProgress) urgent = true;
    return next;
  }
  bool affords(int cost) const { return faults_left >= cost; }
};

}  // namespace lepton_operator::invocation::model
