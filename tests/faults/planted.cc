// Each bug is the planner with one of its rules taken away: what it is told is falsified, or what it says.
#include "faults/planted.h"

#include <algorithm>
#include <functional>
#include <map>

#include "invocation/plan.h"

namespace lepton_operator::invocation {

// GNU ld's --wrap: callers of plan() reach the first, which reaches the real one by the second name.
Plan wrapped_plan(const World& world) __asm__("__wrap__ZN15lepton_operator10invocation4planERKNS0_5WorldE");
Plan real_plan(const World& world) __asm__("__real__ZN15lepton_operator10invocation4planERKNS0_5WorldE");

namespace {

constexpr std::chrono::hours kLongAgo{1};

using Planner = std::function<Plan(const World&)>;

bool held(const World& world) { return world.invocation.meta.deleted && world.invocation.meta.has_finalizer(kCleanupFinalizer); }

// The same world, but for the parts that are given.
World with(const World& world, const Invocation& invocation, const Memory& memory) {
  return {.invocation = invocation,
          .workspace = world.workspace,
          .view = world.view,
          .memory = memory,
          .catalogue = world.catalogue,
          .install_id = world.install_id,
          .now = world.now,
          .namespace_deleting = world.namespace_deleting,
          .admission = world.admission};
}

// Once there is nothing more to ask for the object is let go: nobody verifies that what was asked for came to be.
Plan finalizer_dropped_early(const World& world) {
  Plan made = real_plan(world);
  if (held(world) && made.actions.empty() && world.workspace.state == WorkspaceState::kReady) made.finalizer = FinalizerChange::kRemove;
  return made;
}

// A creation of a job that failed did not happen.
Plan blind_retry(const World& world) {
  Memory memory = world.memory;
  for (auto& [key, outcome] : memory.outcomes) {
    if (key.starts_with("create-job ") && outcome.error && outcome.error->uncertain()) outcome.error->kind = base::ErrorKind::kUnreachable;
  }
  return real_plan(with(world, world.invocation, memory));
}

// What is intended is taken for settled at once: the first looks that do not show it are believed.
Plan stale_absence_believed(const World& world) {
  Invocation older = world.invocation;
  std::map<std::string, Timestamp> true_times;
  for (TaskStatus& task : older.status.tasks) {
    if (!task.job.intended_at) continue;
    true_times[task.job.name] = *task.job.intended_at;
    *task.job.intended_at -= kLongAgo;
  }
  Plan made = real_plan(with(world, older, world.memory));
  for (TaskStatus& task : made.status.tasks) {
    const auto known = true_times.find(task.job.name);
    if (known == true_times.end() || !task.job.intended_at) continue;
    if (*task.job.intended_at == known->second - kLongAgo) task.job.intended_at = known->second;
  }
  return made;
}

// Endpoints are released first, and the result is written with the next plan.
Plan status_written_after_release(const World& world) {
  Plan made = real_plan(world);
  const bool releases = std::any_of(made.actions.begin(), made.actions.end(),
                                    [](const Action& action) { return std::holds_alternative<DeleteEndpoint>(action); });
  if (releases && !world.invocation.meta.deleted) made.status = world.invocation.status;
  return made;
}

Plan workspace_404_taken_for_clean(const World& world) {
  Plan made = real_plan(world);
  if (held(world) && world.workspace.state == WorkspaceState::kNotFound) made.finalizer = FinalizerChange::kRemove;
  return made;
}

const std::map<std::string, Planner>& bugs() {
  static const std::map<std::string, Planner> kBugs = {
      {"finalizer-dropped-early", finalizer_dropped_early},
      {"blind-retry", blind_retry},
      {"stale-absence-believed", stale_absence_believed},
      {"status-written-after-release", status_written_after_release},
      {"workspace-404-taken-for-clean", workspace_404_taken_for_clean},
  };
  return kBugs;
}

Planner& planner() {
  static Planner chosen = real_plan;
  return chosen;
}

}  // namespace

Plan wrapped_plan(const World& world) { return planner()(world); }

}  // namespace lepton_operator::invocation

namespace lepton_operator::faults {

const std::vector<std::string>& planted_bugs() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& [name, planner] : invocation::bugs()) names.push_back(name);
    return names;
  }();
  return kNames;
}

bool plant(const std::string& bug) {
  const auto known = invocation::bugs().find(bug);
  if (known == invocation::bugs().end() && !bug.empty()) return false;
  invocation::planner() = bug.empty() ? invocation::Planner(invocation::real_plan) : known->second;
  return true;
}

}  // namespace lepton_operator::faults
