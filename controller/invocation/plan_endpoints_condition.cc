// EndpointsReady: how many endpoints are waited for, and why, in a sentence.
#include <algorithm>

#include "base/strings.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// Does the task, whose turn it is, still wait for its endpoint?
bool waits(const Planning& p, const TaskStatus& task) {
  return task.wave > 0 && !finished(task.phase) && task.job.name.empty() && endpoint_for(p, task).state != EndpointPhase::kReady;
}

// The endpoints that are spoken of: those of the current wave, or the one that all share.
std::vector<const TaskStatus*> concerned(const Planning& p) {
  std::vector<const TaskStatus*> tasks;
  const int wave = current_wave(p.plan.status);
  for (const TaskStatus& task : p.plan.status.tasks) {
    if (p.shared() ? &task == &p.plan.status.tasks.front() : task.wave == wave) tasks.push_back(&task);
  }
  return tasks;
}

// In steps, so that the sentence does not change with every look: "4 min", "35 min", "2 h 15 min".
std::string about(Milliseconds time) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time).count();
  const auto step = minutes < 10 ? 1 : minutes < 60 ? 5 : 15;
  const auto shown = minutes / step * step;
  if (shown < 60) return std::to_string(shown) + " min";
  return std::to_string(shown / 60) + " h" + (shown % 60 == 0 ? "" : " " + std::to_string(shown % 60) + " min");
}

std::string share(std::size_t part, std::size_t all) { return std::to_string(part) + " of " + std::to_string(all) + " endpoints"; }

// "1 of 3 endpoints waits for capacity in node group h200-eu (gpqa_diamond, 4 min)"
std::string without_capacity(const Planning& p, const std::vector<const TaskStatus*>& waiting, const char* for_what) {
  std::vector<std::string> who;
  for (const TaskStatus* task : waiting) who.push_back(task->name + ", " + about(p.world.now - *task->endpoint.capacity_since));
  const std::string& group = p.spec().deployment.node_group;
  return share(waiting.size(), concerned(p).size()) + (waiting.size() == 1 ? " waits " : " wait ") + for_what +
         (group.empty() ? "" : " in node group " + group) + " (" + base::join(who, "; ") + ")";
}

std::string not_ready(const Planning& p, const std::vector<const TaskStatus*>& waiting) {
  std::vector<std::string> who;
  for (const TaskStatus* task : waiting) {
    who.push_back(task->name + ": " + (task->message.empty() ? to_string(task->endpoint.state) : task->message));
  }
  return share(waiting.size(), concerned(p).size()) + " not ready (" + base::join(who, "; ") + ")";
}

struct Waiting {
  std::string reason = "Waiting";  // what Lepton said of one that will not come by waiting; else of one that waits for capacity
  std::string message;
};

Waiting waiting_for(const Planning& p) {
  std::vector<const TaskStatus*> capacity;
  std::vector<const TaskStatus*> queued;
  std::vector<const TaskStatus*> others;
  Waiting result;
  for (const TaskStatus* task : concerned(p)) {
    const bool waits_now = p.shared() ? task->endpoint.state != EndpointPhase::kReady : waits(p, *task);
    if (!waits_now && !failed_before_its_job(*task)) continue;
    const EndpointStatus& endpoint = task->endpoint;
    const bool held = waits_now && endpoint.capacity_since;
    (!held ? others : endpoint.reason == lepton::to_string(lepton::EndpointTrouble::kQueueing) ? queued : capacity).push_back(task);
    if (!held && !endpoint.reason.empty() && result.reason == "Waiting") result.reason = endpoint.reason;
  }
  std::vector<std::string> parts;
  if (!others.empty()) parts.push_back(not_ready(p, others));
  if (!capacity.empty()) parts.push_back(without_capacity(p, capacity, "for capacity"));
  if (!queued.empty()) parts.push_back(without_capacity(p, queued, "in Lepton's queue"));
  if (result.reason == "Waiting" && !capacity.empty()) result.reason = lepton::to_string(lepton::EndpointTrouble::kNoCapacity);
  if (result.reason == "Waiting" && !queued.empty()) result.reason = lepton::to_string(lepton::EndpointTrouble::kQueueing);
  result.message = parts.empty() ? "none has been asked for yet." : base::join(parts, "; ") + ".";
  return result;
}

}  // namespace

void endpoints_condition(Planning& p) {
  if (p.spec().suspend) {
    p.condition("EndpointsReady", ConditionStatus::kFalse, "Suspended", "suspended: no endpoint is held.");
    return;
  }
  if (!p.has_endpoints()) {
    p.condition("EndpointsReady", ConditionStatus::kTrue, "NotNeeded", "an existing endpoint is used.");
    return;
  }
  const auto& tasks = p.status().tasks;
  if (const std::string changed = drift_sentence(p.status()); !changed.empty()) {
    const bool given_up = std::any_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return contested(task.endpoint); });
    p.condition("EndpointsReady", ConditionStatus::kFalse, given_up ? "EndpointContested" : "EndpointChanged", changed + ".");
    return;
  }
  const bool one_by_one = p.spec().start_policy == StartPolicy::kEachEndpointReady;
  const bool waiting = std::any_of(tasks.begin(), tasks.end(), [&](const TaskStatus& task) { return waits(p, task); });
  const bool began = wave_began(p.status(), current_wave(p.status()));
  const auto failed = std::count_if(tasks.begin(), tasks.end(), [&](const TaskStatus& task) {
    return failed_before_its_job(task) && !endpoint_for(p, task).name.empty();
  });
  if (began && !(one_by_one && waiting)) {
    p.condition("EndpointsReady", ConditionStatus::kTrue, failed > 0 ? "OthersReady" : "AllReady",
                failed > 0 ? "all endpoints but " + std::to_string(failed) + " that failed were ready; jobs have been created."
                           : "all endpoints were ready; jobs have been created.");
    return;
  }
  const Waiting why = waiting_for(p);
  const bool takes_all = p.spec().endpoint_failure_policy == EndpointFailurePolicy::kFailInvocation || all_finished(p.status());
  const bool over = failed > 0 && takes_all && !began;
  p.condition("EndpointsReady", ConditionStatus::kFalse, over ? "EndpointFailed" : why.reason, why.message);
}

}  // namespace lepton_operator::invocation
