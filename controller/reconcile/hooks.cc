#include "reconcile/hooks.h"

#include <algorithm>

namespace lepton_operator::reconcile {

using invocation::Invocation;
using invocation::InvocationStatus;
using invocation::TaskStatus;

namespace {

double seconds_between(base::Timestamp from, base::Timestamp to) { return std::chrono::duration<double>(to - from).count(); }

void report_endpoint(const Hooks& hooks, const std::string& type, const TaskStatus& before, const TaskStatus& now) {
  const bool became_ready = now.endpoint.ready_at && now.endpoint.ready_at != before.endpoint.ready_at;
  if (!became_ready || !hooks.endpoint_ready) return;
  hooks.endpoint_ready(type, seconds_between(now.endpoint.intended_at.value_or(*now.endpoint.ready_at), *now.endpoint.ready_at));
}

void report_job(const Hooks& hooks, const InvocationStatus& status, const TaskStatus& before, const TaskStatus& now) {
  const bool ended = invocation::finished(now.job.state) && !invocation::finished(before.job.state) && now.job.finished_at;
  if (!ended || !hooks.job_finished) return;
  std::string harness;
  if (status.resolved) {
    const auto resolved = status.resolved->tasks.find(now.name);
    if (resolved != status.resolved->tasks.end()) harness = resolved->second.harness;
  }
  const base::Timestamp end = *now.job.finished_at;
  hooks.job_finished(harness, invocation::to_string(now.job.state), seconds_between(now.job.started_at.value_or(end), end));
}

}  // namespace

const char* to_string(ReconcileResult result) {
  switch (result) {
    case ReconcileResult::kSuccess: return "success";
    case ReconcileResult::kRequeue: return "requeue";
    case ReconcileResult::kError: return "error";
  }
  __builtin_unreachable();
}

void report_progress(const Hooks& hooks, const Invocation& before, const InvocationStatus& now) {
  const std::string type = base::get_string(base::get_object(before.spec, "deployment"), "type").value_or("");
  for (const TaskStatus& task : now.tasks) {
    const auto same = [&](const TaskStatus& known) { return known.name == task.name; };
    const auto known = std::find_if(before.status.tasks.begin(), before.status.tasks.end(), same);
    const TaskStatus earlier = known == before.status.tasks.end() ? TaskStatus{} : *known;
    report_endpoint(hooks, type, earlier, task);
    report_job(hooks, now, earlier, task);
  }
  const bool finished = invocation::finished(now.phase) && !invocation::finished(before.status.phase);
  if (finished && hooks.invocation_finished) {
    const auto seconds = now.start_time && now.completion_time ? seconds_between(*now.start_time, *now.completion_time) : 0.0;
    hooks.invocation_finished(invocation::to_string(now.phase), seconds);
  }
  if (now.storage.removed && !before.status.storage.removed && hooks.directory_removed) hooks.directory_removed();
}

}  // namespace lepton_operator::reconcile
