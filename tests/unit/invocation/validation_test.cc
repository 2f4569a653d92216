#include <gmock/gmock.h>

#include <filesystem>

#include "support/source_tree.h"
#include "unit/invocation/bash_runner.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::texts;
using samples::with;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> errors_of(const base::Json& spec) { return texts(validate_invocation(spec)); }

std::vector<std::string> effective_errors(const base::Json& spec) {
  const auto checked = decode_invocation_spec(effective_spec(spec, resolved_defaults(base::json_object())));
  EXPECT_THAT(texts(checked.errors), IsEmpty());
  return texts(validate_effective(checked.value));
}

TEST(Validation, FindsNothingWrongWithGoodManifests) {
  for (const base::Json& spec : {samples::nim(), samples::vllm(), samples::existing_endpoint()}) {
    EXPECT_THAT(errors_of(spec), IsEmpty());
    EXPECT_THAT(effective_errors(spec), IsEmpty());
  }
}

TEST(Validation, FindsNothingWrongWithTheExamples) {
  int invocations = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(support::in_source_tree("examples"))) {
    if (file.path().extension() != ".yaml") continue;
    const auto documents = base::parse_yaml(testing::read(file.path()), file.path().filename().string());
    ASSERT_TRUE(documents.ok()) << documents.error().text();
    for (const base::YamlDocument& document : *documents) {
      const std::string kind = base::get_string(document.value, "kind").value_or("");
      const base::Json& spec = base::get_object(document.value, "spec");
      if (kind == "Workspace") {
        EXPECT_THAT(texts(validate_workspace(spec)), IsEmpty()) << file.path();
      }
      if (kind != "Invocation") continue;
      ++invocations;
      EXPECT_THAT(errors_of(spec), IsEmpty()) << file.path();
      EXPECT_THAT(effective_errors(spec), IsEmpty()) << file.path();
    }
  }
  EXPECT_GE(invocations, 5);
}

TEST(Validation, ANimNeedsItsImageAndTheNameOfItsModel) {
  EXPECT_THAT(errors_of(with(samples::nim(), "deployment: {image: null, servedModelName: null}")),
              ElementsAre("spec.deployment.image: a nim needs the image that serves it, e.g. nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6",
                          "spec.deployment.servedModelName: a nim needs the name that requests ask for, e.g. meta/llama-3.1-8b-instruct"));
}

TEST(Validation, ANimIsServedByItsOwnEntrypoint) {
  for (const std::string field : {"command: [x]", "preCommand: x", "checkpointPath: x", "extraArgs: [x]", "tensorParallelSize: 2"}) {
    const std::string name = field.substr(0, field.find(':'));
    EXPECT_THAT(errors_of(with(samples::nim(), "deployment: {" + field + "}")),
                ElementsAre("spec.deployment." + name + ": not for a nim: its image's own entrypoint serves, and is set up by envs"));
  }
}

TEST(Validation, AServerNeedsItsModel) {
  EXPECT_THAT(errors_of(with(samples::vllm(), "deployment: {checkpointPath: null}")),
              ElementsAre("spec.deployment.checkpointPath: vllm needs the model's path or name, e.g. meta-llama/Llama-3.1-8B-Instruct"));
}

TEST(Validation, TypeNoneNeedsATargetAndNothingElse) {
  EXPECT_THAT(errors_of(samples::yaml("{deployment: {type: none, image: x, port: 1}, evaluation: {tasks: [{name: a}]}}")),
              ElementsAre("spec.deployment.image: not for type none, which deploys nothing",
                          "spec.deployment.port: not for type none, which deploys nothing",
                          "spec.target.url: type none needs the URL of the endpoint to evaluate, e.g. https://integrate.api.nvidia.com/v1",
                          "spec.target.modelId: type none needs the model to ask for, e.g. meta/llama-3.1-8b-instruct"));
}

TEST(Validation, OtherTypesTakeNoTarget) {
  EXPECT_THAT(errors_of(with(samples::nim(), "target: {url: 'https://x.example'}")),
              ElementsAre("spec.target: not for type nim, whose endpoints the operator makes; use type none"));
}

TEST(Validation, RefusesTwoTasksOfOneName) {
  EXPECT_THAT(
      errors_of(with(samples::nim(), "evaluation: {tasks: [{name: a}, {name: b}, {name: a}]}")),
      ElementsAre(
          "spec.evaluation.tasks[2].name: a is the name of tasks[0] too; give one of them another name and keep the benchmark in task"));
}

TEST(Validation, AllowsOneBenchmarkTwice) {
  EXPECT_THAT(errors_of(with(samples::nim(), "evaluation: {tasks: [{name: a, task: gpqa_diamond}, {name: b, task: gpqa_diamond}]}")),
              IsEmpty());
}

TEST(Validation, ATaskWithItsOwnCommandNeedsAContainer) {
  EXPECT_THAT(errors_of(with(samples::nim(), "evaluation: {tasks: [{name: a, command: [x]}]}")),
              ElementsAre("spec.evaluation.tasks[0].container: a task with its own command needs the container to run it in"));
}

TEST(Validation, ResultsGoWhereTheOperatorPutsThem) {
  EXPECT_THAT(errors_of(with(samples::nim(), "evaluation: {config: {config: {output_dir: /results}}}")),
              Contains(::testing::StartsWith("spec.evaluation.config.config.output_dir: results go to")));
}

TEST(Validation, RefusesMoreReplicasAtLeastThanAtMost) {
  const std::string error = "spec.deployment.maxReplicas: must be at least minReplicas (3)";
  EXPECT_THAT(errors_of(with(samples::nim(), "deployment: {minReplicas: 3, maxReplicas: 2}")), ElementsAre(error));
}

TEST(Validation, ALeptonTokenAloneMustBeGivenToTheJobsToo) {
  const base::Json spec = with(samples::nim(), "deployment: {apiTokens: [{leptonToken: mine}]}");
  const std::string error =
      "spec.deployment.apiTokens: a leptonToken cannot reach the jobs: put the token into spec.execution.envs as API_KEY, or add a value "
      "or "
      "a secretKeyRef";
  EXPECT_THAT(effective_errors(spec), ElementsAre(error));
  EXPECT_THAT(errors_of(spec), IsEmpty());  // the Workspace's defaults may still bring it
  EXPECT_THAT(errors_of(with(spec, "execution: {envs: [{name: OTHER, value: x}]}")), ElementsAre(error));
  EXPECT_THAT(effective_errors(with(spec, "execution: {envs: [{name: API_KEY, value: x}]}")), IsEmpty());
  EXPECT_THAT(effective_errors(with(spec, "evaluation: {tasks: [{name: a, envs: [{name: API_KEY, value: x}]}]}")), IsEmpty());
  EXPECT_THAT(effective_errors(with(spec, "evaluation: {tasks: [{name: a, envs: [{name: API_KEY, value: x}]}, {name: b}]}")),
              ElementsAre(error));
  EXPECT_THAT(effective_errors(with(spec, "deployment: {apiTokens: [{leptonToken: mine}, {value: x}]}")), IsEmpty());
}

TEST(Validation, TheTargetsKeyMustReachTheJobs) {
  const base::Json spec = with(samples::existing_endpoint(), "target: {apiKeyName: NGC_KEY}");
  EXPECT_THAT(effective_errors(spec),
              ElementsAre("spec.target.apiKeyName: NGC_KEY must stand in spec.execution.envs, so that the jobs have it"));
  EXPECT_THAT(effective_errors(with(spec, "execution: {envs: [{name: NGC_KEY, valueFrom: {leptonSecret: ngc}}]}")), IsEmpty());
}

TEST(Validation, NothingMayHideTheGeneratedToken) {
  const base::Json spec = with(samples::nim(), "execution: {envs: [{name: API_KEY, value: x}]}");
  EXPECT_THAT(effective_errors(spec),
              ElementsAre("spec.execution.envs: API_KEY carries the endpoint's token to the jobs; name this one differently, or set "
                          "spec.evaluation.apiKeyName"));
  EXPECT_THAT(errors_of(spec), IsEmpty());  // the Workspace's defaults may have a token of their own
}

TEST(Validation, AnEndpointNeedsAResourceShapeInTheEnd) {
  const base::Json spec = with(samples::nim(), "deployment: {resourceShape: null}");
  EXPECT_THAT(errors_of(spec), IsEmpty());
  EXPECT_THAT(effective_errors(spec), ElementsAre("spec.deployment.resourceShape: an endpoint needs a resource shape, here or in the "
                                                  "Workspace's defaults, e.g. gpu.1xh200"));
}

TEST(Validation, AnEndpointTypeNeedsAPath) {
  const base::Json spec = with(samples::nim(), "evaluation: {tasks: [{name: a, endpointType: rerank}]}");
  EXPECT_THAT(effective_errors(spec),
              ElementsAre("spec.evaluation.tasks[0].endpointType: the URL path of rerank is not known; add it to spec.deployment.paths"));
  EXPECT_THAT(effective_errors(with(spec, "deployment: {paths: {rerank: /v2/rerank}}")), IsEmpty());
}

TEST(Validation, RefusesAScriptThatFitsIntoNoCommandLine) {
  base::Json spec = samples::nim();
  spec["evaluation"]["tasks"][1]["preCommand"] = base::Json::string(std::string(40 * 1024, '\''));  // four bytes each, quoted
  EXPECT_THAT(effective_errors(spec),
              ElementsAre("spec.evaluation.tasks[1]: its config and commands take 160 KiB; at most 112 KiB fit into a "
                          "job's command line"));
}

TEST(Validation, RefusesADatasetWhereSomethingElseIsMounted) {
  EXPECT_THAT(
      effective_errors(with(samples::nim(),
                            "{storage: {mounts: [{path: /a, mountPath: /datasets}]}, evaluation: {tasks: [{name: a, datasetDir: /b}]}}")),
      ElementsAre("spec.evaluation.tasks[0].datasetDir: is mounted at /datasets, where spec.storage has a mount already"));
}

TEST(Validation, RefusesWhatIsLongerThanTheApiServerTakes) {
  base::Json spec = samples::nim();
  std::string shape = std::string(252, 'x') + "\u00e4";
  spec["deployment"]["resourceShape"] = base::Json::string(shape);
  EXPECT_THAT(errors_of(spec), IsEmpty());  // 253 characters, 254 bytes
  spec["deployment"]["resourceShape"] = base::Json::string(shape + "x");
  EXPECT_THAT(errors_of(spec), ElementsAre("spec.deployment.resourceShape: must be at most 253 characters"));
}

TEST(Validation, RefusesListsThatAreTooLong) {
  base::Json spec = samples::nim();
  base::Json& envs = spec["evaluation"]["tasks"][1]["envs"] = base::json_array();
  for (std::size_t i = 0; i < 65; ++i) {
    envs[i] = samples::yaml("{name: V" + std::to_string(i) + ", value: x}");
  }
  envs[7]["name"] = base::Json::string(std::string(129, 'V'));
  EXPECT_THAT(errors_of(spec), ElementsAre("spec.evaluation.tasks[1].envs: has 65 entries; at most 64 are allowed",
                                           "spec.evaluation.tasks[1].envs[7].name: must be at most 128 characters"));
}

TEST(Validation, BoundsAWorkspacesDefaultsLikeAnInvocation) {
  base::Json spec = samples::yaml("{credentialsSecretRef: {name: lepton}, defaults: {deployment: {paths: {chat: /v1}}}}");
  EXPECT_THAT(texts(validate_workspace(spec)), IsEmpty());
  spec["defaults"]["deployment"]["paths"]["chat"] = base::Json::string("/" + std::string(1024, 'v'));
  EXPECT_THAT(texts(validate_workspace(spec)), ElementsAre("spec.defaults.deployment.paths.chat: must be at most 1024 characters"));
}

TEST(Validation, AFreeConfigurationHasNoBounds) {
  base::Json spec = samples::nim();
  spec["evaluation"]["config"] = base::json_object();
  spec["evaluation"]["config"]["image"] = base::Json::string(std::string(5000, 'x'));
  EXPECT_THAT(errors_of(spec), IsEmpty());
}

TEST(Validation, TheHarnesssConfigurationIsAnObject) {
  EXPECT_THAT(errors_of(with(samples::nim(), "evaluation: {config: {config: x}}")),
              ElementsAre("spec.evaluation.config.config: must be an object, not a string"));
}

// --- Updates ---------------------------------------------------------------------------------------------------------------------------

std::vector<std::string> update_errors(const std::string& overlay, bool finished = false) {
  return texts(validate_update(samples::nim(), with(samples::nim(), overlay), finished));
}

constexpr const char* kImmutable = ": cannot change any more; make another Invocation";

TEST(Update, MayChangeNothingIsAnUpdateToo) { EXPECT_THAT(update_errors("{}"), IsEmpty()); }

TEST(Update, MayChangeWhatReachesOnlyLaterAttempts) {
  EXPECT_THAT(
      update_errors("{evaluation: {config: {params: {a: 1}}}, execution: {timeout: 1h}, storage: {deletionPolicy: Retain, cleanup: Job}, "
                    "deployment: {readinessTimeout: 1h}}"),
      IsEmpty());
}

TEST(Update, MayNotChangeWhatRuns) {
  EXPECT_THAT(update_errors("{workspaceRef: {name: b}}"), ElementsAre(std::string("spec.workspaceRef") + kImmutable));
  EXPECT_THAT(update_errors("{target: {url: 'http://x'}}"), ElementsAre(std::string("spec.target") + kImmutable));
  EXPECT_THAT(update_errors("{deployment: {image: x, port: 1}}"),
              ElementsAre(std::string("spec.deployment.image") + kImmutable, std::string("spec.deployment.port") + kImmutable));
  EXPECT_THAT(update_errors("{deployment: {resourceShape: null}}"), ElementsAre(std::string("spec.deployment.resourceShape") + kImmutable));
  for (const std::string field : {"from: x", "path: /x", "mountPath: /x", "mounts: []"}) {
    EXPECT_THAT(update_errors("{storage: {" + field + "}}"), ElementsAre("spec.storage." + field.substr(0, field.find(':')) + kImmutable));
  }
}

TEST(Update, MayWriteTheDefaultWorkspaceOut) { EXPECT_THAT(update_errors("{workspaceRef: {name: default}}"), IsEmpty()); }

TEST(Update, MayReorderVariablesButNotChangeThem) {
  const base::Json spec = with(samples::nim(), "{deployment: {envs: [{name: A, value: x}, {name: B, value: y}]}}");
  const auto errors = [&](const std::string& envs) {
    return texts(validate_update(spec, with(spec, "{deployment: {envs: " + envs + "}}"), false));
  };
  EXPECT_THAT(errors("[{name: B, value: y}, {name: A, value: x}]"), IsEmpty());
  EXPECT_THAT(errors("[{name: B, value: x}, {name: A, value: y}]"), ElementsAre(std::string("spec.deployment.envs") + kImmutable));
  EXPECT_THAT(errors("[{name: A, value: x}]"), ElementsAre(std::string("spec.deployment.envs") + kImmutable));
}

TEST(Update, MayAddTasksUntilItHasFinished) {
  const std::string overlay = "{evaluation: {tasks: [{name: gpqa_diamond}, {name: hellaswag}, {name: winogrande}]}}";
  EXPECT_THAT(update_errors(overlay), IsEmpty());
  EXPECT_THAT(update_errors(overlay, true),
              ElementsAre("spec.evaluation.tasks[2]: the Invocation has finished; run winogrande in another one"));
}

TEST(Update, MayNeitherTakeTasksAwayNorChangeThem) {
  EXPECT_THAT(update_errors("{evaluation: {tasks: [{name: gpqa_diamond, timeout: 1h, run: 2}]}}"),
              ElementsAre("spec.evaluation.tasks[0].timeout: a task cannot change any more; add another one under its own name",
                          "spec.evaluation.tasks: task hellaswag cannot be taken away; delete the Invocation instead"));
}

}  // namespace
}  // namespace lepton_operator::invocation
