#include "invocation/plan.h"

#include "invocation/defaults.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

void release_finished(Planning& p) {
  for (TaskStatus& task : p.status().tasks) {
    if (!finished(task.phase)) continue;
    release_endpoint(p, task);
    release_job(p, task);
  }
}

// After the end only what is still held is let go; nothing is decided any more.
void plan_finished(Planning& p) {
  if (workspace_usable(p)) release_finished(p);
  p.status().observed_generation = p.world.invocation.meta.generation;
  p.status().counts.endpoints_ready = 0;
}

void plan_running(Planning& p) {
  ensure_secrets(p);
  plan_endpoints(p);
  plan_jobs(p);
  release_finished(p);
}

void decode_for_cleanup(Planning& p) {
  if (!p.status().resolved) return;
  Checked<InvocationSpec> checked = decode_invocation_spec(effective_spec(p.world.invocation.spec, p.status().resolved->defaults));
  p.spec = std::move(checked.value);
  p.spec_readable = checked.ok();
}

}  // namespace

Plan plan(const World& world) {
  Planning p(world);
  if (world.invocation.meta.deleted) {
    decode_for_cleanup(p);
    plan_deletion(p);
    conclude(p);
    return std::move(p.plan);
  }
  if (finished(p.status().phase)) {
    decode_for_cleanup(p);
    plan_finished(p);
    return std::move(p.plan);
  }
  if (!accept(p)) {
    conclude(p);
    return std::move(p.plan);
  }
  // Nothing is begun in a namespace that is going (rule 9); else the finalizer comes before anything that would need it (rule 7).
  if (!world.namespace_deleting) {
    if (!world.invocation.meta.has_finalizer(kCleanupFinalizer)) p.plan.finalizer = FinalizerChange::kAdd;
    plan_running(p);
  }
  conclude(p);
  return std::move(p.plan);
}

}  // namespace lepton_operator::invocation
