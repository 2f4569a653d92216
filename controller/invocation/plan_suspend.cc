// spec.suspend: what runs is stopped and endpoints are released, both at once; what has finished keeps its results. Going on is a new
// attempt on a new endpoint, and no retry.
//
// That a job was told to stop stands in the status before the request is sent, so that its end is taken for ours whenever it is seen. One
// that succeeds before it stops has succeeded.
#include <algorithm>

#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

bool at_rest(Planning& p, TaskStatus& task, const TaskSpec& spec) {
  if (!task.job.name.empty()) {
    task.job.stop_requested = true;
    follow_attempt(p, task, spec);
  }
  if (finished(task.phase)) return true;  // released with the others that are
  const bool earlier_over = earlier_attempts_over(p, task);
  const bool endpoint_gone = release_endpoint(p, task);
  if (!task.job.name.empty() || !earlier_over || !endpoint_gone) {
    p.look(lepton::Pace::kClose);
    return false;
  }
  task.phase = TaskPhase::kPending;
  task.wave = 0;  // gives its place back
  task.message = "suspended.";
  return true;
}

}  // namespace

void plan_suspended(Planning& p) {
  p.at_rest = true;
  for (TaskStatus& task : p.status().tasks) {
    const TaskSpec* spec = p.spec().find_task(task.name);
    if (spec == nullptr || finished(task.phase)) continue;
    p.at_rest = at_rest(p, task, *spec) && *p.at_rest;
  }
  // A shared one is of those that have not finished, though the task whose status has it may have; they go on with another.
  auto& tasks = p.status().tasks;
  if (p.shared() && !tasks.empty() && !all_finished(p.status())) p.at_rest = release_endpoint(p, tasks.front()) && *p.at_rest;
}

}  // namespace lepton_operator::invocation
