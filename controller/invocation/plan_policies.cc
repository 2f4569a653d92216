// The policies between endpoints and jobs: when tasks may start (startPolicy), what a failed endpoint costs (endpointFailurePolicy), how
// long an endpoint is kept after its task (endpointRetention).
#include <algorithm>

#include "invocation/planning.h"

namespace lepton_operator::invocation {

bool any_job_intended(const InvocationStatus& status) {
  return std::any_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) { return task.job_ever_intended(); });
}

bool all_finished(const InvocationStatus& status) {
  return !status.tasks.empty() &&
         std::all_of(status.tasks.begin(), status.tasks.end(), [](const TaskStatus& task) { return finished(task.phase); });
}

// Attempts before its last suspension, or of an earlier run, belong to waves that are over.
static bool began_in_its_wave(const TaskStatus& task) {
  if (!task.job.name.empty()) return true;
  if (task.earlier.empty()) return false;
  const AttemptStatus& last = task.earlier.back();
  return !last.job.name.empty() && !last.job.stop_requested && last.run == task.run;
}

bool wave_began(const InvocationStatus& status, int wave) {
  return std::any_of(status.tasks.begin(), status.tasks.end(),
                     [&](const TaskStatus& task) { return task.wave == wave && began_in_its_wave(task); });
}

bool failed_before_its_job(const TaskStatus& task) { return task.phase == TaskPhase::kFailed && !began_in_its_wave(task); }

const EndpointStatus& endpoint_for(const Planning& p, const TaskStatus& task) {
  return p.shared() ? p.plan.status.tasks.front().endpoint : task.endpoint;
}

EndpointStatus& endpoint_for(Planning& p, TaskStatus& task) { return p.shared() ? p.status().tasks.front().endpoint : task.endpoint; }

static bool waits_for_endpoint(const TaskStatus& task) { return task.wave > 0 && !finished(task.phase) && task.job.name.empty(); }

bool awaited(const Planning& p, const TaskStatus& task) {
  if (!p.shared()) return waits_for_endpoint(task);
  return std::any_of(p.plan.status.tasks.begin(), p.plan.status.tasks.end(), waits_for_endpoint);
}

void say_of_endpoint(Planning& p, TaskStatus& task, const std::string& message) {
  if (!p.shared()) {
    if (task.job.name.empty()) task.message = message;
    return;
  }
  for (TaskStatus& served : p.status().tasks) {
    if (waits_for_endpoint(served)) served.message = message;
  }
}

// Any intended job of the wave says that it was passed. Until then all its endpoints that are still hoped for must be Ready in one look.
bool barrier_passed(const Planning& p, int wave) {
  const InvocationStatus& status = p.plan.status;
  if (wave_began(status, wave) || !p.has_endpoints() || p.spec().start_policy == StartPolicy::kEachEndpointReady) return true;
  return std::all_of(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) {
    return task.wave != wave || finished(task.phase) || endpoint_for(p, task).state == EndpointPhase::kReady;
  });
}

// By its endpoint, and in this run: one of an earlier run is being released, or is gone.
static bool just_failed(const Planning& p, const TaskStatus& task) {
  const EndpointStatus& endpoint = endpoint_for(p, task);
  return task.phase == TaskPhase::kFailed && endpoint.state == EndpointPhase::kFailed && !endpoint.releasing;
}

void cancel_others_of_a_failed_endpoint(Planning& p) {
  auto& tasks = p.status().tasks;
  const int wave = current_wave(p.status());
  if (p.spec().endpoint_failure_policy == EndpointFailurePolicy::kFailTask || wave_began(p.status(), wave)) return;
  const auto failed =
      std::find_if(tasks.begin(), tasks.end(), [&](const TaskStatus& task) { return task.wave == wave && just_failed(p, task); });
  if (failed == tasks.end()) return;
  for (TaskStatus& task : tasks) {
    if (!finished(task.phase)) finish_task(p, task, TaskPhase::kCancelled, "not started: the endpoint of " + failed->name + " failed");
  }
}

bool keeps_endpoint(const Planning& p, const TaskStatus& task) {
  if (task.endpoint.releasing) return false;  // on its way already, whatever the policy now says
  switch (p.spec().endpoint_retention) {
    case EndpointRetention::kUntilTaskFinished: return false;
    case EndpointRetention::kUntilFinished: return !all_finished(p.plan.status);
    case EndpointRetention::kUntilDeleted: return true;
  }
  return false;
}

}  // namespace lepton_operator::invocation
