#include "invocation/validation.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/yaml.h"
#include "invocation/defaults.h"
#include "invocation/object_reader.h"
#include "invocation/patterns.h"
#include "invocation/rendering.h"
#include "invocation/validation_bounds.h"

namespace lepton_operator::invocation {

using base::find;
using base::get_object;
using base::Json;

namespace {

using Errors = std::vector<FieldError>;

bool written(const Json& object, const char* name) {
  const Json* value = find(object, name);
  return value != nullptr && !value->is_null();
}

std::string task_path(std::size_t index, const char* field = "") {
  const std::string path = "spec.evaluation.tasks[" + std::to_string(index) + "]";
  return *field == '\0' ? path : path + "." + field;
}

// --- Which fields a type needs and which it has no use for -----------------------------------------------------------------------------

void check_needed(const Json& deployment, const char* field, const std::string& message, Errors& errors) {
  if (!written(deployment, field)) errors.push_back({std::string("spec.deployment.") + field, message});
}

void check_served(const Json& deployment, DeploymentType type, Errors& errors) {
  const bool nim = type == DeploymentType::kNim;
  const std::string article = nim ? "a nim" : to_string(type);
  const std::string image = nim                             ? "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6"
                            : type == DeploymentType::kVllm ? "vllm/vllm-openai:v0.10.0"
                                                            : "lmsysorg/sglang:v0.4.9";
  check_needed(deployment, "image", article + " needs the image that serves it, e.g. " + image, errors);
  check_needed(deployment, "servedModelName", article + " needs the name that requests ask for, e.g. meta/llama-3.1-8b-instruct", errors);
  if (!nim) {
    check_needed(deployment, "checkpointPath", article + " needs the model's path or name, e.g. meta-llama/Llama-3.1-8B-Instruct", errors);
  }
}

void check_replicas(const DeploymentSpec& deployment, Errors& errors) {
  if (deployment.min_replicas <= deployment.max_replicas) return;
  errors.push_back({"spec.deployment.maxReplicas", "must be at least minReplicas (" + std::to_string(deployment.min_replicas) + ")"});
}

void check_nim(const Json& deployment, Errors& errors) {
  for (const char* field :
       {"command", "extraArgs", "checkpointPath", "tensorParallelSize", "pipelineParallelSize", "dataParallelSize", "preCommand"}) {
    if (written(deployment, field)) {
      errors.push_back(
          {std::string("spec.deployment.") + field, "not for a nim: its image's own entrypoint serves, and is set up by envs"});
    }
  }
}

void check_existing_endpoint(const Json& spec, Errors& errors) {
  const Json& deployment = get_object(spec, "deployment");
  for (const auto& [field, value] : deployment.as_object()) {
    if (field != "type" && !value.is_null()) {
      errors.push_back({"spec.deployment." + field, "not for type none, which deploys nothing"});
    }
  }
  const Json& target = get_object(spec, "target");
  if (!written(target, "url")) {
    errors.push_back({"spec.target.url", "type none needs the URL of the endpoint to evaluate, e.g. https://integrate.api.nvidia.com/v1"});
  }
  if (!written(target, "modelId")) {
    errors.push_back({"spec.target.modelId", "type none needs the model to ask for, e.g. meta/llama-3.1-8b-instruct"});
  }
}

void check_type(const Json& spec, DeploymentType type, Errors& errors) {
  if (type == DeploymentType::kNone) {
    check_existing_endpoint(spec, errors);
    return;
  }
  const Json& deployment = get_object(spec, "deployment");
  check_served(deployment, type, errors);
  if (type == DeploymentType::kNim) check_nim(deployment, errors);
  if (written(spec, "target")) {
    errors.push_back(
        {"spec.target", std::string("not for type ") + to_string(type) + ", whose endpoints the operator makes; use type none"});
  }
}

// --- Tasks -----------------------------------------------------------------------------------------------------------------------------

void check_names(const std::vector<TaskSpec>& tasks, Errors& errors) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto first = std::find_if(tasks.begin(), tasks.end(), [&](const TaskSpec& task) { return task.name == tasks[i].name; });
    const auto index = static_cast<std::size_t>(first - tasks.begin());
    if (index == i || tasks[i].name.empty()) continue;
    errors.push_back({task_path(i, "name"), tasks[i].name + " is the name of tasks[" + std::to_string(index) +
                                                "] too; give one of them another name and keep the benchmark in task"});
  }
}

void check_config(const Json& config, const std::string& path, Errors& errors) {
  const Json* own = find(config, "config");
  if (own != nullptr && !own->is_null() && !own->is_object()) {
    errors.push_back({path + ".config", "must be an object, not " + kind_of(*own)});
  }
  if (find(get_object(config, "config"), "output_dir") != nullptr) {
    errors.push_back({path + ".config.output_dir",
                      "results go to <storage.mountPath>/<task>; set spec.execution.outputDir for a directory below the mount"});
  }
}

void check_tasks(const EvaluationSpec& evaluation, Errors& errors) {
  check_names(evaluation.tasks, errors);
  check_config(evaluation.config, "spec.evaluation.config", errors);
  for (std::size_t i = 0; i < evaluation.tasks.size(); ++i) {
    const TaskSpec& task = evaluation.tasks[i];
    check_config(task.config, task_path(i, "config"), errors);
    if (!task.command.empty() && task.container.empty()) {
      errors.push_back({task_path(i, "container"), "a task with its own command needs the container to run it in"});
    }
  }
}

// --- Variables that must reach jobs ----------------------------------------------------------------------------------------------------

bool names(const std::vector<EnvEntry>& envs, const std::string& variable) {
  return std::any_of(envs.begin(), envs.end(), [&](const EnvEntry& env) { return env.name == variable; });
}

bool reaches_all_jobs(const InvocationSpec& spec, const std::string& variable) {
  const auto& tasks = spec.evaluation.tasks;
  return names(spec.execution.envs, variable) ||
         std::all_of(tasks.begin(), tasks.end(), [&](const TaskSpec& task) { return names(task.envs, variable); });
}

bool only_lepton_tokens(const DeploymentSpec& deployment) {
  if (!deployment.api_tokens || deployment.api_tokens->empty()) return false;
  return std::all_of(deployment.api_tokens->begin(), deployment.api_tokens->end(),
                     [](const ApiTokenEntry& entry) { return entry.lepton_token.has_value(); });
}

void check_generated_token(const InvocationSpec& spec, Errors& errors) {
  const std::string& variable = spec.evaluation.api_key_name;
  const std::string message =
      variable + " carries the endpoint's token to the jobs; name this one differently, or set spec.evaluation.apiKeyName";
  if (names(spec.execution.envs, variable)) errors.push_back({"spec.execution.envs", message});
  for (std::size_t i = 0; i < spec.evaluation.tasks.size(); ++i) {
    if (names(spec.evaluation.tasks[i].envs, variable)) errors.push_back({task_path(i, "envs"), message});
  }
}

void check_api_keys(const InvocationSpec& spec, Errors& errors) {
  if (spec.deployment.type == DeploymentType::kNone) {
    const std::string& variable = spec.target.api_key_name;
    if (!variable.empty() && !reaches_all_jobs(spec, variable)) {
      errors.push_back({"spec.target.apiKeyName", variable + " must stand in spec.execution.envs, so that the jobs have it"});
    }
  } else if (!spec.deployment.api_tokens) {
    check_generated_token(spec, errors);
  } else if (only_lepton_tokens(spec.deployment) && !reaches_all_jobs(spec, spec.evaluation.api_key_name)) {
    errors.push_back({"spec.deployment.apiTokens", "a leptonToken cannot reach the jobs: put the token into spec.execution.envs as " +
                                                       spec.evaluation.api_key_name + ", or add a value or a secretKeyRef"});
  }
}

// --- What the whole must have ----------------------------------------------------------------------------------------------------------

void check_endpoint_types(const InvocationSpec& spec, Errors& errors) {
  if (spec.deployment.type == DeploymentType::kNone) return;  // a target with a path of its own needs none of ours
  for (std::size_t i = 0; i < spec.evaluation.tasks.size(); ++i) {
    const std::string& type = spec.evaluation.tasks[i].endpoint_type;
    if (type.empty() || default_path(type) || spec.deployment.paths.contains(type)) continue;
    errors.push_back({task_path(i, "endpointType"), "the URL path of " + type + " is not known; add it to spec.deployment.paths"});
  }
}

void check_mounts(const InvocationSpec& spec, Errors& errors) {
  static constexpr const char* kDatasets = "/datasets";
  const auto& mounts = spec.storage.mounts;
  const bool taken = spec.storage.mount_path == kDatasets ||
                     std::any_of(mounts.begin(), mounts.end(), [](const MountSpec& mount) { return mount.mount_path == kDatasets; });
  for (std::size_t i = 0; taken && i < spec.evaluation.tasks.size(); ++i) {
    if (!spec.evaluation.tasks[i].dataset_dir.empty()) {
      errors.push_back({task_path(i, "datasetDir"), "is mounted at /datasets, where spec.storage has a mount already"});
    }
  }
}

// The script is one word of the job's command line, of which Linux takes 128 KiB.
void check_script_size(const InvocationSpec& spec, Errors& errors) {
  constexpr std::size_t kMost = 112 * 1024;
  for (std::size_t i = 0; i < spec.evaluation.tasks.size(); ++i) {
    const TaskSpec& task = spec.evaluation.tasks[i];
    std::size_t size = shell_quote(base::to_yaml(base::merged(spec.evaluation.config, task.config))).size();
    size += shell_quote(task.pre_command).size() + shell_quote(task.post_command).size();
    for (const std::string& word : task.command) size += shell_quote(word).size() + 1;
    if (size > kMost) {
      errors.push_back({task_path(i), "its config and commands take " + std::to_string(size / 1024) + " KiB; at most " +
                                          std::to_string(kMost / 1024) + " KiB fit into a job's command line"});
    }
  }
}

}  // namespace

std::vector<FieldError> validate_invocation(const Json& spec) {
  Checked<InvocationSpec> checked = decode_invocation_spec(spec);
  Errors& errors = checked.errors;
  if (!spec.is_object()) return errors;
  const std::optional<std::string> type = base::get_string(get_object(spec, "deployment"), "type");
  const bool known = type == "nim" || type == "vllm" || type == "sglang" || type == "none";
  if (known) check_type(spec, checked.value.deployment.type, errors);
  const Json& deployment = get_object(spec, "deployment");
  if (written(deployment, "minReplicas") && written(deployment, "maxReplicas")) check_replicas(checked.value.deployment, errors);
  check_tasks(checked.value.evaluation, errors);
  // Lists replace each other: envs that are written here are the ones there will be, whatever the Workspace has.
  // Tokens that are not written here may come from there.
  const bool key_is_known = checked.value.deployment.type == DeploymentType::kNone || written(deployment, "apiTokens");
  if (known && key_is_known && written(get_object(spec, "execution"), "envs")) check_api_keys(checked.value, errors);
  check_bounds(spec, errors);
  return errors;
}

std::vector<FieldError> validate_workspace(const Json& spec) {
  Errors errors = decode_workspace_spec(spec).errors;
  check_bounds(spec, errors);
  return errors;
}

std::vector<FieldError> validate_effective(const InvocationSpec& spec) {
  Errors errors;
  const DeploymentSpec& deployment = spec.deployment;
  if (deployment.type != DeploymentType::kNone) {
    if (deployment.resource_shape.empty()) {
      errors.push_back(
          {"spec.deployment.resourceShape", "an endpoint needs a resource shape, here or in the Workspace's defaults, e.g. gpu.1xh200"});
    }
    check_replicas(deployment, errors);
  }
  check_endpoint_types(spec, errors);
  check_api_keys(spec, errors);
  check_mounts(spec, errors);
  check_script_size(spec, errors);
  return errors;
}

}  // namespace lepton_operator::invocation
