// A change of the Workspace's defaults, of the catalogue and of the operator's own version sends nothing for what is there already (rule
// 11): no changing request for an hour after the restart, in any phase; and what was frozen still governs the end and the deletion.
#include <gtest/gtest.h>

#include <iostream>

#include "scenarios/observed.h"
#include "scenarios/stage.h"
#include "unit/reconcile/memory_store.h"

namespace lepton_operator::scenarios {
namespace {

using reconcile::test::yaml;

constexpr const char* kBefore = R"(
catalogue:
  harnesses: [{name: h, container: "eval:1", tasks: [{name: first, endpointTypes: [chat]}, {name: second, endpointTypes: [chat]}]}]
)";
constexpr const char* kAfter = R"(
catalogue:
  harnesses: [{name: other, container: "eval:2", tasks: [{name: first, endpointTypes: [completions]}, {name: third, endpointTypes: [chat]}]}]
)";
constexpr const char* kDefaults = R"(
workspace:
  defaults:
    deployment: {readinessTimeout: 1m, queueTimeout: 1m, minReplicas: 2, maxReplicas: 3, envs: [{name: NEW, value: "1"}]}
    execution: {resourceShape: cpu.large, timeout: 1m, retries: 5, envs: [{name: NEW, value: "1"}]}
    storage: {path: /shared/elsewhere, mountPath: /elsewhere, deletionPolicy: Retain}
)";

class Upgrade : public testing::Test {
 protected:
  void begin(const std::string& simulator, const std::string& spec = "{}") {
    stage_ = std::make_unique<Stage>(yaml(simulator));
    stage_->act("stop: true");
    stage_->act(kBefore);
    stage_->act("start: true");
    Json apply = base::json_object();
    apply["apply"] = overlaid(yaml("evaluation: {tasks: [{name: first}, {name: second}]}"), yaml(spec));
    stage_->act(apply);
  }
  void upgrade(const std::string& in_phase) {
    stage_->act("stop: true");
    stage_->act(kDefaults);
    stage_->act(kAfter);
    stage_->make_all_endpoints_of_another_version();
    const int changes = stage_->changes();
    ASSERT_GT(changes, 0);
    stage_->act("start: true");
    stage_->act("pass: 1h");
    EXPECT_EQ(stage_->changes(), changes) << stage_->log();
    std::cout << in_phase << ": " << stage_->changes() - changes << " changing requests in the hour after the upgrade\n";
    EXPECT_TRUE(stage_->holds(yaml("phase: " + in_phase))) << stage_->log();
  }
  void expect_deletion_as_it_was_meant() {
    stage_->act("delete: run");
    stage_->act("until: {gone: true}");
    const Json seen = stage_->observed();
    for (const char* part : {"endpoints", "jobs", "secrets", "storage"}) EXPECT_EQ(seen.at(part).size(), 0U) << base::to_text(seen);
  }

  std::unique_ptr<Stage> stage_;
};

TEST_F(Upgrade, OfOneThatWaitsForItsEndpointsSendsNothing) {
  begin("{rules: [{match: first, kind: endpoint, outcome: no-capacity, ready-delay: 90m}]}");
  stage_->act("until: {condition: EndpointsReady False NoCapacity}");
  upgrade("Deploying");
  stage_->act("until: {phase: Succeeded, within: 1h}");
  expect_deletion_as_it_was_meant();
}

TEST_F(Upgrade, OfOneThatRunsSendsNothing) {
  begin("{options: {run: 2h}}");
  stage_->act("until: {job: first/0 Running}");
  stage_->act("pass: 20s");
  upgrade("Running");
  stage_->act("until: {phase: Succeeded, within: 90m}");
  stage_->act("pass: 30s");
  EXPECT_EQ(stage_->observed().at("jobs").size(), 2U);
  expect_deletion_as_it_was_meant();
}

TEST_F(Upgrade, OfOneThatKeptItsEndpointsSendsNothing) {
  begin("{}", "{endpointRetention: UntilDeleted}");
  stage_->act("until: {phase: Succeeded}");
  stage_->act("pass: 30s");
  upgrade("Succeeded");
  EXPECT_EQ(stage_->observed().at("endpoints").size(), 2U);
  expect_deletion_as_it_was_meant();
}

TEST_F(Upgrade, OfASuspendedOneSendsNothing) {
  begin("{options: {run: 10m}}");
  stage_->act("until: {job: first/0 Running}");
  stage_->act("pass: 20s");
  stage_->act("edit: {suspend: true}");
  stage_->act("until: {phase: Suspended}");
  upgrade("Suspended");
  stage_->act("edit: {suspend: false}");
  stage_->act("until: {phase: Succeeded, within: 15m}");
  expect_deletion_as_it_was_meant();
}

TEST_F(Upgrade, OfTheDefaultsAloneUnderARunningOneSendsNothing) {
  begin("{options: {run: 2h}}");
  stage_->act("until: {job: first/0 Running}");
  stage_->act("pass: 20s");
  const int changes = stage_->changes();
  stage_->act(kDefaults);
  stage_->act("pass: 1h");
  EXPECT_EQ(stage_->changes(), changes) << stage_->log();
  EXPECT_TRUE(stage_->holds(yaml("phase: Running"))) << stage_->log();
}

}  // namespace
}  // namespace lepton_operator::scenarios
