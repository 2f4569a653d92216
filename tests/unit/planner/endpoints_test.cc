// One endpoint per task, all at once; put back when lost, failed with its reason when it will not come.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string creation(const Scene& scene, const std::string& task) { return "create-endpoint " + scene.endpoint_name_of(task); }

// Deploying, but gpqa_diamond's creation is not known to have worked and no look shows it.
Scene with_unseen_endpoint() {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa);
  scene.task(kGpqa).endpoint.seen = false;
  scene.task(kGpqa).endpoint.state = EndpointPhase::kCreating;
  scene.task(kGpqa).endpoint.intended_at = scene.task(kGpqa).endpoint.waiting_since = at(90s);
  return scene;
}

// Nothing made yet, and all Lepton secrets there.
Scene with_secrets_made() {
  Scene scene = a_pending_invocation();
  for (const SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 99s, 100s, secret.name);
  return scene;
}

TEST(Endpoints, AreAllCreatedAtOnce) {
  const Plan made = plan(with_secrets_made());
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  EXPECT_EQ(count_of<CreateJob>(made.actions), 0U);
  EXPECT_EQ(made.status.phase, Phase::kDeploying);
  EXPECT_EQ(made.interest.pace, lepton::Pace::kClose);
}

TEST(Endpoints, TheIntentStandsInTheStatusAndItsDeadlineInTheRequest) {
  const Plan made = plan(with_secrets_made(), at(107s));
  ASSERT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  for (const Action& action : made.actions) {
    const auto* creation = std::get_if<CreateEndpoint>(&action);
    if (!creation) continue;
    const EndpointStatus& intent = task_of(made, creation->task).endpoint;
    EXPECT_EQ(intent.name, creation->endpoint.spec.name);
    EXPECT_EQ(intent.intended_at, at(107s));
    EXPECT_EQ(creation->deadline, at(127s));
  }
}

TEST(Endpoints, ThatNeedASecretWaitUntilItIsMade) {
  Scene scene = a_pending_invocation();
  EXPECT_THAT(plan(scene).actions, Not(Contains(creates_endpoint(kGpqa))));
  EXPECT_EQ(count_of<CreateEndpoint>(plan(with_secrets_made()).actions), 3U);
}

// One write for both intents: our own token's secret only Lepton can refuse.
TEST(Endpoints, AreIntendedTogetherWithTheSecretOfOurOwnToken) {
  const Plan made = plan(a_new_invocation());
  ASSERT_EQ(made.status.secrets.size(), 1U);
  EXPECT_THAT(made.actions, Contains(ensures_secret()));
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  for (const Action& action : made.actions) {
    const auto* creation = std::get_if<CreateEndpoint>(&action);
    if (creation == nullptr) continue;
    EXPECT_THAT(creation->after, testing::ElementsAre(made.status.secrets.front().name));
  }
}

TEST(Endpoints, WhoseSecretCannotBeMadeWereNeverIntendedAndWaitForIt) {
  Scene scene = a_new_invocation();
  scene.object.status = plan(scene, at(90s)).status;
  scene.object.meta.finalizers.push_back(kCleanupFinalizer);
  scene.looked_at({88s, 89s});
  const std::string secret = scene.status().secrets.front().name;
  scene.failed("ensure-secret " + secret, ErrorKind::kServer, 92s, 120s);
  for (const TaskStatus& task : scene.status().tasks) {
    scene.failed("create-endpoint " + task.endpoint.name, ErrorKind::kCancelled, 92s, 93s, task.endpoint.name);
  }
  const Plan waiting = plan(scene, at(100s));
  EXPECT_EQ(count_of<CreateEndpoint>(waiting.actions), 0U);
  EXPECT_THAT(task_of(waiting, kGpqa).message, testing::HasSubstr(secret));
  EXPECT_EQ(task_of(waiting, kGpqa).endpoint, EndpointStatus{}) << "its time to become ready has not begun";

  scene.object.status = waiting.status;
  scene.did("ensure-secret " + secret, 120s, 121s, secret);
  const Plan made = plan(scene, at(121s));
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  EXPECT_EQ(task_of(made, kGpqa).endpoint.waiting_since, at(121s));
  EXPECT_FALSE(task_of(made, kGpqa).endpoint.unsettled_until) << "nothing was ever sent";
}

TEST(Endpoints, OfASecretThatIsRefusedAreNeverMadeAndTheirTasksSayWhy) {
  Scene scene = a_pending_invocation();
  const std::string secret = scene.status().secrets.front().name;
  scene.failed("ensure-secret " + secret, ErrorKind::kForbidden, 90s, 120s);
  const Plan waiting = plan(scene, at(100s));
  EXPECT_EQ(count_of<CreateEndpoint>(waiting.actions), 0U);
  EXPECT_THAT(task_of(waiting, kGpqa).message, testing::HasSubstr(secret));
  scene.failed("ensure-secret " + secret, ErrorKind::kInvalid, 90s, 120s);
  EXPECT_EQ(plan(scene, at(100s)).status.phase, Phase::kFailed);
}

TEST(Endpoints, ThatWereReadyOnceAreGivenUpWhenTheyStayUnreadyBeforeAnyJob) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  scene.status() = plan(scene, at(100s)).status;
  scene.endpoint_is(kGpqa, "Not Ready");
  scene.status() = plan(scene, at(101s)).status;
  EXPECT_EQ(scene.task(kGpqa).endpoint.waiting_since, at(101s));
  scene.looked_at({1302s, 1304s});
  scene.memory.diagnoses[scene.endpoint_name_of(kGpqa)] = "crash loop";
  scene.explained(kGpqa, 1303s, lepton::EndpointTrouble::kNone);
  const Plan made = plan(scene, at(1305s));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
}

TEST(Endpoints, OfAnExistingEndpointThereAreNone) {
  const Plan made = plan(a_new_invocation_on_existing_endpoint());
  EXPECT_EQ(count_of<CreateEndpoint>(made.actions), 0U);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "NotNeeded"));
}

TEST(Endpoints, ThatAreReadyKeepTheirUrlAndTheFirstTimeOfIt) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  scene.status() = plan(scene, at(100s)).status;
  const TaskStatus task = task_of(plan(scene, at(200s)), kGpqa);
  EXPECT_EQ(task.endpoint.state, EndpointPhase::kReady);
  EXPECT_EQ(task.endpoint.url, "https://gpqa_diamond.example");
  EXPECT_EQ(task.endpoint.ready_at, at(100s));
}

TEST(Endpoints, AreNotReadyWithoutAUrl) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  scene.view.endpoints[scene.endpoint_name_of(kGpqa)].endpoint.external_url.clear();
  EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.state, EndpointPhase::kWaiting);
}

TEST(Endpoints, ThatAreDownAreStartedOncePerLook) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Stopped");
  EXPECT_THAT(plan(scene).actions, Contains(starts_endpoint(kGpqa)));
  const std::string name = scene.endpoint_name_of(kGpqa);
  scene.did("start-endpoint " + name, 100s, 101s, name);
  EXPECT_THAT(plan(scene, at(102s)).actions, IsEmpty());
  scene.looked_at({101s, 102s});
  EXPECT_THAT(plan(scene, at(103s)).actions, Contains(starts_endpoint(kGpqa)));
}

TEST(Endpoints, ThatVanishedArePutBack) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa);
  EXPECT_THAT(plan(scene).actions, Contains(creates_endpoint(kGpqa)));
}

TEST(Endpoints, ThatVanishedUnderARunningJobArePutBackAndTheJobGoesOn) {
  Scene scene = a_running_invocation();
  scene.endpoint_gone(kGpqa);
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(creates_endpoint(kGpqa)));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
}

TEST(Endpoints, AreNotMissedOnALookThatBeganBeforeOurLastWrite) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa).looked_at({0s, 1s});  // the creation was answered at 1 s
  EXPECT_THAT(plan(scene, at(2s)).actions, IsEmpty());
}

TEST(Endpoints, AreNotCreatedAgainWhileTheirCreationIsUnderWay) {
  Scene scene = with_unseen_endpoint();
  scene.in_flight(creation(scene, kGpqa), 90s, scene.endpoint_name_of(kGpqa));
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(task_of(made, kGpqa).endpoint.intended_at, at(90s));
}

TEST(Endpoints, AnUncertainCreationIsSentAgainSinceTheNameMakesItIdempotent) {
  Scene scene = with_unseen_endpoint();
  scene.failed(creation(scene, kGpqa), ErrorKind::kTimeout, 90s, 99s, scene.endpoint_name_of(kGpqa));
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(creates_endpoint(kGpqa)));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.intended_at, at(100s));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.waiting_since, at(90s));
}

TEST(Endpoints, AThrottledCreationWaitsForItsTime) {
  Scene scene = with_unseen_endpoint();
  scene.failed(creation(scene, kGpqa), ErrorKind::kThrottled, 90s, 130s, scene.endpoint_name_of(kGpqa));
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  ASSERT_TRUE(made.wake_at);
  EXPECT_LE(*made.wake_at, at(130s));
  EXPECT_THAT(plan(scene, at(130s)).actions, Contains(creates_endpoint(kGpqa)));
}

TEST(Endpoints, ThatWereRefusedFailTheInvocationBeforeTheBarrier) {
  Scene scene = with_unseen_endpoint();
  scene.failed(creation(scene, kGpqa), ErrorKind::kInvalid, 90s, 91s, scene.endpoint_name_of(kGpqa));
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(made, kGpqa).message, HasSubstr("lepton answered: invalid"));
  EXPECT_EQ(task_of(made, kHellaswag).phase, TaskPhase::kCancelled);
  EXPECT_THAT(made, has_condition("Failed", ConditionStatus::kTrue, "EndpointFailed"));
  EXPECT_THAT(made.actions, Contains(deletes_endpoint(kHellaswag)));
}

TEST(Endpoints, AWordOfTroubleGoesWhenTheTroubleIsOver) {
  Scene scene = with_unseen_endpoint();
  scene.failed(creation(scene, kGpqa), ErrorKind::kThrottled, 90s, 130s, scene.endpoint_name_of(kGpqa));
  scene.status() = plan(scene).status;
  ASSERT_THAT(scene.task(kGpqa).message, HasSubstr("throttled"));
  scene.did(creation(scene, kGpqa), 130s, 131s, scene.endpoint_name_of(kGpqa)).endpoint_is(kGpqa, "Starting");
  EXPECT_EQ(task_of(plan(scene, at(135s)), kGpqa).message, "");
}

TEST(Endpoints, InErrorAreAskedWhyBeforeTheyFail) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Error");
  const Plan asked = plan(scene);
  EXPECT_THAT(asked.actions, testing::ElementsAre(diagnoses_endpoint(kGpqa)));
  EXPECT_EQ(asked.status.phase, Phase::kDeploying);
  scene.memory.diagnoses[scene.endpoint_name_of(kGpqa)] = "CUDA out of memory";
  const Plan failed = plan(scene);
  EXPECT_EQ(task_of(failed, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(failed, kGpqa).message, HasSubstr("CUDA out of memory"));
  EXPECT_THAT(failed.actions, Contains(deletes_endpoint(kGpqa)));
}

TEST(Endpoints, FailWithoutAReasonWhenNoneCanBeHad) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Error");
  scene.failed("diagnose-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kServer, 98s, 110s);
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kFailed);
}

TEST(Endpoints, OnePassingErrorIsNotBelieved) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Error", 1);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kDeploying);
}

TEST(Endpoints, InErrorUnderAJobLeaveTheResultToTheJob) {
  Scene scene = a_running_invocation();
  scene.endpoint_is(kGpqa, "Error");
  scene.memory.diagnoses[scene.endpoint_name_of(kGpqa)] = "OOM";
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kRunning);
  scene.job_is(kGpqa, "Completed");
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(Endpoints, ThatAreNotReadyInTimeFailOnALookThatShowsIt) {
  Scene scene = a_deploying_invocation();
  scene.looked_at({1198s, 1199s});
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.explained(task, 1190s, lepton::EndpointTrouble::kNone);
  EXPECT_EQ(plan(scene, at(1199s)).wake_at, at(1200s));
  const Plan late = plan(scene, at(1201s));  // 20 minutes, but the last look is older
  EXPECT_THAT(late.actions, IsEmpty());
  EXPECT_EQ(late.interest.pace, lepton::Pace::kClose);
  EXPECT_FALSE(late.wake_at && *late.wake_at <= at(1201s)) << "a time gone by would make the caller spin";
  scene.looked_at({1199s, 1201s});
  EXPECT_THAT(plan(scene, at(1202s)).actions, Contains(explains_endpoint(kGpqa))) << "Lepton has the last word on why";
  scene.explained(kGpqa, 1202s, lepton::EndpointTrouble::kNone);
  EXPECT_THAT(plan(scene, at(1203s)).actions, Contains(diagnoses_endpoint(kGpqa)));
}

TEST(Endpoints, OfAnotherOwnerAreNeitherUsedNorRemoved) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  scene.view.endpoints[scene.endpoint_name_of(kGpqa)].endpoint.labels.set("lepton-operator.uid", "somebody-else");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(made.actions, Not(Contains(deletes_endpoint(kGpqa))));
}

TEST(Endpoints, AreNotMissedBeforeTheFirstLookAfterARestart) {
  Scene scene = a_deploying_invocation();
  scene.restarted();
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).interest.pace, lepton::Pace::kClose);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
