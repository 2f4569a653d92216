// activeDeadlineSeconds and ttlSecondsAfterFinished.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Scene with_deadline(Scene scene) {
  scene.with_spec("activeDeadlineSeconds: 300");
  scene.status().active_since = at(0s);
  return scene;
}

TEST(ActiveDeadline, CountsFromTheStart) {
  Scene scene = a_new_invocation();
  scene.with_spec("activeDeadlineSeconds: 300");
  const Plan made = plan(scene, at(5s));
  EXPECT_EQ(made.status.active_since, at(5s));
  EXPECT_EQ(made.wake_at, at(305s));
}

TEST(ActiveDeadline, DoesNotCountWhileItWaitsForPlaces) {
  Scene scene = a_pending_invocation();
  scene.with_spec("activeDeadlineSeconds: 300");
  scene.status().active_since.reset();
  for (TaskStatus& task : scene.status().tasks) task.wave = 0;
  for (const SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 99s, 100s, secret.name);
  scene.admission = {3, {}, {1, 0}, 0};
  scene.status() = plan(scene, at(100s)).status;
  EXPECT_FALSE(scene.status().active_since);
  scene.looked_at({999s, 1000s});
  const Plan waiting = plan(scene, at(1000s));
  EXPECT_EQ(waiting.status.phase, Phase::kPending);
  EXPECT_THAT(waiting, has_condition("Admitted", ConditionStatus::kFalse, "Queued"));
  scene.admission.used = {};
  EXPECT_EQ(plan(scene, at(1001s)).status.active_since, at(1001s)) << "from when it is let in";
}

TEST(ActiveDeadline, FailsWhatRunsAndCancelsWhatHasNotBegun) {
  Scene scene = with_deadline(a_running_invocation());
  scene.with_appended_task("mmlu");
  scene.status() = plan(scene).status;
  scene.job_is(kWinogrande, "Completed").looked_at({300s, 301s});
  const Plan made = plan(scene, at(301s));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_EQ(task_of(made, "mmlu").phase, TaskPhase::kCancelled);
  EXPECT_EQ(task_of(made, kWinogrande).phase, TaskPhase::kSucceeded) << "seen before anything is ended";
  EXPECT_THAT(task_of(made, kGpqa).message, HasSubstr("still active after 5m"));
  EXPECT_THAT(made.actions, Contains(stops_job(kGpqa)));
  EXPECT_THAT(made.actions, Contains(deletes_endpoint(kGpqa)));
  EXPECT_EQ(made.status.phase, Phase::kFailed);
  EXPECT_THAT(made, has_condition("Failed", ConditionStatus::kTrue, "DeadlineExceeded"));
  scene.status() = made.status;
  EXPECT_THAT(plan(scene, at(302s)), has_condition("Failed", ConditionStatus::kTrue, "DeadlineExceeded"));
}

TEST(ActiveDeadline, GrantsNoRetry) {
  Scene scene = with_deadline(a_running_invocation());
  scene.with_spec("execution: {retries: 3}").looked_at({300s, 301s});
  const Plan made = plan(scene, at(301s));
  EXPECT_EQ(made.status.phase, Phase::kFailed);
  EXPECT_THAT(made.actions, Not(Contains(creates())));
}

TEST(ActiveDeadline, WaitsForALookThatBeganAfterIt) {
  Scene scene = with_deadline(a_running_invocation());
  scene.looked_at({298s, 299s});
  EXPECT_EQ(plan(scene, at(301s)).status.phase, Phase::kRunning);
  EXPECT_EQ(plan(scene, at(301s)).interest.pace, lepton::Pace::kClose);
  scene.restarted();
  EXPECT_EQ(plan(scene, at(5000s)).status.phase, Phase::kRunning);
}

TEST(ActiveDeadline, DoesNotLoseAResultThatIsBeingRead) {
  Scene scene = with_deadline(a_running_invocation());
  scene.job_gone(kGpqa).looked_at({300s, 301s});
  const Plan asked = plan(scene, at(301s));
  EXPECT_THAT(asked.actions, Contains(reads_job(kGpqa)));
  EXPECT_EQ(task_of(asked, kGpqa).phase, TaskPhase::kRunning);
  scene.status() = asked.status;
  scene.job_read(kGpqa, 301s, "Completed");
  EXPECT_EQ(task_of(plan(scene, at(302s)), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(ActiveDeadline, DoesNotCountWhatWasSuspended) {
  Scene scene = with_deadline(a_deploying_invocation());
  for (TaskStatus& task : scene.status().tasks) task.endpoint = {};
  scene.view.endpoints.clear();
  scene.with_spec("suspend: true");
  scene.status() = plan(scene).status;
  EXPECT_FALSE(scene.status().active_since);
  scene.with_spec("suspend: false").looked_at({400s, 401s});
  const Plan made = plan(scene, at(402s));
  EXPECT_EQ(made.status.phase, Phase::kDeploying);
  EXPECT_EQ(made.status.active_since, at(402s));
}

Scene with_ttl(Scene scene) {
  scene.with_spec("ttlSecondsAfterFinished: 60");
  return scene;
}

TEST(TimeToLive, EndsSoLongAfterTheEnd) {
  Scene scene = with_ttl(a_succeeded_invocation());  // since 90 s
  EXPECT_FALSE(plan(scene, at(149s)).remove_object);
  EXPECT_EQ(plan(scene, at(149s)).wake_at, at(150s));
  const Plan made = plan(scene, at(150s));
  EXPECT_TRUE(made.remove_object);
  EXPECT_TRUE(made.status.expired) << "written before it is deleted, so that deletion knows";
}

TEST(TimeToLive, IsSeenToFromTheEndOnThoughNothingElseWakesIt) {
  Scene scene = with_ttl(a_running_invocation());
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Completed");
  const Plan ended = plan(scene);
  EXPECT_EQ(ended.status.phase, Phase::kSucceeded);
  EXPECT_EQ(ended.wake_at, scene.now + 60s);
}

TEST(TimeToLive, IsNotOfWhatRunsOrIsDeletedAlready) {
  EXPECT_FALSE(plan(with_ttl(a_running_invocation()), at(5000s)).remove_object);
  Scene scene = with_ttl(a_succeeded_invocation());
  scene.deleted_at(95s);
  EXPECT_FALSE(plan(scene, at(5000s)).remove_object);
}

TEST(TimeToLive, MayBeLengthenedUntilItIsOver) {
  Scene scene = with_ttl(a_succeeded_invocation());
  scene.status() = plan(scene, at(150s)).status;
  scene.with_spec("ttlSecondsAfterFinished: 600");
  EXPECT_FALSE(plan(scene, at(151s)).remove_object);
  EXPECT_FALSE(plan(scene, at(151s)).status.expired);
}

// Deleted by its time to live; jobs, endpoints and secrets are gone.
Scene expired() {
  Scene scene = with_ttl(a_succeeded_invocation());
  scene.status().expired = true;
  scene.deleted_at(150s);
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    scene.endpoint_gone(task).job_gone(task).job_read(task, 153s, std::nullopt);
    scene.did("delete-job " + Scene::job_id_of(task), 151s, 152s, Scene::job_id_of(task));
  }
  scene.memory.secrets_absent = true;
  scene.looked_at({153s, 154s});
  return scene;
}

TEST(TimeToLive, KeepsTheDirectory) {
  const Plan made = plan(expired(), at(155s));
  EXPECT_EQ(made.finalizer, FinalizerChange::kRemove);
  EXPECT_THAT(made.actions, Not(Contains(probes_storage())));
}

TEST(TimeToLive, RemovesTheDirectoryWhenTheManifestSaysSo) {
  Scene scene = expired();
  scene.with_spec("storage: {deletionPolicy: Delete}");
  const Plan made = plan(scene, at(155s));
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
  EXPECT_THAT(made.actions, Contains(probes_storage()));
  Scene by_hand = expired();
  by_hand.status().expired = false;
  EXPECT_THAT(plan(by_hand, at(155s)).actions, Contains(probes_storage())) << "deleted by a person before its time";
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
