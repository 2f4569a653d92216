// What changed between two statuses, as sentences: the source of log lines and events. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "invocation/object.h"

namespace lepton_operator::invocation {

struct Transition {
  bool warning = false;
  std::string reason;                                       // CamelCase: EndpointReady, JobCreated, TaskFailed, ...
  std::string message;                                      // "endpoint ready"
  std::vector<std::pair<std::string, std::string>> fields;  // task, endpoint, job, after, ...
};

// What of an Invocation may still be in Lepton, as far as its status tells.
struct Left {
  const char* kind;  // "endpoint", "job", "secret", "directory"
  std::string name;
};
std::vector<Left> left_behind(const InvocationStatus& status);
// Of the condition CleanedUp, when a person gave the cleanup up.
inline constexpr const char* kAbandonedReason = "Abandoned";

std::vector<Transition> transitions(const Invocation& object, const InvocationStatus& now);

// True when the statuses differ in nothing that anybody waits for: such a change may be written late (every 5 s to 1 min).
bool progress_only(const InvocationStatus& before, const InvocationStatus& now);

}  // namespace lepton_operator::invocation
