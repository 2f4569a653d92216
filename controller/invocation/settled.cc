#include "invocation/settled.h"

#include <algorithm>

#include "invocation/names.h"

namespace lepton_operator::invocation {
namespace {

bool is_let_go(const JobStatus& job) { return job.name.empty() || job.released; }

bool all_let_go(const TaskStatus& task) {
  const EndpointStatus& endpoint = task.endpoint;
  const bool no_endpoint = endpoint.name.empty() || endpoint.state == EndpointPhase::kReleased;
  return no_endpoint && !endpoint.billed_since && !endpoint.idle_since && is_let_go(task.job) &&
         std::all_of(task.earlier.begin(), task.earlier.end(), [](const AttemptStatus& attempt) { return is_let_go(attempt.job); });
}

bool has_endpoints_of_its_own(const Invocation& object) {
  return std::any_of(object.status.tasks.begin(), object.status.tasks.end(),
                     [](const TaskStatus& task) { return !task.endpoint.name.empty(); });
}

// A run was asked for that has not begun: it waits for its workspace, perhaps.
bool run_is_due(const Invocation& object) {
  const base::Json& evaluation = base::get_object(object.spec, "evaluation");
  const auto& known = object.status.tasks;
  for (const base::Json& task : base::elements(base::find(evaluation, "tasks"))) {
    const auto run = base::get_int(task, "run");
    const std::string name = base::get_string(task, "name").value_or("");
    const auto begun = [&](const TaskStatus& status) { return status.name == name && status.run >= *run; };
    if (run && std::none_of(known.begin(), known.end(), begun)) return true;
  }
  return false;
}

}  // namespace

bool settled(const Invocation& object) {
  const InvocationStatus& status = object.status;
  if (object.meta.deleted || !finished(status.phase) || !status.completion_time) return false;
  const bool heeded = status.observed_generation == object.meta.generation &&
                      status.reconcile_handled == object.meta.annotation(kReconcileAnnotation) && !run_is_due(object);
  const bool ends_some_day = base::find(object.spec, "ttlSecondsAfterFinished") != nullptr || status.expired;
  const bool accounted = !status.resolved || !status.cost.shape.empty() || !has_endpoints_of_its_own(object);  // else its account is begun
  const bool waits = status.queued_since || !is_let_go(status.cleanup) || status.counts.endpoints_ready != 0;
  return heeded && accounted && !ends_some_day && !waits && std::all_of(status.tasks.begin(), status.tasks.end(), all_let_go);
}

std::set<std::string> owners_of_namesakes(const lepton::View& view) {
  std::set<std::string> owners;
  for (const auto& [name, namesakes] : view.jobs) {
    if (namesakes.size() < 2) continue;
    for (const lepton::Job& job : namesakes) owners.insert(owner_uid(job.labels));
  }
  owners.erase("");
  return owners;
}

}  // namespace lepton_operator::invocation
