// Jobs: one for each task, and the one that removes a directory.
#include "base/hash.h"
#include "base/yaml.h"
#include "invocation/names.h"
#include "invocation/rendering_parts.h"
#include "lepton/codec.h"

namespace lepton_operator::invocation {

using base::find;
using base::json_object;

namespace render {

namespace {

std::string output_below(std::string directory, const InvocationSpec& spec, const std::string& task) {
  if (!spec.execution.output_dir.empty()) directory += "/" + without_trailing_slash(spec.execution.output_dir);
  return directory + "/" + task;
}

}  // namespace

std::string output_dir(const InvocationSpec& spec, const std::string& task) {
  return output_below(without_trailing_slash(spec.storage.mount_path), spec, task);
}

}  // namespace render

std::string stage_directory(const InvocationSpec& spec, const StorageDirectory& directory, const std::string& task) {
  return render::output_below(directory.path(), spec, task) + "/logs";
}

namespace {

using lepton::EnvVar;

const ResolvedTask& resolved_task(const RenderInput& input, const TaskSpec& task) {
  static const ResolvedTask none;
  const auto found = input.resolved.tasks.find(task.name);
  return found == input.resolved.tasks.end() ? none : found->second;
}

std::vector<EnvVar> job_envs(const RenderInput& input, const TaskSpec& task) {
  std::vector<EnvVar> envs = render::envs(input, render::job_entries(input.spec, task));
  if (!task.dataset_dir.empty()) {
    std::erase_if(envs, [](const EnvVar& env) { return env.name == render::kDatasetVariable; });
    envs.push_back({render::kDatasetVariable, render::kDatasetMountPath, std::nullopt});
  }
  if (render::needs_token_secret(input, task)) {
    envs.push_back({input.spec.evaluation.api_key_name, std::nullopt, render::token_secret_name(input)});
  }
  envs.push_back({render::kOutputVariable, render::output_dir(input.spec, task.name), std::nullopt});
  return envs;
}

std::vector<lepton::Mount> job_mounts(const RenderInput& input, const TaskSpec& task) {
  const StorageSpec& storage = input.spec.storage;
  std::vector<lepton::Mount> mounts;
  // Validation has refused a path that makes no directory; nothing is mounted in its place.
  if (const auto directory = StorageDirectory::make(storage.path, invocation_id(input.meta.uid))) {
    mounts.push_back({directory->path(), storage.from, storage.mount_path});
  }
  for (const MountSpec& mount : storage.mounts) mounts.push_back({mount.path, mount.from, mount.mount_path});
  if (!task.dataset_dir.empty()) mounts.push_back({task.dataset_dir, storage.from, render::kDatasetMountPath});
  return mounts;
}

void label(lepton::JobSpec& job, const RenderInput& input, const std::string& task, int attempt) {
  const std::string hash = base::sha256_hex(base::to_text(lepton::encode(job))).substr(0, 16);
  job.labels = owner_labels(input.install_id, input.meta, task, attempt);
  job.labels.set(kSpecHashLabel, hash);
}

// Users write the run configuration itself, {config: {params}, target: {api_endpoint}}, or for short only its params.
Json run_config_of(const Json& written) {
  const Json* params = find(written, "params");
  if (params == nullptr) return written.is_object() ? written : json_object();
  Json full = written;
  full.erase("params");
  Json shorthand = json_object();
  shorthand["config"] = json_object();
  shorthand["config"]["params"] = *params;
  return base::merged(shorthand, full);
}

// What the user wrote wins: a proxy's URL, another model id.
void set_unless_written(Json& object, const char* name, const std::string& value) {
  const Json* written = find(object, name);
  if ((written == nullptr || written->is_null()) && !value.empty()) object[name] = Json::string(value);
}

Json& section(Json& object, const char* name) {
  const Json* written = find(object, name);
  if (written == nullptr || !written->is_object()) object[name] = json_object();
  return object[name];
}

std::string model_of(const InvocationSpec& spec) {
  return spec.deployment.type == DeploymentType::kNone ? spec.target.model_id : spec.deployment.served_model_name;
}

std::string api_key_variable(const InvocationSpec& spec) {
  return spec.deployment.type == DeploymentType::kNone ? spec.target.api_key_name : spec.evaluation.api_key_name;
}

std::string endpoint_type_of(const RenderInput& input, const TaskSpec& task) {
  if (!task.endpoint_type.empty()) return task.endpoint_type;
  const std::string& resolved = resolved_task(input, task).endpoint_type;
  return resolved.empty() ? "chat" : resolved;
}

constexpr const char* kCleanupScript = R"bash(# Removes one Invocation's directory, and nothing else.
fail() { printf 'cleanup: %s\n' "$1" >&2; exit 1; }
directory=${CLEANUP_DIRECTORY-}
case $directory in
  /*/*) ;;
  *) fail "CLEANUP_DIRECTORY must be an absolute path below the mount" ;;
esac
name=${directory##*/}
[[ $name =~ ^[0-9a-f]{16}$ ]] || fail "refusing $directory: its name is no invocation id"
[[ $directory != */../* && $directory != */./* && $directory != *//* ]] || fail "refusing $directory: it is no plain path"
[ -d "${directory%/*}" ] || fail "the volume is not mounted at ${directory%/*}"
parent=$(cd -P -- "${directory%/*}" && pwd) || fail "cannot enter ${directory%/*}"
[ "$parent" = "${directory%/*}" ] || fail "refusing $directory: a symbolic link stands in its path"
[ -L "$directory" ] && fail "refusing $directory: it is a symbolic link"
if [ ! -e "$directory" ]; then
  printf 'cleanup: %s is gone already\n' "$directory"
  exit 0
fi
rm -rf --one-file-system -- "$directory" || fail "could not remove all of $directory"
{ [ -e "$directory" ] || [ -L "$directory" ]; } && fail "$directory is still there"
printf 'cleanup: %s is removed\n' "$directory"
exit 0
)bash";

}  // namespace

lepton::JobSpec render_job(const RenderInput& input, const TaskSpec& task, int attempt, const std::string& url) {
  const ExecutionSpec& execution = input.spec.execution;
  const ResolvedTask& resolved = resolved_task(input, task);
  lepton::JobSpec job;
  job.name = job_name(input.meta.uid, task.name, attempt);
  job.image = task.container.empty() ? resolved.container : task.container;
  job.command = {"/bin/bash", "-c", render_job_script(input, task, attempt, render_run_config(input, task, url))};
  job.resource_shape = task.resource_shape.empty() ? execution.resource_shape : task.resource_shape;
  if (!resolved.node_group_id.empty()) job.node_group_ids = {resolved.node_group_id};
  job.envs = job_envs(input, task);
  job.mounts = job_mounts(input, task);
  job.image_pull_secrets = execution.image_pull_secrets;
  label(job, input, task.name, attempt);
  return job;
}

lepton::JobSpec render_cleanup_job(const RenderInput& input, const std::string& image, int attempt) {
  const StorageSpec& storage = input.spec.storage;
  lepton::JobSpec job;
  job.name = cleanup_job_name(input.meta.uid, attempt);
  job.image = image;
  job.command = {"/bin/bash", "-c", kCleanupScript};
  job.resource_shape = input.spec.execution.resource_shape;
  for (const auto& [name, task] : input.resolved.tasks) {
    // A volume of a node group is reached from its own nodes alone.
    if (job.node_group_ids.empty() && !task.node_group_id.empty()) job.node_group_ids = {task.node_group_id};
  }
  if (const auto directory = StorageDirectory::make(storage.path, invocation_id(input.meta.uid))) {
    job.mounts.push_back({directory->parent(), storage.from, storage.mount_path});
    job.envs.push_back({"CLEANUP_DIRECTORY", render::without_trailing_slash(storage.mount_path) + "/" + directory->id(), std::nullopt});
  }
  job.image_pull_secrets = input.spec.execution.image_pull_secrets;
  label(job, input, "", attempt);
  return job;
}

std::string render_run_config(const RenderInput& input, const TaskSpec& task, const std::string& url) {
  const ResolvedTask& resolved = resolved_task(input, task);
  Json run = base::merged(run_config_of(input.spec.evaluation.config), run_config_of(task.config));
  Json& config = section(run, "config");
  set_unless_written(config, "type", resolved.config_type.empty() ? task.task : resolved.config_type);
  // The one thing that is not the user's to choose: results elsewhere would be lost with the container.
  config["output_dir"] = Json::string(render::output_dir(input.spec, task.name));
  Json& endpoint = section(section(run, "target"), "api_endpoint");
  set_unless_written(endpoint, "url", url);
  set_unless_written(endpoint, "model_id", model_of(input.spec));
  set_unless_written(endpoint, "type", endpoint_type_of(input, task));
  set_unless_written(endpoint, "api_key_name", api_key_variable(input.spec));
  std::string text = base::to_yaml(run);
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace lepton_operator::invocation
