// How long an Invocation may be active, and how long it is kept after its end.
#include <algorithm>

#include "base/time.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// Its job left the list, and how it ended is being asked: a result that came in time is not lost to a deadline that passed meanwhile.
bool result_is_being_read(const Planning& p, const TaskStatus& task) {
  if (task.job.id.empty()) return false;
  const auto reads = [&](const Action& action) {
    const auto* job = std::get_if<ReadJob>(&action);
    const auto* stage = std::get_if<ReadStage>(&action);
    return (job != nullptr && job->id == task.job.id) || (stage != nullptr && stage->id == task.job.id);
  };
  if (p.in_flight(key::read_job(task.job.id)) || p.in_flight(key::read_stage(task.job.id))) return true;
  return std::any_of(p.plan.actions.begin(), p.plan.actions.end(), reads);
}

}  // namespace

void check_active_deadline(Planning& p) {
  InvocationStatus& status = p.status();
  const auto& tasks = status.tasks;
  const bool begun = std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return task.wave > 0 && !finished(task.phase); });
  if (!status.active_since && !begun) return;  // it waits for places
  if (!status.active_since) status.active_since = p.world.now;
  if (!p.spec().active_deadline) return;
  const Timestamp deadline = *status.active_since + *p.spec().active_deadline;
  if (p.world.now < deadline) {
    p.wake(deadline);
    return;
  }
  const auto& looked = p.world.view.job_looks.last;
  if (!looked || *looked < deadline) {  // what ended in time, while nobody looked, is seen first
    p.look(lepton::Pace::kClose);
    return;
  }
  const std::string why =
      "the Invocation was still active after " + base::format_duration(*p.spec().active_deadline) + " (spec.activeDeadlineSeconds)";
  for (TaskStatus& task : status.tasks) {
    if (finished(task.phase) || result_is_being_read(p, task)) continue;
    if (p.withdraw(key::create_job(task.job.name))) forget_intent(task);
    p.deadline_exceeded = true;
    if (const TaskSpec* spec = p.spec().find_task(task.name)) take_raised_run(task, *spec);  // it ends, too, before it began
    finish_task(p, task, task.job_ever_intended() ? TaskPhase::kFailed : TaskPhase::kCancelled, why);
  }
}

void check_time_to_live(Planning& p) {
  InvocationStatus& status = p.status();
  status.expired = false;
  if (!p.spec().ttl_after_finished || !status.completion_time) return;
  const Timestamp end = *status.completion_time + *p.spec().ttl_after_finished;
  status.expired = p.world.now >= end;
  p.plan.remove_object = status.expired;
  if (!status.expired) p.wake(end);
}

}  // namespace lepton_operator::invocation
