// Random histories: whole lives with edits of the manifest, things that others delete, restarts, downtimes and a Lepton that forgets. Each
// is held to the rules that never bend (lifecycle.cc), comes to an end, stays quiet then, and leaves nothing. What was exercised is counted
// and printed; nothing of it may be zero.
#include <cstdlib>
#include <iostream>
#include <map>

#include "invocation/cost.h"
#include "invocation/progress.h"
#include "unit/planner/history.h"
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr std::uint64_t kHistories = 700;  // a quarter of a minute on a core; LEPTON_OPERATOR_HISTORIES=FIRST-LAST takes others: CI does
constexpr std::uint64_t kSeeAll = 300;     // in fewer of them not all happens that can happen
std::pair<unsigned long long, unsigned long long> range() {
  const char* asked = std::getenv("LEPTON_OPERATOR_HISTORIES");
  if (asked == nullptr) return {1, kHistories};
  const std::string text = asked;
  return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))};
}

std::string verb(const Action& action) {
  const std::string key = action_key(action);
  return key.substr(0, key.find(' '));
}

void tell(const Scene& before, const Plan& made) {
  std::cout << std::chrono::duration<double>(before.now - at(0s)).count() << " s: " << to_string(made.status.phase);
  for (const TaskStatus& task : made.status.tasks) {
    std::cout << " | " << task.name << " " << to_string(task.phase) << " endpoint " << to_string(task.endpoint.state) << " job "
              << task.job.attempt << " " << to_string(task.job.state) << (task.job.released ? " released" : "");
  }
  std::cout << "\n";
  for (const Action& action : made.actions) std::cout << "    " << action_key(action) << "\n";
}

TEST(Histories, HoldTheRulesAndLeaveNothing) {
  std::map<std::string, int> actions;
  std::map<std::string, int> told;
  std::map<std::string, int> ends;
  int settled = 0;
  int forgotten = 0;
  const char* only = std::getenv("LEPTON_OPERATOR_SEED");
  const auto [first, last] = only != nullptr ? std::pair(std::stoull(only), std::stoull(only)) : range();
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("LEPTON_OPERATOR_SEED=" + std::to_string(seed) + " tells this one's life");
    History history(seed);
    Lifecycle life(history.start(), history.course());
    history.prepare(life.lepton);
    life.on_plan = [&](const Scene& before, const Plan& made) {
      if (only != nullptr) tell(before, made);
      for (const Action& action : made.actions) ++actions[verb(action)];
      for (const Transition& transition : transitions(before.object, made.status)) ++told[transition.reason];
    };
    life.run();
    if (!life.removed) {
      EXPECT_TRUE(finished(life.scene.status().phase));
      ++ends[to_string(life.scene.status().phase)];
      EXPECT_EQ(life.lepton.endpoints(), 0U);
      life.stay_quiet(100);
      life.remove();
      life.run();
    }
    EXPECT_THAT(life.violations, testing::IsEmpty());
    EXPECT_TRUE(life.removed);
    EXPECT_EQ(gpu_time(life.scene.status(), at(0s)), gpu_time(life.scene.status(), at(24h))) << "nothing is counted of what is gone";
    EXPECT_TRUE(life.lepton.empty());
    settled += life.settled;
    forgotten += life.forgotten;
    if (::testing::Test::HasFailure()) return;
  }
  std::cout << last - first + 1 << " histories\n";
  for (const auto& [name, times] : actions) std::cout << "action " << name << ": " << times << "\n";
  for (const auto& [name, times] : told) std::cout << "transition " << name << ": " << times << "\n";
  for (const auto& [name, times] : ends) std::cout << "end " << name << ": " << times << "\n";
  if (last - first + 1 < kSeeAll) return;
  for (const char* known : {"create-endpoint", "start-endpoint", "update-endpoint", "delete-endpoint", "diagnose-endpoint",
                            "explain-endpoint", "create-job", "read-job", "read-stage", "stop-job", "delete-job", "ensure-secret",
                            "delete-secrets", "probe-storage", "remove-directory", "read-node-groups", "read-secret-keys"}) {
    EXPECT_GT(actions[known], 0) << known;
  }
  for (const char* known : {"EndpointIntended",
                            "EndpointWaiting",
                            "EndpointReady",
                            "EndpointDown",
                            "EndpointFailed",
                            "EndpointReleasing",
                            "EndpointReleased",
                            "EndpointIndeterminate",
                            "JobIntended",
                            "JobCreated",
                            "TaskRunning",
                            "TaskSucceeded",
                            "TaskFailed",
                            "TaskCancelled",
                            "TaskOutcomeUnknown",
                            "TaskRetried",
                            "TaskRunsAgain",
                            "TaskSuspended",
                            "CleaningUp",
                            "CleanupJobIntended",
                            "StorageSeen",
                            "StorageRemoved",
                            "Deploying",
                            "Running",
                            "Suspended",
                            "Succeeded",
                            "Failed",
                            "Deleting"}) {
    EXPECT_GT(told[known], 0) << known;
  }
  EXPECT_GT(ends["Succeeded"], 0);
  EXPECT_GT(ends["Failed"], 0);
  EXPECT_GT(settled, 0);
  EXPECT_GT(forgotten, 0);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
