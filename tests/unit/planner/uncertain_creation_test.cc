// Rule 2: creating a job is not idempotent on the wire; after an uncertain end two looks that began after settling decide.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

Scene uncertain_since_the_start() { return a_running_invocation().with_uncertain_job(kGpqa, at(0s)); }

TEST(UncertainCreation, IsNotRetriedOnALookThatBeganBeforeItSettled) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({10s, 29s}));
  EXPECT_THAT(plan(world, at(31s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, IsNotRetriedOnOneLookThatBeganAfterItSettled) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({29s, 31s}));
  EXPECT_THAT(plan(world, at(32s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, IsNotRetriedOnALookThatBeganTheVeryMomentItSettled) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({30s, 32s}));
  EXPECT_THAT(plan(world, at(33s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, IsRetriedAfterTwoLooksThatBeganAfterItSettled) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({31s, 33s}));
  const Plan made = plan(world, at(34s));
  EXPECT_THAT(made.actions, Contains(creates_job(kGpqa)));
  EXPECT_EQ(task_of(made, kGpqa).job.intended_at, at(34s));
  EXPECT_EQ(task_of(made, kGpqa).job.name, world.job_name_of(kGpqa));
}

TEST(UncertainCreation, NeedsTheArchiveToo) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({31s, 33s}));
  world.view.archive_looks = looks_at({31s});
  EXPECT_THAT(plan(world, at(34s)).actions, Not(Contains(creates_job(kGpqa))));
  world.view.archive_looks = looks_at({31s, 33s});
  world.view.job_looks = looks_at({29s, 33s});
  EXPECT_THAT(plan(world, at(34s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, AsksForTheArchiveAndWakesWhenItHasSettled) {
  const Plan made = plan(uncertain_since_the_start().seen_without_it(looks_at({1s, 3s})), at(4s));
  EXPECT_TRUE(made.interest.archive);
  EXPECT_EQ(made.interest.pace, lepton::Pace::kClose);
  EXPECT_EQ(made.wake_at, at(30s));
}

TEST(UncertainCreation, ThatShowsIsAdopted) {
  auto world = uncertain_since_the_start();
  world.job_is(kGpqa, "Running");
  const Plan made = plan(world, at(34s));
  EXPECT_EQ(task_of(made, kGpqa).job.id, "job-gpqa_diamond");
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
  EXPECT_THAT(made.actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, ThatShowsInTheArchiveAloneIsAdoptedWithItsResult) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({31s, 33s}));
  world.job_is(kGpqa, "Archived");
  world.view.jobs[world.job_name_of(kGpqa)].front().succeeded = 1;
  EXPECT_EQ(task_of(plan(world, at(34s)), kGpqa).phase, TaskPhase::kSucceeded);
}

TEST(UncertainCreation, OfWhateverUncertainErrorIsTheSame) {
  for (const auto kind : {ErrorKind::kServer, ErrorKind::kInterrupted, ErrorKind::kTimeout, ErrorKind::kMalformed}) {
    auto world = uncertain_since_the_start().seen_without_it(looks_at({1s, 3s}));
    world.failed("create-job " + world.job_name_of(kGpqa), kind, 1s, 2s);
    EXPECT_THAT(plan(world, at(4s)).actions, Not(Contains(creates_job(kGpqa)))) << base::to_string(kind);
    world.seen_without_it(looks_at({31s, 33s}));
    EXPECT_THAT(plan(world, at(34s)).actions, Contains(creates_job(kGpqa))) << base::to_string(kind);
  }
}

TEST(UncertainCreation, ThatCertainlyHadNoEffectIsRetriedAtItsTime) {
  for (const auto kind : {ErrorKind::kThrottled, ErrorKind::kUnreachable, ErrorKind::kCancelled, ErrorKind::kUnauthorized}) {
    auto world = uncertain_since_the_start().seen_without_it(looks_at({1s, 3s}));
    world.failed("create-job " + world.job_name_of(kGpqa), kind, 1s, 5s);
    const Plan early = plan(world, at(4s));
    EXPECT_THAT(early.actions, Not(Contains(creates_job(kGpqa)))) << base::to_string(kind);
    EXPECT_EQ(early.wake_at, at(5s)) << base::to_string(kind);
    EXPECT_THAT(plan(world, at(5s)).actions, Contains(creates_job(kGpqa))) << base::to_string(kind);
  }
}

TEST(UncertainCreation, ARefusalOfAnEarlierIntentSaysNothingOfThisOne) {
  auto world = uncertain_since_the_start();
  world.task(kGpqa).job.intended_at = at(10s);
  world.failed("create-job " + world.job_name_of(kGpqa), ErrorKind::kThrottled, 1s, 2s);
  EXPECT_THAT(plan(world, at(12s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, WritesNoNewIntentBeforeItsRequestMayGo) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({31s, 33s}));
  world.failed("create-job " + world.job_name_of(kGpqa), ErrorKind::kServer, 1s, 200s);
  const Plan held = plan(world, at(34s));
  EXPECT_THAT(held.actions, Not(Contains(creates_job(kGpqa))));
  EXPECT_EQ(task_of(held, kGpqa).job.intended_at, at(0s));
  EXPECT_EQ(held.wake_at, at(200s));
  EXPECT_THAT(plan(world, at(200s)).actions, Contains(creates_job(kGpqa)));
}

TEST(UncertainCreation, UnderWayIsWaitedFor) {
  auto world = uncertain_since_the_start().seen_without_it(looks_at({31s, 33s}));
  world.in_flight("create-job " + world.job_name_of(kGpqa), 0s);
  EXPECT_THAT(plan(world, at(60s)).actions, Not(Contains(creates_job(kGpqa))));
}

TEST(UncertainCreation, AfterARestartCountsFromTheWrittenIntent) {
  Scene world = a_running_invocation().with_uncertain_job(kGpqa, at(0s));
  world.now = at(60s);
  world.restarted();
  EXPECT_THAT(plan(world).actions, IsEmpty());
  world.seen_without_it(looks_at({61s, 63s}));
  EXPECT_THAT(plan(world, at(64s)).actions, Contains(creates_job(kGpqa)));
}

TEST(UncertainCreation, HoldsTheFinalizerUntilItIsCertain) {
  Scene world = a_deleting_invocation().with_uncertain_job(kGpqa, at(90s));
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) world.endpoint_gone(task).job_gone(task);
  for (const char* task : {kHellaswag, kWinogrande}) world.job_read(task, 100s, std::nullopt);
  world.looked_at({118s, 119s});
  EXPECT_THAT(plan(world, at(119s)), has_condition("CleanedUp", ConditionStatus::kFalse, "RemovingWorkload"));
  world.looked_at({121s, 123s});
  EXPECT_THAT(plan(world, at(124s)), Not(has_condition("CleanedUp", ConditionStatus::kFalse, "RemovingWorkload")));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
