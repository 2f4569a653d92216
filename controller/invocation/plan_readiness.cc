// How long an endpoint may take to become Ready, and why it takes so long.
//
// Lists do not say why; /readiness, /termination and /events do, at a price. They are asked once a wait lasts 10 s, then every half a
// minute, less often where many endpoints wait. Time that Lepton calls NoCapacity or Queueing does not count against the readiness timeout:
// what was waited so moves waiting_since on. Before a timeout is believed Lepton gets a last word on why.
#include <algorithm>

#include "base/time.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

using lepton::EndpointTrouble;

constexpr std::chrono::seconds kFirstAsk{10};
constexpr std::chrono::seconds kAskAgain{30};
constexpr Milliseconds kPerWaiting{500};  // at most two endpoints a second are asked about

bool for_capacity(EndpointTrouble trouble) { return trouble == EndpointTrouble::kNoCapacity || trouble == EndpointTrouble::kQueueing; }

std::string sentence(const Explanation& explanation) {
  const std::string& detail = explanation.detail;
  const std::string after = detail.empty() ? std::string{} : ": " + detail;
  switch (explanation.trouble) {
    case EndpointTrouble::kNone: return {};
    case EndpointTrouble::kNoCapacity: return "waits for capacity";
    case EndpointTrouble::kQueueing: return "waits in Lepton's queue";
    case EndpointTrouble::kImagePull: return "its image cannot be pulled" + after;
    case EndpointTrouble::kCrash: return "crashed with " + detail;
    case EndpointTrouble::kConfig: return "cannot start as it is configured" + after;
    case EndpointTrouble::kApproval: return "waits for an approval in Lepton's dashboard" + after;
    case EndpointTrouble::kSystem: return "Lepton has trouble with it" + after;
  }
  return {};
}

const Explanation* explanation_of(const Planning& p, const EndpointStatus& endpoint) {
  const auto known = p.world.memory.explanations.find(endpoint.name);
  const bool of_this_wait =
      known != p.world.memory.explanations.end() && endpoint.waiting_since && known->second.began >= *endpoint.waiting_since;
  return of_this_wait ? &known->second : nullptr;
}

void take(Planning& p, TaskStatus& task, const Explanation& explanation) {
  EndpointStatus& endpoint = task.endpoint;
  const bool first_word = endpoint.reason.empty();
  if (for_capacity(explanation.trouble)) {
    if (!endpoint.capacity_since) endpoint.capacity_since = first_word ? *endpoint.waiting_since : explanation.began;
  } else if (endpoint.capacity_since) {
    endpoint.waiting_since = *endpoint.waiting_since + std::max(explanation.began - *endpoint.capacity_since, Milliseconds(0));
    endpoint.capacity_since.reset();
  }
  endpoint.reason = lepton::to_string(explanation.trouble);
  say_of_endpoint(p, task, sentence(explanation));
}

Milliseconds between_questions(const Planning& p) {
  const auto& tasks = p.plan.status.tasks;
  const auto waiting = std::count_if(tasks.begin(), tasks.end(), [](const TaskStatus& task) {
    return task.endpoint.state == EndpointPhase::kWaiting || task.endpoint.state == EndpointPhase::kIndeterminate;
  });
  return std::max<Milliseconds>(kAskAgain, waiting * kPerWaiting);
}

// True when Lepton was asked since `deadline`, or cannot say.
bool last_word(Planning& p, const TaskStatus& task, Timestamp deadline) {
  const std::string& name = task.endpoint.name;
  if (!p.world.view.endpoints.contains(name)) return true;
  const auto known = p.world.memory.explanations.find(name);
  if (known != p.world.memory.explanations.end() && known->second.began >= deadline) return true;
  const ExplainEndpoint question{task.name, name, task.endpoint.family};
  if (p.failure(action_key(question))) return true;
  p.act(question);
  return false;
}

void check_deadline(Planning& p, TaskStatus& task, Timestamp deadline, const std::string& why) {
  const auto& looks = p.world.view.endpoint_looks;
  if (p.world.now < deadline) {
    p.wake(deadline);  // once it has passed, the next look wakes
  } else if (looks.last && *looks.last >= deadline && last_word(p, task, deadline)) {
    fail_with_diagnosis(p, task, "endpoint " + task.endpoint.name + why);
  }
}

}  // namespace

void begin_wait(EndpointStatus& endpoint, Timestamp now) {
  endpoint.waiting_since = now;
  end_wait(endpoint);
}

void end_wait(EndpointStatus& endpoint) {
  endpoint.capacity_since.reset();
  endpoint.reason.clear();
}

void explain_wait(Planning& p, TaskStatus& task) {
  if (!task.endpoint.waiting_since || !awaited(p, task)) return;  // a job says itself how it fares
  Timestamp next = *task.endpoint.waiting_since + kFirstAsk;
  if (const Explanation* known = explanation_of(p, task.endpoint)) {
    next = known->began + between_questions(p);
    take(p, task, *known);
  }
  const auto& looks = p.world.view.looks_at(task.endpoint.family);
  if (p.world.now < next) {
    p.wake(next);                                  // once it has passed, the next look wakes
  } else if (looks.last && *looks.last >= next) {  // else it may be Ready for long
    p.act(ExplainEndpoint{task.name, task.endpoint.name, task.endpoint.family});
  }
}

void check_readiness_deadline(Planning& p, TaskStatus& task) {
  const EndpointStatus& endpoint = task.endpoint;
  if (!endpoint.waiting_since || !awaited(p, task)) return;  // once it has a job, the job decides
  const DeploymentSpec& deployment = p.spec().deployment;
  if (!endpoint.capacity_since) {
    check_deadline(p, task, *endpoint.waiting_since + deployment.readiness_timeout,
                   " was not ready after " + base::format_duration(deployment.readiness_timeout));
  } else if (deployment.queue_timeout) {
    check_deadline(p, task, *endpoint.capacity_since + *deployment.queue_timeout,
                   " still waits for capacity after " + base::format_duration(*deployment.queue_timeout));
  }
}

}  // namespace lepton_operator::invocation
