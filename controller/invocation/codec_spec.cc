// The Invocation's and the Workspace's spec: everything but the sections that both have (codec_sections.cc, codec_deployment.cc).
#include "invocation/codec.h"
#include "invocation/codec_parts.h"
#include "invocation/patterns.h"

namespace lepton_operator::invocation {

namespace {

using codec::Section;

constexpr std::size_t kMostTasks = 256;
constexpr std::int64_t kMostRuns = 100;  // each leaves its record in the status
constexpr std::int64_t kMostLimit = 1'000'000;
constexpr Milliseconds kLeastTimeout{1000};  // the script counts in seconds

std::string read_workspace_ref(ObjectReader& spec) {
  std::string name = "default";
  spec.object("workspaceRef", [&](ObjectReader& ref) {
    ref.require("name", "needs the name of a Workspace");
    if (const auto text = ref.text("name")) name = *text;
    if (!patterns::is_object_name(name)) ref.error("name", patterns::kObjectNameSentence);
  });
  return name;
}

TargetSpec read_target(ObjectReader& spec) {
  TargetSpec target;
  spec.object("target", [&](ObjectReader& reader) {
    target.url = reader.text("url").value_or("");
    if (!target.url.empty() && !patterns::is_http_url(target.url)) {
      reader.error("url", "must be an http:// or https:// URL, e.g. https://integrate.api.nvidia.com/v1");
    }
    target.model_id = reader.text("modelId").value_or("");
    target.api_key_name = reader.text("apiKeyName").value_or("");
    if (!target.api_key_name.empty() && !patterns::is_env_name(target.api_key_name)) {
      reader.error("apiKeyName", patterns::kEnvNameSentence);
    }
  });
  return target;
}

TaskSpec read_task(ObjectReader& reader) {
  TaskSpec task;
  reader.require("name", "a task needs a name, e.g. gpqa_diamond");
  task.name = reader.text("name").value_or("");
  if (!task.name.empty() && !patterns::is_task_name(task.name)) reader.error("name", patterns::kTaskNameSentence);
  task.task = reader.text("task").value_or(task.name);
  task.container = reader.text("container").value_or("");
  task.endpoint_type = reader.text("endpointType").value_or("");
  if (!task.endpoint_type.empty() && !patterns::is_endpoint_type(task.endpoint_type)) {
    reader.error("endpointType", patterns::kEndpointTypeSentence);
  }
  task.config = reader.free_object("config");
  task.envs = codec::read_envs(reader, true);
  task.resource_shape = reader.text("resourceShape").value_or("");
  task.timeout = reader.duration("timeout", kLeastTimeout);
  task.pre_command = reader.possibly_empty_text("preCommand").value_or("");
  task.post_command = reader.possibly_empty_text("postCommand").value_or("");
  task.dataset_dir = reader.text("datasetDir").value_or("");
  if (!task.dataset_dir.empty() && !patterns::is_clean_absolute_path(task.dataset_dir)) {
    reader.error("datasetDir", patterns::kAbsolutePathSentence);
  }
  if (const Json* command = reader.raw("command"); command != nullptr && command->is_array() && command->size() == 0) {
    reader.error("command", "must not be empty; leave the field out to run the evaluator");
  }
  task.command = reader.texts("command");
  task.run = static_cast<int>(reader.whole("run", 0, kMostRuns).value_or(0));
  return task;
}

EvaluationSpec read_evaluation(ObjectReader& spec) {
  EvaluationSpec evaluation;
  evaluation.config = base::json_object();
  spec.require("evaluation", "needs tasks: a list of benchmarks to run, e.g. [{name: gpqa_diamond}]");
  spec.object("evaluation", [&](ObjectReader& reader) {
    evaluation.config = reader.free_object("config");
    evaluation.api_key_name = reader.text("apiKeyName").value_or(evaluation.api_key_name);
    if (!patterns::is_env_name(evaluation.api_key_name) || patterns::is_reserved_env(evaluation.api_key_name)) {
      reader.error("apiKeyName", patterns::kEnvNameSentence);
    }
    const Json* tasks = reader.raw("tasks");
    if (tasks == nullptr || (tasks->is_array() && tasks->size() == 0)) {
      reader.error("tasks", "needs at least one task, e.g. {name: gpqa_diamond}");
    }
    reader.each("tasks", kMostTasks, [&](ObjectReader& task) { evaluation.tasks.push_back(read_task(task)); });
  });
  return evaluation;
}

void read_policies(ObjectReader& spec, InvocationSpec& result) {
  if (const auto tasks = spec.whole("parallelism", 1, kMostTasks)) result.parallelism = static_cast<int>(*tasks);
  if (const auto chosen = spec.choice("startPolicy", {"AllEndpointsReady", "EachEndpointReady"})) {
    result.start_policy = *chosen == 0 ? StartPolicy::kAllEndpointsReady : StartPolicy::kEachEndpointReady;
  }
  if (const auto chosen = spec.choice("endpointFailurePolicy", {"FailInvocation", "FailTask"})) {
    result.endpoint_failure_policy = *chosen == 0 ? EndpointFailurePolicy::kFailInvocation : EndpointFailurePolicy::kFailTask;
  }
  static constexpr EndpointRetention kRetentions[] = {EndpointRetention::kUntilTaskFinished, EndpointRetention::kUntilFinished,
                                                      EndpointRetention::kUntilDeleted};
  if (const auto chosen = spec.choice("endpointRetention", {"UntilTaskFinished", "UntilFinished", "UntilDeleted"})) {
    result.endpoint_retention = kRetentions[*chosen];
  }
}

void read_limits(ObjectReader& spec, WorkspaceSpec& result) {
  spec.object("limits", [&](ObjectReader& limits) {
    result.requests_per_second = limits.number("requestsPerSecond", 0.1).value_or(result.requests_per_second);
    result.burst = limits.number("burst", 1).value_or(result.burst);
    if (const auto most = limits.whole("maxEndpoints", 1, kMostLimit)) result.max_endpoints = static_cast<int>(*most);
    if (const auto most = limits.whole("maxJobs", 1, kMostLimit)) result.max_jobs = static_cast<int>(*most);
  });
}

void read_workspace_defaults(ObjectReader& spec, WorkspaceSpec& result) {
  result.defaults = spec.free_object("defaults");
  spec.object("defaults", [&](ObjectReader& defaults) {
    defaults.object("deployment", [](ObjectReader& section) { codec::read_deployment(section, Section::kDefaults); });
    defaults.object("execution", [](ObjectReader& section) { codec::read_execution(section); });
    defaults.object("storage", [](ObjectReader& section) { codec::read_storage(section); });
  });
}

std::optional<std::string> read_url(ObjectReader& spec, const char* name) {
  std::optional<std::string> url = spec.text(name);
  if (url && !patterns::is_http_url(*url)) spec.error(name, "must be an http:// or https:// URL");
  return url;
}

}  // namespace

Checked<InvocationSpec> decode_invocation_spec(const Json& spec) {
  Checked<InvocationSpec> checked;
  InvocationSpec& result = checked.value;
  result.evaluation.config = base::json_object();
  ObjectReader reader(spec, "spec", checked.errors);
  if (!spec.is_object()) return checked;
  result.workspace = read_workspace_ref(reader);
  reader.require("deployment", "needs a type: nim, vllm, sglang, or none for an endpoint that exists already");
  reader.object("deployment", [&](ObjectReader& section) { result.deployment = codec::read_deployment(section, Section::kWhole); });
  result.target = read_target(reader);
  result.evaluation = read_evaluation(reader);
  reader.object("execution", [&](ObjectReader& section) { result.execution = codec::read_execution(section); });
  reader.object("storage", [&](ObjectReader& section) { result.storage = codec::read_storage(section); });
  read_policies(reader, result);
  result.suspend = reader.boolean("suspend").value_or(false);
  if (const auto seconds = reader.whole("activeDeadlineSeconds", 1)) result.active_deadline = std::chrono::seconds(*seconds);
  if (const auto seconds = reader.whole("ttlSecondsAfterFinished", 0)) result.ttl_after_finished = std::chrono::seconds(*seconds);
  reader.check_unknown();
  return checked;
}

Checked<StorageSpec> decode_storage_section(const Json& spec) {
  Checked<StorageSpec> checked;
  ObjectReader reader(spec, "spec", checked.errors);
  reader.object("storage", [&](ObjectReader& section) { checked.value = codec::read_storage(section); });
  return checked;
}

Checked<WorkspaceSpec> decode_workspace_spec(const Json& spec) {
  Checked<WorkspaceSpec> checked;
  WorkspaceSpec& result = checked.value;
  result.defaults = base::json_object();
  ObjectReader reader(spec, "spec", checked.errors);
  if (!spec.is_object()) return checked;
  reader.object("credentialsSecretRef", [&](ObjectReader& ref) {
    ref.require("name", "needs the name of the Secret with the workspace's credentials");
    result.credentials_secret = ref.text("name").value_or("");
    if (!result.credentials_secret.empty() && !patterns::is_object_name(result.credentials_secret)) {
      ref.error("name", patterns::kObjectNameSentence);
    }
  });
  result.url = read_url(reader, "url");
  result.origin = read_url(reader, "origin");
  read_workspace_defaults(reader, result);
  read_limits(reader, result);
  reader.check_unknown();
  return checked;
}

}  // namespace lepton_operator::invocation
