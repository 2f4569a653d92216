// From a manifest to frozen inputs, or to a condition that says what is missing.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Accepting, FreezesEveryInputBeforeAnythingIsMade) {
  const Plan made = plan(a_new_invocation(), at(5s));
  ASSERT_TRUE(made.status.resolved);
  EXPECT_EQ(made.status.resolved->workspace_id, "my-team");
  EXPECT_EQ(made.status.resolved->workspace_url, "https://lepton.example");
  EXPECT_EQ(made.status.resolved->token_key_id, "key-1");
  EXPECT_EQ(made.status.resolved->tasks.at(kGpqa).container, "registry.example/a:1");
  EXPECT_EQ(made.status.resolved->tasks.at(kWinogrande).endpoint_type, "completions");
  EXPECT_EQ(made.status.start_time, at(5s));
  EXPECT_EQ(made.status.invocation_id.size(), 16U);
  EXPECT_THAT(made, has_condition("Accepted", kTrue, "Valid"));
  EXPECT_THAT(made, has_condition("WorkspaceReady", kTrue, "Authenticated"));
}

TEST(Accepting, AsksForTheFinalizerWithTheFirstThingThatIsMade) {
  const Plan made = plan(a_new_invocation(), at(0s));
  EXPECT_EQ(made.finalizer, FinalizerChange::kAdd);
  EXPECT_THAT(made.actions, Contains(creates()));
}

TEST(Accepting, DoesNotAskForAFinalizerThatIsThere) { EXPECT_EQ(plan(a_deploying_invocation()).finalizer, FinalizerChange::kNone); }

TEST(Accepting, SaysWhatIsWrongInTheManifest) {
  Scene scene = a_new_invocation();
  scene.object.spec = yaml("{deployment: {type: nim, image: i, servedModelName: m}, evaluation: {tasks: [{name: gpqa_diamond}]}}");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kFalse, "Invalid"));
  EXPECT_THAT(message_of(made, "Accepted"), HasSubstr("resourceShape"));
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
  EXPECT_EQ(made.status.phase, Phase::kPending);
}

TEST(Accepting, RefusesAStoragePathThatIsNoDirectoryOfItsOwn) {
  for (const char* path : {"/", "/a/../b", "relative"}) {
    Scene scene = a_new_invocation();
    scene.with_spec(std::string("storage: {path: ") + path + "}");
    EXPECT_THAT(plan(scene), has_condition("Accepted", kFalse, "Invalid")) << path;
    EXPECT_THAT(plan(scene).actions, IsEmpty()) << path;
  }
}

TEST(Accepting, NamesAnUnknownTaskAndMakesNothing) {
  Scene scene = a_new_invocation();
  scene.with_spec("evaluation: {tasks: [{name: gpqa_diamond}, {name: gpqa_daimond}]}");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kFalse, "UnknownTask"));
  EXPECT_THAT(message_of(made, "Accepted"), AllOf(HasSubstr("gpqa_daimond"), HasSubstr("gpqa_diamond")));
  EXPECT_THAT(made.actions, IsEmpty());
}

TEST(Accepting, TakesAnUnknownTaskThatBringsItsContainer) {
  Scene scene = a_new_invocation();
  scene.with_spec("evaluation: {tasks: [{name: my_own, container: 'registry.example/own:1'}]}");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kTrue, "Valid"));
  EXPECT_EQ(made.status.resolved->tasks.at("my_own").container, "registry.example/own:1");
}

TEST(Accepting, WaitsForAWorkspaceThatWasNotAskedYet) {
  Scene scene = a_new_invocation();
  scene.workspace_is(WorkspaceState::kUnknown, "");
  EXPECT_THAT(plan(scene), has_condition("WorkspaceReady", kUnknown, "NotAskedYet"));
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_FALSE(plan(scene).status.resolved);
}

TEST(Accepting, SaysWhyTheWorkspaceIsOfNoUse) {
  for (const auto state : {WorkspaceState::kMissing, WorkspaceState::kInvalid, WorkspaceState::kSecretMissing,
                           WorkspaceState::kUnauthorized, WorkspaceState::kNotFound, WorkspaceState::kUnreachable}) {
    Scene scene = a_new_invocation();
    scene.workspace_is(state, "because of this");
    const Plan made = plan(scene);
    EXPECT_THAT(made, has_condition("WorkspaceReady", kFalse, reason_of(state)));
    EXPECT_EQ(message_of(made, "WorkspaceReady"), "because of this");
    EXPECT_THAT(made.actions, IsEmpty());
  }
}

TEST(Accepting, ReadsNodeGroupsOnlyWhenOneIsNamed) {
  EXPECT_THAT(plan(a_new_invocation()).actions, Not(Contains(reads_node_groups())));
  Scene scene = a_new_invocation();
  scene.with_spec("deployment: {nodeGroup: h200-eu}");
  EXPECT_THAT(plan(scene).actions, Contains(reads_node_groups()));
  EXPECT_THAT(plan(scene).actions, Not(Contains(creates())));
}

TEST(Accepting, FreezesANodeGroupsIdForItsName) {
  Scene scene = a_new_invocation();
  scene.with_spec("{deployment: {nodeGroup: h200-eu}, execution: {nodeGroup: id-2}}");
  scene.workspace.node_groups = {{"id-1", "h200-eu"}, {"id-2", "cpu"}};
  const Plan made = plan(scene);
  ASSERT_TRUE(made.status.resolved);
  EXPECT_EQ(made.status.resolved->endpoint_node_group_id, "id-1");
  EXPECT_EQ(made.status.resolved->tasks.at(kGpqa).node_group_id, "id-2");
}

TEST(Accepting, NamesAnUnknownNodeGroupAndLooksAgainLater) {
  Scene scene = a_new_invocation();
  scene.with_spec("deployment: {nodeGroup: h100}");
  scene.workspace.node_groups.emplace()["id-1"] = "h200-eu";
  scene.did("read-node-groups", 95s, 96s);
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kFalse, "UnknownNodeGroup"));
  EXPECT_THAT(message_of(made, "Accepted"), AllOf(HasSubstr("h100"), HasSubstr("h200-eu")));
  EXPECT_THAT(made.actions, IsEmpty());
  ASSERT_TRUE(made.wake_at);
  EXPECT_THAT(plan(scene, *made.wake_at).actions, Contains(reads_node_groups()));
}

TEST(Accepting, NamesEveryUnknownNodeGroupAndThoseThatThereAreWithTheirIds) {
  Scene scene = a_new_invocation();
  scene.with_spec("{deployment: {nodeGroup: h100}, execution: {nodeGroup: cpu}}");
  scene.workspace.node_groups = {{"h200-eu-a1b2c3d4", "h200-eu"}, {"bare", ""}};
  EXPECT_EQ(message_of(plan(scene), "Accepted"),
            "spec.deployment.nodeGroup: no node group \"h100\"; the workspace has bare, h200-eu (h200-eu-a1b2c3d4); "
            "spec.execution.nodeGroup: no node group \"cpu\"; the workspace has bare, h200-eu (h200-eu-a1b2c3d4).");
}

TEST(Accepting, RefusesANameThatTwoNodeGroupsShare) {
  Scene scene = a_new_invocation();
  scene.with_spec("execution: {nodeGroup: cpu}");
  scene.workspace.node_groups = {{"cpu-1", "cpu"}, {"cpu-2", "cpu"}};
  EXPECT_THAT(plan(scene), has_condition("Accepted", kFalse, "UnknownNodeGroup"));
  EXPECT_THAT(message_of(plan(scene), "Accepted"), HasSubstr("write the id of one, cpu-1 or cpu-2."));
  scene.with_spec("execution: {nodeGroup: cpu-2}");
  EXPECT_EQ(plan(scene).status.resolved->tasks.at(kGpqa).node_group_id, "cpu-2");
}

TEST(Accepting, ANodeGroupThatWasResolvedIsNeverLookedUpAgain) {
  Scene scene = a_deploying_invocation();
  scene.with_spec("{deployment: {nodeGroup: h200-eu}, execution: {nodeGroup: cpu}}");
  scene.status().resolved->endpoint_node_group_id = "id-1";
  for (auto& [name, task] : scene.status().resolved->tasks) {
    task.node_group_id = "id-2";
    task.node_group = "cpu";
  }
  const auto stays = [](const Plan& made) {
    EXPECT_THAT(made.actions, Not(Contains(reads_node_groups())));
    EXPECT_THAT(made, has_condition("Accepted", kTrue, "Valid"));
    EXPECT_EQ(made.status.resolved->endpoint_node_group_id, "id-1");
    EXPECT_EQ(made.status.resolved->tasks.at(kGpqa).node_group_id, "id-2");
  };
  scene.workspace.node_groups.reset();  // what was read is long forgotten
  stays(plan(scene));
  scene.workspace.node_groups = {{"id-1", "renamed"}, {"id-3", "cpu"}};
  stays(plan(scene));
  scene.with_appended_task("mmlu");
  const Plan appended = plan(scene);
  ASSERT_TRUE(appended.status.resolved->tasks.contains("mmlu"));
  EXPECT_EQ(appended.status.resolved->tasks.at("mmlu").node_group_id, "id-2");
  scene.with_spec("execution: {nodeGroup: id-3}");  // an edit is
  EXPECT_EQ(plan(scene).status.resolved->tasks.at(kGpqa).node_group_id, "id-3");
}

TEST(Accepting, ChecksTheSecretsThatAreReferredTo) {
  Scene scene = a_new_invocation();
  scene.with_spec("execution: {envs: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}");
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(reads_secret_keys()));
  scene.memory.secret_keys[{"hf", "token"}] = SecretKeyState::kSecretMissing;
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kFalse, "SecretMissing"));
  EXPECT_THAT(message_of(made, "Accepted"), HasSubstr("team/hf"));
  EXPECT_THAT(made.actions, Each(reads_secret_keys()));
  EXPECT_TRUE(made.wake_at);
  scene.memory.secret_keys[{"hf", "token"}] = SecretKeyState::kPresent;
  EXPECT_THAT(plan(scene), has_condition("Accepted", kTrue, "Valid"));
}

TEST(Accepting, BeginsNothingInANamespaceThatGoes) {
  Scene scene = a_new_invocation();
  scene.namespace_deleting = true;
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
}

TEST(Accepting, AWorkspaceWhoseDefaultsChangeSendsNothingForWhatRuns) {
  Scene scene = a_running_invocation();
  scene.workspace.defaults = yaml("{execution: {resourceShape: cpu.large}, storage: {path: /elsewhere}, deployment: {port: 9000}}");
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).status.resolved, scene.object.status.resolved);
}

TEST(Accepting, ATaskThatIsAppendedIsResolvedAndTheOthersGoOn) {
  Scene scene = a_running_invocation();
  scene.with_appended_task("mmlu");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(creates_endpoint("mmlu")));
  EXPECT_EQ(task_of(made, "mmlu").phase, TaskPhase::kDeploying);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
  EXPECT_EQ(made.status.observed_generation, 2);
}

TEST(Accepting, AnUnknownTaskThatIsAppendedDoesNotDisturbTheOthers) {
  Scene scene = a_running_invocation();
  scene.with_appended_task("mmluu").job_is(kGpqa, "Completed");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("Accepted", kFalse, "UnknownTask"));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kSucceeded);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
