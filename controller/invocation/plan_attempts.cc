// A task's attempts: what follows when one is over (the task's result, a retry, another run), and when the next may begin.
//
// Attempt numbers never restart, since jobs are named by them. An attempt that is followed by another one keeps its record in the status;
// its job stays in Lepton, with its log, until deletion. The endpoint is kept from one attempt to the next unless its removal has begun.
#include <algorithm>

#include "base/strings.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

constexpr std::size_t kEarlierMessageBytes = 256;  // there may be many

// An endpoint that is going, by whomever, is none to the next attempt.
bool may_serve_on(const EndpointStatus& endpoint) {
  if (endpoint.releasing) return false;
  switch (endpoint.state) {
    case EndpointPhase::kFailed:
    case EndpointPhase::kDeleting:
    case EndpointPhase::kReleased: return false;
    case EndpointPhase::kPending:
    case EndpointPhase::kCreating:
    case EndpointPhase::kWaiting:
    case EndpointPhase::kReady:
    case EndpointPhase::kDown:
    case EndpointPhase::kIndeterminate: return true;
  }
  return false;
}

// The present attempt becomes an earlier one; the next has no job yet.
void set_aside(Planning& p, TaskStatus& task, TaskPhase outcome, const std::string& message) {
  wait_anew(p, task);
  AttemptStatus over;
  over.outcome = outcome;
  over.message = base::clipped(message, kEarlierMessageBytes);
  over.run = task.run;
  over.job = task.job;
  if (!over.job.name.empty() && !over.job.finished_at) over.job.finished_at = p.world.now;
  const int next = task.job.name.empty() ? task.job.attempt : task.job.attempt + 1;
  task.earlier.push_back(std::move(over));
  task.job = JobStatus{};
  task.job.attempt = next;
  task.phase = TaskPhase::kPending;
  task.message.clear();
}

bool run_raised(const TaskStatus& task, const TaskSpec& spec) { return spec.run > task.run; }

// True when nothing of the task's last attempt is left that could disturb the next one.
bool let_go(Planning& p, TaskStatus& task) {
  const bool job_over = release_job(p, task.name, task.job);
  return (may_serve_on(task.endpoint) || release_endpoint(p, task)) && job_over;
}

}  // namespace

void wait_anew(Planning& p, TaskStatus& task) {
  EndpointStatus& endpoint = endpoint_for(p, task);
  const bool down = may_serve_on(endpoint) && endpoint.state != EndpointPhase::kReady && endpoint.waiting_since;
  if (down && !awaited(p, task)) begin_wait(endpoint, p.world.now);
}

void take_raised_run(TaskStatus& task, const TaskSpec& spec) {
  if (!run_raised(task, spec)) return;
  task.run = spec.run;
  task.retries = 0;
}

void end_attempt(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase outcome, std::string message) {
  if (task.job.stop_requested && outcome != TaskPhase::kSucceeded) {
    set_aside(p, task, TaskPhase::kCancelled, "suspended");
    return;
  }
  if (p.spec_readable() && !run_raised(task, spec) && outcome == TaskPhase::kFailed && task.retries < p.spec().execution.retries) {
    set_aside(p, task, outcome, message);
    ++task.retries;
  } else {
    end_without_retry(p, task, spec, outcome, std::move(message));
  }
}

void end_without_retry(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase outcome, std::string message) {
  if (p.spec_readable() && run_raised(task, spec)) {  // while it ran
    set_aside(p, task, outcome, message);
    take_raised_run(task, spec);
  } else {
    finish_task(p, task, outcome, std::move(message));
  }
}

bool earlier_attempts_over(Planning& p, TaskStatus& task) {
  bool over = true;
  for (AttemptStatus& attempt : task.earlier) over = release_job(p, task.name, attempt.job) && over;
  return over;
}

bool runs_again(const Planning& p) {
  return std::any_of(p.plan.status.tasks.begin(), p.plan.status.tasks.end(), [&](const TaskStatus& task) {
    const TaskSpec* spec = p.spec().find_task(task.name);
    return finished(task.phase) && spec != nullptr && run_raised(task, *spec);
  });
}

void begin_raised_runs(Planning& p) {
  if (!p.may_intend) return;
  for (TaskStatus& task : p.status().tasks) {
    const TaskSpec* spec = p.spec().find_task(task.name);
    if (!finished(task.phase) || spec == nullptr || !run_raised(task, *spec) || !let_go(p, task)) continue;
    set_aside(p, task, task.phase, task.message);
    take_raised_run(task, *spec);
    task.wave = 0;  // its turn comes anew
    run_again(p);
  }
}

}  // namespace lepton_operator::invocation
