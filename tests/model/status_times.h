// The times that stand in a status: those by which the planner decides something, in a fixed order, and the others.
#pragma once

#include "invocation/status.h"

namespace lepton_operator::invocation::model {

// Calls visit(Timestamp&) for each that is there.
template <class Visit>
void visit_deciding_times(InvocationStatus& status, Visit visit) {
  const auto at = [&](std::optional<Timestamp>& time) {
    if (time) visit(*time);
  };
  for (TaskStatus& task : status.tasks) {
    at(task.endpoint.intended_at);
    at(task.endpoint.waiting_since);
    at(task.endpoint.capacity_since);
    at(task.endpoint.unsettled_until);
    at(task.endpoint.put_back_at);
    at(task.job.intended_at);
    for (AttemptStatus& attempt : task.earlier) at(attempt.job.intended_at);
  }
  for (SecretStatus& secret : status.secrets) at(secret.unsettled_until);
  at(status.cleanup.intended_at);
  at(status.cleanup.finished_at);
}

// What tells people when something was, and what is counted by it. Deadlines of hours and days (a task's timeout, how long Lepton keeps a
// job, activeDeadlineSeconds, the time to live) are not part of the model: see docs/reliability.md.
template <class Visit>
void visit_other_times(InvocationStatus& status, Visit visit) {
  const auto at = [&](std::optional<Timestamp>& time) {
    if (time) visit(*time);
  };
  for (Condition& condition : status.conditions) visit(condition.last_transition);
  at(status.start_time);
  at(status.completion_time);
  at(status.active_since);
  at(status.queued_since);
  for (TaskStatus& task : status.tasks) {
    at(task.endpoint.ready_at);
    at(task.endpoint.billed_since);
    at(task.endpoint.idle_since);
    at(task.job.started_at);
    at(task.job.finished_at);
    for (AttemptStatus& attempt : task.earlier) {
      at(attempt.job.started_at);
      at(attempt.job.finished_at);
    }
  }
  at(status.cleanup.started_at);
}

}  // namespace lepton_operator::invocation::model
