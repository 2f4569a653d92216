// GPU time: what counts, from when, until when.
#include "invocation/cost.h"

#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

// One H200 each; gpqa_diamond's was intended at 0 s and is seen for the first time.
Scene first_sight() {
  Scene scene = a_deploying_invocation();
  scene.status().cost = {};
  for (TaskStatus& task : scene.status().tasks) {
    task.endpoint.seen = false;
    task.endpoint.billed_since.reset();
  }
  return scene;
}

Scene& on(Scene& scene, base::Milliseconds now) {
  scene.looked_at({now - 2s, now - 1s}).now = at(now);
  scene.status() = plan(scene).status;
  return scene;
}

TEST(Cost, GpusAreInTheNameOfTheShape) {
  EXPECT_EQ(gpus_of_shape("gpu.8xh100-sxm"), 8);
  EXPECT_EQ(gpus_of_shape("gpu.1xh200"), 1);
  EXPECT_EQ(gpus_of_shape("gpu.a10"), 1);
  EXPECT_EQ(gpus_of_shape("gpu.4090"), 1) << "a model, not a number of them";
  EXPECT_EQ(gpus_of_shape("cpu.small"), 0);
  EXPECT_EQ(gpus_of_shape(""), 0);
}

TEST(Cost, CountsFromAnEndpointsCreation) {
  Scene scene = first_sight();
  on(scene, 100s);
  EXPECT_EQ(scene.status().cost.shape, "gpu.1xh200");
  EXPECT_EQ(scene.status().cost.gpus, 1);
  EXPECT_EQ(scene.task(kGpqa).endpoint.billed_since, at(0s));
  EXPECT_EQ(gpu_time(scene.status(), at(100s)), (GpuTime{300, 0}));
}

TEST(Cost, TimesTheReplicas) {
  Scene scene = first_sight();
  scene.with_spec("deployment: {minReplicas: 2, maxReplicas: 2, resourceShape: gpu.8xh100-sxm}");
  on(scene, 100s);
  EXPECT_EQ(gpu_time(scene.status(), at(100s)).seconds, 3 * 16 * 100);
}

TEST(Cost, IsIdleWhenReadyAndNoJobRuns) {
  Scene scene = first_sight();
  scene.endpoint_is(kGpqa, "Ready");
  on(scene, 100s);
  EXPECT_EQ(gpu_time(scene.status(), at(160s)).idle_seconds, 60) << "it waits for the others";
  for (const char* task : {kHellaswag, kWinogrande}) scene.endpoint_is(task, "Ready");
  on(scene, 160s);
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Running");
  on(scene, 170s);
  EXPECT_EQ(gpu_time(scene.status(), at(500s)).idle_seconds, 70 + 10 + 10);
  EXPECT_FALSE(scene.task(kGpqa).endpoint.idle_since);
}

TEST(Cost, DoesNotCountWhileItWaitsForCapacity) {
  Scene scene = first_sight();
  on(scene, 20s);
  scene.explained(kGpqa, 30s, lepton::EndpointTrouble::kNoCapacity);
  on(scene, 35s);  // it was so from the first
  EXPECT_FALSE(scene.task(kGpqa).endpoint.billed_since);
  EXPECT_EQ(scene.status().cost.gpu_seconds, 0);
  scene.explained(kGpqa, 100s, lepton::EndpointTrouble::kNone);
  on(scene, 100s);
  EXPECT_EQ(scene.task(kGpqa).endpoint.billed_since, at(100s));
}

TEST(Cost, EndsWhenTheEndpointIsVerifiedGoneNotWhenItsRemovalBegan) {
  Scene scene = a_succeeded_invocation();
  on(scene, 100s);
  EXPECT_EQ(scene.status().cost.gpu_seconds, 0) << "still Deleting";
  EXPECT_EQ(gpu_time(scene.status(), at(100s)).seconds, 300);
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_gone(task);
  on(scene, 110s);
  EXPECT_EQ(scene.status().cost.gpu_seconds, 330);
  EXPECT_EQ(gpu_time(scene.status(), at(5h)), (GpuTime{330, 0}));
}

TEST(Cost, OfAnEndpointScaledToZeroIsNothing) {
  Scene scene = first_sight();
  on(scene, 100s);
  scene.endpoint_is(kGpqa, "Stopped");
  on(scene, 110s);
  EXPECT_FALSE(scene.task(kGpqa).endpoint.billed_since);
  EXPECT_EQ(scene.status().cost.gpu_seconds, 110);
}

TEST(Cost, IsNotKeptForAnExistingEndpointOrCpus) {
  EXPECT_EQ(plan(a_new_invocation_on_existing_endpoint()).status.cost, CostStatus{});
  Scene scene = first_sight();
  scene.with_spec("deployment: {resourceShape: cpu.large}");
  on(scene, 100s);
  EXPECT_EQ(scene.status().cost.gpus, 0);
  EXPECT_FALSE(scene.task(kGpqa).endpoint.billed_since);
}

TEST(Cost, DoesNotChangeBecauseTimePasses) {
  Scene scene = first_sight();
  on(scene, 100s);
  const CostStatus before = scene.status().cost;
  EXPECT_EQ(plan(scene, at(104s)).status.cost, before);
}

TEST(Cost, HasNoAccountBegunByADeletion) {
  Scene scene = a_deleting_invocation();
  scene.status().cost = {};
  EXPECT_EQ(plan(scene).status.cost, CostStatus{});
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
