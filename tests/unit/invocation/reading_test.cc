#include "invocation/reading.h"

#include <gtest/gtest.h>

#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::with;
using samples::yaml;

const base::Json kNoDefaults = base::json_object();

Invocation written(base::Json spec) {
  Invocation object;
  object.spec = std::move(spec);
  return object;
}

void freeze(Invocation& object, std::string_view defaults) {
  object.status.resolved.emplace();
  object.status.resolved->defaults = resolved_defaults(yaml(defaults));
}

TEST(Reading, IsOverTheWorkspacesDefaultsUntilSomeAreFrozen) {
  Invocation object = written(samples::nim());
  EXPECT_EQ(read_spec(object, yaml("{deployment: {nodeGroup: h200}}"))->value.deployment.node_group, "h200");
  freeze(object, "{deployment: {nodeGroup: h100}}");
  EXPECT_EQ(read_spec(object, yaml("{deployment: {nodeGroup: h200}}"))->value.deployment.node_group, "h100");
}

TEST(Reading, TellsWhatIsWrong) {
  const SpecReading reading = read_spec(written(with(samples::nim(), "deployment: {port: many}")), kNoDefaults);
  ASSERT_FALSE(reading->ok());
  EXPECT_EQ(reading->errors.front().path, "spec.deployment.port");
}

TEST(Readings, AreKeptWhileNothingItWasMadeOfChanges) {
  const Invocation object = written(samples::nim());
  Readings readings(2);
  const SpecReading first = readings.of(object, kNoDefaults);
  EXPECT_EQ(readings.of(Invocation(object), kNoDefaults), first) << "another copy of the same object";
}

TEST(Readings, AreOfTheInvocationsThatWereAskedForLast) {
  Invocation first = written(samples::nim());
  Invocation second = written(samples::vllm());
  Invocation third = written(samples::existing_endpoint());
  first.meta.uid = "1";
  second.meta.uid = "2";
  third.meta.uid = "3";
  Readings readings(2);
  const SpecReading of_first = readings.of(first, kNoDefaults);
  const SpecReading of_second = readings.of(second, kNoDefaults);
  EXPECT_EQ(readings.of(first, kNoDefaults), of_first);
  EXPECT_EQ(readings.of(third, kNoDefaults)->value.deployment.type, DeploymentType::kNone);
  EXPECT_EQ(readings.of(first, kNoDefaults), of_first);
  EXPECT_NE(readings.of(second, kNoDefaults), of_second) << "the third took its place";
  EXPECT_EQ(readings.of(second, kNoDefaults)->value.deployment.type, DeploymentType::kVllm);
}

TEST(ReadStorageSpec, SaysOfTheSectionWhatTheWholeReadingSays) {
  for (const char* written_section : {"{}", "{storage: null}", "{storage: {path: /shared/own, from: own, deletionPolicy: Delete}}",
                                      "{storage: {cleanup: Job}}", "{storage: /shared/own}"}) {
    for (const char* frozen : {"{}", "{storage: {path: /shared/team, deletionPolicy: Retain}}", "{storage: {cleanup: Tomorrow}}"}) {
      Invocation object = written(base::merged(samples::nim(), yaml(written_section)));
      freeze(object, frozen);
      const SpecReading whole = read_spec(object, kNoDefaults);
      const Checked<StorageSpec> section = read_storage_spec(object);
      const std::string both = std::string(written_section) + " over " + frozen;
      EXPECT_EQ(section.value.path, whole->value.storage.path) << both;
      EXPECT_EQ(section.value.from, whole->value.storage.from) << both;
      EXPECT_EQ(section.value.deletion_policy, whole->value.storage.deletion_policy) << both;
      EXPECT_EQ(section.value.cleanup, whole->value.storage.cleanup) << both;
      EXPECT_EQ(section.ok(), whole->ok()) << both;
    }
  }
}

TEST(ReadStorageSpec, ReadsNothingOfASpecThatIsNoObject) {
  Invocation object = written(base::Json::string("none"));
  freeze(object, "{}");
  EXPECT_FALSE(read_storage_spec(object).ok());
}

TEST(Readings, AreMadeAnewOfAnotherGeneration) {
  Invocation object = written(samples::nim());
  Readings readings(2);
  EXPECT_FALSE(readings.of(object, kNoDefaults)->value.suspend);
  object.spec = with(object.spec, "suspend: true");
  ++object.meta.generation;
  EXPECT_TRUE(readings.of(object, kNoDefaults)->value.suspend);
}

TEST(Readings, AreMadeAnewOverOtherDefaults) {
  Invocation object = written(samples::nim());
  Readings readings(2);
  EXPECT_EQ(readings.of(object, kNoDefaults)->value.deployment.node_group, "");
  EXPECT_EQ(readings.of(object, yaml("{deployment: {nodeGroup: h200}}"))->value.deployment.node_group, "h200");
  freeze(object, "{deployment: {nodeGroup: h100}}");
  EXPECT_EQ(readings.of(object, yaml("{deployment: {nodeGroup: h200}}"))->value.deployment.node_group, "h100");
}

}  // namespace
}  // namespace lepton_operator::invocation
