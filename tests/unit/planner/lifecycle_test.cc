// Whole lives: three tasks to their end, deletions at every second, deaths of the process at every point. Always the same end: everything
// is removed and the finalizer gone, nothing was made twice, no result was lost.
#include "unit/planner/lifecycle.h"

#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::IsEmpty;

void expect_clean_end(const Lifecycle& life, const std::string& which) {
  EXPECT_THAT(life.violations, IsEmpty()) << which;
  EXPECT_TRUE(life.removed) << which;
  EXPECT_TRUE(life.lepton.empty()) << which << ": something is left";
}

void expect_success(const Lifecycle& life, const std::string& which) {
  EXPECT_THAT(life.violations, IsEmpty()) << which;
  EXPECT_EQ(life.scene.object.status.phase, Phase::kSucceeded) << which;
  EXPECT_EQ(life.lepton.endpoints(), 0U) << which;
}

TEST(Lifecycle, ThreeTasksSucceedAndNothingIsLeft) {
  for (const bool slow : {false, true}) {
    Lifecycle life(a_new_invocation(), {.slow = slow});
    life.run();
    expect_success(life, "success");
    EXPECT_TRUE(life.lepton.has_jobs_of_tasks()) << "finished jobs hold the logs";
    EXPECT_TRUE(life.lepton.directory);
    life.stay_quiet(100);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

TEST(Lifecycle, ThreeTasksOnAnExistingEndpoint) {
  Lifecycle life(a_new_invocation_on_existing_endpoint(), {});
  life.run();
  expect_success(life, "success");
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, OneEndpointFailsBeforeTheBarrier) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.failing_endpoints = {kHellaswag};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.scene.task(kHellaswag).phase, TaskPhase::kFailed);
  EXPECT_EQ(life.scene.task(kGpqa).phase, TaskPhase::kCancelled);
  EXPECT_FALSE(life.lepton.has_jobs_of_tasks());
  EXPECT_EQ(life.lepton.endpoints(), 0U);
  life.stay_quiet(100);
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
}

TEST(Lifecycle, OneJobFailsAndTheOthersSucceed) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.failing_jobs = {kWinogrande};
  life.run();
  EXPECT_THAT(life.violations, IsEmpty());
  EXPECT_EQ(life.scene.status().phase, Phase::kFailed);
  EXPECT_EQ(life.scene.status().counts.succeeded, 2);
  EXPECT_EQ(life.lepton.endpoints(), 0U);
  life.stay_quiet(100);
}

TEST(Lifecycle, ListsThatLagBehindChangeNothing) {
  for (const base::Milliseconds lag : {1s, 3s, 8s}) {
    Lifecycle life(a_new_invocation(), {});
    life.lepton.lag = lag;
    life.run();
    expect_success(life, "success");
    life.stay_quiet(20);
    life.remove();
    life.run();
    expect_clean_end(life, "deletion");
  }
}

TEST(Lifecycle, WithoutAStorageApiAJobRemovesTheDirectory) {
  Lifecycle life(a_new_invocation(), {});
  life.lepton.storage_api = false;
  life.run();
  expect_success(life, "success");
  life.remove();
  life.run();
  expect_clean_end(life, "deletion");
  EXPECT_EQ(life.scene.status().cleanup.attempt, 0);
  EXPECT_FALSE(life.scene.status().cleanup.name.empty());
}

TEST(Lifecycle, IsDeletedAtEverySecond) {
  for (const bool slow : {false, true}) {
    for (const bool api : {true, false}) {
      for (int second = 1; second <= 20; ++second) {
        Lifecycle life(a_new_invocation(), {.delete_at = second, .slow = slow});
        life.lepton.storage_api = api;
        life.run();
        expect_clean_end(life, "deleted at " + std::to_string(second));
      }
    }
  }
}

// To success and then to deletion, with one death of the process at each point. Returns how many points there were.
int die_everywhere(Course course) {
  for (int point = 1;; ++point) {
    course.crash_at = point;
    Lifecycle life(a_new_invocation(), course);
    life.run();
    const std::string which = "death at point " + std::to_string(point);
    if (!course.delete_at) {
      expect_success(life, which);
      life.stay_quiet(5);
      life.remove();
      life.run();
    }
    expect_clean_end(life, which);
    if (!life.crashed || ::testing::Test::HasFailure()) return point - 1;
  }
}

TEST(Lifecycle, TheProcessDiesAtEveryPoint) { EXPECT_GT(die_everywhere({}), 30); }

TEST(Lifecycle, TheProcessDiesAtEveryPointAndItsRequestsTakeEffectLate) { EXPECT_GT(die_everywhere({.late = 6s, .slow = true}), 30); }

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeThatIsDeletedInBetween) {
  for (const int second : {2, 3, 4, 5, 7, 9}) EXPECT_GT(die_everywhere({.delete_at = second}), 10) << second;
}

TEST(Lifecycle, TheProcessDiesAtEveryPointOfALifeThatIsDeletedInBetweenAndItsRequestsTakeEffectLate) {
  for (const int second : {2, 5}) EXPECT_GT(die_everywhere({.delete_at = second, .late = 2s}), 10) << second;
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
