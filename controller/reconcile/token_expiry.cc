#include "reconcile/token_expiry.h"

namespace lepton_operator::reconcile {

using invocation::Condition;
using invocation::ConditionStatus;
using invocation::Transition;

namespace {

const char* reason_for(base::Milliseconds left) {
  if (left <= base::Milliseconds{0}) return "Expired";
  if (left <= kExpiresVerySoon) return "ExpiresWithin1Day";
  return left <= kExpiresSoon ? "ExpiresWithin7Days" : "ExpiresLater";
}

}  // namespace

Condition token_condition(const std::string& workspace_id, base::Timestamp expires_at, base::Timestamp now) {
  const base::Milliseconds left = expires_at - now;
  const bool gone = left <= base::Milliseconds{0};
  Condition condition;
  condition.type = kTokenExpiring;
  condition.status = left <= kExpiresSoon ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  condition.reason = reason_for(left);
  condition.message =
      "the token of workspace \"" + workspace_id + (gone ? "\" expired on " : "\" expires on ") + base::format_timestamp(expires_at);
  if (condition.status == ConditionStatus::kTrue) {
    condition.message += ": put a new one in the Workspace's Secret, LEPTON_WORKSPACE_TOKEN or lep login's file.";
  }
  condition.last_transition = now;
  return condition;
}

Transition token_transition(const Condition& condition) {
  Transition transition;
  transition.warning = condition.status == ConditionStatus::kTrue;
  transition.reason = transition.warning ? kTokenExpiring : "TokenRenewed";
  transition.message = transition.warning ? "token expiring" : "token renewed";
  transition.fields = {{"reason", condition.reason}, {"why", condition.message}};
  return transition;
}

}  // namespace lepton_operator::reconcile
