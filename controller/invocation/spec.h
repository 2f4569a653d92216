// The Invocation's spec, decoded after defaults were merged in: what the planner and the renderer work from. Field meanings:
// docs/design.md, "API". Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace lepton_operator::invocation {

using base::Json;
using base::Milliseconds;

enum class DeploymentType { kNim, kVllm, kSglang, kNone };
const char* to_string(DeploymentType type);

struct SecretKeyRef {
  std::string name;  // a Kubernetes Secret of the Invocation's namespace
  std::string key;
  auto operator<=>(const SecretKeyRef&) const = default;
};

struct EnvEntry {
  std::string name;
  std::optional<std::string> value;  // exactly one of the three
  std::optional<std::string> lepton_secret;
  std::optional<SecretKeyRef> secret_key;
};

struct ApiTokenEntry {
  std::optional<std::string> value;  // exactly one of the three
  std::optional<SecretKeyRef> secret_key;
  std::optional<std::string> lepton_token;
};

struct CacheSpec {
  std::string path;  // {{MODEL_CACHE_NAME}} stands for the image's last path part, tag cut, dots to dashes
  std::string from;
  std::string mount_path;
};

struct MountSpec {
  std::string path;
  std::string from;
  std::string mount_path;
};

enum class Sharing { kPerTask, kShared };

struct DeploymentSpec {
  DeploymentType type = DeploymentType::kNone;
  std::string image;
  std::string served_model_name;
  int port = 8000;
  std::vector<std::string> command;
  std::vector<std::string> extra_args;
  std::string checkpoint_path;
  int tensor_parallel_size = 1;
  int pipeline_parallel_size = 1;
  int data_parallel_size = 1;
  std::string pre_command;
  std::string resource_shape;
  int min_replicas = 1;
  int max_replicas = 1;
  std::string node_group;
  Json auto_scaler;  // as Lepton takes it; null when absent
  Json health;
  std::string priority_class;
  std::vector<std::string> image_pull_secrets;
  std::optional<CacheSpec> cache;
  std::vector<EnvEntry> envs;
  std::optional<std::vector<ApiTokenEntry>> api_tokens;      // unset: the operator makes one
  std::map<std::string, std::string> paths;                  // endpoint type -> URL path
  Milliseconds readiness_timeout{std::chrono::minutes(20)};  // time without capacity does not count
  Sharing sharing = Sharing::kPerTask;
  std::optional<Milliseconds> queue_timeout;  // the longest such time; unset: without end
};

struct TargetSpec {
  std::string url;
  std::string model_id;
  std::string api_key_name;
};

struct TaskSpec {
  std::string name;
  std::string task;           // the benchmark; = name unless written
  std::string container;      // empty: the catalogue's
  std::string endpoint_type;  // empty: the catalogue's first
  Json config;                // object; merged over evaluation.config
  std::vector<EnvEntry> envs;
  std::string resource_shape;           // empty: execution's
  std::optional<Milliseconds> timeout;  // unset: execution's
  std::string pre_command;
  std::string post_command;
  std::string dataset_dir;
  std::vector<std::string> command;  // outside the catalogue: runs in place of the evaluator
  int run = 0;                       // raised by hand to run the task once more
};

struct EvaluationSpec {
  Json config;  // object
  std::string api_key_name = "API_KEY";
  std::vector<TaskSpec> tasks;
};

struct ExecutionSpec {
  std::string resource_shape;
  std::string node_group;
  std::vector<EnvEntry> envs;
  std::vector<std::string> image_pull_secrets;
  Milliseconds timeout{std::chrono::hours(24)};
  int retries = 0;         // of each run of a task
  std::string output_dir;  // below the mount; empty: the mount itself
};

enum class DeletionPolicy { kDelete, kRetain };
enum class CleanupMethod { kAuto, kApi, kJob };

struct StorageSpec {
  std::string from;
  std::string path;
  std::string mount_path;
  std::vector<MountSpec> mounts;
  DeletionPolicy deletion_policy = DeletionPolicy::kDelete;
  CleanupMethod cleanup = CleanupMethod::kAuto;
};

// When a job may begin: with all endpoints of its wave, or as soon as its own is Ready.
enum class StartPolicy { kAllEndpointsReady, kEachEndpointReady };
// What an endpoint that fails before the first job costs: every task, or its own.
enum class EndpointFailurePolicy { kFailInvocation, kFailTask };
enum class EndpointRetention { kUntilTaskFinished, kUntilFinished, kUntilDeleted };

struct InvocationSpec {
  std::string workspace = "default";
  DeploymentSpec deployment;
  TargetSpec target;
  EvaluationSpec evaluation;
  ExecutionSpec execution;
  StorageSpec storage;
  std::optional<int> parallelism;  // tasks in a wave; unset: all
  StartPolicy start_policy = StartPolicy::kAllEndpointsReady;
  EndpointFailurePolicy endpoint_failure_policy = EndpointFailurePolicy::kFailInvocation;
  EndpointRetention endpoint_retention = EndpointRetention::kUntilTaskFinished;
  bool suspend = false;
  std::optional<Milliseconds> active_deadline;
  std::optional<Milliseconds> ttl_after_finished;

  const TaskSpec* find_task(const std::string& name) const;
  // How long a job of this task may run, in the whole seconds that its script counts.
  std::chrono::seconds timeout_of(const TaskSpec& task) const;
};

struct WorkspaceSpec {
  std::string credentials_secret;  // empty: from the environment or the login file (directory mode)
  std::optional<std::string> url;
  std::optional<std::string> origin;
  Json defaults;  // {deployment?, execution?, storage?}
  double requests_per_second = 20;
  double burst = 50;
  std::optional<int> max_endpoints;  // of all its Invocations together; unset: no limit
  std::optional<int> max_jobs;
};

}  // namespace lepton_operator::invocation
