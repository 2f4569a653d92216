// What a plan does, as matchers: EXPECT_THAT(plan(scene).actions, Contains(creates_job("gpqa_diamond"))).
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "unit/planner/world_builder.h"

namespace lepton_operator::invocation {

inline void PrintTo(const Action& action, std::ostream* out) { *out << action_key(action); }
inline void PrintTo(const Plan& made, std::ostream* out) {
  *out << to_string(made.status.phase);
  for (const Action& action : made.actions) *out << ", " << action_key(action);
}
inline void PrintTo(EndpointPhase phase, std::ostream* out) { *out << to_string(phase); }
inline void PrintTo(JobPhase phase, std::ostream* out) { *out << to_string(phase); }
inline void PrintTo(TaskPhase phase, std::ostream* out) { *out << to_string(phase); }
inline void PrintTo(Phase phase, std::ostream* out) { *out << to_string(phase); }

namespace planner {

inline constexpr auto kTrue = ConditionStatus::kTrue;
inline constexpr auto kFalse = ConditionStatus::kFalse;
inline constexpr auto kUnknown = ConditionStatus::kUnknown;

MATCHER_P(creates_endpoint, task, "") { return std::holds_alternative<CreateEndpoint>(arg) && std::get<CreateEndpoint>(arg).task == task; }
MATCHER_P(starts_endpoint, task, "") { return std::holds_alternative<StartEndpoint>(arg) && std::get<StartEndpoint>(arg).task == task; }
MATCHER_P(updates_endpoint, task, "") { return std::holds_alternative<UpdateEndpoint>(arg) && std::get<UpdateEndpoint>(arg).task == task; }
MATCHER_P(deletes_endpoint, task, "") { return std::holds_alternative<DeleteEndpoint>(arg) && std::get<DeleteEndpoint>(arg).task == task; }
MATCHER_P(diagnoses_endpoint, task, "") {
  return std::holds_alternative<DiagnoseEndpoint>(arg) && std::get<DiagnoseEndpoint>(arg).task == task;
}
MATCHER_P(explains_endpoint, task, "") {
  return std::holds_alternative<ExplainEndpoint>(arg) && std::get<ExplainEndpoint>(arg).task == task;
}
MATCHER_P(creates_job, task, "") { return std::holds_alternative<CreateJob>(arg) && std::get<CreateJob>(arg).task == task; }
MATCHER_P(reads_job, task, "") { return std::holds_alternative<ReadJob>(arg) && std::get<ReadJob>(arg).task == task; }
MATCHER_P(reads_stage, task, "") { return std::holds_alternative<ReadStage>(arg) && std::get<ReadStage>(arg).task == task; }
MATCHER_P(stops_job, task, "") { return std::holds_alternative<StopJob>(arg) && std::get<StopJob>(arg).task == task; }
MATCHER_P(deletes_job, id, "") { return std::holds_alternative<DeleteJob>(arg) && std::get<DeleteJob>(arg).id == id; }
MATCHER_P(removes_duplicate, id, "") {
  const auto* removal = std::get_if<DeleteJob>(&arg);
  return removal && removal->id == id && removal->reason == DeletionReason::kDuplicate;
}
MATCHER(creates_cleanup_job, "") { return std::holds_alternative<CreateJob>(arg) && std::get<CreateJob>(arg).task.empty(); }
MATCHER(ensures_secret, "") { return std::holds_alternative<EnsureSecret>(arg); }
MATCHER(deletes_secrets, "") { return std::holds_alternative<DeleteSecrets>(arg); }
MATCHER(probes_storage, "") { return std::holds_alternative<ProbeStorage>(arg); }
MATCHER(removes_directory, "") { return std::holds_alternative<RemoveDirectory>(arg); }
MATCHER(reads_node_groups, "") { return std::holds_alternative<ReadNodeGroups>(arg); }
MATCHER(reads_secret_keys, "") { return std::holds_alternative<ReadSecretKeys>(arg); }
// Anything that makes something in Lepton.
MATCHER(creates, "") {
  return std::holds_alternative<CreateEndpoint>(arg) || std::holds_alternative<CreateJob>(arg) || std::holds_alternative<EnsureSecret>(arg);
}

// A condition with this status and reason, e.g. has_condition("Accepted", ConditionStatus::kFalse, "UnknownTask").
MATCHER_P3(has_condition, type, state, reason, "") {
  const Condition* found = find_condition(arg.status.conditions, type);
  if (!found) {
    *result_listener << "there is no condition " << type;
    return false;
  }
  *result_listener << "it is " << found->reason << ": " << found->message;
  return found->status == state && found->reason == reason;
}

inline std::string message_of(const Plan& plan, std::string_view condition) {
  const Condition* found = find_condition(plan.status.conditions, condition);
  return found ? found->message : std::string("no such condition");
}

inline std::set<std::string> keys_of(const std::vector<Action>& actions) {
  std::set<std::string> keys;
  for (const Action& action : actions) keys.insert(action_key(action));
  return keys;
}

template <class Kind>
std::size_t count_of(const std::vector<Action>& actions) {
  return static_cast<std::size_t>(
      std::count_if(actions.begin(), actions.end(), [](const Action& a) { return std::holds_alternative<Kind>(a); }));
}

}  // namespace planner
}  // namespace lepton_operator::invocation
