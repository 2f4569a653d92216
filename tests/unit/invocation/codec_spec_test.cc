#include <gmock/gmock.h>

#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::texts;
using samples::with;
using samples::yaml;
using std::chrono::minutes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> errors_of(const base::Json& spec) { return texts(decode_invocation_spec(spec).errors); }

TEST(InvocationSpec, IsReadWithAllItsFields) {
  const auto checked = decode_invocation_spec(yaml(R"(
workspaceRef: {name: eu}
deployment:
  type: sglang
  image: lmsysorg/sglang:v0.4.9
  servedModelName: llama
  port: 9000
  command: [serve]
  extraArgs: [--mem-fraction-static=0.8]
  checkpointPath: /models/llama
  tensorParallelSize: 2
  pipelineParallelSize: 3
  dataParallelSize: 4
  preCommand: export A=1
  resourceShape: gpu.2xh200
  minReplicas: 2
  maxReplicas: 3
  nodeGroup: h200-eu
  autoScaler: {scaleDown: {noTrafficTimeout: 30m, notReadyTimeout: 60}, targetGpuUtilizationPercentage: 80, targetThroughput: {qpm: 2.5, paths: [/v1], methods: [POST]}}
  health: {liveness: {initialDelaySeconds: 10m, tcp: {port: 8000}}}
  priorityClass: high-7000
  imagePullSecrets: [ngc]
  cache: {path: "/cache/{{MODEL_CACHE_NAME}}", mountPath: /opt/nim/.cache}
  envs:
    - {name: A, value: ""}
    - {name: B, valueFrom: {leptonSecret: ngc-key}}
    - {name: C, valueFrom: {secretKeyRef: {name: hf, key: token}}}
  apiTokens: [{value: a}, {secretKeyRef: {name: tokens, key: t}}, {leptonToken: mine}]
  paths: {chat: /chat}
  readinessTimeout: 45m
evaluation:
  config: {params: {temperature: 0.6}}
  apiKeyName: KEY
  tasks:
    - name: gpqa-cot
      task: gpqa_diamond
      container: registry.example/x:1
      endpointType: chat
      config: {params: {top_p: 0.9}}
      envs: [{name: D, value: d}]
      resourceShape: cpu.large
      timeout: 90s
      preCommand: "true"
      postCommand: "false"
      datasetDir: /shared/data
      command: [run, me]
execution: {resourceShape: cpu.medium, nodeGroup: cpu-eu, envs: [{name: E, value: e}], imagePullSecrets: [ngc], timeout: 2h, outputDir: results/a}
storage: {from: "node-nfs:other", path: /shared/x, mountPath: /mine, mounts: [{path: /shared/data, mountPath: /data}], deletionPolicy: Retain, cleanup: Job}
)"));
  ASSERT_THAT(texts(checked.errors), IsEmpty());
  const InvocationSpec& spec = checked.value;
  EXPECT_EQ(spec.workspace, "eu");
  EXPECT_EQ(spec.deployment.type, DeploymentType::kSglang);
  EXPECT_EQ(spec.deployment.max_replicas, 3);
  EXPECT_EQ(base::to_text(spec.deployment.auto_scaler),
            R"({"scale_down":{"no_traffic_timeout":1800,"not_ready_timeout":60},"target_gpu_utilization_percentage":80,)"
            R"("target_throughput":{"methods":["POST"],"paths":["/v1"],"qpm":2.5}})");
  EXPECT_EQ(base::to_text(spec.deployment.health), R"({"liveness":{"initial_delay_seconds":600,"tcp":{"port":8000}},"readiness":{}})");
  EXPECT_EQ(spec.deployment.cache->from, "node-nfs:lepton-shared-fs");
  EXPECT_EQ(spec.deployment.envs[0].value, "");
  EXPECT_EQ(spec.deployment.envs[1].lepton_secret, "ngc-key");
  EXPECT_EQ(spec.deployment.envs[2].secret_key, (SecretKeyRef{"hf", "token"}));
  EXPECT_EQ(spec.deployment.api_tokens->at(2).lepton_token, "mine");
  EXPECT_EQ(spec.deployment.readiness_timeout, minutes(45));
  const TaskSpec& task = spec.evaluation.tasks.at(0);
  EXPECT_EQ(task.task, "gpqa_diamond");
  EXPECT_EQ(task.timeout, Milliseconds(90'000));
  EXPECT_THAT(task.command, ElementsAre("run", "me"));
  EXPECT_EQ(spec.execution.output_dir, "results/a");
  EXPECT_EQ(spec.storage.mounts.at(0).from, "node-nfs:other");
  EXPECT_EQ(spec.storage.deletion_policy, DeletionPolicy::kRetain);
  EXPECT_EQ(spec.storage.cleanup, CleanupMethod::kJob);
}

TEST(InvocationSpec, TakesAsManyReplicasAtMostAsAtLeastUnlessWritten) {
  EXPECT_EQ(decode_invocation_spec(with(samples::nim(), "deployment: {minReplicas: 3}")).value.deployment.max_replicas, 3);
}

TEST(InvocationSpec, TakesNullForAbsent) {
  const auto checked = decode_invocation_spec(with(samples::nim(), "deployment: {nodeGroup: null, apiTokens: null}"));
  EXPECT_THAT(texts(checked.errors), IsEmpty());
  EXPECT_FALSE(checked.value.deployment.api_tokens);
}

TEST(InvocationSpec, NamesTheFieldThatWasProbablyMeant) {
  EXPECT_THAT(errors_of(with(samples::nim(), "deployment: {servedModellName: x}")),
              ElementsAre("spec.deployment.servedModellName: unknown field; did you mean servedModelName?"));
  EXPECT_THAT(errors_of(with(samples::nim(), "zzzzzzzzzz: 1")), ElementsAre("spec.zzzzzzzzzz: unknown field"));
}

struct Case {
  const char* overlay;  // over samples::nim()
  const char* error;
};

class BadSpec : public ::testing::TestWithParam<Case> {};

TEST_P(BadSpec, IsRefusedWithASentenceAtItsField) {
  EXPECT_THAT(errors_of(with(samples::nim(), GetParam().overlay)), ElementsAre(GetParam().error));
}

constexpr const char* kEnvName =
    "must be a variable's name: letters, digits and _, not beginning with a digit, LEPTON_ or LEPTONOP_, and not one that the operator "
    "sets";

INSTANTIATE_TEST_SUITE_P(
    Fields, BadSpec,
    ::testing::Values(
        Case{"deployment: []", "spec.deployment: must be an object, not a list"},
        Case{"deployment: {type: trtllm}", "spec.deployment.type: must be one of nim, vllm, sglang, none"},
        Case{"deployment: {type: null}", "spec.deployment.type: must be one of nim, vllm, sglang, none"},
        Case{"deployment: {port: 0}", "spec.deployment.port: must be a whole number from 1 to 65535"},
        Case{"deployment: {port: 65536}", "spec.deployment.port: must be a whole number from 1 to 65535"},
        Case{"deployment: {port: 80.5}", "spec.deployment.port: must be a whole number from 1 to 65535"},
        Case{"deployment: {port: '8000'}", "spec.deployment.port: must be a whole number from 1 to 65535"},
        Case{"deployment: {tensorParallelSize: 0}", "spec.deployment.tensorParallelSize: must be a whole number from 1 to 4096"},
        Case{"deployment: {minReplicas: 0}", "spec.deployment.minReplicas: must be a whole number from 1 to 1000"},
        Case{"deployment: {image: 1}", "spec.deployment.image: must be a string, not a number; put it in quotes"},
        Case{"deployment: {image: ''}", "spec.deployment.image: must not be empty; leave the field out instead"},
        Case{R"(deployment: {image: "a\0b"})", "spec.deployment.image: must not hold a NUL character"},
        Case{"deployment: {extraArgs: --x}", "spec.deployment.extraArgs: must be a list of strings, not a string"},
        Case{"deployment: {extraArgs: [a, 1]}", "spec.deployment.extraArgs[1]: must be a string, not a number; put it in quotes"},
        Case{"deployment: {readinessTimeout: soon}", "spec.deployment.readinessTimeout: must be a duration such as 20m, 90s or 1h30m"},
        Case{"deployment: {readinessTimeout: 1200}", "spec.deployment.readinessTimeout: must be a duration such as 20m, 90s or 1h30m"},
        Case{"deployment: {autoScaler: {scaleDown: {noTrafficTimeout: -1}}}",
             "spec.deployment.autoScaler.scaleDown.noTrafficTimeout: must be a duration such as 1h, or a whole number of seconds"},
        Case{"deployment: {priorityClass: huge}",
             "spec.deployment.priorityClass: must be one of low-1000, low-2000, low-3000, mid-4000, "
             "mid-5000, mid-6000, high-7000, high-8000, high-9000"},
        Case{"deployment: {apiTokens: []}",
             "spec.deployment.apiTokens: an empty list would leave the endpoint open; leave the field out and the operator makes a token"},
        Case{"deployment: {apiTokens: [{value: a, leptonToken: b}]}",
             "spec.deployment.apiTokens[0]: needs exactly one of value, secretKeyRef and leptonToken"},
        Case{"deployment: {envs: [{name: A}]}", "spec.deployment.envs[0]: needs exactly one of value and valueFrom"},
        Case{"deployment: {envs: [{name: A, value: x, valueFrom: {leptonSecret: y}}]}",
             "spec.deployment.envs[0]: needs exactly one of value and valueFrom"},
        Case{"deployment: {envs: [{name: A, valueFrom: {}}]}",
             "spec.deployment.envs[0].valueFrom: needs exactly one of leptonSecret and secretKeyRef"},
        Case{"deployment: {envs: [{name: A, value: 1}]}",
             "spec.deployment.envs[0].value: must be a string, not a number; put it in quotes"},
        Case{"deployment: {envs: [{name: A, value: x}, {name: A, value: y}]}", "spec.deployment.envs[1].name: A is written twice"},
        Case{"deployment: {cache: {path: /a/../b, mountPath: /c}}",
             "spec.deployment.cache.path: must be an absolute path without empty, . or .. parts, e.g. /shared/data"},
        Case{"deployment: {paths: {chat: v1}}", "spec.deployment.paths.chat: must be a URL path, e.g. /v1/chat/completions"},
        Case{"deployment: {sharing: Both}", "spec.deployment.sharing: must be one of PerTask, Shared"},
        Case{"deployment: {queueTimeout: 100ms}", "spec.deployment.queueTimeout: must be at least 1s"},
        Case{"execution: {retries: 11}", "spec.execution.retries: must be a whole number from 0 to 10"},
        Case{"parallelism: 0", "spec.parallelism: must be a whole number from 1 to 256"},
        Case{"startPolicy: Now", "spec.startPolicy: must be one of AllEndpointsReady, EachEndpointReady"},
        Case{"endpointFailurePolicy: false", "spec.endpointFailurePolicy: must be a string, not a boolean; put it in quotes"},
        Case{"endpointRetention: Forever", "spec.endpointRetention: must be one of UntilTaskFinished, UntilFinished, UntilDeleted"},
        Case{"activeDeadlineSeconds: 0", "spec.activeDeadlineSeconds: must be a whole number, at least 1"},
        Case{"ttlSecondsAfterFinished: -1", "spec.ttlSecondsAfterFinished: must be a whole number, at least 0"},
        Case{"evaluation: {tasks: [{name: a, run: -1}]}", "spec.evaluation.tasks[0].run: must be a whole number from 0 to 100"},
        Case{"evaluation: {tasks: []}", "spec.evaluation.tasks: needs at least one task, e.g. {name: gpqa_diamond}"},
        Case{"evaluation: {tasks: [{}]}", "spec.evaluation.tasks[0].name: a task needs a name, e.g. gpqa_diamond"},
        Case{
            "evaluation: {tasks: [{name: ..}]}",
            "spec.evaluation.tasks[0].name: must be letters, digits, -, _ and ., with a letter or digit at both ends, at most 63: it names "
            "the task's directory"},
        Case{
            "evaluation: {tasks: [{name: a/b}]}",
            "spec.evaluation.tasks[0].name: must be letters, digits, -, _ and ., with a letter or digit at both ends, at most 63: it names "
            "the task's directory"},
        Case{"evaluation: {tasks: [{name: a, command: []}]}",
             "spec.evaluation.tasks[0].command: must not be empty; leave the field out to run the evaluator"},
        Case{"evaluation: {config: [1]}", "spec.evaluation.config: must be an object, not a list"},
        Case{"execution: {timeout: 0s}", "spec.execution.timeout: must be at least 1s"},
        Case{"execution: {outputDir: ../x}",
             "spec.execution.outputDir: must be a path below the mount, without a leading slash and empty, . or .. parts, e.g. results"},
        Case{"storage: {path: /}", "spec.storage.path: must be an absolute path without empty, . or .. parts, e.g. /shared/data"},
        Case{"storage: {mountPath: /usr}",
             "spec.storage.mountPath: must be an absolute path in the container, without empty, . or .. "
             "parts, and no directory of the system, e.g. /workspace"},
        Case{"storage: {mounts: [{path: /a, mountPath: /workspace}]}",
             "spec.storage.mounts[0].mountPath: /workspace is taken by another mount"},
        Case{"storage: {deletionPolicy: Keep}", "spec.storage.deletionPolicy: must be one of Delete, Retain"}));

TEST(InvocationSpec, RefusesVariablesThatAreNotForUsers) {
  for (const std::string name : {"1A", "A-B", "LEPTON_X", "LEPTONOP_OWNER", "EVAL_OUTPUT_DIR"}) {
    EXPECT_THAT(errors_of(with(samples::nim(), "execution: {envs: [{name: '" + name + "', value: x}]}")),
                ElementsAre(std::string("spec.execution.envs[0].name: ") + kEnvName));
  }
}

TEST(InvocationSpec, TakesAtMost256Tasks) {
  base::Json spec = samples::nim();
  for (std::size_t i = 0; i < 257; ++i) {
    spec["evaluation"]["tasks"][i] = base::json_object();
    spec["evaluation"]["tasks"][i]["name"] = base::Json::string("t" + std::to_string(i));
  }
  EXPECT_THAT(errors_of(spec), ElementsAre("spec.evaluation.tasks: has 257 entries; at most 256 are allowed"));
}

TEST(InvocationSpec, SurvivesEveryKindOfValueInEveryPlace) {
  const std::vector<std::string> kinds = {"null", "true", "1", "-1.5", "x", "[]", "[null, 1, x, [], {}]", "{}", "{x: {y: [z]}}"};
  const base::Json whole = samples::nim();
  for (const std::string& kind : kinds) {
    const base::Json value = yaml("{v: " + kind + "}").at("v");
    EXPECT_NO_THROW(decode_invocation_spec(value));
    EXPECT_NO_THROW(decode_workspace_spec(value));
    for (const char* section : {"workspaceRef", "deployment", "target", "evaluation", "execution", "storage"}) {
      base::Json spec = whole;
      spec[section] = value;
      EXPECT_NO_THROW(validate_invocation(spec));
      for (const char* field : {"name", "type", "envs", "apiTokens", "autoScaler", "health", "cache", "paths", "tasks", "config", "mounts",
                                "url", "command", "timeout", "port"}) {
        spec = whole;
        if (!spec.has_field(section)) spec[section] = base::json_object();
        spec[section][field] = value;
        EXPECT_NO_THROW(validate_invocation(spec));
        EXPECT_NO_THROW(validate_update(whole, spec, true));
        EXPECT_NO_THROW(validate_update(spec, whole, true));
      }
    }
  }
}

TEST(WorkspaceSpec, IsReadWithAllItsFields) {
  const auto checked = decode_workspace_spec(yaml(R"(
credentialsSecretRef: {name: lepton}
url: http://127.0.0.1:8080/api/v2/workspaces/ws
origin: https://dashboard.example
limits: {requestsPerSecond: 5.5, burst: 10}
defaults: {deployment: {resourceShape: gpu.1xh200}, execution: {timeout: 1h}, storage: {path: /x}}
)"));
  ASSERT_THAT(texts(checked.errors), IsEmpty());
  EXPECT_EQ(checked.value.credentials_secret, "lepton");
  EXPECT_EQ(checked.value.requests_per_second, 5.5);
  EXPECT_EQ(checked.value.defaults.at("deployment").at("resourceShape").as_string(), "gpu.1xh200");
}

TEST(WorkspaceSpec, RefusesWhatEachInvocationMustSayItself) {
  EXPECT_THAT(texts(validate_workspace(yaml("defaults: {deployment: {image: x, type: nim}}"))),
              ElementsAre("spec.defaults.deployment.type: is not for a Workspace's defaults; write it into each Invocation",
                          "spec.defaults.deployment.image: is not for a Workspace's defaults; write it into each Invocation"));
  EXPECT_THAT(
      texts(validate_workspace(yaml("defaults: {deployment: {apiTokens: [{leptonToken: t}, {value: secret}]}}"))),
      ElementsAre("spec.defaults.deployment.apiTokens[1].value: a token is not written into a Workspace's defaults; use secretKeyRef "
                  "or leptonToken"));
  EXPECT_THAT(texts(validate_workspace(yaml("defaults: {evaluation: {}}"))), ElementsAre("spec.defaults.evaluation: unknown field"));
  EXPECT_THAT(texts(validate_workspace(yaml("limits: {maxJobs: 0, maxEndpoints: x}"))),
              ElementsAre("spec.limits.maxEndpoints: must be a whole number from 1 to 1000000",
                          "spec.limits.maxJobs: must be a whole number from 1 to 1000000"));
}

}  // namespace
}  // namespace lepton_operator::invocation
