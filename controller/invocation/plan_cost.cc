// Keeps the account of GPU time with what this run of plan() made of the endpoints' states (cost.h).
#include <algorithm>

#include "invocation/cost.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// Somebody pays for it: it was made, is not gone, and neither waits for its GPUs nor was scaled to none.
bool holds_gpus(const EndpointStatus& endpoint) {
  if (!endpoint.seen || endpoint.capacity_since) return false;
  switch (endpoint.state) {
    case EndpointPhase::kPending:
    case EndpointPhase::kDown:
    case EndpointPhase::kReleased: return false;
    case EndpointPhase::kCreating:
    case EndpointPhase::kWaiting:
    case EndpointPhase::kReady:
    case EndpointPhase::kFailed:
    case EndpointPhase::kDeleting:
    case EndpointPhase::kIndeterminate: return true;
  }
  return false;
}

bool a_job_runs_on_it(const Planning& p, const TaskStatus& task) {
  const auto runs = [](const TaskStatus& served) { return served.job.state == JobPhase::kRunning; };
  const auto& tasks = p.plan.status.tasks;
  return runs(task) || (std::any_of(tasks.begin(), tasks.end(), runs) && p.shared());
}

bool seen_before(const Planning& p, const EndpointStatus& endpoint) {
  const auto& tasks = p.world.invocation.status.tasks;
  return std::any_of(tasks.begin(), tasks.end(),
                     [&](const TaskStatus& task) { return task.endpoint.name == endpoint.name && task.endpoint.seen; });
}

// Not in a deletion: what may cost something has its account since before it was made, and for the rest each plan would read the spec.
void begin_account(Planning& p) {
  CostStatus& cost = p.status().cost;
  if (!cost.shape.empty() || p.world.invocation.meta.deleted || !p.spec_readable() || !p.has_endpoints() || !p.status().resolved) return;
  cost.shape = p.spec().deployment.resource_shape;
  cost.gpus = gpus_of_shape(cost.shape) * std::max(p.spec().deployment.min_replicas, 1);
}

}  // namespace

void keep_account(Planning& p) {
  begin_account(p);
  CostStatus& cost = p.status().cost;
  if (cost.gpus == 0) return;
  const Timestamp now = p.world.now;
  for (TaskStatus& task : p.status().tasks) {
    EndpointStatus& endpoint = task.endpoint;
    if (!holds_gpus(endpoint)) {
      end_billing(cost, endpoint, std::min(endpoint.capacity_since.value_or(now), now));
      continue;
    }
    if (!endpoint.billed_since) endpoint.billed_since = seen_before(p, endpoint) ? now : std::min(endpoint.intended_at.value_or(now), now);
    if (endpoint.state != EndpointPhase::kReady || a_job_runs_on_it(p, task)) {
      end_idling(cost, endpoint, now);
    } else if (!endpoint.idle_since) {
      endpoint.idle_since = now;
    }
  }
}

}  // namespace lepton_operator::invocation
