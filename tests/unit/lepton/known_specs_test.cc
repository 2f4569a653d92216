#include "lepton/known_specs.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/json.h"

namespace lepton_operator::lepton {
namespace {

SeenSpec a_spec() {
  SeenSpec spec;
  spec.image = "vllm:1";
  spec.command = {"vllm", "serve"};
  spec.ports = {8000};
  spec.resource_shape = "gpu.1xh200";
  spec.min_replicas = 1;
  spec.max_replicas = 1;
  spec.node_group_ids = {"h200"};
  spec.envs = {{"A", "1", std::nullopt}, {"B", std::nullopt, "s"}};
  spec.mounts = {{"/models", "node-nfs:fs", "/cache"}};
  spec.api_tokens = {{std::nullopt, "digest"}};
  spec.image_pull_secrets = {"ngc"};
  spec.auto_scaler = *base::parse_json(R"({"scale_down":{}})", "test");
  spec.health = *base::parse_json(R"({"liveness":{}})", "test");
  spec.priority_class = "mid-4000";
  return spec;
}

const SeenSpec* address(const SharedSpec& spec) { return spec.held().get(); }

TEST(KnownSpecs, HoldThoseThatAreAlikeOnce) {
  KnownSpecs known;
  const SharedSpec first = known.one_like(a_spec());
  const SharedSpec second = known.one_like(a_spec());
  EXPECT_EQ(address(first), address(second));
  EXPECT_EQ(address(known.one_like(first)), address(first));
  EXPECT_EQ(known.size(), 1U);
  EXPECT_EQ(*first, a_spec());
}

TEST(KnownSpecs, TellApartWhatDiffersInAnyField) {
  const std::vector<std::function<void(SeenSpec&)>> edits = {
      [](SeenSpec& spec) { spec.image.reset(); },
      [](SeenSpec& spec) {
        spec.command = {"vllm", "serv", "e"};
      },
      [](SeenSpec& spec) { spec.ports = {9000}; },
      [](SeenSpec& spec) { spec.resource_shape = "cpu.small"; },
      [](SeenSpec& spec) { spec.min_replicas = 0; },
      [](SeenSpec& spec) { spec.max_replicas.reset(); },
      [](SeenSpec& spec) { spec.node_group_ids = {}; },
      [](SeenSpec& spec) { spec.envs->front().value = "2"; },
      [](SeenSpec& spec) { std::swap(spec.envs->front().value, spec.envs->front().secret_name); },
      [](SeenSpec& spec) { spec.mounts->front().mount_path = "/else"; },
      [](SeenSpec& spec) { spec.api_tokens->front().digest = "other"; },
      [](SeenSpec& spec) { spec.api_tokens.reset(); },
      [](SeenSpec& spec) {
        spec.image_pull_secrets = {"ngc", "two"};
      },
      [](SeenSpec& spec) { spec.auto_scaler = base::Json(); },
      [](SeenSpec& spec) { spec.health = *base::parse_json("{}", "test"); },
      [](SeenSpec& spec) { spec.priority_class = "low-1000"; },
  };
  KnownSpecs known;
  std::vector<SharedSpec> kept = {known.one_like(a_spec())};
  for (std::size_t i = 0; i < edits.size(); ++i) {
    SeenSpec other = a_spec();
    edits[i](other);
    kept.push_back(known.one_like(other));
    EXPECT_EQ(*kept.back(), other) << i;
    EXPECT_EQ(known.size(), kept.size()) << i;
  }
}

TEST(KnownSpecs, ForgetWhatNobodyHoldsAnyMore) {
  KnownSpecs known;
  const SharedSpec kept = known.one_like(a_spec());
  {
    SeenSpec other = a_spec();
    other.image = "other:2";
    const SharedSpec going = known.one_like(other);
    known.forget_unused();
    EXPECT_EQ(known.size(), 2U);
  }
  known.forget_unused();
  EXPECT_EQ(known.size(), 1U);
  EXPECT_EQ(address(known.one_like(a_spec())), address(kept));
}

}  // namespace
}  // namespace lepton_operator::lepton
