// What the Reconciler keeps of one Invocation. Internal to reconciler*.cc. Shared with its actions: one of an object that is gone already,
// or was made anew under the same name, must not touch its successor's memory.
#pragma once

#include <memory>
#include <optional>

#include "reconcile/reconciler.h"

namespace lepton_operator::reconcile {

struct Reconciler::Tracked {
  store::ObjectKey key;
  std::string uid;
  store::ObjectKey workspace;
  std::shared_ptr<invocation::Memory> memory = std::make_shared<invocation::Memory>();
  lepton::Interest interest;
  // Status as this process wrote it last, or found it when it began: what has been recorded. What a store shows beyond that somebody else
  // wrote, who records nothing here: it is planned with this, and that is overwritten.
  invocation::InvocationStatus recorded;
  std::optional<base::Timestamp> status_written;
  int conflicts = 0;  // in a row
};

}  // namespace lepton_operator::reconcile
