// The end of a deletion: the finalizer falls, and what was not written is told. See reconciler.h.
#include <chrono>
#include <memory>
#include <utility>

#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using base::ErrorKind;
using base::Result;
using base::Timestamp;
using invocation::Invocation;
using invocation::InvocationStatus;

// What was not written, since the object goes with it, is told when it has gone; also when that only shows later.
boost::asio::awaitable<ReconcileResult> Reconciler::part(ObjectPtr object, TrackedPtr tracked, InvocationStatus status) {
  tracked->parting = std::make_unique<const Tracked::Parting>(Tracked::Parting{object, std::move(status)});
  const Result<> removed = co_await parts_.store.set_finalizer(requests_, object, invocation::kCleanupFinalizer, false);
  heed_places(tracked->key);
  if (!removed) {
    tracked->stays = true;
    const bool may_have_gone = removed.error().uncertain() || removed.error().kind == ErrorKind::kNotFound;
    if (!may_have_gone) tracked->parting.reset();
    co_return failed(*tracked, "finalizer not removed", removed.error());
  }
  tracked->conflicts = 0;
  const ObjectPtr left = parts_.store.find_invocation(tracked->key);
  if (!left || left->meta.uid != tracked->uid) {
    drop(tracked->key);
  } else {  // by another finalizer, which may have come meanwhile
    if (!(tracked->parting->status == *tracked->recorded)) {
      InvocationStatus last = tracked->parting->status;
      const Result<> written = co_await write_status(left, tracked, std::move(last));
      if (!written) parts_.log.debug("last status not written", {{"invocation", tracked->key.text()}, {"error", written.error().text()}});
    }
    tell_parting(*tracked);
  }
  wake_line(tracked->workspace);
  co_return ReconcileResult::kSuccess;
}

void Reconciler::tell_parting(Tracked& tracked) {
  const std::unique_ptr<const Tracked::Parting> parting = std::move(tracked.parting);
  if (!parting) return;
  Invocation object = *parting->object;
  if (!(parting->status == *tracked.recorded)) take_record(*as_recorded(parting->object, tracked), tracked, parting->status);
  object.status = parting->status;
  const Timestamp now = parts_.clock.now();
  if (parts_.hooks.cleaned_up) parts_.hooks.cleaned_up(std::chrono::duration<double>(now - object.meta.deleted.value_or(now)).count());
  if (parts_.hooks.released) parts_.hooks.released(object);
}

}  // namespace lepton_operator::reconcile
