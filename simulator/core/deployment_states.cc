// What happens to deployments over time.
#include "core/deployments.h"

namespace lepton_operator::simulator {

void Deployments::enter(Deployment& deployment, const std::string& state) {
  if (deployment.state == state) return;
  world_.record("deployment", deployment.name, deployment.state, state);
  deployment.state = state;
  deployment.changed_at = world_.now();
  ++deployment.plan;
  if (state == "Ready" && !deployment.ready_at) deployment.ready_at = world_.now();
}

void Deployments::plan(Deployment& deployment, base::Milliseconds delay, void (Deployments::*step)(Deployment&)) {
  const std::uint64_t plan = ++deployment.plan;
  world_.agenda.in(delay, [this, name = deployment.name, serial = deployment.serial, plan, step] {
    const auto found = alive_.find(name);
    if (found != alive_.end() && found->second.serial == serial && found->second.plan == plan) (this->*step)(found->second);
  });
}

base::Milliseconds Deployments::ready_delay(const Deployment& deployment) const {
  return deployment.course.ready_delay.value_or(world_.options.ready_delay);
}

void Deployments::begin(Deployment& deployment, const std::string& state) {
  const auto replicas = base::get_int(base::get_object(deployment.spec, "resource_requirement"), "min_replicas").value_or(1);
  deployment.replicas.clear();
  for (std::int64_t i = 0; i < replicas; ++i) deployment.replicas.push_back(deployment.name + "-" + world_.suffix(5));
  enter(deployment, state);
  switch (deployment.course.outcome) {
    case Outcome::kNormal:
    case Outcome::kError:
    case Outcome::kFail:
    case Outcome::kFlapping: plan(deployment, ready_delay(deployment), &Deployments::arrive); return;
    case Outcome::kNeverReady: return;
    case Outcome::kQueueing:
    case Outcome::kNoCapacity:
    case Outcome::kImagePull:
    case Outcome::kCrashLoop:
      // Waits for ever, unless the rule says for how long.
      if (deployment.course.ready_delay) plan(deployment, *deployment.course.ready_delay, &Deployments::arrive);
      return;
  }
  __builtin_unreachable();
}

void Deployments::arrive(Deployment& deployment) {
  const Outcome outcome = deployment.course.outcome;
  if (outcome == Outcome::kError || outcome == Outcome::kFail) {
    enter(deployment, "Error");
    return;
  }
  enter(deployment, "Ready");
  if (outcome == Outcome::kFlapping) plan(deployment, std::max(ready_delay(deployment), base::Milliseconds(500)), &Deployments::flap);
}

void Deployments::flap(Deployment& deployment) {
  enter(deployment, deployment.state == "Ready" ? "Not Ready" : "Ready");
  plan(deployment, std::max(ready_delay(deployment), base::Milliseconds(500)), &Deployments::flap);
}

void Deployments::stop(Deployment& deployment) {
  enter(deployment, "Stopping");
  plan(deployment, world_.options.delete_delay, &Deployments::stopped);
}

void Deployments::vanish(Deployment& deployment) {
  world_.record("deployment", deployment.name, deployment.state, "gone");
  deployment.deleted_at = world_.now();
  const auto node = alive_.extract(deployment.name);  // named, since the reference dies with it
  gone_.push_back(node.mapped());
}

bool Deployments::say(const std::string& name, std::size_t place, const std::string& text) {
  const auto found = alive_.find(name);
  if (found == alive_.end() || place >= found->second.replicas.size()) return false;
  std::vector<std::string>& said = found->second.said[found->second.replicas[place]];
  const std::vector<std::string> lines = split_lines(text);
  said.insert(said.end(), lines.begin(), lines.end());
  return true;
}

bool Deployments::force_state(const std::string& name, const std::string& state, const std::string& reason) {
  const auto found = alive_.find(name);
  if (found == alive_.end()) return false;
  enter(found->second, state);
  ++found->second.plan;
  if (!reason.empty()) found->second.course.reason = reason;
  return true;
}

bool Deployments::erase(const std::string& name) {
  const auto found = alive_.find(name);
  if (found == alive_.end()) return false;
  vanish(found->second);
  return true;
}

void Deployments::clear() {
  alive_.clear();
  gone_.clear();
}

}  // namespace lepton_operator::simulator
