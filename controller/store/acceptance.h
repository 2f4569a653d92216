// The condition Accepted as the directory store writes it into a state file: a manifest that was never good, or whose last change is
// refused.
//
// In memory the conditions are the planner's alone; this is laid over them on the way to disk and taken off on the way back. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "invocation/status.h"

namespace lepton_operator::store {

using Conditions = std::vector<invocation::Condition>;

// Several sentences as one, no longer than a condition's message may be.
std::string condition_message(const std::vector<std::string>& sentences);

// Accepted=False, Invalid: nothing of the object was ever in force.
void show_rejection(Conditions& conditions, const std::string& message, base::Timestamp now);
std::optional<std::string> rejection_of(const Conditions& conditions);

// Accepted=True, UpdateRefused: the last good spec goes on. If the planner says Accepted=False, its reason stays in front. No effect if
// empty.
void show_refusal(Conditions& conditions, const std::string& refused, std::int64_t generation, base::Timestamp now);
// Takes what show_refusal put there off again; empty if there is none.
std::string take_refusal(Conditions& conditions);

}  // namespace lepton_operator::store
