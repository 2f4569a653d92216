// What the tests of both forms of an endpoint's body encode.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "lepton/codec.h"

namespace lepton_operator::lepton {

inline Json parsed(const std::string& text) {
  auto json = base::parse_json(text, "test");
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

// With every field that a body can have.
inline EndpointSpec full_endpoint() {
  EndpointSpec spec;
  spec.name = "vllm-gpqa-0-abc";
  spec.labels = {{"lepton-operator.task", "gpqa"}, {"lepton-operator.uid", "u1"}};
  spec.image = "vllm:1";
  spec.command = {"vllm", "serve", "/model"};
  spec.port = 8080;
  spec.resource_shape = "GPU.1xH200";
  spec.max_replicas = 2;
  spec.shared_memory_mib = 2048;
  spec.node_group_ids = {"h200-abcdefgh"};
  spec.envs = {EnvVar{"A", "1", {}}, EnvVar{"B", {}, "hf-token"}};
  spec.mounts = {Mount{"/cache", "node-nfs:lepton-shared-fs", "/opt/nim/.cache"}};
  spec.api_tokens = {ApiToken{"t", {}}, ApiToken{{}, "shared"}};
  spec.image_pull_secrets = {"ngc"};
  spec.auto_scaler = parsed(R"({"scale_down":{"no_traffic_timeout":3600}})");
  return spec;
}

}  // namespace lepton_operator::lepton
