#include "invocation/usage.h"

#include <algorithm>

namespace lepton_operator::invocation {
namespace {

const char* written_or(const std::optional<std::string>& value, const char* fallback) { return value ? value->c_str() : fallback; }

bool has_endpoints(const Invocation& object) {
  return base::get_string(base::get_object(object.spec, "deployment"), "type").value_or("none") != "none";
}

bool exists(const EndpointStatus& endpoint) { return !endpoint.name.empty() && endpoint.state != EndpointPhase::kReleased; }

// Its turn has come, and it has not ended.
bool holds_places(const TaskStatus& task) { return task.wave > 0 && !finished(task.phase); }

}  // namespace

bool shares_endpoint(const Invocation& object, const InvocationStatus& status) {
  const auto own = base::get_string(base::get_object(object.spec, "deployment"), "sharing");
  if (own) return *own == "Shared";
  if (!status.resolved) return false;
  const auto inherited = base::get_string(base::get_object(status.resolved->defaults, "deployment"), "sharing");
  return std::string_view(written_or(inherited, "PerTask")) == "Shared";
}

Usage usage_of(const Invocation& object, const InvocationStatus& status) {
  Usage usage;
  const auto& tasks = status.tasks;
  const bool shared = shares_endpoint(object, status);
  for (const TaskStatus& task : tasks) {
    const bool promised = has_endpoints(object) && !shared && holds_places(task);
    if (exists(task.endpoint) || promised) ++usage.endpoints;
    const auto exists_still = [](const JobStatus& job) { return !job.name.empty() && !job.released; };
    const bool earlier =
        std::any_of(task.earlier.begin(), task.earlier.end(), [&](const auto& attempt) { return exists_still(attempt.job); });
    if (holds_places(task) || exists_still(task.job) || earlier) ++usage.jobs;  // its attempts never run at once
  }
  const bool promised = has_endpoints(object) && shared && std::any_of(tasks.begin(), tasks.end(), holds_places);
  if (promised && !exists(tasks.front().endpoint)) ++usage.endpoints;
  if (!status.cleanup.name.empty() && !finished(status.cleanup.state)) ++usage.jobs;
  return usage;
}

bool in_line(const Invocation& object) {
  const InvocationStatus& status = object.status;
  return status.queued_since && !object.meta.deleted && !finished(status.phase) && status.phase != Phase::kSuspended;
}

}  // namespace lepton_operator::invocation
