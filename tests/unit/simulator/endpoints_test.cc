// The new family's routes: the same endpoints, seen as components.
#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using testing::HasSubstr;

class Endpoint : public WorkspaceUnderTest {
 protected:
  Endpoint() {
    Options options;
    options.api_family = ApiFamily::kEndpoints;
    restart(options);
  }
  static std::string body(const std::string& name, const std::string& more_of_component = "", const std::string& more_of_spec = "") {
    return R"({"metadata":{"name":")" + name + R"("},"spec":{)" + more_of_spec + R"("components":[{"name":"default","image":"i",)" +
           more_of_component + R"("resource_shape":"gpu.1xh200"}]}})";
  }
  std::string state(const std::string& name) { return status(name, "state"); }
  std::string status(const std::string& name, const char* member) {
    return base::get_string(base::get_object(get("/endpoints/" + name), "status"), member).value_or("(none)");
  }
  void expect_refused(const std::string& body, const std::string& field) {
    const Response answer = ask("POST", "/endpoints", body);
    EXPECT_EQ(answer.status, 422) << body;
    EXPECT_THAT(answer.body, HasSubstr(field));
  }
};

TEST_F(Endpoint, IsAnnouncedByTheWorkspaceAndTheLegacyRoutesAreNotThere) {
  EXPECT_TRUE(get("/workspace").at("features").at("enable_new_deployment_api").as_bool());
  EXPECT_EQ(ask("GET", "/deployments").status, 404);
  restart();
  EXPECT_FALSE(get("/workspace").at("features").at("enable_new_deployment_api").as_bool());
  EXPECT_EQ(ask("GET", "/endpoints").status, 404);
}

TEST_F(Endpoint, BecomesReadyAndHasItsUrlFromThenOn) {
  ASSERT_EQ(ask("POST", "/endpoints", body("nim")).status, 201);
  EXPECT_EQ(state("nim"), "Starting");
  EXPECT_EQ(status("nim", "external_url"), "(none)");
  pass(2s);
  EXPECT_EQ(state("nim"), "Ready");
  EXPECT_EQ(status("nim", "external_url"), "https://ws-sim-nim.xenon.lepton.run");
  EXPECT_EQ(get("/endpoints").size(), 1U);
}

TEST_F(Endpoint, SpellsItsStatesWithoutFoldingAndWithoutASpace) {
  ask("POST", "/endpoints", body("nim"));
  pass(2s);
  simulator_->deployments().force_state("nim", "Not Ready", "");
  EXPECT_EQ(state("nim"), "NotReady");
  simulator_->deployments().force_state("nim", "Stopped", "");
  EXPECT_EQ(state("nim"), "Stopped");
  EXPECT_EQ(status("nim", "phase"), "(none)");
}

TEST_F(Endpoint, ThatIsBeingDeletedSaysSoByItsTimeOfDeletionAlone) {
  ask("POST", "/endpoints", body("nim"));
  pass(2s);
  EXPECT_EQ(ask("DELETE", "/endpoints/nim").status, 200);
  EXPECT_EQ(state("nim"), "Ready");
  EXPECT_TRUE(get("/endpoints/nim").at("metadata").at("deleted_at").is_number());
  pass(300ms);
  EXPECT_EQ(ask("GET", "/endpoints/nim").status, 404);
}

TEST_F(Endpoint, WithFieldsThatTheContractHasNotIsRefused) {
  expect_refused(body("nim", R"("cpu":1,)"), "spec.components[0].cpu");
  expect_refused(body("nim", R"("ports":[{"container_port":80,"name":"x"}],)"), "spec.components[0].ports[0].name");
  expect_refused(body("nim", R"("min_replicas":"1",)"), "spec.components[0].min_replicas");
  expect_refused(body("nim", "", R"("container":{},)"), "spec.container");
  expect_refused(body("nim", "", R"("auth_config":{},)"), "spec.auth_config");
  expect_refused(R"({"metadata":{"name":"nim","labels":{}},"spec":{"components":[]}})", "metadata.labels");
  expect_refused(R"({"metadata":{"id":"nim","name":"nim"},"spec":{"components":[]}})", "metadata.id");
  expect_refused(R"({"metadata":{"name":"nim"},"spec":{"components":[]}})", "spec.components");
  expect_refused(R"({"metadata":{"name":"nim"},"spec":{"components":[{"name":"a"}]}})", "spec.components[0].image");
  expect_refused(body("nim", R"("max_replicas":2,)"), "min_replicas");
  expect_refused(body("nim", "", R"("api_tokens":[{"value":"***"}],)"), "spec.api_tokens[0].value");
  EXPECT_EQ(ask("POST", "/endpoints", "{").status, 400);
  EXPECT_EQ(get("/endpoints").size(), 0U);
}

TEST_F(Endpoint, HasOneServingComponentAmongItsComponents) {
  const std::string other = R"({"name":"other","image":"i","resource_shape":"cpu.small"})";
  const std::string front = R"({"name":"front","frontend":true,"image":"i","resource_shape":"cpu.small"})";
  const auto with = [](const std::string& components) {
    return R"({"metadata":{"name":"nim"},"spec":{"components":[)" + components + "]}}";
  };
  expect_refused(with(other + "," + other), "twice");
  expect_refused(with(other + "," + R"({"name":"third","image":"i","resource_shape":"cpu.small"})"), "exactly one frontend");
  ASSERT_EQ(ask("POST", "/endpoints", with(other + "," + front)).status, 201);
  EXPECT_EQ(get("/endpoints/nim").at("spec").at("components"), json("[" + front + "," + other + "]"));
}

TEST_F(Endpoint, PatchReplacesTheComponentsWhole) {
  ask("POST", "/endpoints", body("nim", R"("envs":[{"name":"A","value":"1"}],"min_replicas":1,)"));
  pass(2s);
  EXPECT_EQ(ask("PATCH", "/endpoints/nim", R"({"spec":{"components":[{"name":"default","min_replicas":0}]}})").status, 422);
  const std::string whole = R"([{"name":"default","image":"i","resource_shape":"gpu.1xh200","min_replicas":0}])";
  EXPECT_EQ(ask("PATCH", "/endpoints/nim?dryrun=true", R"({"spec":{"components":)" + whole + "}}").status, 200);
  EXPECT_EQ(state("nim"), "Ready");
  EXPECT_EQ(ask("PATCH", "/endpoints/nim", R"({"metadata":{},"spec":{"components":)" + whole + "}}").status, 200);
  EXPECT_EQ(get("/endpoints/nim").at("spec").at("components"), json(whole));
  EXPECT_EQ(state("nim"), "Stopping");
  pass(300ms);
  EXPECT_EQ(state("nim"), "Stopped");
}

TEST_F(Endpoint, PatchLeavesWhatItDoesNotNameBesideTheComponents) {
  ask("POST", "/endpoints", body("nim", "", R"("api_tokens":[{"value":"t"}],"log":{"enable_collection":true},)"));
  EXPECT_EQ(ask("PATCH", "/endpoints/nim", R"({"spec":{"log":{"save_termination_logs":true},"image_pull_secrets":null}})").status, 200);
  const base::Json spec = get("/endpoints/nim").at("spec");
  EXPECT_EQ(spec.at("log"), json(R"({"enable_collection":true,"save_termination_logs":true})"));
  EXPECT_EQ(spec.at("api_tokens"), json(R"([{"value":"***"}])"));
  EXPECT_EQ(ask("PATCH", "/endpoints/nim", R"({"metadata":{"name":"other"}})").status, 400);
}

TEST_F(Endpoint, WithALoadTargetKeepsAReplica) {
  const std::string scaled = R"("autoscaling":{"target_gpu_utilization_percentage":60},"min_replicas":)";
  expect_refused(body("nim", scaled + "0,"), "min_replicas");
  EXPECT_EQ(ask("POST", "/endpoints", body("nim", scaled + "1,")).status, 201);
}

TEST_F(Endpoint, HasEventsLogsAndReplicasButNoReadinessAndNoTermination) {
  Options options;
  options.api_family = ApiFamily::kEndpoints;
  restart(options, R"(rules: [{match: nim, kind: endpoint, outcome: error, reason: "CUDA out of memory"}])");
  ask("POST", "/endpoints", body("nim"));
  pass(2s);
  for (const char* route : {"readiness", "termination"}) EXPECT_EQ(ask("GET", std::string("/endpoints/nim/") + route).status, 404);
  const base::Json events = get("/endpoints/nim/events");
  const base::Json& last = events.at(events.size() - 1);
  EXPECT_EQ(base::get_string(last, "reason"), "CUDA out of memory");
  EXPECT_EQ(base::get_string(last, "type"), "Warning");
  EXPECT_EQ(get("/endpoints/nim/replicas").size(), 1U);
  EXPECT_EQ(ask("GET", "/logs?deployment=nim").status, 400);
  EXPECT_THAT(base::to_text(get("/logs?endpoint=nim")), HasSubstr("CUDA out of memory"));
}

TEST_F(Endpoint, TakesTheTaskOfAScenarioFromItsOwnersMark) {
  Options options;
  options.api_family = ApiFamily::kEndpoints;
  restart(options, "rules: [{match: gpqa, kind: endpoint, outcome: never-ready}]");
  ask("POST", "/endpoints", body("nim", R"("envs":[{"name":"LEPTONOP_OWNER","value":"a=b,lepton-operator.task=gpqa"}],)"));
  pass(10min);
  EXPECT_EQ(state("nim"), "Starting");
}

class FamilyChange : public Endpoint {
 protected:
  void made_before(const std::string& former) {
    restart();
    ASSERT_EQ(ask("POST", "/deployments", endpoint("old")).status, 201);
    ASSERT_EQ(control("family", R"({"family":"endpoints","former":")" + former + R"("})").status, 200);
    EXPECT_TRUE(get("/workspace").at("features").at("enable_new_deployment_api").as_bool());
  }
};

TEST_F(FamilyChange, TakesItsEndpointsAlong) {
  made_before("moved");
  EXPECT_EQ(ask("GET", "/deployments").status, 404);
  EXPECT_EQ(ask("GET", "/endpoints/old").status, 200);
}

TEST_F(FamilyChange, OrLeavesThemWhereTheyAre) {
  made_before("kept");
  EXPECT_EQ(get("/deployments").size(), 1U);
  EXPECT_EQ(get("/endpoints").size(), 0U);
  EXPECT_EQ(ask("GET", "/endpoints/old").status, 404);
}

TEST_F(FamilyChange, OrHidesThem) {
  made_before("hidden");
  EXPECT_EQ(ask("GET", "/deployments").status, 404);
  EXPECT_EQ(get("/endpoints").size(), 0U);
  EXPECT_EQ(simulator_->deployments().alive().size(), 1U);
}

}  // namespace
}  // namespace lepton_operator::simulator
