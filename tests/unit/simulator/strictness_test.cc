#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using Strictness = WorkspaceUnderTest;

struct Wrong {
  const char* spec;  // members put into an otherwise right spec, with a comma at the end
  int status;
  const char* field;  // named in the answer
};

TEST_F(Strictness, RefusesEveryKindOfWrongDeployment) {
  const std::vector<Wrong> table = {
      {R"("enable_rdma":true,)", 422, "spec.enable_rdma"},
      {R"("container":{"image":"i","args":[]},)", 422, "spec.container.args"},
      {R"("container":{"image":""},)", 422, "spec.container.image"},
      {R"("container":{"image":"i","command":"serve"},)", 422, "spec.container.command"},
      {R"("container":{"image":"i","ports":[{"container_port":0}]},)", 422, "spec.container.ports[0].container_port"},
      {R"("container":{"image":"i","ports":[{"container_port":"8000"}]},)", 422, "spec.container.ports[0].container_port"},
      {R"("envs":[{"name":"1A","value":"x"}],)", 422, "spec.envs[0].name"},
      {R"("envs":[{"name":"LEPTON_X","value":"x"}],)", 422, "spec.envs[0].name"},
      {R"("envs":[{"name":"A"}],)", 422, "spec.envs[0]"},
      {R"("envs":[{"name":"A","value":"x","value_from":{"secret_name_ref":"s"}}],)", 422, "spec.envs[0]"},
      {R"("envs":[{"name":"A","value":"x"},{"name":"A","value":"y"}],)", 422, "spec.envs"},
      {R"("envs":[{"name":"A","value":1}],)", 422, "spec.envs[0].value"},
      {R"("envs":[{"name":"A","value_from":{"secret_name_ref":"absent"}}],)", 400, "spec.envs[0].value_from.secret_name_ref"},
      {R"("envs":[{"name":"A","value_from":{"token_name_ref":"t"}}],)", 422, "spec.envs[0].value_from.token_name_ref"},
      {R"("api_tokens":[{"value_from":{"secret_name_ref":"s"}}],)", 422, "spec.api_tokens[0].value_from.secret_name_ref"},
      {R"("api_tokens":[{"value":"***"}],)", 422, "spec.api_tokens[0].value"},
      {R"("api_tokens":["t"],)", 422, "spec.api_tokens[0]"},
      {R"("mounts":[{"path":"/x","mount_path":"/y"}],)", 422, "spec.mounts[0].from"},
      {R"("mounts":[{"path":"/x","from":"node-nfs:lepton-shared-fs","mount_path":"/usr/"}],)", 422, "spec.mounts[0].mount_path"},
      {R"("mounts":[{"path":"/x","from":"node-nfs:lepton-shared-fs","mount_path":"y"}],)", 422, "spec.mounts[0].mount_path"},
      {R"("mounts":[{"path":"/x","from":"node-nfs","mount_path":"/y"}],)", 422, "spec.mounts[0].from"},
      {R"("mounts":[{"path":"/x","from":"node-nfs:other","mount_path":"/y"}],)", 400, "spec.mounts[0].from"},
      {R"("auto_scaler":{"scale_down":{"no_traffic_timeout":-1}},)", 422, "spec.auto_scaler.scale_down.no_traffic_timeout"},
      {R"("auto_scaler":{"scale_down":{"no_traffic_timeout":"1h"}},)", 422, "spec.auto_scaler.scale_down.no_traffic_timeout"},
      {R"("queue_config":{"priority_class":"urgent"},)", 422, "spec.queue_config.priority_class"},
      {R"("ingress_timeout_seconds":10,)", 422, "spec.ingress_timeout_seconds"},
      {R"("health":{"liveness":{"initial_delay_seconds":1.5}},)", 422, "spec.health.liveness.initial_delay_seconds"},
      {R"("health":null,)", 422, "spec.health"},
      {R"("image_pull_secrets":"s",)", 422, "spec.image_pull_secrets"},
      {R"("allow_unauthenticated_access":true,"api_tokens":[{"value":"t"}],)", 422, "spec"},
  };
  for (const Wrong& wrong : table) {
    const Response response = ask("POST", "/deployments", endpoint("nim", wrong.spec));
    EXPECT_EQ(response.status, wrong.status) << wrong.spec << response.body;
    EXPECT_EQ(base::get_string(json(response.body), "field"), wrong.field) << wrong.spec << response.body;
  }
  EXPECT_THAT(ask("GET", "/deployments").body, "[]");
}

TEST_F(Strictness, RefusesWrongReplicasShapesAndAffinities) {
  const auto with = [&](const std::string& requirement) {
    return ask("POST", "/deployments",
               R"({"metadata":{"name":"nim"},"spec":{"container":{"image":"i"},"resource_requirement":{)" + requirement + "}}}")
        .status;
  };
  EXPECT_EQ(with(R"("resource_shape":"gpu.a10","max_replicas":1)"), 422);
  EXPECT_EQ(with(R"("resource_shape":"gpu.a10","min_replicas":2,"max_replicas":1)"), 422);
  EXPECT_EQ(with(R"("resource_shape":"gpu.A10","min_replicas":1)"), 422);
  EXPECT_EQ(with(R"("resource_shape":"tpu","min_replicas":1)"), 422);
  EXPECT_EQ(with(R"("resource_shape":"gpu.a10","affinity":{"allowed_dedicated_node_groups":["h200-eu"]})"), 400);
  EXPECT_EQ(with(R"("resource_shape":"gpu.a10","affinity":{"allowed_dedicated_node_groups":["h200-eu-a1b2c3d4"],)"
                 R"("allowed_nodes_in_node_group":["node-cpu-0"]})"),
            400);
  EXPECT_EQ(with(R"("resource_shape":"gpu.a10","affinity":{"allowed_dedicated_node_groups":["h200-eu-a1b2c3d4"]})"), 201);
}

TEST_F(Strictness, RefusesEveryKindOfWrongJob) {
  const std::vector<Wrong> table = {
      {R"("completions":0,)", 422, "spec.completions"},
      {R"("parallelism":0,)", 422, "spec.parallelism"},
      {R"("timeout":10,)", 422, "spec.timeout"},
      {R"("ttl_seconds_after_finished":-1,)", 422, "spec.ttl_seconds_after_finished"},
      {R"("max_failure_retry":-1,)", 422, "spec.max_failure_retry"},
      {R"("intra_job_communication":"no",)", 422, "spec.intra_job_communication"},
      {R"("time_schedule":{"end_at":1},)", 422, "spec.time_schedule.end_at"},
      {R"("affinity":{"allowed_dedicated_node_groups":["cpu-eu"]},)", 400, "spec.affinity.allowed_dedicated_node_groups"},
      {R"("resource_requirement":{},)", 422, "spec.resource_requirement"},
      {R"("api_tokens":[],)", 422, "spec.api_tokens"},
  };
  for (const Wrong& wrong : table) {
    const Response response = ask("POST", "/jobs", job("eval", wrong.spec));
    EXPECT_EQ(response.status, wrong.status) << wrong.spec << response.body;
    EXPECT_EQ(base::get_string(json(response.body), "field"), wrong.field) << wrong.spec << response.body;
  }
  EXPECT_THAT(job_ids(""), testing::IsEmpty());
}

TEST_F(Strictness, RefusesWrongNames) {
  for (const char* name : {"", "Nim", "1nim", "nim_a", "nim-", "a-by-lepton", "a1234567890123456789012345678901234567"}) {
    EXPECT_EQ(ask("POST", "/deployments", endpoint(name)).status, 422) << name;
    EXPECT_EQ(ask("POST", "/jobs", job(name)).status, 422) << name;
  }
  EXPECT_EQ(ask("POST", "/jobs", job("a23456789012345678901234567890123456")).status, 201);
}

TEST_F(Strictness, RefusesWrongLabels) {
  const std::string longest(63, 'a');
  const auto labelled = [&](const std::string& key, const std::string& value) {
    return ask("POST", "/jobs", job("eval", "", "\"labels\":{\"" + key + "\":\"" + value + "\"},")).status;
  };
  EXPECT_EQ(labelled(longest, longest), 201);
  EXPECT_EQ(labelled("lepton-operator.spec-hash", ""), 201);
  EXPECT_EQ(labelled(longest + "a", "v"), 422);
  EXPECT_EQ(labelled("k", longest + "a"), 422);
  EXPECT_EQ(labelled("a/b", "v"), 422);
  EXPECT_EQ(labelled("-a", "v"), 422);
  EXPECT_EQ(labelled("k", "a/b"), 422);
  EXPECT_EQ(labelled("", "v"), 422);
}

TEST_F(Strictness, RefusesWrongEnvelopes) {
  EXPECT_EQ(ask("POST", "/jobs", "{").status, 400);
  EXPECT_EQ(ask("POST", "/jobs", "[]").status, 422);
  EXPECT_EQ(ask("POST", "/jobs", R"({"metadata":{"name":"a"}})").status, 422);
  EXPECT_EQ(ask("POST", "/jobs", R"({"metadata":{},"spec":{"resource_shape":"cpu.small","container":{"image":"i"}}})").status, 422);
  EXPECT_EQ(ask("POST", "/jobs", R"({"kind":"Job",)" + job("a").substr(1)).status, 422);
  Request plain = made("POST", "/jobs", job("a"));
  plain.headers["content-type"] = "text/plain";
  EXPECT_EQ(simulator_->handle(plain).status, 400);
}

TEST_F(Strictness, RefusesWrongPatches) {
  ask("POST", "/deployments", endpoint("nim"));
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"spec":{"x":1}})").status, 422);
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"spec":{"container":null}})").status, 422);
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"metadata":{"name":"other"}})").status, 400);
  EXPECT_EQ(ask("PATCH", "/deployments/nim", R"({"spec":{"resource_requirement":{"max_replicas":3}}})").status, 422);
  EXPECT_EQ(ask("PATCH", "/deployments/nim?force=true", R"({"spec":{}})").status, 400);
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(ask("PATCH", "/jobs/" + id, R"({"spec":{"completions":2}})").status, 422);
}

TEST_F(Strictness, AsksForTheTokenAndTheWorkspaceId) {
  Request request = made("GET", "/deployments");
  request.headers["authorization"] = "Bearer wrong";
  EXPECT_EQ(simulator_->handle(request).status, 401);
  request.headers.erase("authorization");
  EXPECT_EQ(simulator_->handle(request).status, 401);
  request = made("GET", "/deployments");
  request.path = "/api/v2/workspaces/my-team/deployments";
  EXPECT_EQ(simulator_->handle(request).status, 404);
  request.path = "/api/v1/deployments";
  EXPECT_EQ(simulator_->handle(request).status, 404);
}

TEST_F(Strictness, RemembersTheOriginOfARequest) {
  Request request = made("GET", "/deployments");
  simulator_->handle(request);
  request.headers["origin"] = "https://dashboard.example";
  simulator_->handle(request);
  EXPECT_EQ(simulator_->requests().at(0).origin, std::nullopt);
  EXPECT_EQ(simulator_->dump().at("requests").at(1).at("origin").as_string(), "https://dashboard.example");
}

TEST_F(Strictness, KnowsNoOtherRoutes) {
  EXPECT_EQ(ask("GET", "/endpoints").status, 404);
  EXPECT_EQ(ask("PUT", "/jobs").status, 405);
  EXPECT_EQ(ask("GET", "/deployments?page=1").status, 400);
  EXPECT_EQ(ask("GET", "/workspace").status, 200);
}

}  // namespace
}  // namespace lepton_operator::simulator
