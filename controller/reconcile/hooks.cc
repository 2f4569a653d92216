#include "reconcile/hooks.h"

#include <algorithm>

namespace lepton_operator::reconcile {

using invocation::Invocation;
using invocation::InvocationStatus;
using invocation::JobStatus;
using invocation::TaskStatus;

namespace {

double seconds_between(base::Timestamp from, base::Timestamp to) { return std::chrono::duration<double>(to - from).count(); }

void report_endpoint(const Hooks& hooks, const std::string& type, const TaskStatus& before, const TaskStatus& now) {
  const bool became_ready = now.endpoint.ready_at && now.endpoint.ready_at != before.endpoint.ready_at;
  if (!became_ready || !hooks.endpoint_ready) return;
  hooks.endpoint_ready(type, seconds_between(now.endpoint.intended_at.value_or(*now.endpoint.ready_at), *now.endpoint.ready_at));
}

void report_job(const Hooks& hooks, const std::string& harness, const JobStatus& before, const JobStatus& now) {
  const bool ended = invocation::finished(now.state) && !invocation::finished(before.state) && now.finished_at;
  if (!ended || !hooks.job_finished) return;
  hooks.job_finished(harness, invocation::to_string(now.state),
                     seconds_between(now.started_at.value_or(*now.finished_at), *now.finished_at));
}

std::string harness_of(const InvocationStatus& status, const std::string& task) {
  if (!status.resolved) return {};
  const auto resolved = status.resolved->tasks.find(task);
  return resolved == status.resolved->tasks.end() ? std::string{} : resolved->second.harness;
}

// The first of the attempts that are new among the earlier ones was the present one before.
void report_attempts(const Hooks& hooks, const InvocationStatus& status, const TaskStatus& before, const TaskStatus& now) {
  const std::string harness = harness_of(status, now.name);
  for (std::size_t i = 0; i < before.earlier.size() && i < now.earlier.size(); ++i) {
    report_job(hooks, harness, before.earlier[i].job, now.earlier[i].job);  // one that was over before its job was
  }
  JobStatus was = before.job;
  for (std::size_t i = before.earlier.size(); i < now.earlier.size(); ++i) {
    report_job(hooks, harness, was, now.earlier[i].job);
    const bool retried = now.earlier[i].run == now.run && !now.earlier[i].job.stop_requested;
    if (retried && hooks.job_retried) hooks.job_retried();
    was = JobStatus{};
  }
  report_job(hooks, harness, was, now.job);
}

bool is_abandoned(const InvocationStatus& status) {
  const auto* cleaned = invocation::find_condition(status.conditions, "CleanedUp");
  return cleaned != nullptr && cleaned->reason == invocation::kAbandonedReason;
}

void report_abandoned(const Hooks& hooks, const InvocationStatus& before, const InvocationStatus& now) {
  if (!hooks.abandoned || !is_abandoned(now) || is_abandoned(before)) return;
  for (const invocation::Left& left : invocation::left_behind(now)) hooks.abandoned(left.kind);
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
    report_attempts(hooks, now, earlier, task);
  }
  const bool finished = invocation::finished(now.phase) && !invocation::finished(before.status.phase);
  if (finished && hooks.invocation_finished) {
    const auto seconds = now.start_time && now.completion_time ? seconds_between(*now.start_time, *now.completion_time) : 0.0;
    hooks.invocation_finished(invocation::to_string(now.phase), seconds);
  }
  report_abandoned(hooks, before.status, now);
  if (now.storage.removed && !before.status.storage.removed && hooks.directory_removed) hooks.directory_removed();
}

}  // namespace lepton_operator::reconcile
