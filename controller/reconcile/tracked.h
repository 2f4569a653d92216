// What the Reconciler keeps of one Invocation. Internal to reconciler*.cc. Shared with its actions: one of an object that is gone already,
// or was made anew under the same name, must not touch its successor's memory.
#pragma once

#include <memory>
#include <optional>

#include "reconcile/reconciler.h"

namespace lepton_operator::reconcile {

// The Workspace that an Invocation names.
inline store::ObjectKey workspace_of(const invocation::Invocation& object) {
  const base::Json& reference = base::get_object(object.spec, "workspaceRef");
  return {object.meta.key.namespace_, base::get_string(reference, "name").value_or("default")};
}

struct Reconciler::Tracked {
  store::ObjectKey key;
  std::string uid;
  store::ObjectKey workspace;
  std::shared_ptr<invocation::Memory> memory = std::make_shared<invocation::Memory>();
  lepton::Interest interest;
  // Status as this process wrote it last, or found it when it began: what has been recorded. What a store shows beyond that somebody else
  // wrote, who records nothing here: it is planned with this, and that is overwritten.
  invocation::InvocationStatus recorded;
  std::optional<invocation::InvocationStatus> unanswered;  // sent last, and nobody knows whether it was written
  std::optional<base::Timestamp> status_written;
  std::string request_handled;  // of lepton.dev/reconcile-requested-at
  invocation::Usage planned;    // by the latest plan, which may not be written yet: places that nobody else may be given
  int conflicts = 0;            // in a row
  // How many looks at the workspace are still to be planned with though they show nothing new of this one. See workspace_looked().
  int looks_to_heed = kLooksToHeed;
  base::Timestamp planned_at{};
  std::optional<base::Timestamp> wake_at;  // as planned then

  static constexpr int kLooksToHeed = 3;
  void heed_looks() { looks_to_heed = kLooksToHeed; }  // something has happened
};

}  // namespace lepton_operator::reconcile
