// What we send is accepted by the strict simulator, and what it answers is read: the two halves of the contract against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/transport.h"
#include "lepton/observer.h"
#include "unit/lepton/bench.h"

namespace lepton_operator::lepton {
namespace {

using base::ErrorKind;
using test::Bench;
using test::operator""s;
using test::operator""ms;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

class OnTheSimulator : public testing::Test {
 protected:
  explicit OnTheSimulator(simulator::Options options = {}) : simulator(std::move(options), [this] { return bench.clock.now(); }) {
    use(simulator.token());
  }

  void use(const std::string& token) {
    const Credentials credentials{"ws-sim", token, "http://sim.test" + simulator.base_path(), std::nullopt};
    transport = std::make_shared<simulator::SimulatorTransport>(bench.io, simulator);
    bench.client = std::make_unique<Client>(transport, credentials, bench.clock, *bench.random, ClientOptions{});
  }

  Client& client() { return *bench.client; }

  EndpointSpec every_field_of_an_endpoint() {
    EndpointSpec spec;
    spec.name = "vllm-gpqa-0-a1b2c3d4e5";
    spec.labels = {{"lepton-operator.uid", "u1"}, {"lepton-operator.install", "i1"}};
    spec.image = "vllm:1";
    spec.command = {"vllm", "serve", "/model"};
    spec.resource_shape = "gpu.1xH200";
    spec.max_replicas = 2;
    spec.shared_memory_mib = 4096;
    spec.node_group_ids = {group("h200")};
    spec.envs = {EnvVar{"A", "1", {}}, EnvVar{"HF_TOKEN", {}, "hf"}};
    spec.mounts = {Mount{"/cache", "node-nfs:lepton-shared-fs", "/opt/cache"}};
    spec.api_tokens = {ApiToken{"token-value", {}}, ApiToken{{}, "shared"}};
    spec.image_pull_secrets = {"ngc"};
    spec.auto_scaler = *base::parse_json(R"({"scale_down":{"no_traffic_timeout":3600}})", "test");
    return spec;
  }

  JobSpec every_field_of_a_job() {
    JobSpec spec;
    spec.name = "eval-a1b2c3d4e5-gpqa-0";
    spec.labels = {{"lepton-operator.uid", "u1"}, {"lepton-operator.install", "i1"}};
    spec.image = "simple-evals:1";
    spec.command = {"/bin/bash", "-c", "true"};
    spec.resource_shape = "cpu.small";
    spec.node_group_ids = {group("cpu")};
    spec.envs = {EnvVar{"HF_TOKEN", {}, "hf"}, EnvVar{"EVAL_OUTPUT_DIR", "/workspace/gpqa", {}}};
    spec.mounts = {Mount{"/shared/ws/0123456789abcdef", "node-nfs:lepton-shared-fs", "/workspace"}};
    spec.image_pull_secrets = {"lepton-nvidia"};
    return spec;
  }

  // The id of the first node group whose name holds `part`, or of any.
  std::string group(const std::string& part) {
    const auto groups = bench.get(client().list_node_groups(bench.root));
    EXPECT_TRUE(groups.ok());
    EXPECT_EQ(groups->malformed, 0);
    for (const NodeGroup& each : groups->items) {
      if (each.name.find(part) != std::string::npos) return each.id;
    }
    return groups->items.empty() ? "" : groups->items.front().id;
  }

  void make_secret() {
    ASSERT_TRUE(bench.get(client().create_secret(bench.root, NewSecret{"hf", "hf-value", {"lepton-operator.uid=u1"}})).ok());
  }

  Bench bench;
  simulator::Simulator simulator;
  std::shared_ptr<simulator::SimulatorTransport> transport;
};

TEST_F(OnTheSimulator, AnEndpointWithEveryFieldIsAcceptedBecomesReadyAndGoes) {
  make_secret();
  const EndpointSpec spec = every_field_of_an_endpoint();
  const auto created = bench.get(client().create_endpoint(bench.root, spec));
  ASSERT_TRUE(created.ok()) << created.error().text();
  bench.pass(3s);
  const auto endpoint = bench.get(client().get_endpoint(bench.root, spec.name));
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().text();
  EXPECT_EQ(endpoint->state, EndpointState::kReady);
  EXPECT_EQ(endpoint->labels, spec.labels);
  EXPECT_EQ(endpoint->spec->envs, spec.envs);
  EXPECT_NE(endpoint->external_url, "");
  EXPECT_TRUE(endpoint->created_at.has_value());
  EXPECT_EQ(bench.get(client().create_endpoint(bench.root, spec)).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(bench.get(client().scale_endpoint(bench.root, spec.name, 0, 2)).ok());
  bench.pass(3s);
  const auto stopped = bench.get(client().get_endpoint(bench.root, spec.name));
  EXPECT_TRUE(stopped->phase == EndpointState::kStopped || stopped->state == EndpointState::kStopped);
  EXPECT_EQ(stopped->spec->min_replicas, 0);
  ASSERT_TRUE(bench.get(client().delete_endpoint(bench.root, spec.name)).ok());
  bench.pass(1s);
  EXPECT_EQ(bench.get(client().get_endpoint(bench.root, spec.name)).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(bench.get(client().delete_endpoint(bench.root, spec.name)).ok());
}

TEST_F(OnTheSimulator, EveryFieldOfAnEndpointCanBePutBackAloneAndIsThenAsItWasMade) {
  make_secret();
  const EndpointSpec spec = every_field_of_an_endpoint();
  ASSERT_TRUE(bench.get(client().create_endpoint(bench.root, spec)).ok());
  const SeenSpec made = *bench.get(client().get_endpoint(bench.root, spec.name))->spec;
  EndpointSpec other = spec;
  other.image = "vllm:2";
  other.command = {"sh"};
  other.port = 9000;
  other.resource_shape = "cpu.small";
  other.min_replicas = other.max_replicas = 3;
  other.node_group_ids = {group("cpu")};
  other.envs.pop_back();
  other.mounts[0].path = "/else";
  other.api_tokens.pop_back();
  other.image_pull_secrets = {"else"};
  other.auto_scaler = *base::parse_json(R"({"scale_down":{"no_traffic_timeout":60}})", "test");
  other.priority_class = "low-1000";
  using F = EndpointField;
  for (const F field : {F::kImage, F::kCommand, F::kPort, F::kResourceShape, F::kReplicas, F::kNodeGroup, F::kEnvs, F::kMounts,
                        F::kApiTokens, F::kImagePullSecrets, F::kAutoScaler, F::kPriorityClass}) {
    const auto edited = bench.get(client().update_endpoint(bench.root, other, {field}));
    ASSERT_TRUE(edited.ok()) << to_string(field) << ": " << edited.error().text();
    EXPECT_FALSE(bench.get(client().get_endpoint(bench.root, spec.name))->spec == made) << to_string(field);
    ASSERT_TRUE(bench.get(client().update_endpoint(bench.root, spec, {field})).ok()) << to_string(field);
    EXPECT_TRUE(bench.get(client().get_endpoint(bench.root, spec.name))->spec == made) << to_string(field);
  }
}

TEST_F(OnTheSimulator, AJobWithEveryFieldIsAcceptedRunsAndIsFoundByItsId) {
  make_secret();
  const auto created = bench.get(client().create_job(bench.root, every_field_of_a_job()));
  ASSERT_TRUE(created.ok()) << created.error().text();
  EXPECT_NE(created->id, created->name);
  bench.pass(4s);
  const auto job = bench.get(client().get_job(bench.root, created->id));
  ASSERT_TRUE(job.ok()) << job.error().text();
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_TRUE(job->completed_at.has_value());
  EXPECT_LE(*job->completed_at, bench.clock.now());
  EXPECT_GE(*job->completed_at + 10s, bench.clock.now());
  ASSERT_TRUE(bench.get(client().delete_job(bench.root, created->id)).ok());
  bench.pass(1s);
  const auto jobs = bench.get(client().list_jobs(bench.root, JobQuery{JobScope::kAliveAndArchive, ""}));
  EXPECT_THAT(jobs->items, IsEmpty());
}

TEST_F(OnTheSimulator, ARunningJobCanBeStopped) {
  make_secret();
  const auto created = bench.get(client().create_job(bench.root, every_field_of_a_job()));
  ASSERT_TRUE(created.ok()) << created.error().text();
  bench.pass(1s);
  ASSERT_TRUE(bench.get(client().stop_job(bench.root, created->id)).ok());
  bench.pass(1s);
  EXPECT_EQ(bench.get(client().get_job(bench.root, created->id))->state, JobState::kStopped);
}

TEST_F(OnTheSimulator, JobsAreListedByOurMarkPageAfterPage) {
  make_secret();
  JobSpec spec = every_field_of_a_job();
  for (int i = 0; i < 501; ++i) {
    spec.labels.set("lepton-operator.install", i == 0 ? "other" : "i1");
    ASSERT_TRUE(bench.get(client().create_job(bench.root, spec)).ok());
  }
  const auto ours = bench.get(client().list_jobs(bench.root, JobQuery{JobScope::kAlive, "lepton-operator.install=i1"}));
  ASSERT_TRUE(ours.ok()) << ours.error().text();
  EXPECT_THAT(ours->items, SizeIs(500));
  EXPECT_EQ(ours->requests, 2);  // a full page does not say that it is the last
}

TEST_F(OnTheSimulator, SecretsAreMadeListedWithTheirTagsAndRemoved) {
  make_secret();
  const auto secrets = bench.get(client().list_secrets(bench.root));
  ASSERT_TRUE(secrets.ok());
  ASSERT_THAT(secrets->items, SizeIs(1));
  EXPECT_EQ(secrets->items[0].name, "hf");
  EXPECT_THAT(secrets->items[0].tags, ElementsAre("lepton-operator.uid=u1"));
  EXPECT_EQ(bench.get(client().create_secret(bench.root, NewSecret{"hf", "hf-value", {}})).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(bench.get(client().delete_secret(bench.root, "hf")).ok());
  EXPECT_THAT(bench.get(client().list_secrets(bench.root))->items, IsEmpty());
}

TEST_F(OnTheSimulator, TheDirectoryOfAJobIsSeenAndRemovedThroughStorage) {
  make_secret();
  ASSERT_TRUE(bench.get(client().create_job(bench.root, every_field_of_a_job())).ok());
  bench.pass(4s);
  const auto systems = bench.get(client().list_file_systems(bench.root));
  ASSERT_TRUE(systems.ok());
  EXPECT_THAT(*systems, Contains("lepton-shared-fs"));
  EXPECT_TRUE(*bench.get(client().storage_exists(bench.root, "lepton-shared-fs", "/shared/ws/0123456789abcdef/gpqa/results.yml")));
  ASSERT_TRUE(bench.get(client().remove_directory(bench.root, "lepton-shared-fs", "/shared/ws/0123456789abcdef")).ok());
  EXPECT_FALSE(*bench.get(client().storage_exists(bench.root, "lepton-shared-fs", "/shared/ws/0123456789abcdef")));
  EXPECT_TRUE(*bench.get(client().storage_exists(bench.root, "lepton-shared-fs", "/shared/ws")));
}

TEST_F(OnTheSimulator, TheWorkspaceIsReadAndAWrongTokenAndAWrongIdAreTold) {
  EXPECT_EQ(bench.get(client().workspace(bench.root))->family, ApiFamily::kDeployments);
  use("wrong");
  EXPECT_EQ(bench.get(client().workspace(bench.root)).error().kind, ErrorKind::kUnauthorized);
  const Credentials name{"my-team", simulator.token(), "http://sim.test/api/v2/workspaces/my-team", std::nullopt};
  bench.client = std::make_unique<Client>(transport, name, bench.clock, *bench.random, ClientOptions{});
  EXPECT_EQ(bench.get(client().workspace(bench.root)).error().what,
            "lepton answered 404 for workspace \"my-team\": this must be the workspace ID (dashboard, Settings), not its name.");
}

TEST_F(OnTheSimulator, TheObserverSeesAnEndpointBecomeReadyWithinTwoSecondsOfIt) {
  make_secret();
  ObserverOptions options;
  options.job_selector = "lepton-operator.install=i1";
  options.owner_label = "lepton-operator.uid";
  std::optional<base::Timestamp> ready;
  Observer* seeing = nullptr;
  Observer observer(bench.io, client(), bench.clock, *bench.random, options, [&](const std::string& owner) {
    const auto& endpoints = seeing->view().endpoints;
    if (owner != "u1" || endpoints.empty() || ready) return;
    if (endpoints.begin()->second.endpoint.state == EndpointState::kReady) ready = bench.clock.now();
  });
  seeing = &observer;
  observer.set_interest("a", Interest{Pace::kClose, false});
  boost::asio::co_spawn(bench.io, observer.run(bench.root), boost::asio::detached);
  const base::Timestamp created = bench.clock.now();
  ASSERT_TRUE(bench.get(client().create_endpoint(bench.root, every_field_of_an_endpoint())).ok());
  bench.pass(5s);
  ASSERT_TRUE(ready.has_value());
  EXPECT_GE(*ready, created + 2s);
  EXPECT_LE(*ready, created + 4s);
  bench.root.cancel();
  bench.settle();
}

class OnComponents : public OnTheSimulator {
 protected:
  static constexpr ApiFamily kFamily = ApiFamily::kEndpoints;

  OnComponents() : OnTheSimulator({.api_family = simulator::ApiFamily::kEndpoints}) {}
};

TEST_F(OnComponents, AnEndpointWithEveryFieldIsAcceptedScaledAndGoes) {
  EXPECT_EQ(bench.get(client().workspace(bench.root))->family, kFamily);
  make_secret();
  const EndpointSpec spec = every_field_of_an_endpoint();
  const auto created = bench.get(client().create_endpoint(bench.root, spec, kFamily));
  ASSERT_TRUE(created.ok()) << created.error().text();
  EXPECT_EQ(bench.get(client().create_endpoint(bench.root, spec, kFamily)).error().kind, ErrorKind::kConflict);
  bench.pass(3s);
  const auto endpoint = bench.get(client().get_endpoint(bench.root, spec.name, kFamily));
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().text();
  EXPECT_EQ(endpoint->state, EndpointState::kReady);
  EXPECT_EQ(endpoint->labels, spec.labels);
  EXPECT_EQ(endpoint->spec->envs, spec.envs);
  EXPECT_NE(endpoint->external_url, "");
  EXPECT_TRUE(endpoint->created_at.has_value());

  const Json before = simulator.deployments().find(spec.name)->spec;
  ASSERT_TRUE(bench.get(client().scale_endpoint(bench.root, spec.name, 0, 2, kFamily)).ok());
  bench.pass(1s);
  EXPECT_EQ(bench.get(client().get_endpoint(bench.root, spec.name, kFamily))->state, EndpointState::kStopped);
  const auto started = bench.get(client().scale_endpoint(bench.root, spec.name, 1, 2, kFamily));
  ASSERT_TRUE(started.ok()) << started.error().text();
  bench.pass(3s);
  EXPECT_EQ(bench.get(client().get_endpoint(bench.root, spec.name, kFamily))->state, EndpointState::kReady);
  EXPECT_EQ(base::to_text(simulator.deployments().find(spec.name)->spec), base::to_text(before));  // nothing else was touched

  ASSERT_TRUE(bench.get(client().delete_endpoint(bench.root, spec.name, kFamily)).ok());
  EXPECT_EQ(bench.get(client().list_endpoints(bench.root, kFamily))->items.at(0).state, EndpointState::kDeleting);
  bench.pass(1s);
  EXPECT_EQ(bench.get(client().get_endpoint(bench.root, spec.name, kFamily)).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(bench.get(client().delete_endpoint(bench.root, spec.name, kFamily)).ok());
}

TEST_F(OnComponents, TroubleIsToldByWarningsAndTheLogSinceThereIsNoReadinessToAsk) {
  simulator::OutcomeRule rule;
  rule.outcome = simulator::Outcome::kError;
  rule.reason = "ImagePullBackOff";
  simulator.world().scenario.rules.push_back(rule);
  make_secret();
  const EndpointSpec spec = every_field_of_an_endpoint();
  ASSERT_TRUE(bench.get(client().create_endpoint(bench.root, spec, kFamily)).ok());
  bench.pass(3s);
  const auto told = bench.get(client().explain_endpoint(bench.root, spec.name, kFamily));
  ASSERT_TRUE(told.ok()) << told.error().text();
  EXPECT_THAT(told->reasons, ElementsAre("ImagePullBackOff"));
  EXPECT_THAT(told->log_lines, ElementsAre("starting " + spec.name, "error: ImagePullBackOff"));
  for (const auto& request : simulator.requests()) EXPECT_EQ(request.status / 100, 2) << request.path;
}

class WithSmallPages : public OnTheSimulator {
 protected:
  WithSmallPages() : OnTheSimulator({.max_page = 3}) {}
};

TEST_F(WithSmallPages, AllJobsAreListedThoughTheServerCapsThePageSize) {
  make_secret();
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(bench.get(client().create_job(bench.root, every_field_of_a_job())).ok());
  const auto jobs = bench.get(client().list_jobs(bench.root, {}));
  ASSERT_TRUE(jobs.ok());
  EXPECT_THAT(jobs->items, SizeIs(7));
}

// Its events are all that tells (section 5).
TEST_F(OnComponents, AnEndpointInTroubleSaysWhyItIsNotReady) {
  using simulator::Outcome;
  const std::vector<std::tuple<Outcome, EndpointTrouble, std::string>> expected{
      {Outcome::kNoCapacity, EndpointTrouble::kNoCapacity, "FailedScheduling, 3 times"},
      {Outcome::kImagePull, EndpointTrouble::kImagePull, "ImagePullBackOff, 3 times"},
      {Outcome::kCrashLoop, EndpointTrouble::kCrash, "BackOff, 3 times"},
      {Outcome::kNeverReady, EndpointTrouble::kNone, ""}};
  make_secret();
  for (const auto& [outcome, trouble, detail] : expected) {
    simulator.world().scenario.rules.assign(1, {});
    simulator.world().scenario.rules[0].match = "*";
    simulator.world().scenario.rules[0].outcome = outcome;
    EndpointSpec spec = every_field_of_an_endpoint();
    spec.name = "in-trouble-" + std::to_string(static_cast<int>(outcome));
    ASSERT_TRUE(bench.get(client().create_endpoint(bench.root, spec, kFamily)).ok());
    const auto why = bench.get(client().why_not_ready(bench.root, spec.name, kFamily));
    ASSERT_TRUE(why.ok()) << why.error().text();
    EXPECT_EQ(why->trouble, trouble) << detail;
    EXPECT_EQ(why->detail, detail);
  }
}

struct Trouble {
  simulator::Outcome outcome;
  std::string reason;
  EndpointTrouble expected;
  std::string detail;
  std::size_t requests;
};

class AnEndpointInTrouble : public OnTheSimulator, public testing::WithParamInterface<Trouble> {};

TEST_P(AnEndpointInTrouble, SaysWhyItIsNotReady) {
  simulator::OutcomeRule rule;
  rule.match = "*";
  rule.outcome = GetParam().outcome;
  rule.reason = GetParam().reason;
  rule.exit_code = 137;
  simulator.world().scenario.rules.push_back(rule);
  make_secret();
  const EndpointSpec spec = every_field_of_an_endpoint();
  ASSERT_TRUE(bench.get(client().create_endpoint(bench.root, spec)).ok());
  const std::size_t before = simulator.requests().size();
  const auto why = bench.get(client().why_not_ready(bench.root, spec.name));
  ASSERT_TRUE(why.ok()) << why.error().text();
  EXPECT_EQ(why->trouble, GetParam().expected) << to_string(why->trouble);
  EXPECT_THAT(why->detail, testing::HasSubstr(GetParam().detail));
  EXPECT_EQ(simulator.requests().size() - before, GetParam().requests);
  const bool crashes = GetParam().expected == EndpointTrouble::kCrash;
  EXPECT_EQ(why->log_lines.empty(), !crashes);
  if (crashes) {
    EXPECT_THAT(why->log_lines.back(), testing::HasSubstr("CUDA out of memory"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, AnEndpointInTrouble,
    testing::Values(Trouble{simulator::Outcome::kNoCapacity, "", EndpointTrouble::kNoCapacity, "", 1},
                    Trouble{simulator::Outcome::kQueueing, "", EndpointTrouble::kQueueing, "", 1},
                    Trouble{simulator::Outcome::kNeverReady, "ConfigError", EndpointTrouble::kConfig, "ConfigError", 3},
                    Trouble{simulator::Outcome::kImagePull, "", EndpointTrouble::kImagePull, "ImagePullBackOff, 3 times", 3},
                    Trouble{simulator::Outcome::kCrashLoop, "CUDA out of memory", EndpointTrouble::kCrash,
                            "exit code 137 (Error: CUDA out of memory)", 4},
                    Trouble{simulator::Outcome::kNeverReady, "", EndpointTrouble::kNone, "", 3}),
    [](const auto& param) { return "Trouble" + std::to_string(param.index); });

}  // namespace
}  // namespace lepton_operator::lepton
