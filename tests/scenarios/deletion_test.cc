// Every deletion ends: within a bounded number of rounds once Lepton answers again, whatever stood in its way for an hour; and until then
// it says what it waits for, and takes nothing for clean that it could not see.
#include <gtest/gtest.h>

#include <iostream>

#include "scenarios/observed.h"
#include "scenarios/stage.h"
#include "unit/reconcile/memory_store.h"

namespace lepton_operator::scenarios {
namespace {

using reconcile::test::yaml;

// Each waits at most five minutes after a failure; the rest is looks, two seconds apart.
constexpr int kMostRounds = 12;
constexpr int kMostRoundsAfterBackoff = 180;

const std::string kLong = "{match: first, kind: job, run-delay: 10h}, {match: second, kind: job, run-delay: 10h}";

class Deletion : public testing::Test {
 protected:
  void run(const std::string& spec = "{}", const std::string& storage = "name") {
    stage_ = std::make_unique<Stage>(yaml("{options: {storage: " + storage + "}, rules: [" + kLong + "]}"));
    Json apply = base::json_object();
    apply["apply"] = yaml(spec);
    stage_->act(apply);
    stage_->act("until: {job: first/0 Running}");
    stage_->act("pass: 20s");
  }
  // For an hour it waits and says so, and sends no more than it must.
  void expect_waiting(const std::string& reason, const std::string& words) {
    stage_->act("pass: 1h");
    ASSERT_FALSE(stage_->gone()) << stage_->log();
    const std::string said = stage_->condition("CleanedUp");
    EXPECT_EQ(said.rfind("False " + reason, 0), 0U) << said;
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }
  void expect_end(int most_rounds, const std::string& what) {
    const int before = stage_->looks();
    const int changed = stage_->changes();
    stage_->act("until: {gone: true, within: 10m}");
    const int rounds = stage_->looks() - before;
    EXPECT_LE(rounds, most_rounds) << stage_->log();
    std::cout << what << ": gone after " << rounds << " rounds and " << stage_->changes() - changed << " changing requests\n";
    expect_nothing_left();
  }
  void expect_nothing_left() {
    stage_->act("pass: 1m");
    const Json seen = stage_->observed();
    EXPECT_GT(seen.at("made").at("endpoints").as_integer(), 0);
    EXPECT_GT(seen.at("made").at("jobs").as_integer(), 0);
    for (const char* part : {"endpoints", "jobs", "secrets", "storage"}) {
      EXPECT_EQ(seen.at(part).size(), 0U) << part << ": " << base::to_text(seen.at(part)) << stage_->log();
    }
  }

  std::unique_ptr<Stage> stage_;
};

TEST_F(Deletion, WaitsForAnEndpointThatIsStuckInDeleting) {
  run();
  stage_->act("delete: run");
  stage_->act("until: {endpoint: first/0 Deleting}");
  stage_->act("set: {endpoint: first/0, state: Deleting}");  // and stays
  expect_waiting("RemovingWorkload", "endpoint nim-first");
  stage_->act("remove: {endpoint: first/0}");
  expect_end(kMostRounds, "endpoint stuck in Deleting");
}

TEST_F(Deletion, WaitsForStorageThatRefuses) {
  run();
  stage_->act("fault: {method: DELETE, path: \"/storage/*\", status: 503, times: 0}");
  stage_->act("delete: run");
  expect_waiting("RemovingStorage", "503");
  stage_->act("mend: true");
  expect_end(kMostRoundsAfterBackoff, "storage refused");
}

TEST_F(Deletion, RemovesTheDirectoryByAJobWhenTheStorageApiIsGone) {
  run();
  stage_->act("storage: absent");
  stage_->act("delete: run");
  expect_end(kMostRounds, "storage API gone since");
}

TEST_F(Deletion, RemovesTheDirectoryByAJobWhenThereNeverWasAStorageApi) {
  run("{}", "absent");
  stage_->act("delete: run");
  expect_end(kMostRounds, "storage API absent");
}

TEST_F(Deletion, WithApiAloneWaitsForAStorageApiThatIsGone) {
  run("{storage: {cleanup: Api}}");
  stage_->act("storage: absent");
  stage_->act("delete: run");
  expect_waiting("RemovingStorage", "");
  stage_->act("storage: name");
  expect_end(kMostRoundsAfterBackoff, "storage API absent for an hour, cleanup Api");
}

TEST_F(Deletion, WaitsForATokenThatWasRevokedAndSaysSo) {
  run();
  stage_->act("token: another-token");
  stage_->act("delete: run");
  expect_waiting("WorkspaceNotReady", "waiting for the workspace");
  EXPECT_EQ(stage_->condition("WorkspaceReady").rfind("False Unauthorized", 0), 0U) << stage_->condition("WorkspaceReady");
  stage_->act("token: sim-token");
  expect_end(kMostRoundsAfterBackoff, "token revoked");
}

TEST_F(Deletion, OfWhichTheTokenWasRevokedMayBeAbandoned) {
  run();
  stage_->act("token: another-token");
  stage_->act("delete: run");
  expect_waiting("WorkspaceNotReady", "waiting for the workspace");
  stage_->act("annotate: {lepton.dev/abandon: the account is closed}");
  stage_->act("until: {gone: true, within: 1s}");
  const Json seen = stage_->observed();
  EXPECT_EQ(seen.at("events").at("Abandoned").as_integer(), 1);
  EXPECT_EQ(seen.at("endpoints").size(), 2U) << "what is left is there still, and was said to be";
}

TEST_F(Deletion, ReachesLeptonWhenTheUsersSecretWentFirst) {
  run();
  stage_->act("forget-secret: true");
  stage_->act("pass: 2m");
  stage_->act("delete: run");
  expect_end(kMostRounds, "Secret deleted first");
}

TEST_F(Deletion, ReachesLeptonWhenTheUsersSecretWentWhileNobodyWasAtWork) {
  run();
  stage_->act("stop: true");
  stage_->act("forget-secret: true");
  stage_->act("delete: run");
  stage_->act("start: true");
  expect_end(kMostRounds, "Secret deleted first, operator down");
}

TEST_F(Deletion, EndsWhenItsWholeNamespaceGoes) {
  run();
  stage_->act("end-namespace: true");
  expect_end(kMostRounds, "namespace terminating");
}

TEST_F(Deletion, EndsWhenItsWholeNamespaceGoesAndAJobHasToRemoveTheDirectory) {
  run("{}", "absent");
  stage_->act("end-namespace: true");
  expect_end(kMostRounds, "namespace terminating, storage API absent");
}

TEST_F(Deletion, NeverTakesAWorkspaceThatAnswers404ForClean) {
  run();
  stage_->act("fault: {method: \"*\", path: \"*\", status: 404, times: 0}");
  stage_->act("delete: run");
  expect_waiting("WorkspaceNotReady", "waiting for the workspace");
  stage_->act("mend: true");
  EXPECT_EQ(stage_->observed().at("endpoints").size(), 2U);
  expect_end(kMostRoundsAfterBackoff, "workspace answered 404");
}

TEST_F(Deletion, NeverTakesListsThatAnswer404ForClean) {
  run();
  stage_->act("fault: {method: GET, path: \"/deployments*\", status: 404, times: 0}");
  stage_->act("fault: {method: GET, path: \"/jobs*\", status: 404, times: 0}");
  stage_->act("delete: run");
  stage_->act("pass: 1h");
  ASSERT_FALSE(stage_->gone()) << stage_->log();
  EXPECT_EQ(stage_->condition("CleanedUp").rfind("False", 0), 0U);
  stage_->act("mend: true");
  expect_end(kMostRoundsAfterBackoff, "lists answered 404");
}

TEST_F(Deletion, NeverTakesAnotherWorkspaceForItsOwn) {
  run();
  stage_->act("move-workspace: ws-other");
  stage_->act("pass: 2m");
  const int changes = stage_->changes();
  stage_->act("delete: run");
  expect_waiting("WorkspaceNotReady", "put the former back");
  EXPECT_EQ(stage_->condition("WorkspaceReady").rfind("False WorkspaceChanged", 0), 0U) << stage_->condition("WorkspaceReady");
  EXPECT_EQ(stage_->changes(), changes) << "nothing is sent to a workspace that is not its own";
  stage_->act("move-workspace: ws-sim");
  expect_end(kMostRoundsAfterBackoff, "workspace changed under way");
}

}  // namespace
}  // namespace lepton_operator::scenarios
