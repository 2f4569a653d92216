// Payloads against the launcher's, with its faults mended.
#include <gmock/gmock.h>

#include "lepton/codec.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::env;
using samples::Rendered;
using samples::with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RenderedEndpoint endpoint(const Rendered& rendered) { return render_endpoint(rendered.input(), rendered.task(), 0); }
lepton::JobSpec job(const Rendered& rendered, const std::string& url = "https://e.example/v1/chat/completions") {
  return render_job(rendered.input(), rendered.task(), 0, url);
}

std::vector<std::string> plain(const std::vector<lepton::EnvVar>& envs) {
  std::vector<std::string> result;
  for (const auto& item : envs) result.push_back(item.name + (item.secret_name ? "<-" + *item.secret_name : "=" + item.value.value_or("")));
  return result;
}

// --- Endpoints -------------------------------------------------------------------------------------------------------------------------

TEST(NimEndpoint, IsServedByItsImagesEntrypoint) {
  Rendered rendered(with(samples::nim(), "deployment: {envs: [{name: NGC_API_KEY, valueFrom: {leptonSecret: ngc}}]}"));
  rendered.resolved.endpoint_node_group_id = "h200-eu-a1b2c3d4";
  const lepton::EndpointSpec spec = endpoint(rendered).spec;
  EXPECT_THAT(spec.name, ::testing::MatchesRegex("nim-gpqa-d-0-[a-z0-9]+"));
  EXPECT_THAT(spec.command, IsEmpty());
  EXPECT_EQ(spec.port, 8000);
  EXPECT_EQ(spec.resource_shape, "gpu.1xh200");
  EXPECT_THAT(spec.node_group_ids, ElementsAre("h200-eu-a1b2c3d4"));
  EXPECT_THAT(plain(spec.envs), ElementsAre("NGC_API_KEY<-ngc", "SERVED_MODEL_NAME=meta/llama-3.1-8b-instruct", "MODEL_PORT=8000",
                                            "NIM_MODEL_NAME=meta/llama-3.1-8b-instruct"));
  EXPECT_EQ(base::to_text(spec.auto_scaler), R"({"scale_down":{"no_traffic_timeout":3600}})");
  EXPECT_EQ(spec.priority_class, "mid-4000");
  EXPECT_EQ(owner_uid(spec.labels), samples::kUid);
  EXPECT_EQ(spec.labels.at(kSpecHashLabel).size(), 16U);
}

TEST(VllmEndpoint, RunsTheLaunchersCommand) {
  const Rendered rendered(with(samples::vllm(), "deployment: {tensorParallelSize: 2, extraArgs: [--max-model-len, '8192']}"));
  const lepton::EndpointSpec spec = endpoint(rendered).spec;
  EXPECT_THAT(spec.command,
              ElementsAre("vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct", "--tensor-parallel-size=2", "--pipeline-parallel-size=1",
                          "--data-parallel-size=1", "--port=8000", "--served-model-name=llama", "--max-model-len", "8192"));
  EXPECT_THAT(plain(spec.envs), ElementsAre("SERVED_MODEL_NAME=llama", "MODEL_PORT=8000", "MODEL_PATH=meta-llama/Llama-3.1-8B-Instruct",
                                            "TENSOR_PARALLEL_SIZE=2"));
}

TEST(SglangEndpoint, RunsTheLaunchersCommand) {
  const Rendered rendered(with(samples::vllm(), "deployment: {type: sglang, tensorParallelSize: 4, dataParallelSize: 2, port: 30000}"));
  EXPECT_THAT(endpoint(rendered).spec.command,
              ElementsAre("python3", "-m", "sglang.launch_server", "--model-path=meta-llama/Llama-3.1-8B-Instruct", "--host=0.0.0.0",
                          "--port=30000", "--served-model-name=llama", "--tp=4", "--dp=2"));
}

TEST(Endpoint, SourcesThePreCommandAndThenBecomesTheServer) {
  const Rendered rendered(with(samples::vllm(), R"(deployment: {preCommand: "export A='1'", command: [serve, "it's"], extraArgs: [--x]})"));
  EXPECT_THAT(endpoint(rendered).spec.command,
              ElementsAre("/bin/bash", "-c", R"(source <(printf '%s\n' 'export A='\''1'\''') && exec 'serve' 'it'\''s' '--x')"));
}

TEST(Endpoint, LeavesDerivedVariablesToTheUserWhoWroteThem) {
  const Rendered rendered(with(samples::nim(), "deployment: {envs: [{name: MODEL_PORT, value: '9'}]}"));
  EXPECT_THAT(plain(endpoint(rendered).spec.envs),
              ElementsAre("MODEL_PORT=9", "SERVED_MODEL_NAME=meta/llama-3.1-8b-instruct", "NIM_MODEL_NAME=meta/llama-3.1-8b-instruct"));
}

TEST(Endpoint, PutsTheModelsNameIntoItsCache) {
  const Rendered rendered(with(samples::nim(), "deployment: {cache: {path: '/cache/{{MODEL_CACHE_NAME}}', mountPath: /opt/nim/.cache}}"));
  EXPECT_THAT(endpoint(rendered).spec.mounts,
              ElementsAre(lepton::Mount{"/cache/llama-3-1-8b-instruct", "node-nfs:lepton-shared-fs", "/opt/nim/.cache"}));
}

TEST(Endpoint, IsNeverOpen) {
  const RenderedEndpoint rendered = endpoint(Rendered(samples::nim()));
  EXPECT_THAT(rendered.api_tokens, ElementsAre(SecretSource(GeneratedToken{"key-1"})));
  EXPECT_THAT(rendered.spec.api_tokens, IsEmpty());  // the reconciler's to fill
}

TEST(Endpoint, TakesTheUsersTokensInTheirOrder) {
  const Rendered rendered(
      with(samples::nim(), "deployment: {apiTokens: [{leptonToken: mine}, {value: s3cret}, {secretKeyRef: {name: t, key: k}}]}"));
  EXPECT_THAT(endpoint(rendered).api_tokens,
              ElementsAre(SecretSource(LeptonToken{"mine"}), SecretSource(LiteralToken{1}), SecretSource(SecretKeyRef{"t", "k"})));
}

TEST(Endpoint, HashesWhatIsAskedForAndNotWhoAsks) {
  Rendered one(samples::nim());
  Rendered other(samples::nim());
  other.install_id = "another";
  EXPECT_EQ(endpoint(one).spec.labels.at(kSpecHashLabel), endpoint(other).spec.labels.at(kSpecHashLabel));
  Rendered changed(with(samples::nim(), "deployment: {port: 8001}"));
  EXPECT_NE(endpoint(one).spec.labels.at(kSpecHashLabel), endpoint(changed).spec.labels.at(kSpecHashLabel));
}

TEST(TargetUrl, IsTheEndpointsWithThePathOfItsType) {
  const Rendered rendered(with(samples::nim(), "deployment: {paths: {completions: /own}}"));
  EXPECT_EQ(target_url(rendered.spec, "chat", "https://e.example/"), "https://e.example/v1/chat/completions");
  EXPECT_EQ(target_url(rendered.spec, "embedding", "https://e.example"), "https://e.example/v1/embeddings");
  EXPECT_EQ(target_url(rendered.spec, "completions", "https://e.example"), "https://e.example/own");
}

TEST(TargetUrl, OfAnExistingEndpointIsCompletedOnlyWhereItHasNoPathOfItsOwn) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://m.example", "https://m.example/v1/chat/completions"},
      {"https://m.example/", "https://m.example/v1/chat/completions"},
      {"http://m.example:8000/v1", "http://m.example:8000/v1/chat/completions"},
      {"https://m.example/v1/", "https://m.example/v1/chat/completions"},
      {"https://m.example/proxy/v1", "https://m.example/proxy/v1/chat/completions"},
      {"https://m.example/v1/chat/completions", "https://m.example/v1/chat/completions"},
      {"https://m.example/own?x=1", "https://m.example/own?x=1"},
  };
  for (const auto& [url, expected] : cases) {
    base::Json manifest = samples::existing_endpoint();
    manifest["target"]["url"] = base::Json::string(url);
    EXPECT_EQ(target_url(Rendered(manifest).spec, "chat", ""), expected) << url;
  }
}

// --- Jobs ------------------------------------------------------------------------------------------------------------------------------

TEST(Job, IsTheLaunchersWithItsResultsOnTheMount) {
  Rendered rendered(with(samples::nim(), "execution: {outputDir: results, imagePullSecrets: [ngc]}"));
  rendered.resolved.tasks["gpqa_diamond"].node_group_id = "cpu-eu-1";
  const lepton::JobSpec spec = job(rendered);
  const std::string id = invocation_id(samples::kUid);
  EXPECT_THAT(spec.name, ::testing::MatchesRegex("eval-gpqa-d-0-[a-z0-9]+"));
  EXPECT_EQ(spec.image, "registry.example/simple-evals:26.03");
  EXPECT_EQ(spec.resource_shape, "cpu.small");
  EXPECT_THAT(spec.node_group_ids, ElementsAre("cpu-eu-1"));
  EXPECT_THAT(spec.image_pull_secrets, ElementsAre("ngc"));
  EXPECT_EQ(spec.shared_memory_mib, 1024);
  EXPECT_THAT(spec.mounts,
              ElementsAre(lepton::Mount{"/shared/nemo-evaluator-launcher-workspace/" + id, "node-nfs:lepton-shared-fs", "/workspace"}));
  EXPECT_EQ(env(spec.envs, "EVAL_OUTPUT_DIR")->value, "/workspace/results/gpqa_diamond");
  EXPECT_EQ(spec.labels.at(kTaskLabel), "gpqa_diamond");
  EXPECT_EQ(spec.labels.at(kAttemptLabel), "0");
  ASSERT_EQ(spec.command.size(), 3U);
  EXPECT_EQ(spec.command[0], "/bin/bash");
  EXPECT_EQ(spec.command[1], "-c");
}

TEST(Job, GetsTheTokenByReferenceAlone) {
  const Rendered rendered(with(samples::nim(), "deployment: {apiTokens: [{value: s3cret-token}]}"));
  const lepton::JobSpec spec = job(rendered);
  EXPECT_EQ(env(spec.envs, "API_KEY")->secret_name, secret_name(samples::kUid, "token"));
  EXPECT_THAT(base::to_text(lepton::encode(spec)), Not(HasSubstr("s3cret-token")));
}

TEST(Job, MergesTheTasksVariablesOverExecutions) {
  const Rendered rendered(with(samples::nim(), R"(
execution: {envs: [{name: A, value: "1"}, {name: B, value: "2"}]}
evaluation: {tasks: [{name: gpqa_diamond, envs: [{name: A, value: "3"}, {name: HF, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}]}
)"));
  EXPECT_THAT(plain(job(rendered).envs),
              ElementsAre("A=3", "B=2", "HF<-" + secret_name(samples::kUid, "hf/token"), "API_KEY<-" + secret_name(samples::kUid, "token"),
                          "EVAL_OUTPUT_DIR=/workspace/gpqa_diamond"));
}

TEST(Job, MountsItsDatasetAndSaysWhere) {
  const Rendered rendered(with(samples::nim(), R"(
storage: {mounts: [{path: /models, mountPath: /models, from: "node-nfs:models"}]}
evaluation: {tasks: [{name: gpqa_diamond, datasetDir: /shared/data, container: "mine:1", resourceShape: cpu.large}]}
)"));
  const lepton::JobSpec spec = job(rendered);
  ASSERT_EQ(spec.mounts.size(), 3U);
  EXPECT_EQ(spec.mounts[1], (lepton::Mount{"/models", "node-nfs:models", "/models"}));
  EXPECT_EQ(spec.mounts[2], (lepton::Mount{"/shared/data", "node-nfs:lepton-shared-fs", "/datasets"}));
  EXPECT_EQ(env(spec.envs, "NEMO_EVALUATOR_DATASET_DIR")->value, "/datasets");
  EXPECT_EQ(spec.image, "mine:1");
  EXPECT_EQ(spec.resource_shape, "cpu.large");
}

base::Json run_config(const Rendered& rendered) {
  return samples::yaml(render_run_config(rendered.input(), rendered.task(), "https://e.example/v1/chat/completions"));
}

TEST(RunConfig, HasWhatTheEvaluatorNeeds) {
  EXPECT_EQ(
      base::to_text(run_config(Rendered(samples::nim()))),
      R"({"config":{"output_dir":"/workspace/gpqa_diamond","type":"gpqa_diamond"},"target":{"api_endpoint":{"api_key_name":"API_KEY",)"
      R"("model_id":"meta/llama-3.1-8b-instruct","type":"chat","url":"https://e.example/v1/chat/completions"}}})");
}

TEST(RunConfig, OfAnExistingEndpointNamesTheTargetsKeyOrNone) {
  const base::Json open = run_config(Rendered(samples::existing_endpoint())).at("target").at("api_endpoint");
  EXPECT_FALSE(open.has_field("api_key_name"));
  EXPECT_EQ(open.at("model_id").as_string(), "meta/llama-3.1-8b-instruct");
  const base::Json manifest =
      with(samples::existing_endpoint(), "{target: {apiKeyName: KEY}, execution: {envs: [{name: KEY, valueFrom: {leptonSecret: ngc}}]}}");
  EXPECT_EQ(run_config(Rendered(manifest)).at("target").at("api_endpoint").at("api_key_name").as_string(), "KEY");
}

TEST(RunConfig, MergesTheTasksSettingsOverTheEvaluations) {
  const Rendered rendered(with(samples::nim(), R"(
evaluation:
  config: {config: {params: {temperature: 0.6, top_p: 0.9, extra: {a: 1}}}, target: {api_endpoint: {adapter_config: {use_caching: true}}}}
  tasks: [{name: gpqa_diamond, config: {params: {temperature: 0, extra: {b: 2}}}}]
)"));
  const base::Json config = run_config(rendered);
  EXPECT_EQ(base::to_text(config.at("config").at("params")), R"({"extra":{"a":1,"b":2},"temperature":0,"top_p":0.9})");
  EXPECT_TRUE(config.at("target").at("api_endpoint").at("adapter_config").at("use_caching").as_bool());
}

TEST(RunConfig, LeavesToTheUserWhatTheUserWroteButForTheOutputDirectory) {
  const Rendered rendered(with(samples::nim(), R"(
evaluation: {config: {config: {type: other, output_dir: /results}, target: {api_endpoint: {url: "http://proxy", type: completions}}}}
)"));
  const base::Json config = run_config(rendered);
  EXPECT_EQ(config.at("config").at("type").as_string(), "other");
  EXPECT_EQ(config.at("config").at("output_dir").as_string(), "/workspace/gpqa_diamond");
  EXPECT_EQ(config.at("target").at("api_endpoint").at("url").as_string(), "http://proxy");
}

TEST(CleanupJob, MountsTheParentAndNamesTheDirectory) {
  Rendered rendered(samples::nim());
  rendered.resolved.tasks["hellaswag"].node_group_id = "cpu-eu-1";
  const lepton::JobSpec spec = render_cleanup_job(rendered.input(), "registry.example/simple-evals:26.03", 1);
  EXPECT_THAT(spec.mounts,
              ElementsAre(lepton::Mount{"/shared/nemo-evaluator-launcher-workspace", "node-nfs:lepton-shared-fs", "/workspace"}));
  EXPECT_THAT(plain(spec.envs), ElementsAre("CLEANUP_DIRECTORY=/workspace/" + invocation_id(samples::kUid)));
  EXPECT_THAT(spec.node_group_ids, ElementsAre("cpu-eu-1"));
  EXPECT_EQ(spec.image, "registry.example/simple-evals:26.03");
  EXPECT_EQ(spec.name, cleanup_job_name(samples::kUid, 1));
  EXPECT_FALSE(spec.labels.contains(kTaskLabel));
  EXPECT_EQ(owner_uid(spec.labels), samples::kUid);
}

// --- Secrets ---------------------------------------------------------------------------------------------------------------------------

TEST(WantedSecrets, AreTheKeysThatAreReferredToAndTheToken) {
  const Rendered rendered(with(samples::nim(), R"(
deployment: {envs: [{name: NGC, valueFrom: {secretKeyRef: {name: ngc, key: k}}}, {name: L, valueFrom: {leptonSecret: theirs}}]}
execution: {envs: [{name: HF, valueFrom: {secretKeyRef: {name: hf, key: k}}}]}
evaluation: {tasks: [{name: a, envs: [{name: HF2, valueFrom: {secretKeyRef: {name: hf, key: k}}}]}, {name: b, envs: [{name: HF, value: own}]}]}
)"));
  const std::string ngc = secret_name(samples::kUid, "ngc/k");
  const std::string hf = secret_name(samples::kUid, "hf/k");
  const std::string token = secret_name(samples::kUid, "token");
  std::map<std::string, SecretSource> wanted;
  for (const WantedSecret& secret : wanted_secrets(rendered.input())) wanted.emplace(secret.name, secret.source);
  EXPECT_THAT(wanted, ::testing::UnorderedElementsAre(::testing::Pair(ngc, SecretSource(SecretKeyRef{"ngc", "k"})),
                                                      ::testing::Pair(hf, SecretSource(SecretKeyRef{"hf", "k"})),
                                                      ::testing::Pair(token, SecretSource(GeneratedToken{"key-1"}))));
  EXPECT_THAT(secrets_of_job(rendered.input(), rendered.task(0)), ::testing::UnorderedElementsAre(hf, token));
  EXPECT_THAT(secrets_of_job(rendered.input(), rendered.task(1)), ElementsAre(token));
  EXPECT_THAT(secret_keys(rendered.spec), ElementsAre(SecretKeyRef{"hf", "k"}, SecretKeyRef{"ngc", "k"}));
}

TEST(WantedSecrets, CarryTheFirstTokenThatCanReachAJob) {
  const Rendered rendered(
      with(samples::nim(), "deployment: {apiTokens: [{leptonToken: mine}, {secretKeyRef: {name: t, key: k}}, {value: x}]}"));
  const auto wanted = wanted_secrets(rendered.input());
  ASSERT_EQ(wanted.size(), 1U);
  EXPECT_EQ(wanted[0].source, SecretSource(SecretKeyRef{"t", "k"}));
  EXPECT_THAT(secret_keys(rendered.spec), ElementsAre(SecretKeyRef{"t", "k"}));
}

TEST(WantedSecrets, AreNoneWhereNothingOfOursIsNeeded) {
  EXPECT_THAT(wanted_secrets(Rendered(samples::existing_endpoint()).input()), IsEmpty());
  const base::Json lepton_token =
      with(samples::nim(),
           "{deployment: {apiTokens: [{leptonToken: mine}]}, execution: {envs: [{name: API_KEY, valueFrom: {leptonSecret: mine}}]}}");
  EXPECT_THAT(wanted_secrets(Rendered(lepton_token).input()), IsEmpty());
  EXPECT_EQ(env(job(Rendered(lepton_token)).envs, "API_KEY")->secret_name, "mine");
}

}  // namespace
}  // namespace lepton_operator::invocation
