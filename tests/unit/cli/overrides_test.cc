// What the real Hydra cannot show of overrides; what it can is in tests/conformance/overrides.yaml.
#include "cli/overrides.h"

#include <gmock/gmock.h>

#include "base/yaml.h"
#include "cli/manifest_schema.h"

namespace lepton_operator::cli {
namespace {

using base::Json;
using ::testing::HasSubstr;

Json manifest(const char* yaml) { return base::parse_yaml(yaml, "test").value().front().value; }

base::Result<> apply(Json& object, std::vector<std::string> overrides) { return apply_overrides(object, overrides); }

constexpr const char* kNim = R"(
kind: Invocation
metadata: {name: llama}
spec:
  deployment: {type: nim, image: "nim:1"}
  evaluation: {tasks: [{name: gpqa_diamond}, {name: simple_evals.mmlu}]}
)";

TEST(Overrides, LeaveTheManifestAsItWasWhenOneOfThemIsRefused) {
  Json object = manifest(kNim);
  const auto done = apply(object, {"deployment.image=nim:2", "deployment.imge=nim:3"});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(base::to_text(object), base::to_text(manifest(kNim)));
}

TEST(Overrides, AreToldByTheirFieldAndNeverByTheirValue) {
  Json object = manifest(kNim);
  const auto done = apply(object, {"deployment.apiTokens=[{valu: s3cr3t}]"});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().where, "deployment.apiTokens");
  EXPECT_EQ(done.error().text(), "deployment.apiTokens: no such field as deployment.apiTokens.0.valu; did you mean value?");
}

TEST(Overrides, FindATaskWhoseNameHoldsAPoint) {
  Json object = manifest(kNim);
  ASSERT_TRUE(apply(object, {"evaluation.tasks.simple_evals.mmlu.timeout=1h"}).ok());
  EXPECT_EQ(object.at("spec").at("evaluation").at("tasks").at(1).at("timeout").as_string(), "1h");
}

TEST(Overrides, MakeASpecWhereTheManifestHasNone) {
  Json object = manifest("kind: Invocation");
  ASSERT_TRUE(apply(object, {"target.url=https://x.example/v1", "metadata.name=x"}).ok());
  EXPECT_EQ(object.at("spec").at("target").at("url").as_string(), "https://x.example/v1");
  EXPECT_EQ(object.at("metadata").at("name").as_string(), "x");
}

TEST(Overrides, RefuseWhatAUserMayNotSetOfMetadata) {
  Json object = manifest(kNim);
  const auto done = apply(object, {"metadata.uid=1"});
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().text(), HasSubstr("no such field"));
}

TEST(Overrides, SayWhereAFieldThatWasNamedAloneBelongs) {
  Json object = manifest(kNim);
  const auto done = apply(object, {"nodeGroup=h200-eu"});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().text(), "nodeGroup: no such field; did you mean deployment.nodeGroup or execution.nodeGroup?");
}

TEST(Overrides, OfAHundredLevelsAreRefusedAndNotFollowed) {
  Json object = manifest(kNim);
  const auto done = apply(object, {"evaluation.config=" + std::string(10'000, '[')});
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().text(), HasSubstr("levels"));
}

TEST(ManifestSchema, IsTheCrdsOwn) {
  const FieldSchema deployment = FieldSchema::manifest().member("spec").member("deployment");
  EXPECT_EQ(deployment.membership("image"), FieldSchema::Membership::kKnown);
  EXPECT_EQ(deployment.membership("imge"), FieldSchema::Membership::kUnknown);
  EXPECT_TRUE(deployment.member("envs").is_map_by_name());
  EXPECT_FALSE(deployment.member("extraArgs").is_map_by_name());
  EXPECT_EQ(FieldSchema::manifest().membership("status"), FieldSchema::Membership::kUnknown);
}

}  // namespace
}  // namespace lepton_operator::cli
