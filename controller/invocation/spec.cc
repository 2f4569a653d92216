#include "invocation/spec.h"

#include <algorithm>

namespace lepton_operator::invocation {

const char* to_string(DeploymentType type) {
  switch (type) {
    case DeploymentType::kNim: return "nim";
    case DeploymentType::kVllm: return "vllm";
    case DeploymentType::kSglang: return "sglang";
    case DeploymentType::kNone: return "none";
  }
  __builtin_unreachable();
}

const TaskSpec* InvocationSpec::find_task(const std::string& name) const {
  const auto& tasks = evaluation.tasks;
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const TaskSpec& task) { return task.name == name; });
  return found == tasks.end() ? nullptr : &*found;
}

std::chrono::seconds InvocationSpec::timeout_of(const TaskSpec& task) const {
  return std::chrono::ceil<std::chrono::seconds>(task.timeout.value_or(execution.timeout));
}

}  // namespace lepton_operator::invocation
