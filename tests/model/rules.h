// The rules that never bend (docs/design.md, "Reconcile"), as far as a state, a write or a request can break them. Each returns sentences;
// none when all is well. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/state.h"

namespace lepton_operator::invocation::model {

using Broken = std::vector<std::string>;
using TaskOfEndpoint = std::map<std::string, std::string>;

bool is_creation(const Action& action);
bool is_change(const Action& action);

// Before anything of the plan is carried out.
void check_plan(const InvocationStatus& before, const Plan& made, Timestamp now, Broken& broken);
// Of what is sent in this state, whose status is what would survive a crash now.
void check_request(const State& state, const Action& action, const TaskOfEndpoint& task_of, Broken& broken);
// Of Lepton, after something changed there.
void check_workspace(const State& state, const TaskOfEndpoint& task_of, Broken& broken);
// The finalizer falls in this state.
void check_end(const State& state, Broken& broken);

}  // namespace lepton_operator::invocation::model
