#include <gmock/gmock.h>

#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::with;
using samples::yaml;

base::Json effective(const base::Json& spec, std::string_view workspace_defaults) {
  return effective_spec(spec, resolved_defaults(yaml(workspace_defaults)));
}

TEST(Defaults, LieUnderTheWorkspacesWhichLieUnderTheInvocations) {
  const base::Json spec = effective(with(samples::nim(), "execution: {timeout: 1h}"),
                                    "{execution: {timeout: 2h, resourceShape: cpu.large}, deployment: {nodeGroup: h200}}");
  EXPECT_EQ(spec.at("execution").at("timeout").as_string(), "1h");
  EXPECT_EQ(spec.at("execution").at("resourceShape").as_string(), "cpu.large");
  EXPECT_EQ(spec.at("deployment").at("nodeGroup").as_string(), "h200");
  EXPECT_EQ(spec.at("deployment").at("priorityClass").as_string(), "mid-4000");
  EXPECT_EQ(spec.at("storage").at("path").as_string(), "/shared/nemo-evaluator-launcher-workspace");
}

TEST(Defaults, OfDeploymentsAreNotForTypeNone) {
  const base::Json spec = effective(samples::existing_endpoint(), "{deployment: {nodeGroup: h200}}");
  EXPECT_EQ(base::to_text(spec.at("deployment")), R"({"type":"none"})");
  EXPECT_EQ(spec.at("execution").at("resourceShape").as_string(), "cpu.small");
}

TEST(Defaults, AreUndoneByNull) {
  const auto checked =
      decode_invocation_spec(effective(with(samples::nim(), "deployment: {nodeGroup: null}"), "{deployment: {nodeGroup: h200}}"));
  EXPECT_TRUE(checked.ok());
  EXPECT_EQ(checked.value.deployment.node_group, "");
}

TEST(Defaults, DecodeToWhatTheDesignSays) {
  const auto checked = decode_invocation_spec(effective(samples::nim(), "{}"));
  ASSERT_TRUE(checked.ok());
  const InvocationSpec& spec = checked.value;
  EXPECT_EQ(base::to_text(spec.deployment.auto_scaler), R"({"scale_down":{"no_traffic_timeout":3600}})");
  EXPECT_EQ(base::to_text(spec.deployment.health), R"({"liveness":{},"readiness":{}})");
  EXPECT_EQ(spec.deployment.readiness_timeout, std::chrono::minutes(20));
  EXPECT_EQ(spec.execution.timeout, std::chrono::hours(24));
  EXPECT_EQ(spec.storage.mount_path, "/workspace");
  EXPECT_EQ(spec.evaluation.api_key_name, "API_KEY");
}

TEST(Defaults, KnowThePathOfEachEndpointType) {
  EXPECT_EQ(default_path("chat"), "/v1/chat/completions");
  EXPECT_EQ(default_path("vlm"), "/v1/chat/completions");
  EXPECT_EQ(default_path("completions"), "/v1/completions");
  EXPECT_EQ(default_path("embedding"), "/v1/embeddings");
  EXPECT_EQ(default_path("ranking"), "/v1/ranking");
  EXPECT_EQ(default_path("speech"), std::nullopt);
}

TEST(Defaults, SurviveAManifestOfTheWrongShape) {
  for (const char* text : {"[]", "x", "{deployment: []}", "{deployment: null, storage: x}"}) {
    EXPECT_NO_THROW(effective(yaml(text), "{deployment: {nodeGroup: a}}"));
  }
  EXPECT_NO_THROW(effective(samples::nim(), "[1]"));
}

}  // namespace
}  // namespace lepton_operator::invocation
