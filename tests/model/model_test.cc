// The planner, checked exhaustively: every state that some scenarios come to within a number of faults. What each scenario came to is a
// line "model: ... states, depth ..., exhausted, violations 0"; what breaks a rule is printed as the shortest way to it, with a ! at each
// fault.
//
// LEPTON_OPERATOR_MODEL=deep goes further (an hour of a core, and some gigabytes).
#include <chrono>
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "model/explorer.h"
#include "unit/planner/planted_planners.h"

namespace lepton_operator::invocation::model {
namespace {

Plan as_it_is(const planner::Scene& scene) { return planner::plan(scene); }

bool deep() {
  const char* asked = std::getenv("LEPTON_OPERATOR_MODEL");
  return asked != nullptr && std::string(asked) == "deep";
}

constexpr const char* kOneTask = "evaluation: {tasks: [{name: gpqa_diamond}]}";
constexpr const char* kTwoTasks = "evaluation: {tasks: [{name: gpqa_diamond}, {name: hellaswag}]}";
constexpr const char* kOneTaskRetried = "{evaluation: {tasks: [{name: gpqa_diamond}]}, execution: {retries: 1}}";

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {.name = "one task", .spec = kOneTask, .one_by_one = true, .faults = 1, .faults_deep = 2},
      {.name = "one task, everything in any order", .spec = kOneTask, .faults = 0, .faults_deep = 1},
      {.name = "one task, no storage API", .spec = kOneTask, .storage_api = false, .one_by_one = true, .faults = 1, .faults_deep = 2},
      {.name = "one task, one retry", .spec = kOneTaskRetried, .one_by_one = true, .faults = 1, .faults_deep = 2},
      {.name = "one task, suspended and resumed", .spec = kOneTask, .edits = 2, .one_by_one = true, .faults = 0, .faults_deep = 1},
      {.name = "one task, a stranger's job of the same name",
       .spec = kOneTask,
       .strangers_job = true,
       .one_by_one = true,
       .faults = 0,
       .faults_deep = 1},
      {.name = "one task on an existing endpoint", .spec = kOneTask, .endpoints = false, .faults = 1, .faults_deep = 2},
      {.name = "two tasks", .spec = kTwoTasks, .one_by_one = true, .faults = 0, .faults_deep = 1},
      {.name = "two tasks on an existing endpoint",
       .spec = kTwoTasks,
       .endpoints = false,
       .one_by_one = true,
       .faults = 0,
       .faults_deep = 1},
  };
  return all;
}

void tell(const Violation& violation) {
  std::cout << "model: " << violation.what << ". The shortest way there:\n";
  for (const std::string& line : violation.trace) std::cout << "    " << line << "\n";
}

class ModelOf : public ::testing::TestWithParam<Scenario> {};

TEST_P(ModelOf, HoldsTheRulesInEveryStateAndEndsAsDesiredFromEach) {
  Model model(GetParam(), as_it_is);
  Bounds bounds;
  bounds.faults = deep() ? GetParam().faults_deep : GetParam().faults;
  const auto begin = std::chrono::steady_clock::now();
  const Exploration explored = explore(model, bounds);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::cout << "model: " << GetParam().name << ", at most " << bounds.faults << " faults: " << explored.states << " states, depth "
            << explored.depth << (explored.exhausted ? ", exhausted" : ", NOT exhausted") << ", violations " << explored.violations
            << "; from each at most " << explored.longest << " steps to one of " << explored.ends << " ends (" << explored.moves
            << " moves, " << took << " s)\n";
  for (const Violation& violation : explored.found) tell(violation);
  EXPECT_EQ(explored.violations, 0U);
  EXPECT_TRUE(explored.exhausted);
  EXPECT_GT(explored.ends, 0U);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ModelOf, ::testing::ValuesIn(scenarios()), [](const auto& scenario) {
  std::string name;
  for (const char letter : scenario.param.name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
  }
  return name;
});

struct Planted {
  const char* bug;
  const char* caught;  // a part of the rule that it breaks
  Planner planner;
  bool releases_before_it_writes = false;
};

// The model proves that it can fail: each is found, with the way there.
TEST(Model, CatchesEachPlantedBug) {
  const std::vector<Planted> all{
      {"the finalizer is dropped early", "the finalizer fell", planner::drops_the_finalizer_early},
      {"a job's creation is sent again blindly", "at once", planner::sends_creations_again_blindly},
      {"stale absence is believed", "at once", planner::believes_stale_absence},
      {"the status is written after the release", "before its task's result is recorded", as_it_is, true},
      {"a workspace that answers 404 is taken for clean", "the finalizer fell", planner::takes_404_for_clean},
  };
  for (const Planted& planted : all) {
    Model model(scenarios().front(), planted.planner, planted.releases_before_it_writes);
    Bounds bounds;
    bounds.stop_at_first = true;
    const Exploration explored = explore(model, bounds);
    ASSERT_FALSE(explored.found.empty()) << planted.bug;
    EXPECT_NE(explored.found.front().what.find(planted.caught), std::string::npos) << planted.bug << ": " << explored.found.front().what;
    std::cout << "model: caught after " << explored.states << " states: " << planted.bug << "\n";
    tell(explored.found.front());
  }
}

}  // namespace
}  // namespace lepton_operator::invocation::model
