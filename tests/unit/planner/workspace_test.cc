// Rule 4: unknown is neither failure nor success. A workspace of no use pauses everything and says so.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<WorkspaceState> kOfNoUse{WorkspaceState::kUnknown,       WorkspaceState::kMissing,      WorkspaceState::kInvalid,
                                           WorkspaceState::kSecretMissing, WorkspaceState::kUnauthorized, WorkspaceState::kNotFound,
                                           WorkspaceState::kUnreachable};

using Start = Scene (*)();
const std::vector<Start> kScenes{a_new_invocation,     a_pending_invocation,   a_deploying_invocation, an_invocation_with_ready_endpoints,
                                 a_running_invocation, a_succeeded_invocation, a_failed_invocation,    a_deleting_invocation};

TEST(Workspace, OfNoUsePausesEverythingInEveryPhase) {
  for (const Start start : kScenes) {
    for (const WorkspaceState state : kOfNoUse) {
      Scene scene = start();
      scene.workspace_is(state, "why");
      scene.view = {};  // nothing that is not seen is gone
      const Plan made = plan(scene);
      EXPECT_THAT(made.actions, IsEmpty()) << to_string(scene.object.status.phase) << " " << reason_of(state);
      EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
      const bool not_asked = state == WorkspaceState::kUnknown;
      if (not_asked && find_condition(scene.status().conditions, "WorkspaceReady")) {  // what was last known stays said
        EXPECT_EQ(*find_condition(made.status.conditions, "WorkspaceReady"), *find_condition(scene.status().conditions, "WorkspaceReady"));
      } else {
        EXPECT_THAT(made,
                    has_condition("WorkspaceReady", not_asked ? ConditionStatus::kUnknown : ConditionStatus::kFalse, reason_of(state)));
      }
      EXPECT_EQ(made.status.tasks, scene.object.status.tasks);
      EXPECT_EQ(made.status.phase, scene.object.status.phase);
    }
  }
}

TEST(Workspace, ThatMeansAnotherOneProvesNothingAbsent) {
  for (const bool id : {true, false}) {
    for (const Start start : {a_running_invocation, a_deleting_invocation, a_succeeded_invocation}) {
      Scene scene = start();
      (id ? scene.workspace.id : scene.workspace.url) = "another";
      scene.view = {};
      scene.looked_at({98s, 99s});
      const Plan made = plan(scene);
      EXPECT_THAT(made.actions, IsEmpty());
      EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
      EXPECT_THAT(made, has_condition("WorkspaceReady", ConditionStatus::kFalse, "WorkspaceChanged"));
      EXPECT_THAT(message_of(made, "WorkspaceReady"), HasSubstr("another"));
    }
  }
}

TEST(Workspace, WhenItIsBackTheWorkGoesOn) {
  Scene scene = a_running_invocation();
  scene.workspace_is(WorkspaceState::kUnauthorized, "401");
  scene.status() = plan(scene).status;
  scene.workspace_is(WorkspaceState::kReady, "").job_is(kGpqa, "Completed");
  const Plan made = plan(scene, at(110s));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
  EXPECT_THAT(made, has_condition("WorkspaceReady", ConditionStatus::kTrue, "Authenticated"));
}

TEST(Workspace, ADeletionThatWaitsForItSaysSo) {
  Scene scene = a_deleting_invocation();
  scene.workspace_is(WorkspaceState::kUnreachable, "no answer from lepton.example");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("CleanedUp", ConditionStatus::kFalse, "WorkspaceNotReady"));
  EXPECT_THAT(message_of(made, "CleanedUp"), HasSubstr("no answer"));
}

// WorkspaceReady still says what the process before saw.
TEST(Workspace, ACleanupThatARestartInterruptedSaysWhatItSaidUntilLeptonAnswers) {
  Scene scene = a_deleting_invocation();
  scene.status() = plan(scene).status;
  scene.restarted().workspace_is(WorkspaceState::kUnknown, "");
  EXPECT_EQ(plan(scene).status, scene.status());
  Scene begun = a_running_invocation();
  begun.status() = plan(begun).status;
  begun.deleted_at(100s).restarted().workspace_is(WorkspaceState::kUnknown, "");
  EXPECT_THAT(message_of(plan(begun), "CleanedUp"), HasSubstr("no answer from it yet"));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
