// A workspace of the new API family, and one that changes its family while Invocations run in it: what was made through the former routes
// is found, or the operator says that it cannot be; it is never taken for absent, and never made twice.
#include <gmock/gmock.h>

#include "unit/reconcile/running_operator.h"

namespace lepton_operator::reconcile::test {
namespace {

using invocation::Phase;
using simulator::ApiFamily;
using simulator::FormerFamily;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const ObjectKey kLater{"team", "later"};

constexpr const char* kTwoTasks = R"(
deployment: {type: nim, image: "nim:1", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: first, container: "eval:1"}, {name: second, container: "eval:1"}]}
)";

simulator::Options with(ApiFamily family, base::Milliseconds run = 20min) {
  simulator::Options options;
  options.api_family = family;
  options.run_delay = run;
  return options;
}

std::string family_in_status(RunningOperator& run) { return run.bench.store.find_workspace(kTeam)->status.api_family; }

bool runs(const RunningOperator& run) { return run.phase(kLlama) == Phase::kRunning && run.status(kLlama)->counts.running == 2; }

TEST(ApiFamily, IsLearnedFromTheWorkspaceAndShown) {
  for (const ApiFamily family : {ApiFamily::kDeployments, ApiFamily::kEndpoints}) {
    RunningOperator run(with(family));
    ASSERT_TRUE(run.bench.until([&] { return !family_in_status(run).empty(); }, 10s)) << run.log();
    EXPECT_EQ(family_in_status(run), to_string(family));
  }
}

TEST(ApiFamily, OfComponentsCarriesTheOwnersMarkInTheEnvironment) {
  RunningOperator run(with(ApiFamily::kEndpoints));
  run.bench.store.put_invocation(kLlama, kTwoTasks);
  ASSERT_TRUE(run.bench.until([&] { return runs(run); }, 60s)) << run.log();
  for (const auto& [name, endpoint] : run.bench.simulator.deployments().alive()) {
    EXPECT_THAT(base::to_text(endpoint.spec.at("envs")),
                AllOf(HasSubstr("LEPTONOP_OWNER"), HasSubstr("lepton-operator.uid=uid-of-llama"), HasSubstr("lepton-operator.task=")));
    EXPECT_FALSE(endpoint.metadata.has_field("labels"));
  }
}

// The observer reads the mark back: nobody else would wake the Invocation while it only waits for its jobs.
TEST(ApiFamily, OfComponentsPutsBackAnEndpointThatVanishedOrWasStoppedUnderItsJob) {
  RunningOperator run(with(ApiFamily::kEndpoints));
  auto& deployments = run.bench.simulator.deployments();
  run.bench.store.put_invocation(kLlama, kTwoTasks);
  ASSERT_TRUE(run.bench.until([&] { return runs(run); }, 60s)) << run.log();
  const std::string name = deployments.alive().begin()->first;
  deployments.erase(name);
  ASSERT_TRUE(run.bench.until([&] { return deployments.find(name) && deployments.find(name)->state == "Ready"; }, 60s)) << run.log();
  deployments.force_state(name, "Stopped", "");
  ASSERT_TRUE(run.bench.until([&] { return run.bench.requests("PATCH", "/endpoints/" + name) == 1; }, 60s)) << run.log();
  EXPECT_EQ(run.bench.simulator.requests().back().status / 100, 2);
}

TEST(ApiFamily, OfComponentsTellsWhyAnEndpointFailedByItsEventsAndLog) {
  RunningOperator run(with(ApiFamily::kEndpoints));
  simulator::OutcomeRule rule;
  rule.match = "first";
  rule.kind = simulator::Kind::kEndpoint;
  rule.outcome = simulator::Outcome::kError;
  rule.reason = "CUDA out of memory";
  run.bench.simulator.world().scenario.rules.push_back(rule);
  run.bench.store.put_invocation(kLlama, kTwoTasks);
  ASSERT_TRUE(run.bench.until([&] { return run.phase(kLlama) == Phase::kFailed; }, 60s)) << run.log();
  const auto& tasks = run.status(kLlama)->tasks;
  EXPECT_THAT(tasks.front().message, AllOf(HasSubstr("is in state Error: CUDA out of memory"), HasSubstr("last log lines: starting nim-")));
}

// --- the family changes under a running Invocation

class FamilyChange : public testing::Test {
 protected:
  void change(FormerFamily former) {
    run_.bench.store.put_invocation(kLlama, kTwoTasks);
    ASSERT_TRUE(run_.bench.until([&] { return runs(run_); }, 60s)) << run_.log();
    run_.bench.simulator.set_family(ApiFamily::kEndpoints, former);
    run_.bench.pass(11min);
    ASSERT_EQ(family_in_status(run_), "endpoints") << run_.log();
    EXPECT_TRUE(run_.bench.logged("workspace changed its endpoint API"));
  }
  void expect_nothing_made_twice_and_nothing_left(const char* removed_by) {
    EXPECT_TRUE(run_.bench.until([&] { return run_.phase(kLlama) == Phase::kSucceeded; }, 20min)) << run_.log();
    run_.bench.store.delete_invocation(kLlama);
    EXPECT_TRUE(run_.bench.until([&] { return run_.gone(kLlama); }, 5min)) << run_.log();
    EXPECT_EQ(run_.bench.requests("POST", "/deployments"), 2);
    EXPECT_EQ(run_.bench.requests("POST", "/endpoints"), 0);
    EXPECT_GE(run_.bench.requests("DELETE", std::string("/") + removed_by + "/*"), 2);
    EXPECT_EQ(run_.dumped("deleted_deployments"), 2U);
    for (const char* kind : {"deployments", "jobs", "archived_jobs", "secrets"}) EXPECT_EQ(run_.dumped(kind), 0U) << kind;
  }

  RunningOperator run_{with(ApiFamily::kDeployments, 30min)};
};

TEST_F(FamilyChange, ThatTakesTheEndpointsAlongIsFollowed) {
  change(FormerFamily::kMoved);
  expect_nothing_made_twice_and_nothing_left("endpoints");
}

TEST_F(FamilyChange, ThatLeavesTheEndpointsWhereTheyAreFindsThemThere) {
  change(FormerFamily::kKept);
  run_.bench.store.put_invocation(kLater, kTwoTasks);
  ASSERT_TRUE(run_.bench.until([&] { return run_.status(kLater)->counts.running == 2; }, 60s)) << run_.log();
  EXPECT_EQ(run_.bench.requests("POST", "/endpoints"), 2);  // what is new goes the new way
  EXPECT_EQ(run_.bench.requests("POST", "/deployments"), 2);
  ASSERT_TRUE(run_.bench.until([&] { return run_.phase(kLater) == Phase::kSucceeded; }, 60min)) << run_.log();
  for (const ObjectKey& key : {kLlama, kLater}) run_.bench.store.delete_invocation(key);
  EXPECT_TRUE(run_.bench.until([&] { return run_.gone(kLlama) && run_.gone(kLater); }, 5min)) << run_.log();
  EXPECT_EQ(run_.dumped("deleted_deployments"), 4U);
  EXPECT_EQ(run_.dumped("deployments"), 0U);
  // Nobody needs the former routes any more.
  run_.bench.pass(2min);
  const int before = run_.bench.requests("GET", "/deployments");
  run_.bench.pass(10min);
  EXPECT_EQ(run_.bench.requests("GET", "/deployments"), before);
}

TEST_F(FamilyChange, ThatHidesTheEndpointsIsToldAndNothingIsTakenForGone) {
  change(FormerFamily::kHidden);
  EXPECT_THAT(run_.condition(kLlama, "WorkspaceReady"),
              AllOf(StartsWith("ApiFamilyChanged: the workspace now serves endpoints at /endpoints, but nim-"),
                    HasSubstr("behind /deployments"), HasSubstr("not taken for gone")));
  ASSERT_TRUE(run_.bench.until([&] { return run_.phase(kLlama) == Phase::kSucceeded; }, 30min)) << run_.log();
  run_.bench.store.delete_invocation(kLlama);
  EXPECT_FALSE(run_.bench.until([&] { return run_.gone(kLlama); }, 60min));
  EXPECT_EQ(run_.dumped("deployments"), 2U);
  run_.bench.simulator.set_family(ApiFamily::kDeployments, FormerFamily::kMoved);
  run_.bench.pass(11min);
  EXPECT_TRUE(run_.bench.until([&] { return run_.gone(kLlama); }, 5min)) << run_.log();
  EXPECT_EQ(run_.dumped("deployments"), 0U);
  EXPECT_EQ(run_.bench.requests("POST", "/endpoints"), 0);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
