// What there is to say of the end of a workspace's token: a warning 7 days, again 1 day before it, and when it has come. Pure.
#pragma once

#include <string>

#include "invocation/progress.h"
#include "invocation/status.h"

namespace lepton_operator::reconcile {

inline constexpr std::chrono::hours kExpiresSoon{7 * 24};
inline constexpr std::chrono::hours kExpiresVerySoon{24};

// The Workspace's condition: True when it is time to do something. Absent as long as Lepton did not tell of an end.
inline constexpr const char* kTokenExpiring = "TokenExpiring";

invocation::Condition token_condition(const std::string& workspace_id, base::Timestamp expires_at, base::Timestamp now);

// What to tell people when the condition's reason becomes this one: a warning, or that a warning is over.
invocation::Transition token_transition(const invocation::Condition& condition);

}  // namespace lepton_operator::reconcile
