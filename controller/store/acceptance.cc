#include "store/acceptance.h"

#include "base/strings.h"

namespace lepton_operator::store {

using invocation::Condition;
using invocation::ConditionStatus;

namespace {

constexpr const char* kAccepted = "Accepted";
constexpr const char* kUpdateRefused = "UpdateRefused";
constexpr std::size_t kMessageLimit = 1024;

void set_accepted(Conditions& conditions, ConditionStatus status, const std::string& reason, const std::string& message,
                  std::int64_t generation, base::Timestamp now) {
  Condition condition;
  condition.type = kAccepted;
  condition.status = status;
  condition.reason = reason;
  condition.message = base::clipped(message, kMessageLimit);
  condition.last_transition = now;
  condition.observed_generation = generation;
  invocation::set_condition(conditions, std::move(condition));
}

}  // namespace

std::string condition_message(const std::vector<std::string>& sentences) {
  return base::clipped(base::join(sentences, "; "), kMessageLimit);
}

void show_rejection(Conditions& conditions, const std::string& message, base::Timestamp now) {
  set_accepted(conditions, ConditionStatus::kFalse, "Invalid", message, 1, now);
}

std::optional<std::string> rejection_of(const Conditions& conditions) {
  const Condition* accepted = invocation::find_condition(conditions, kAccepted);
  if (accepted == nullptr || accepted->status != ConditionStatus::kFalse) return std::nullopt;
  return accepted->message;
}

void show_refusal(Conditions& conditions, const std::string& refused, std::int64_t generation, base::Timestamp now) {
  if (refused.empty()) return;
  const Condition* own = invocation::find_condition(conditions, kAccepted);
  if (own == nullptr || own->status != ConditionStatus::kFalse) {
    set_accepted(conditions, ConditionStatus::kTrue, kUpdateRefused, refused, generation, now);
    return;
  }
  const std::string reason = own->reason;
  const std::string message = own->message + " The last change was refused: " + refused;
  set_accepted(conditions, ConditionStatus::kFalse, reason, message, generation, now);
}

std::string take_refusal(Conditions& conditions) {
  const Condition* accepted = invocation::find_condition(conditions, kAccepted);
  if (accepted == nullptr || accepted->reason != kUpdateRefused) return "";
  std::string message = accepted->message;
  std::erase_if(conditions, [](const Condition& condition) { return condition.type == kAccepted; });
  return message;
}

}  // namespace lepton_operator::store
