#include "unit/planner/planted_planners.h"

#include "invocation/names.h"

namespace lepton_operator::invocation::planner {
namespace {

bool held_back(const Scene& scene) { return scene.object.meta.deleted && scene.object.meta.has_finalizer(kCleanupFinalizer); }

bool uncertain(const JobStatus& job) { return !job.name.empty() && job.id.empty() && job.intended_at; }

}  // namespace

Plan drops_the_finalizer_early(const Scene& scene) {
  Plan made = plan(scene);
  if (held_back(scene)) made.finalizer = FinalizerChange::kRemove;
  return made;
}

Plan takes_404_for_clean(const Scene& scene) {
  Plan made = plan(scene);
  if (held_back(scene) && scene.workspace.state == WorkspaceState::kNotFound) made.finalizer = FinalizerChange::kRemove;
  return made;
}

Plan sends_creations_again_blindly(const Scene& scene) {
  Plan made = plan(scene);
  for (const TaskStatus& task : scene.object.status.tasks) {
    if (!uncertain(task.job) || scene.memory.outcomes.contains("create-job " + task.job.name) || scene.object.meta.deleted) continue;
    CreateJob again;
    again.task = task.name;
    again.job.name = task.job.name;
    again.job.labels = owner_labels(scene.install_id, scene.object.meta, task.name, task.job.attempt);
    again.deadline = scene.now + kCreateDeadline;
    made.actions.push_back(again);
  }
  return made;
}

Plan believes_stale_absence(const Scene& scene) {
  constexpr auto kShift = 1h;
  Scene believed = scene;
  for (TaskStatus& task : believed.object.status.tasks) {
    if (uncertain(task.job)) *task.job.intended_at -= kShift;
  }
  for (lepton::Looks* looks : {&believed.view.job_looks, &believed.view.archive_looks}) {
    if (believed.view.job_looks.last) looks->last = looks->before_last = *scene.view.job_looks.last + kShift;
  }
  Plan made = plan(believed);
  for (std::size_t i = 0; i < scene.object.status.tasks.size(); ++i) {
    const JobStatus& before = scene.object.status.tasks[i].job;
    JobStatus& now = made.status.tasks[i].job;
    if (uncertain(before) && now.intended_at && *now.intended_at == *before.intended_at - kShift) now.intended_at = before.intended_at;
  }
  return made;
}

}  // namespace lepton_operator::invocation::planner
