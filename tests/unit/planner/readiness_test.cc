// How long an endpoint may take, what of it counts, and what is said of it meanwhile.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using lepton::EndpointTrouble;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two endpoints are Ready; gpqa_diamond's, made at 0 s, is Starting. Looked at just now.
Scene waiting(base::Milliseconds now) {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.endpoint_is(kGpqa, "Starting");
  scene.task(kGpqa).endpoint.state = EndpointPhase::kWaiting;
  scene.task(kGpqa).endpoint.ready_at.reset();
  scene.now = at(now);
  return scene.looked_at({now - 2s, now});
}

Scene& later(Scene& scene, base::Milliseconds now) {
  scene.status() = plan(scene).status;
  scene.now = at(now);
  return scene.looked_at({now - 2s, now});
}

TEST(Readiness, IsAskedForTenSecondsIntoAWaitAndThenEveryHalfAMinute) {
  Scene scene = waiting(9s);
  scene.memory.explanations.clear();
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).wake_at, at(10s));
  scene.looked_at({9s, 10s});
  EXPECT_THAT(plan(scene, at(10s)).actions, testing::ElementsAre(explains_endpoint(kGpqa)));
  scene.explained(kGpqa, 10s, EndpointTrouble::kNone).looked_at({38s, 40s});
  EXPECT_THAT(plan(scene, at(39s)).actions, IsEmpty());
  EXPECT_THAT(plan(scene, at(40s)).actions, testing::ElementsAre(explains_endpoint(kGpqa)));
}

// While many wait for their turn looks are rare: what they showed when the wait began is no reason to ask one by one.
TEST(Readiness, IsNotAskedForByALookThatBeganBefore) {
  Scene scene = waiting(9s);
  scene.memory.explanations.clear();
  scene.now = at(15s);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).interest.pace, lepton::Pace::kClose);
  scene.looked_at({9s, 14s});
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(explains_endpoint(kGpqa)));
}

TEST(Readiness, OfEndpointsThatAreReadyOrHaveAJobIsNotAskedFor) {
  EXPECT_EQ(count_of<ExplainEndpoint>(plan(an_invocation_with_ready_endpoints()).actions), 0U);
  Scene running = a_running_invocation();
  running.endpoint_is(kGpqa, "Not Ready");
  EXPECT_EQ(count_of<ExplainEndpoint>(plan(running, at(500s)).actions), 0U);
}

TEST(Readiness, IsAskedForTwiceASecondAtMostHoweverManyWait) {
  Scene scene = a_deploying_invocation();
  std::string tasks;
  for (int i = 0; i < 200; ++i) tasks += (i > 0 ? ", {name: t" : "{name: t") + std::to_string(i) + ", task: hellaswag}";
  scene.with_spec("evaluation: {tasks: [" + tasks + "]}");
  const TaskStatus pattern = scene.task(kGpqa);
  scene.status().tasks.clear();
  for (int i = 0; i < 200; ++i) {
    TaskStatus task = pattern;
    task.name = "t" + std::to_string(i);
    task.endpoint.name = scene.endpoint_name_of(task.name);
    scene.status().resolved->tasks[task.name] = scene.status().resolved->tasks[kHellaswag];
    scene.status().tasks.push_back(task);
    scene.endpoint_is(task.name, "Starting").explained(task.name, 100s, EndpointTrouble::kNoCapacity);
  }
  scene.looked_at({198s, 200s});
  EXPECT_EQ(count_of<ExplainEndpoint>(plan(scene, at(199s)).actions), 0U);
  EXPECT_EQ(count_of<ExplainEndpoint>(plan(scene, at(200s)).actions), 200U);
}

TEST(Readiness, OfOneWithoutCapacityIsSaidInOneSentence) {
  Scene scene = waiting(4min + 10s);
  scene.with_spec("deployment: {nodeGroup: h200-eu}").explained(kGpqa, 4min, EndpointTrouble::kNoCapacity);
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kFalse, "NoCapacity"));
  EXPECT_EQ(message_of(made, "EndpointsReady"), "1 of 3 endpoints waits for capacity in node group h200-eu (gpqa_diamond, 4 min).");
  EXPECT_EQ(task_of(made, kGpqa).message, "waits for capacity");
}

TEST(Readiness, OfOneThatCrashesIsSaidWithItsExitCodeAndLastLines) {
  Scene scene = waiting(60s);
  scene.explained(kGpqa, 50s, EndpointTrouble::kCrash, "exit code 137 (OOMKilled); last log lines: loading | killed");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kFalse, "Crashed"));
  EXPECT_EQ(message_of(made, "EndpointsReady"),
            "1 of 3 endpoints not ready (gpqa_diamond: crashed with exit code 137 (OOMKilled); last log lines: loading | killed).");
}

TEST(Readiness, WhatIsWrongIsSaidBeforeWhatOnlyTakesTime) {
  Scene scene = waiting(60s);
  scene.endpoint_is(kHellaswag, "Starting").explained(kHellaswag, 60s, EndpointTrouble::kNoCapacity);
  scene.explained(kGpqa, 60s, EndpointTrouble::kImagePull, "ImagePullBackOff, 3 times");
  const Plan made = plan(scene);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kFalse, "ImagePullFailed"));
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("its image cannot be pulled: ImagePullBackOff, 3 times"));
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("1 of 3 endpoints waits for capacity (hellaswag, 0 min)"));
}

TEST(Readiness, WhatWasSaidStaysOverARestartUntilLeptonSaysAnother) {
  Scene scene = waiting(60s);
  scene.explained(kGpqa, 50s, EndpointTrouble::kNoCapacity);
  scene.status() = plan(scene).status;
  scene.restarted().looked_at({61s, 63s}).endpoint_is(kGpqa, "Starting");
  for (const char* task : {kHellaswag, kWinogrande}) scene.endpoint_is(task, "Ready");
  const Plan after = plan(scene, at(64s));
  EXPECT_THAT(after, has_condition("EndpointsReady", ConditionStatus::kFalse, "NoCapacity"));
  EXPECT_THAT(after.actions, Contains(explains_endpoint(kGpqa)));
}

TEST(Readiness, TheWordOfTroubleGoesWhenTheEndpointIsReady) {
  Scene scene = waiting(60s);
  scene.explained(kGpqa, 50s, EndpointTrouble::kNoCapacity);
  later(scene, 70s).endpoint_is(kGpqa, "Ready");
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).message, "");
  EXPECT_EQ(task_of(made, kGpqa).endpoint.reason, "");
  EXPECT_FALSE(task_of(made, kGpqa).endpoint.capacity_since);
  EXPECT_EQ(count_of<CreateJob>(made.actions), 3U);
}

TEST(ReadinessTimeout, DoesNotCountTheTimeWithoutCapacity) {
  for (const EndpointTrouble trouble : {EndpointTrouble::kNoCapacity, EndpointTrouble::kQueueing}) {
    Scene scene = waiting(60s);
    scene.explained(kGpqa, 50s, trouble);
    later(scene, 2h).explained(kGpqa, 2h - 10s, trouble);
    EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kDeploying);
    later(scene, 2h + 30s).explained(kGpqa, 2h + 20s, EndpointTrouble::kNone);  // now it starts
    EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.waiting_since, at(2h + 20s));
    later(scene, 2h + 20min + 19s);
    EXPECT_THAT(plan(scene).actions, Not(Contains(diagnoses_endpoint(kGpqa))));
    later(scene, 2h + 20min + 25s).explained(kGpqa, 2h + 20min + 21s, EndpointTrouble::kNone);
    EXPECT_THAT(plan(scene).actions, Contains(diagnoses_endpoint(kGpqa)));
  }
}

TEST(ReadinessTimeout, CountsWhatPassedBeforeTheQueue) {
  Scene scene = waiting(10min);
  scene.explained(kGpqa, 10min - 5s, EndpointTrouble::kSystem, "a node is down");
  later(scene, 11min).explained(kGpqa, 11min, EndpointTrouble::kNoCapacity);
  EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.capacity_since, at(11min));
}

TEST(ReadinessTimeout, IsNotBelievedBeforeLeptonSaidThatCapacityIsThere) {
  Scene scene = waiting(20min);
  scene.explained(kGpqa, 20min - 1s, EndpointTrouble::kNone);
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(explains_endpoint(kGpqa)));
  scene.explained(kGpqa, 20min + 1s, EndpointTrouble::kNoCapacity).looked_at({20min, 20min + 2s});
  EXPECT_EQ(task_of(plan(scene, at(20min + 3s)), kGpqa).phase, TaskPhase::kDeploying);
  EXPECT_THAT(plan(scene, at(20min + 3s)).actions, IsEmpty());
}

TEST(ReadinessTimeout, HoldsWhenLeptonCannotSayWhy) {
  Scene scene = waiting(20min + 1s);
  scene.failed("explain-endpoint " + scene.endpoint_name_of(kGpqa), ErrorKind::kServer, 20min, 21min);
  EXPECT_THAT(plan(scene).actions, Contains(diagnoses_endpoint(kGpqa)));
}

TEST(QueueTimeout, EndsAWaitForCapacityThatLastsTooLong) {
  Scene scene = waiting(60s);
  scene.with_spec("deployment: {queueTimeout: 1h}").explained(kGpqa, 50s, EndpointTrouble::kNoCapacity);
  EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.capacity_since, at(0s)) << "from the first, since it never was otherwise";
  later(scene, 1h - 1s).explained(kGpqa, 1h - 20s, EndpointTrouble::kNoCapacity);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).wake_at, at(1h));
  later(scene, 1h + 1s);
  EXPECT_THAT(plan(scene).actions, testing::ElementsAre(explains_endpoint(kGpqa)));
  scene.explained(kGpqa, 1h + 1s, EndpointTrouble::kNoCapacity);
  scene.memory.diagnoses[scene.endpoint_name_of(kGpqa)] = "NoCapacity";
  const Plan made = plan(scene, at(1h + 2s));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(made, kGpqa).message, HasSubstr("still waits for capacity after 1h"));
}

TEST(QueueTimeout, UnlessWrittenThereIsNone) {
  Scene scene = waiting(60s);
  scene.explained(kGpqa, 50s, EndpointTrouble::kQueueing);
  later(scene, 240h).explained(kGpqa, 240h, EndpointTrouble::kQueueing);
  EXPECT_EQ(task_of(plan(scene), kGpqa).phase, TaskPhase::kDeploying);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
