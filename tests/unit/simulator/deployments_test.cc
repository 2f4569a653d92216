#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using Deployment = WorkspaceUnderTest;

TEST_F(Deployment, IsStartingUntilTheReadyDelayHasPassed) {
  EXPECT_EQ(ask("POST", "/deployments", endpoint("nim")).status, 201);
  EXPECT_EQ(endpoint_state("nim"), "Starting");
  pass(1999ms);
  EXPECT_EQ(endpoint_state("nim"), "Starting");
  pass(1ms);
  EXPECT_EQ(endpoint_state("nim"), "Ready");
}

TEST_F(Deployment, IsListedAsItIsShownAlone) {
  Options options;
  for (const bool masks : {true, false}) {
    options.mask_tokens = masks;
    restart(options);
    ask("POST", "/deployments", endpoint("nim", R"("api_tokens":[{"value":"t-1"}],)"));
    const base::Json alone = get("/deployments/nim");
    ASSERT_EQ(alone.at("spec").at("api_tokens").at(0).at("value").as_string(), masks ? "***" : "t-1");
    EXPECT_EQ(get("/deployments").at(0), alone);
  }
}

TEST_F(Deployment, OfATakenNameIsRefused) {
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(ask("POST", "/deployments", endpoint("nim")).status, 409);
}

TEST_F(Deployment, GoesSomeTimeAfterItsDeletionAndKeepsItsNameUntilThen) {
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(ask("DELETE", "/deployments/nim").status, 200);
  EXPECT_EQ(endpoint_state("nim"), "Deleting");
  EXPECT_EQ(ask("POST", "/deployments", endpoint("nim")).status, 409);
  pass(300ms);
  EXPECT_EQ(endpoint_state("nim"), "404");
  EXPECT_EQ(ask("DELETE", "/deployments/nim").status, 404);
  EXPECT_EQ(ask("POST", "/deployments", endpoint("nim")).status, 201);
}

TEST_F(Deployment, OfAnEarlierLifeDoesNotMakeItsSuccessorReady) {
  ask("POST", "/deployments", endpoint("nim"));
  ask("DELETE", "/deployments/nim");
  pass(300ms);
  ask("POST", "/deployments", endpoint("nim"));
  pass(1800ms);
  EXPECT_EQ(endpoint_state("nim"), "Starting");
  pass(200ms);
  EXPECT_EQ(endpoint_state("nim"), "Ready");
}

TEST_F(Deployment, StoppedIsShownAsNotReadyWithTheTruthInItsPhase) {
  ask("POST", "/deployments", endpoint("nim"));
  pass(2s);
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"spec":{"resource_requirement":{"min_replicas":0}}})").status, 200);
  EXPECT_EQ(endpoint_state("nim"), "Not Ready");
  EXPECT_EQ(endpoint_state("nim", "phase"), "Stopping");
  pass(300ms);
  EXPECT_EQ(endpoint_state("nim", "phase"), "Stopped");
  ask("PATCH", "/deployments/nim", R"({"spec":{"resource_requirement":{"min_replicas":1}}})");
  pass(2s);
  EXPECT_EQ(endpoint_state("nim"), "Ready");
}

TEST_F(Deployment, OfAnOldServerHasNoPhase) {
  Options options;
  options.omit_phase = true;
  restart(options);
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(endpoint_state("nim", "phase"), "(none)");
}

TEST_F(Deployment, PatchMergesObjectsAndReplacesLists) {
  ask("POST", "/deployments", endpoint("nim", R"("envs":[{"name":"A","value":"1"},{"name":"B","value":"2"}],)"));
  ask("PATCH", "/deployments/nim", R"({"spec":{"envs":[{"name":"C","value":"3"}],"container":{"command":["serve"]}}})");
  const base::Json spec = get("/deployments/nim").at("spec");
  EXPECT_EQ(spec.at("envs"), json(R"([{"name":"C","value":"3"}])"));
  EXPECT_EQ(spec.at("container"), json(R"({"image":"i","command":["serve"]})"));
}

TEST_F(Deployment, DryRunShowsWhatWouldBeAndChangesNothing) {
  ask("POST", "/deployments", endpoint("nim"));
  const Response shown = ask("PATCH", "/deployments/nim?dryrun=true", R"({"spec":{"container":{"image":"other"}}})");
  EXPECT_EQ(json(shown.body).at("spec").at("container").at("image").as_string(), "other");
  EXPECT_EQ(get("/deployments/nim").at("spec").at("container").at("image").as_string(), "i");
}

TEST_F(Deployment, ChangeThatChangesNothingIsRefused) {
  ask("POST", "/deployments", endpoint("nim"));
  const Response same = ask("PATCH", "/deployments/nim?dryrun=true", R"({"spec":{"container":{"image":"i"}}})");
  EXPECT_EQ(same.status, 400);
  EXPECT_THAT(same.body, testing::HasSubstr("no valid field to update"));
  EXPECT_EQ(get("/deployments/nim").at("metadata").at("version").as_integer(), 1);
}

TEST_F(Deployment, StoppedByHandIsStartedByTheReplicasThatItHas) {
  ask("POST", "/deployments", endpoint("nim"));
  control("set", R"({"deployment":"nim","state":"Stopped"})");
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"spec":{"resource_requirement":{"min_replicas":1}}})").status, 200);
  EXPECT_EQ(endpoint_state("nim"), "Starting");
}

// `lep endpoint update` tells by MAJOR whether an update restarts the replicas.
TEST_F(Deployment, VersionTellsWhetherAChangeRestartsReplicas) {
  const auto version = [](const base::Json& shown) { return shown.at("metadata").at("semantic_version").as_string(); };
  const auto change = [&](const std::string& body) { return version(json(ask("PATCH", "/deployments/nim", body).body)); };
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(version(get("/deployments/nim")), "1.0");
  EXPECT_EQ(change(R"({"spec":{"resource_requirement":{"min_replicas":2}}})"), "1.1");
  EXPECT_EQ(change(R"({"metadata":{"visibility":"private"}})"), "1.2");
  EXPECT_EQ(change(R"({"spec":{"container":{"image":"other"}}})"), "2.0");
  EXPECT_EQ(version(get("/deployments/nim/replicas").at(1)), "2.0");
}

TEST_F(Deployment, ReplicasAreOnNodesOfItsGroup) {
  ask("POST", "/deployments",
      R"({"metadata":{"name":"nim"},"spec":{"container":{"image":"i"},"resource_requirement":{"resource_shape":"gpu.1xh200","min_replicas":2,)"
      R"("affinity":{"allowed_dedicated_node_groups":["h200-eu-a1b2c3d4"],"allowed_nodes_in_node_group":["node-h200-1"]}}}})");
  const base::Json replicas = get("/deployments/nim/replicas");
  ASSERT_EQ(replicas.size(), 2);
  for (const base::Json& each : base::elements(&replicas)) {
    EXPECT_EQ(each.at("status").at("node"), json(R"({"id":"node-h200-1","name":"node-h200-1"})"));
  }
  EXPECT_EQ(get("/deployments/nim").at("status").at("autoscaler_status").at("desired_replicas").as_integer(), 2);
}

TEST_F(Deployment, RestartGoesThroughRestartingToReady) {
  ask("POST", "/deployments", endpoint("nim"));
  pass(2s);
  EXPECT_EQ(ask("PUT", "/deployments/nim/restart").status, 200);
  EXPECT_EQ(endpoint_state("nim"), "Restarting");
  pass(2s);
  EXPECT_EQ(endpoint_state("nim"), "Ready");
}

TEST_F(Deployment, MasksItsTokensInAnswersButNotInTheDump) {
  ask("POST", "/deployments", endpoint("nim", R"("api_tokens":[{"value":"very-secret"}],)"));
  EXPECT_THAT(ask("GET", "/deployments/nim").body, testing::Not(testing::HasSubstr("very-secret")));
  EXPECT_THAT(ask("GET", "/deployments").body, testing::HasSubstr("***"));
  EXPECT_THAT(base::to_text(simulator_->dump().at("deployments")), testing::HasSubstr("very-secret"));
}

TEST_F(Deployment, SaysWhyItIsNotReady) {
  restart({}, "rules: [{match: nim, kind: endpoint, outcome: error, reason: CUDA out of memory}, {match: late, outcome: queueing}]");
  ask("POST", "/deployments", endpoint("nim"));
  ask("POST", "/deployments", endpoint("late"));
  pass(1h);
  EXPECT_EQ(endpoint_state("nim"), "Error");
  EXPECT_THAT(ask("GET", "/deployments/nim/termination").body, testing::HasSubstr("CUDA out of memory"));
  EXPECT_EQ(endpoint_state("late"), "Starting");
  EXPECT_THAT(ask("GET", "/deployments/late/readiness").body, testing::HasSubstr("Queueing"));
}

TEST_F(Deployment, FlapsWhenTheScenarioSaysSo) {
  restart({}, "rules: [{match: nim, outcome: flapping, ready-delay: 1s}]");
  ask("POST", "/deployments", endpoint("nim"));
  std::vector<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    pass(1s);
    seen.push_back(endpoint_state("nim"));
  }
  EXPECT_THAT(seen, testing::ElementsAre("Ready", "Not Ready", "Ready", "Not Ready"));
}

TEST_F(Deployment, FailsOnlyTheFirstTimesOfARule) {
  restart({}, "rules: [{match: nim, kind: endpoint, outcome: fail, times: 1}]");
  ask("POST", "/deployments", endpoint("nim-0"));
  ask("POST", "/deployments", endpoint("nim-1"));
  pass(2s);
  EXPECT_EQ(endpoint_state("nim-0"), "Error");
  EXPECT_EQ(endpoint_state("nim-1"), "Ready");
}

TEST_F(Deployment, KeepsAStateSetByHand) {
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(control("set", R"({"deployment":"nim","state":"Stopped"})").status, 200);
  pass(1h);
  EXPECT_EQ(endpoint_state("nim"), "Not Ready");
  EXPECT_EQ(endpoint_state("nim", "phase"), "Stopped");
}

}  // namespace
}  // namespace lepton_operator::simulator
