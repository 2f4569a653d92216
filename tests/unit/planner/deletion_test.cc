// Rule 7: the finalizer falls only when jobs, endpoints, secrets and the directory are verified gone.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Jobs and endpoints were deleted, and looks after that show none of them; jobs' ids answer 404.
Scene with_workload_gone() {
  Scene scene = a_deleting_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_gone(task).job_gone(task).job_read(task, 99s, std::nullopt);
  return scene;
}

Scene with_secrets_and_storage_gone() {
  Scene scene = with_workload_gone();
  scene.memory.secrets_absent = true;
  scene.memory.directory_removed = true;
  return scene;
}

TEST(Deletion, OfWhatNeverBeganTakesTheFinalizerAway) {
  Scene scene = a_new_invocation();
  scene.object.meta.finalizers.push_back(kCleanupFinalizer);
  scene.deleted_at(10s);
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kRemove);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
}

// Its own request is answered; one of the process before it may not have arrived yet.
TEST(Deletion, WaitsForTheSecretThatAnEarlierProcessMayHaveAskedFor) {
  Scene scene = a_pending_invocation();
  scene.object.meta.finalizers = {kCleanupFinalizer};
  scene.status() = plan(scene).status;
  ASSERT_FALSE(scene.status().secrets.empty());
  scene.now = at(50s);
  scene.restarted();
  scene.status() = plan(scene).status;
  for (SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 50s, 51s, secret.name);
  scene.now = at(52s);
  scene.status() = plan(scene).status;
  EXPECT_TRUE(scene.status().secrets.front().ready);
  for (TaskStatus& task : scene.status().tasks) task.endpoint = {};
  scene.deleted_at(53s);
  EXPECT_THAT(plan(scene, at(79s)).actions, Not(Contains(deletes_secrets())));
  EXPECT_EQ(plan(scene, at(79s)).wake_at, at(80s));
  EXPECT_THAT(plan(scene, at(80s)).actions, Contains(deletes_secrets()));
}

// A removal that overtakes the creation finds nothing; the look after both need not show yet what the creation made.
TEST(Deletion, RemovesAnEndpointOnlyWhenItsCreationHasEnded) {
  Scene scene = a_deploying_invocation();
  scene.object.meta.finalizers = {kCleanupFinalizer};
  scene.endpoint_gone(kGpqa).deleted_at(99s);
  EndpointStatus& endpoint = scene.task(kGpqa).endpoint;
  endpoint.seen = false;
  endpoint.state = EndpointPhase::kCreating;
  endpoint.intended_at = at(98s);
  scene.in_flight("create-endpoint " + endpoint.name, 98s, endpoint.name);
  EXPECT_THAT(plan(scene).actions, Not(Contains(deletes_endpoint(kGpqa))));
  EXPECT_THAT(plan(scene).actions, Contains(deletes_endpoint(kHellaswag)));
  scene.did("create-endpoint " + endpoint.name, 98s, 99s, endpoint.name);
  EXPECT_THAT(plan(scene).actions, Contains(deletes_endpoint(kGpqa)));
}

TEST(Deletion, WithoutOurFinalizerDoesNothing) {
  Scene scene = a_deleting_invocation();
  scene.object.meta.finalizers = {"somebody/else"};
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
}

TEST(Deletion, AsksForAllJobsAndEndpointsAtOnce) {
  Scene scene = a_running_invocation();
  scene.deleted_at(100s);
  const Plan made = plan(scene);
  EXPECT_EQ(count_of<DeleteEndpoint>(made.actions), 3U);
  EXPECT_EQ(count_of<DeleteJob>(made.actions), 3U);
  EXPECT_EQ(made.actions.size(), 6U) << "secrets and storage wait";
  EXPECT_EQ(made.status.phase, Phase::kDeleting);
}

TEST(Deletion, CreatesNothingWhateverWasUnderWay) {
  for (const auto start : {a_pending_invocation, a_deploying_invocation, an_invocation_with_ready_endpoints, a_running_invocation}) {
    Scene scene = start();
    scene.deleted_at(100s).endpoint_gone(kGpqa);
    EXPECT_THAT(plan(scene).actions, Not(Contains(creates())));
  }
}

TEST(Deletion, WaitsForWhatIsStillSeen) {
  const Plan made = plan(a_deleting_invocation());
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "RemovingWorkload"));
  EXPECT_THAT(message_of(made, "CleanedUp"), HasSubstr(kGpqa));
}

TEST(Deletion, DoesNotBelieveALookThatBeganBeforeItsOwnRequests) {
  Scene scene = with_workload_gone();
  scene.looked_at({94s, 96s});
  EXPECT_THAT(plan(scene), has_condition("CleanedUp", kFalse, "RemovingWorkload"));
  EXPECT_THAT(plan(scene).actions, Not(Contains(deletes_secrets())));
}

TEST(Deletion, DoesNotBelieveAReadingThatBeganBeforeItsOwnRequests) {
  Scene scene = with_workload_gone();
  scene.job_read(kGpqa, 95s, std::nullopt);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(reads_job(kGpqa)));
  EXPECT_THAT(made.actions, Not(Contains(deletes_secrets())));
}

TEST(Deletion, AnArchivedJobThatIsTerminalCountsAsAbsent) {
  Scene scene = with_workload_gone();
  scene.job_is(kGpqa, "Archived");
  EXPECT_THAT(plan(scene).actions, Contains(deletes_secrets()));
  scene.job_gone(kGpqa).job_read(kGpqa, 99s, "Archived");
  EXPECT_THAT(plan(scene).actions, Contains(deletes_secrets()));
}

TEST(Deletion, ATerminalJobThatIsStillListedDoesNot) {
  Scene scene = with_workload_gone();
  scene.job_is(kGpqa, "Completed");
  EXPECT_THAT(plan(scene), has_condition("CleanedUp", kFalse, "RemovingWorkload"));
}

TEST(Deletion, RemovesDuplicatesToo) {
  Scene scene = a_running_invocation();
  scene.another_job(kGpqa, "job-late", "Running", 75s).deleted_at(100s);
  EXPECT_THAT(plan(scene).actions, Contains(deletes_job("job-late")));
}

TEST(Deletion, AJobThatCertainlyWasNotMadeIsNotWaitedFor) {
  Scene scene = with_workload_gone().with_uncertain_job(kGpqa, at(90s));
  scene.failed("create-job " + scene.job_name_of(kGpqa), ErrorKind::kThrottled, 91s, 400s);
  EXPECT_THAT(plan(scene).actions, Contains(deletes_secrets()));
}

TEST(Deletion, SecretsGoWhenTheWorkloadIsGone) {
  const Plan made = plan(with_workload_gone());
  EXPECT_THAT(made.actions, Contains(deletes_secrets()));
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
}

TEST(Deletion, ASecretThatIsBeingMadeIsWaitedFor) {
  Scene scene = a_pending_invocation();
  scene.deleted_at(100s);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
  EXPECT_THAT(plan(scene), has_condition("CleanedUp", kFalse, "RemovingSecrets"));
}

TEST(Deletion, ASecretWhoseMakingEndedUncertainlyIsRemovedWhenThatHasSettled) {
  Scene scene = a_pending_invocation();
  scene.deleted_at(100s);
  for (const SecretStatus& secret : scene.status().secrets) {
    scene.failed("ensure-secret " + secret.name, ErrorKind::kTimeout, 80s, 99s, secret.name);
  }
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  const auto settled = scene.memory.writes.at(scene.status().secrets.front().name) + kCreateDeadline + kSettling;
  EXPECT_EQ(plan(scene).wake_at, settled);
  EXPECT_THAT(plan(scene, settled).actions, Contains(deletes_secrets()));
}

TEST(Deletion, ASecretOfABeforeARestartIsRemovedWhenItHasSettled) {
  Scene scene = a_pending_invocation();
  scene.deleted_at(100s).restarted();
  EXPECT_THAT(plan(scene, at(101s)).actions, IsEmpty());
  EXPECT_THAT(plan(scene, at(130s)).actions, Contains(deletes_secrets()));
}

TEST(Deletion, ASecretThatWasRefusedHoldsNothingUp) {
  Scene scene = a_pending_invocation();
  scene.deleted_at(100s);
  for (const SecretStatus& secret : scene.status().secrets) {
    scene.failed("ensure-secret " + secret.name, ErrorKind::kInvalid, 99s, 200s, secret.name);
  }
  EXPECT_THAT(plan(scene).actions, Contains(deletes_secrets()));
}

TEST(Deletion, EndsWhenAllIsVerifiedGone) {
  const Plan made = plan(with_secrets_and_storage_gone());
  EXPECT_EQ(made.finalizer, FinalizerChange::kRemove);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("CleanedUp", ConditionStatus::kTrue, "Verified"));
}

TEST(Deletion, ItsLastStatusGoesWithTheObjectUnlessSomebodyElseHoldsIt) {
  Scene scene = with_secrets_and_storage_gone();
  scene.object.meta.finalizers = {kCleanupFinalizer};
  EXPECT_TRUE(plan(scene).status_may_wait);
  scene.object.meta.finalizers = {"somebody/else", kCleanupFinalizer};
  EXPECT_FALSE(plan(scene).status_may_wait);
}

TEST(Deletion, ItsStepsMayBeToldLate) {
  Scene scene = with_workload_gone();
  scene.status() = plan(a_deleting_invocation()).status;
  EXPECT_FALSE(plan(scene).status_may_wait) << "that no endpoint is left is no mere step";
  for (TaskStatus& task : scene.status().tasks) task.endpoint.state = EndpointPhase::kReleased;
  const Plan made = plan(scene);
  ASSERT_THAT(made.actions, Contains(deletes_secrets()));
  ASSERT_THAT(made, Not(has_condition("CleanedUp", kFalse, "RemovingWorkload")));
  EXPECT_TRUE(made.status_may_wait);
}

TEST(Deletion, ThatItBeganIsToldAtOnceAndSoIsWhatStandsInItsWay) {
  Scene scene = a_running_invocation();
  scene.deleted_at(100s);
  EXPECT_FALSE(plan(scene).status_may_wait);
  Scene blocked = a_deleting_invocation();
  blocked.status() = plan(blocked).status;
  blocked.workspace_is(WorkspaceState::kUnauthorized, "401");
  EXPECT_FALSE(plan(blocked).status_may_wait);
}

// Another process could not prove any more that this was the directory of the mount.
TEST(Deletion, WhereTheDirectoryWasSeenStandsThereBeforeItIsRemoved) {
  Scene scene = with_workload_gone();
  scene.status() = plan(scene).status;
  scene.memory.storage_probe->seen = true;
  scene.memory.storage_probe->file_system = "lepton-shared-fs";
  const Plan made = plan(scene);
  ASSERT_EQ(count_of<RemoveDirectory>(made.actions), 1U);
  EXPECT_FALSE(made.status_may_wait);
}

TEST(Deletion, EachThingThatIsLeftKeepsTheFinalizer) {
  Scene secrets = with_secrets_and_storage_gone();
  secrets.memory.secrets_absent = false;
  Scene storage = with_secrets_and_storage_gone();
  storage.memory.directory_removed = false;
  Scene endpoint = with_secrets_and_storage_gone();
  endpoint.endpoint_is(kWinogrande, "Deleting");
  Scene job = with_secrets_and_storage_gone();
  job.job_is(kWinogrande, "Deleting");
  Scene unseen = with_secrets_and_storage_gone();
  unseen.view = {};
  for (const Scene& scene : {secrets, storage, endpoint, job, unseen}) EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
}

TEST(Deletion, OfAFinishedInvocationRemovesItsJobsToo) {
  Scene scene = a_succeeded_invocation();
  scene.deleted_at(100s);
  EXPECT_EQ(count_of<DeleteJob>(plan(scene).actions), 3U);
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(Deletion, IsAbandonedOnlyForAReason) {
  Scene scene = a_deleting_invocation();
  scene.with_annotation(kAbandonAnnotation, "");
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
  scene.with_annotation(kAbandonAnnotation, "workspace was closed");
  const Plan made = plan(scene);
  EXPECT_EQ(made.finalizer, FinalizerChange::kRemove);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(message_of(made, "CleanedUp"), HasSubstr("workspace was closed"));
  EXPECT_THAT(message_of(made, "CleanedUp"), HasSubstr(scene.endpoint_name_of(kGpqa)));
  EXPECT_FALSE(made.status_may_wait) << "afterwards nobody could be asked what was left";
}

TEST(Deletion, IsNotAbandonedWhileNobodyDeletes) {
  Scene scene = a_running_invocation();
  scene.with_annotation(kAbandonAnnotation, "by mistake");
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
}

TEST(Deletion, WorksWithASpecThatNoLongerDecodes) {
  Scene scene = a_deleting_invocation();
  scene.object.spec = yaml("{deployment: 7}");
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
  EXPECT_EQ(plan(scene).status.phase, Phase::kDeleting);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
