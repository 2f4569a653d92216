// What an endpoint's answer says of the fields that we set, and the body that puts some of them back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "lepton/codec.h"

namespace lepton_operator::lepton {
namespace {

SeenSpec seen(const std::string& spec) {
  const auto body = base::parse_json(R"({"metadata":{"name":"e"},"spec":)" + spec + "}", "test");
  return *decode_endpoint(*body)->spec;
}

EndpointSpec a_spec() {
  EndpointSpec spec;
  spec.name = "e";
  spec.image = "vllm:1";
  spec.command = {"vllm", "serve"};
  spec.resource_shape = "gpu.1xH200";
  spec.node_group_ids = {"h200-abcdefgh"};
  spec.envs = {{"A", "1", std::nullopt}, {"B", std::nullopt, "s"}};
  spec.mounts = {{"/models", "node-nfs:lepton-shared-fs", "/cache"}};
  spec.api_tokens = {{"t0k", std::nullopt}, {std::nullopt, "named"}};
  spec.image_pull_secrets = {"ngc"};
  spec.auto_scaler = *base::parse_json(R"({"scale_down":{"no_traffic_timeout":3600}})", "test");
  return spec;
}

TEST(WhatAnAnswerSaysOfOurFields, IsAllThatWeSent) {
  const SeenSpec back = *decode_endpoint(encode(a_spec()))->spec;
  EXPECT_EQ(back.image, "vllm:1");
  EXPECT_EQ(back.command, (std::vector<std::string>{"vllm", "serve"}));
  EXPECT_EQ(back.ports, std::vector<int>{8000});
  EXPECT_EQ(back.resource_shape, "gpu.1xh200");
  EXPECT_EQ(back.min_replicas, 1);
  EXPECT_EQ(back.max_replicas, 1);
  EXPECT_EQ(back.node_group_ids, std::vector<std::string>{"h200-abcdefgh"});
  EXPECT_EQ(back.envs, a_spec().envs);
  EXPECT_EQ(back.mounts, a_spec().mounts);
  EXPECT_EQ(back.image_pull_secrets, std::vector<std::string>{"ngc"});
  EXPECT_EQ(base::to_text(back.auto_scaler), R"({"scale_down":{"no_traffic_timeout":3600}})");
  EXPECT_EQ(back.priority_class, "mid-4000");
}

TEST(WhatAnAnswerSaysOfOurFields, HoldsOfATokenNoMoreThanItsHashAndNothingOfOneThatIsMasked) {
  const SeenSpec back = seen(R"({"api_tokens":[{"value":"t0k"},{"value":"***"},{"value_from":{"token_name_ref":"n"}}]})");
  EXPECT_EQ(back.api_tokens, (std::vector<SeenToken>{{std::nullopt, base::sha256_hex("t0k")}, {std::nullopt, ""}, {"n", ""}}));
}

TEST(WhatAnAnswerSaysOfOurFields, IsNothingOfWhatItLeavesOutOrSpellsInAnotherType) {
  EXPECT_EQ(seen("{}"), SeenSpec{});
  EXPECT_EQ(seen(R"({"container":7,"resource_requirement":{"min_replicas":"1","max_replicas":-1,"affinity":null},"envs":{},"mounts":null,
                     "api_tokens":"x","image_pull_secrets":false,"auto_scaler":[],"health":"","queue_config":[]})"),
            SeenSpec{});
}

TEST(WhatAnAnswerSaysOfOurFields, TellsAnEmptyListFromNone) {
  EXPECT_EQ(seen(R"({"api_tokens":[]})").api_tokens, std::vector<SeenToken>{});
  EXPECT_EQ(seen(R"({"mounts":[]})").envs, std::nullopt);
}

TEST(AnUpdatesBody, NamesTheFieldsThatArePutBackAndNoOther) {
  using F = EndpointField;
  const auto body = [](std::vector<F> fields) { return base::to_text(encode_update(a_spec(), fields)); };
  EXPECT_EQ(body({F::kImage}), R"({"spec":{"container":{"image":"vllm:1"}}})");
  EXPECT_EQ(body({F::kImage, F::kCommand}), R"({"spec":{"container":{"command":["vllm","serve"],"image":"vllm:1"}}})");
  EXPECT_EQ(body({F::kPort}), R"({"spec":{"container":{"ports":[{"container_port":8000}]}}})");
  EXPECT_EQ(body({F::kReplicas}), R"({"spec":{"resource_requirement":{"max_replicas":1,"min_replicas":1}}})");
  EXPECT_EQ(body({F::kResourceShape, F::kNodeGroup}),
            R"({"spec":{"resource_requirement":{"affinity":{"allowed_dedicated_node_groups":["h200-abcdefgh"]},)"
            R"("resource_shape":"gpu.1xh200"}}})");
  EXPECT_EQ(body({F::kEnvs}), R"({"spec":{"envs":[{"name":"A","value":"1"},{"name":"B","value_from":{"secret_name_ref":"s"}}]}})");
  EXPECT_EQ(body({F::kApiTokens}), R"({"spec":{"api_tokens":[{"value":"t0k"},{"value_from":{"token_name_ref":"named"}}]}})");
  EXPECT_EQ(body({F::kImagePullSecrets, F::kPriorityClass}),
            R"({"spec":{"image_pull_secrets":["ngc"],"queue_config":{"priority_class":"mid-4000"}}})");
  EXPECT_EQ(body({F::kAutoScaler}), R"({"spec":{"auto_scaler":{"scale_down":{"no_traffic_timeout":3600}}}})");
  EXPECT_EQ(body({F::kHealth}), R"({"spec":{"health":{"liveness":{},"readiness":{}}}})");
  EXPECT_EQ(body({F::kMounts}), R"({"spec":{"mounts":[{"from":"node-nfs:lepton-shared-fs","mount_path":"/cache","path":"/models"}]}})");
}

}  // namespace
}  // namespace lepton_operator::lepton
