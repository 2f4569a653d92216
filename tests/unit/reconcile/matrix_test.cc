// Both API families, storage in each of the ways in which it may be met, and all types: create, run, delete, and nothing is left. What is
// left is read from the simulator's dump, after it showed that there was something. 32 cells take about two seconds.
#include <gmock/gmock.h>

#include "unit/reconcile/running_operator.h"

namespace lepton_operator::reconcile::test {
namespace {

using invocation::Phase;
using simulator::ApiFamily;
using simulator::StorageApi;
using testing::Contains;
using testing::Not;
using testing::StartsWith;

constexpr const char* kNeighbour = "/shared/nemo-evaluator-launcher-workspace/ffffffffffffffff";

constexpr const char* kEvaluation = R"(
evaluation:
  tasks:
    - {name: first, container: "eval:1"}
    - {name: second, container: "eval:1"}
execution:
  nodeGroup: cpu-eu
  envs: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]
)";

std::string manifest(const std::string& type) {
  const std::string more = R"(, resourceShape: gpu.1xh200, nodeGroup: h200-eu, cache: {path: "/cache", mountPath: /cache}}
)";
  if (type == "none")
    return "deployment: {type: none}\ntarget: {url: \"https://models.test/v1\", modelId: llama}" + std::string(kEvaluation);
  std::string served = "deployment: {type: " + type + ", image: \"server:1\", servedModelName: meta/llama";
  if (type != "nim") served += ", checkpointPath: /models/llama";
  return served + more + kEvaluation;
}

using Cell = std::tuple<ApiFamily, StorageApi, std::string>;

class Matrix : public testing::TestWithParam<Cell> {
 protected:
  ApiFamily family() const { return std::get<0>(GetParam()); }
  StorageApi storage() const { return std::get<1>(GetParam()); }
  std::string type() const { return std::get<2>(GetParam()); }
  simulator::Options options() const {
    simulator::Options options;
    options.api_family = family();
    options.storage_api = storage();
    return options;
  }
};

TEST_P(Matrix, ARunAndItsDeletionLeaveNothing) {
  RunningOperator run(options());
  Bench& bench = run.bench;
  auto& shared = bench.simulator.world().volumes["lepton-shared-fs"];
  auto& other = bench.simulator.world().other_volume;
  for (auto* volume : {&shared, &other}) volume->write(std::string(kNeighbour) + "/results.yml", "theirs");
  bench.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});

  bench.store.put_invocation(kLlama, manifest(type()));
  ASSERT_TRUE(bench.until([&] { return run.phase(kLlama) == Phase::kSucceeded; }, 60s)) << run.log();

  // There was something: in both ways' own routes, and nowhere else.
  const std::size_t endpoints = type() == "none" ? 0 : 2;
  const std::string own = family() == ApiFamily::kEndpoints ? "/endpoints" : "/deployments";
  const std::string others = family() == ApiFamily::kEndpoints ? "/deployments*" : "/endpoints*";
  EXPECT_EQ(bench.requests("POST", own), static_cast<int>(endpoints));
  for (const auto& request : bench.simulator.requests()) EXPECT_FALSE(simulator::glob(others, request.path)) << request.path;
  ASSERT_TRUE(bench.until([&] { return run.dumped("deleted_deployments") == endpoints; }, 30s)) << run.log();
  ASSERT_EQ(run.dumped("jobs"), 2U);
  ASSERT_EQ(run.dumped("secrets"), type() == "none" ? 1U : 2U);
  ASSERT_THAT(shared.paths(), Contains(StartsWith(run.directory(kLlama))));

  bench.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench.until([&] { return run.gone(kLlama); }, 120s)) << run.log();

  for (const char* kind : {"deployments", "jobs", "archived_jobs", "secrets", "held"}) EXPECT_EQ(run.dumped(kind), 0U) << kind;
  for (const auto* volume : {&shared, &other}) {
    EXPECT_THAT(volume->paths(), Not(Contains(StartsWith(run.directory(kLlama)))));
    EXPECT_TRUE(volume->exists(std::string(kNeighbour) + "/results.yml"));
  }
  const bool by_api = storage() == StorageApi::kName || storage() == StorageApi::kLiteral;
  EXPECT_EQ(bench.requests("DELETE", "/storage/*"), by_api ? 1 : 0);
  EXPECT_EQ(run.dumped("deleted_jobs"), by_api ? 2U : 3U);  // the third removed the directory
}

std::string cell_name(const testing::TestParamInfo<Cell>& cell) {
  static const std::map<StorageApi, std::string> kStorage = {{StorageApi::kName, "name"},
                                                             {StorageApi::kLiteral, "literal"},
                                                             {StorageApi::kAbsent, "absent"},
                                                             {StorageApi::kOtherVolume, "other_volume"}};
  return std::string(to_string(std::get<0>(cell.param))) + "_" + kStorage.at(std::get<1>(cell.param)) + "_" + std::get<2>(cell.param);
}

INSTANTIATE_TEST_SUITE_P(Cells, Matrix,
                         testing::Combine(testing::Values(ApiFamily::kDeployments, ApiFamily::kEndpoints),
                                          testing::Values(StorageApi::kName, StorageApi::kLiteral, StorageApi::kAbsent,
                                                          StorageApi::kOtherVolume),
                                          testing::Values("nim", "vllm", "sglang", "none")),
                         cell_name);

// --- storage.cleanup, where the user says which way

class Cleanup : public testing::Test {
 protected:
  // Runs and deletes; the operator stays to be asked.
  std::unique_ptr<RunningOperator> deleted(StorageApi api, const std::string& method) {
    simulator::Options options;
    options.storage_api = api;
    auto run = std::make_unique<RunningOperator>(options);
    run->bench.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});
    run->bench.store.put_invocation(kLlama, manifest("none") + "storage: {cleanup: " + method + "}\n");
    EXPECT_TRUE(run->bench.until([&] { return run->phase(kLlama) == Phase::kSucceeded; }, 60s)) << run->log();
    EXPECT_TRUE(run->bench.simulator.world().volumes["lepton-shared-fs"].exists(run->directory(kLlama)));
    run->bench.store.delete_invocation(kLlama);
    return run;
  }
  static bool left(RunningOperator& run) { return run.bench.simulator.world().volumes["lepton-shared-fs"].exists(run.directory(kLlama)); }
};

TEST_F(Cleanup, ByJobNeverRemovesThroughTheApi) {
  const auto run = deleted(StorageApi::kName, "Job");
  ASSERT_TRUE(run->bench.until([&] { return run->gone(kLlama); }, 120s)) << run->log();
  EXPECT_FALSE(left(*run));
  EXPECT_EQ(run->bench.requests("DELETE", "/storage/*"), 0);
  EXPECT_EQ(run->dumped("deleted_jobs"), 3U);
}

TEST_F(Cleanup, ByAJobWhoseCreationIsUncertainGoesOnAsSoonAsThatIsSettled) {
  for (const int status : {503, 500}) {
    const auto run = deleted(StorageApi::kName, "Job");
    run->bench.transport->on_call([status, used = false](const base::HttpRequest& request) mutable -> std::optional<simulator::Fault> {
      if (used || request.method != base::Method::kPost || !request.path.ends_with("/jobs")) return std::nullopt;
      used = true;
      return simulator::Fault{simulator::Fault::What::kStatus, status};
    });
    const base::Timestamp begun = run->bench.clock.now();
    ASSERT_TRUE(run->bench.until([&] { return run->gone(kLlama); }, 10min)) << run->log();
    EXPECT_LT(run->bench.clock.now() - begun, 60s) << run->log();
  }
}

TEST_F(Cleanup, ByApiMakesNoJobAndWaitsWhereTheApiDoesNotShowTheDirectory) {
  for (const StorageApi api : {StorageApi::kAbsent, StorageApi::kOtherVolume}) {
    const auto run = deleted(api, "Api");
    EXPECT_FALSE(run->bench.until([&] { return run->gone(kLlama); }, 10min));
    EXPECT_TRUE(left(*run));
    EXPECT_THAT(run->condition(kLlama, "CleanedUp"), StartsWith("StorageNotVisible: the storage API does not show /shared/"));
    EXPECT_EQ(run->dumped("deleted_jobs"), 2U);
    EXPECT_EQ(run->dumped("jobs"), 0U);
  }
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
