#include "invocation/digest.h"

#include <algorithm>

#include "invocation/settled.h"

namespace lepton_operator::invocation {
namespace {

template <class PhaseT, std::size_t size>
void count(const std::array<PhaseT, size>& phases, PhaseT phase, std::array<std::uint16_t, size>& counts) {
  const auto found = std::find(phases.begin(), phases.end(), phase);
  if (found != phases.end()) ++counts[static_cast<std::size_t>(found - phases.begin())];
}

}  // namespace

Digest digest_of(const Invocation& object) {
  const InvocationStatus& status = object.status;
  Digest digest;
  digest.uid = object.meta.uid;
  digest.workspace = workspace_name(object);
  digest.phase = status.phase;
  digest.waits = in_line(object);
  digest.held = object.meta.has_finalizer(kCleanupFinalizer);
  digest.settled = settled(object);
  digest.started = status.start_time;
  digest.created = object.meta.created;
  digest.completed = status.completion_time;
  digest.queued_since = status.queued_since;
  digest.usage = usage_of(object, status);
  for (const TaskStatus& task : status.tasks) {
    count(kTaskPhases, task.phase, digest.tasks);
    count(kEndpointPhases, task.endpoint.state, digest.endpoints);
    digest.done = static_cast<std::uint16_t>(digest.done + (finished(task.phase) ? 1 : 0));
  }
  digest.all = static_cast<std::uint16_t>(status.tasks.size());
  digest.account = account_of(status);
  return digest;
}

PlaceInLine place_in_line(const Digest& digest) {
  const Timestamp never = Timestamp::max();
  return {digest.queued_since.value_or(never), digest.created.value_or(never), digest.uid};
}

std::string workspace_name(const Invocation& object) {
  return base::get_string(base::get_object(object.spec, "workspaceRef"), "name").value_or("default");
}

}  // namespace lepton_operator::invocation
