// Whose turn it is: with `parallelism` N tasks go in waves of N, each with a barrier of its own; without it all go at once.
//
// A task's wave stands in its status before anything of it is intended. The next wave begins when every task of the one before has
// finished, its job is verified over, and its endpoint is gone or kept on purpose.
#include <algorithm>

#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

bool begun(const TaskStatus& task) {
  const bool has_endpoint = !task.endpoint.name.empty() && task.endpoint.state != EndpointPhase::kReleased && !task.endpoint.releasing;
  return task.earlier.empty() && (has_endpoint || !task.job.name.empty());
}

bool let_go(const Planning& p, const TaskStatus& task) {
  const EndpointStatus& endpoint = task.endpoint;
  const bool endpoint_gone = endpoint.name.empty() || endpoint.state == EndpointPhase::kReleased || p.shared() || keeps_endpoint(p, task);
  const auto over = [](const JobStatus& job) { return job.name.empty() || job.released; };
  const bool jobs_over = over(task.job) && std::all_of(task.earlier.begin(), task.earlier.end(),
                                                       [&](const AttemptStatus& attempt) { return over(attempt.job); });
  return finished(task.phase) && endpoint_gone && jobs_over;
}

bool wave_over(const Planning& p, int wave) {
  const auto& tasks = p.plan.status.tasks;
  return std::all_of(tasks.begin(), tasks.end(), [&](const TaskStatus& task) { return task.wave != wave || let_go(p, task); });
}

bool all_ended(const Planning& p, int wave) {
  const auto& tasks = p.plan.status.tasks;
  return std::all_of(tasks.begin(), tasks.end(), [&](const TaskStatus& task) { return task.wave != wave || finished(task.phase); });
}

// In the order of the spec, those whose turn has not come.
std::vector<TaskStatus*> waiting_tasks(Planning& p) {
  std::vector<TaskStatus*> waiting;
  for (TaskStatus& task : p.status().tasks) {
    if (task.wave == 0 && !finished(task.phase)) waiting.push_back(&task);
  }
  return waiting;
}

// Their turn comes, or has not come after all.
void set_wave(const std::vector<TaskStatus*>& tasks, int wave) {
  for (TaskStatus* task : tasks) task->wave = wave;
}

// Beyond what this Invocation holds already: an endpoint that was kept, or that all share, is there.
Usage needs_of(Planning& p, const std::vector<TaskStatus*>& tasks, int wave) {
  const Usage before = usage_of(p.world.invocation, p.status());
  set_wave(tasks, wave);
  const Usage with = usage_of(p.world.invocation, p.status());
  set_wave(tasks, 0);
  return {with.endpoints - before.endpoints, with.jobs - before.jobs};
}

}  // namespace

int current_wave(const InvocationStatus& status) {
  int wave = 0;
  for (const TaskStatus& task : status.tasks) wave = std::max(wave, task.wave);
  return wave;
}

bool admit_tasks(Planning& p) {
  const int current = current_wave(p.status());
  for (TaskStatus& task : p.status().tasks) {
    if (current == 0 && begun(task)) task.wave = 1;  // by a version without waves
  }
  int wave = std::max(current, 1);
  std::vector<TaskStatus*> next = waiting_tasks(p);
  if (next.empty() || !p.may_intend || (p.spec().parallelism && !wave_over(p, wave))) {
    leave_line(p);
    return false;
  }
  // What is run again after the end does not join those that are over.
  if (current != 0 && (p.spec().parallelism || all_ended(p, current))) ++wave;
  if (p.spec().parallelism) next.resize(std::min(next.size(), static_cast<std::size_t>(*p.spec().parallelism)));
  if (!find_room(p, needs_of(p, next, wave))) return false;
  for (TaskStatus* task : next) {
    wait_anew(p, *task);
    task->message.clear();  // what kept it is over: it was suspended
  }
  set_wave(next, wave);
  return true;
}

}  // namespace lepton_operator::invocation
