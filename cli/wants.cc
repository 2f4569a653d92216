#include "cli/wants.h"

#include "invocation/rendering.h"

namespace lepton_operator::cli {

using invocation::DeploymentSpec;
using invocation::DeploymentType;
using invocation::EnvEntry;
using invocation::InvocationSpec;

namespace {

void want_secrets(Wants& wants, const std::vector<EnvEntry>& envs, const std::string& where) {
  for (const EnvEntry& env : envs) {
    if (env.lepton_secret) wants.lepton_secrets.emplace(*env.lepton_secret, where + "." + env.name);
  }
}

void want_pull_secrets(Wants& wants, const std::vector<std::string>& names, const std::string& where) {
  for (const std::string& name : names) wants.image_pull_secrets.emplace(name, where);
}

void want_endpoints(Wants& wants, const DeploymentSpec& deployment, const std::string& who) {
  const std::string where = who + ": spec.deployment";
  if (!deployment.node_group.empty()) wants.groups.emplace(deployment.node_group, where + ".nodeGroup");
  if (!deployment.resource_shape.empty()) {
    wants.shapes.emplace(WantedShape{deployment.resource_shape, deployment.node_group, "deployment"}, where + ".resourceShape");
  }
  if (deployment.cache) wants.volumes.emplace(WantedVolume{deployment.cache->from, deployment.node_group}, where + ".cache.from");
  want_secrets(wants, deployment.envs, where + ".envs");
  want_pull_secrets(wants, deployment.image_pull_secrets, where + ".imagePullSecrets");
}

void want_jobs(Wants& wants, const InvocationSpec& spec, const std::string& who) {
  const std::string where = who + ": spec.execution";
  const std::string& group = spec.execution.node_group;
  if (!group.empty()) wants.groups.emplace(group, where + ".nodeGroup");
  if (!spec.execution.resource_shape.empty()) {
    wants.shapes.emplace(WantedShape{spec.execution.resource_shape, group, "job"}, where + ".resourceShape");
  }
  want_secrets(wants, spec.execution.envs, where + ".envs");
  want_pull_secrets(wants, spec.execution.image_pull_secrets, where + ".imagePullSecrets");
  for (const invocation::TaskSpec& task : spec.evaluation.tasks) {
    const std::string at = who + ": spec.evaluation.tasks." + task.name;
    if (!task.resource_shape.empty()) wants.shapes.emplace(WantedShape{task.resource_shape, group, "job"}, at + ".resourceShape");
    want_secrets(wants, task.envs, at + ".envs");
  }
}

void want_storage(Wants& wants, const InvocationSpec& spec, const std::string& who) {
  const std::string where = who + ": spec.storage";
  if (!spec.storage.from.empty()) {
    wants.volumes.emplace(WantedVolume{spec.storage.from, spec.execution.node_group}, where + ".from");
    wants.storage_paths.emplace(spec.storage.from, spec.storage.path);
  }
  std::size_t index = 0;
  for (const invocation::MountSpec& mount : spec.storage.mounts) {
    const std::string at = where + ".mounts[" + std::to_string(index++) + "].from";
    if (!mount.from.empty()) wants.volumes.emplace(WantedVolume{mount.from, spec.execution.node_group}, at);
  }
}

}  // namespace

void Wants::add(const std::string& namespace_, const std::string& who, const InvocationSpec& spec) {
  if (spec.deployment.type != DeploymentType::kNone) want_endpoints(*this, spec.deployment, who);
  want_jobs(*this, spec, who);
  want_storage(*this, spec, who);
  for (const invocation::SecretKeyRef& key : invocation::secret_keys(spec)) kubernetes_keys.emplace(std::pair{namespace_, key}, who);
}

}  // namespace lepton_operator::cli
