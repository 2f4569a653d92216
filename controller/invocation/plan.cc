#include "invocation/plan.h"

#include <algorithm>

#include "invocation/planning.h"
#include "invocation/progress.h"

namespace lepton_operator::invocation {
namespace {

void release_finished(Planning& p) {
  for (TaskStatus& task : p.status().tasks) {
    earlier_attempts_over(p, task);  // also while a later one runs: a duplicate of an earlier one may come late
    if (!finished(task.phase)) continue;
    const bool serves_others = p.shared() && !all_finished(p.status()) && !p.spec().suspend;
    if (!serves_others && (!keeps_endpoint(p, task) || !keep_endpoint(p, task))) release_endpoint(p, task);
    release_job(p, task.name, task.job);
  }
}

bool holds_nothing(const Planning& p) {
  const auto& tasks = p.plan.status.tasks;
  return std::all_of(tasks.begin(), tasks.end(), [&](const TaskStatus& task) {
    const bool no_endpoint = task.endpoint.name.empty() || task.endpoint.state == EndpointPhase::kReleased;
    const bool no_earlier_job =
        std::all_of(task.earlier.begin(), task.earlier.end(), [&](const auto& it) { return job_released(p, it.job); });
    return no_endpoint && no_earlier_job && job_released(p, task.job);
  });
}

// After the end only what is still held is let go; nothing is decided any more. Where nothing is, the workspace's state is not mirrored
// either: nobody waits for it, and it would be written as often as there are Invocations that ever ran there.
void plan_finished(Planning& p) {
  leave_line(p);
  if (!holds_nothing(p) && workspace_usable(p)) release_finished(p);
  p.plan.at_rest = holds_nothing(p);
  p.status().observed_generation = p.world.invocation.meta.generation;
  count_ready_endpoints(p);
  if (p.spec_readable()) check_time_to_live(p);
}

// With the end of one wave the next begins, in the same plan.
void plan_waves(Planning& p) {
  admit_tasks(p);
  plan_endpoints(p, 0);
  plan_jobs(p, 0);
  for (release_finished(p); admit_tasks(p); release_finished(p)) {
    const int wave = current_wave(p.status());
    plan_endpoints(p, wave);
    plan_jobs(p, wave);
  }
}

void plan_running(Planning& p) {
  begin_raised_runs(p);
  if (p.spec().suspend) {
    leave_line(p);
    plan_suspended(p);
  } else {
    ensure_secrets(p);
    plan_waves(p);
    check_active_deadline(p);
  }
  release_finished(p);
}

// Of one that has just finished; plan_finished() sees to the others. Nothing else may wake it any more.
void wake_at_end_of_life(Planning& p) {
  const InvocationStatus& status = p.status();
  if (finished(status.phase) && status.completion_time && p.spec().ttl_after_finished)
    p.wake(*status.completion_time + *p.spec().ttl_after_finished);
}

// Decoding takes as long as all the rest of a plan, and most plans for what is going need nothing of it.
void read_when_asked(Planning& p) { p.unread = p.status().resolved.has_value(); }

void decide(Planning& p) {
  const World& world = p.world;
  p.status().reconcile_handled = world.invocation.meta.annotation(kReconcileAnnotation);
  if (world.invocation.meta.deleted) {
    read_when_asked(p);
    leave_line(p);
    plan_deletion(p);
    conclude(p);
    return;
  }
  if (finished(p.status().phase)) {
    read_when_asked(p);
    if (!p.spec_readable() || !runs_again(p)) {
      plan_finished(p);
      return;
    }
  }
  if (!accept(p)) {
    conclude(p);
    return;
  }
  // Nothing is begun in a namespace that is going (rule 9); else the finalizer comes before anything that would need it (rule 7).
  if (!world.namespace_deleting) {
    if (!world.invocation.meta.has_finalizer(kCleanupFinalizer)) p.plan.finalizer = FinalizerChange::kAdd;
    plan_running(p);
  } else {
    leave_line(p);
  }
  conclude(p);
  wake_at_end_of_life(p);
}

// An abandoned cleanup stands there first: once the object is gone, nobody can be asked what was left.
bool status_goes_with_object(const Planning& p) {
  const Condition* cleaned = find_condition(p.plan.status.conditions, "CleanedUp");
  return p.world.invocation.meta.finalizers.size() == 1 && (!cleaned || cleaned->reason != kAbandonedReason);
}

// A deletion's requests change nothing when they are sent again, and what they need to be proved by is no mere progress.
bool status_may_wait(const Planning& p) {
  switch (p.plan.finalizer) {
    case FinalizerChange::kAdd: return false;
    case FinalizerChange::kRemove: return status_goes_with_object(p);
    case FinalizerChange::kNone: break;
  }
  const bool nothing_follows = p.plan.actions.empty() || p.world.invocation.meta.deleted.has_value();
  return nothing_follows && !p.plan.remove_object && progress_only(p.world.invocation.status, p.plan.status);
}

}  // namespace

Plan plan(const World& world) {
  Planning p(world);
  decide(p);
  keep_account(p);
  p.plan.status_may_wait = status_may_wait(p);
  return std::move(p.plan);
}

}  // namespace lepton_operator::invocation
