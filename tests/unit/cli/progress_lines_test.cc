#include "cli/progress_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::cli {
namespace {

using invocation::EndpointPhase;
using invocation::Invocation;
using invocation::JobPhase;
using invocation::TaskPhase;
using invocation::TaskStatus;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr Terminal kPlain{.interactive = true, .colours = false, .utf8 = false, .columns = 100, .rows = 30};
const base::Timestamp kNow{std::chrono::hours(500'000)};

TaskStatus task(const std::string& name, TaskPhase phase, EndpointPhase endpoint = EndpointPhase::kPending) {
  TaskStatus made;
  made.name = name;
  made.phase = phase;
  made.endpoint.state = endpoint;
  if (endpoint != EndpointPhase::kPending) made.endpoint.name = "endpoint-" + name;
  return made;
}

Invocation invocation_with(std::vector<TaskStatus> tasks, const char* type = "nim") {
  Invocation object;
  object.meta.key = {"team", "run"};
  object.spec = base::json_object();
  object.spec["deployment"]["type"] = base::Json::string(type);
  object.status.phase = invocation::Phase::kRunning;
  object.status.start_time = kNow - std::chrono::minutes(3);
  object.status.counts.tasks = static_cast<int>(tasks.size());
  object.status.tasks = std::move(tasks);
  return object;
}

TEST(Stage, OnlyGoesForwardOnATasksWay) {
  const std::vector<TaskStatus> way = {task("t", TaskPhase::kPending),
                                       task("t", TaskPhase::kDeploying, EndpointPhase::kCreating),
                                       task("t", TaskPhase::kDeploying, EndpointPhase::kWaiting),
                                       task("t", TaskPhase::kDeploying, EndpointPhase::kReady),
                                       task("t", TaskPhase::kStarting, EndpointPhase::kReady),
                                       task("t", TaskPhase::kRunning, EndpointPhase::kReady),
                                       task("t", TaskPhase::kSucceeded, EndpointPhase::kReleased)};
  for (std::size_t i = 1; i < way.size(); ++i) EXPECT_GT(stage_of(way[i], true), stage_of(way[i - 1], true)) << i;
  EXPECT_EQ(stage_of(way.front(), true), 0.0);
  EXPECT_EQ(stage_of(way.back(), true), 1.0);
}

TEST(Stage, WithoutAnEndpointTheJobIsTheWholeWay) {
  EXPECT_EQ(stage_of(task("t", TaskPhase::kPending), false), 0.0);
  EXPECT_LT(stage_of(task("t", TaskPhase::kRunning), false), stage_of(task("t", TaskPhase::kRunning), true));
}

TEST(Progress, HasALineForTheWholeAndOneForEachTask) {
  auto object = invocation_with(
      {task("gpqa", TaskPhase::kSucceeded, EndpointPhase::kReleased), task("hellaswag", TaskPhase::kDeploying, EndpointPhase::kWaiting)});
  object.status.counts.succeeded = 1;
  object.status.tasks[1].endpoint.waiting_since = kNow - std::chrono::seconds(75);
  object.status.tasks[1].message = "NoCapacity";
  EXPECT_THAT(
      progress_lines(object, kNow, kPlain, 20),
      ElementsAre("run  Running  1/2 tasks  0 endpoints ready  3m", "  gpqa       ####################  succeeded                    ",
                  "  hellaswag  #####---------------  endpoint Waiting      1m15s  NoCapacity"));
}

TEST(Progress, SaysWhyNothingGoesOn) {
  auto object = invocation_with({task("t", TaskPhase::kPending)});
  invocation::set_condition(object.status.conditions, {.type = "WorkspaceReady",
                                                       .status = invocation::ConditionStatus::kFalse,
                                                       .reason = "Unauthorized",
                                                       .message = "lepton refused the token"});
  EXPECT_THAT(progress_lines(object, kNow, kPlain, 20)[1], HasSubstr("lepton refused the token"));
}

TEST(Progress, OfMoreTasksThanThereIsRoomForShowsTheUrgentAndCountsTheRest) {
  std::vector<TaskStatus> tasks;
  for (int i = 0; i < 40; ++i) tasks.push_back(task("done-" + std::to_string(i), TaskPhase::kSucceeded, EndpointPhase::kReleased));
  tasks.push_back(task("failed", TaskPhase::kFailed, EndpointPhase::kReleased));
  const auto lines = progress_lines(invocation_with(tasks), kNow, kPlain, 5);
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines[1], StartsWith("  failed"));
  EXPECT_EQ(lines[4], "  and 38 more: 38 succeeded");
}

TEST(Progress, HasNoColourCodesWhereColoursAreOff) {
  EXPECT_THAT(progress_lines(invocation_with({task("t", TaskPhase::kFailed)}), kNow, kPlain, 9), Each(Not(HasSubstr("\x1b"))));
  Terminal colourful = kPlain;
  colourful.colours = true;
  EXPECT_THAT(progress_lines(invocation_with({task("t", TaskPhase::kFailed)}), kNow, colourful, 9), Each(HasSubstr("\x1b")));
}

TEST(Summary, NamesEachTaskThatDidNotSucceedAndWhereResultsAre) {
  auto object = invocation_with({task("a", TaskPhase::kSucceeded), task("b", TaskPhase::kFailed)});
  object.status.phase = invocation::Phase::kFailed;
  object.status.completion_time = kNow;
  object.status.counts.succeeded = 1;
  object.status.tasks[1].message = "exit code 3";
  object.status.storage.path = "/shared/x";
  EXPECT_THAT(summary_of(object, kPlain),
              ElementsAre("run Failed: 1 of 2 tasks succeeded after 3m", "  b Failed: exit code 3", "  results: /shared/x"));
}

}  // namespace
}  // namespace lepton_operator::cli
