// Those of which nothing is wanted: how little is kept of them, and what wakes one. See reconciler.h.
#include <algorithm>
#include <utility>

#include "invocation/settled.h"
#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using store::ObjectKey;

// One that ended before this process met it and holds nothing: as if it had been planned and laid down. False: it has to be planned.
bool Reconciler::settle(const ObjectKey& key) {
  if (tracked_.contains(key)) return false;
  const std::optional<invocation::Digest> digest = parts_.store.digest(key);
  if (!digest || !digest->settled) return false;
  auto tracked = std::make_shared<Tracked>();
  tracked->key = key;
  tracked->uid = digest->uid;
  tracked->workspace = {key.namespace_, digest->workspace};
  if (has_namesakes(*tracked)) return false;  // as a look showed before it was known whose they are
  tracked->since = tracked->planned_at = parts_.clock.now();
  tracked->met_with_finalizer = digest->held;
  tracked->at_rest = true;
  tracked->folded = parts_.store.fold(key);
  if (!tracked->folded) tracked->record(parts_.store.find_invocation(key));
  by_uid_[tracked->uid] = tracked.get();
  parts_.workspaces.use(tracked->workspace, key.text(), tracked->interest);
  tracked_[key] = std::move(tracked);
  planned_.worked(1);
  return true;
}

// What is kept of one of which nothing is wanted until something happens: little.
void Reconciler::lay_down(Tracked& tracked) {
  const ObjectPtr shown = parts_.store.find_invocation(tracked.key);
  if (!shown || tracked.unanswered || shown->meta.uid != tracked.uid || !(shown->status == *tracked.recorded)) return;
  tracked.folded = parts_.store.fold(tracked.key);
  if (tracked.folded) tracked.recorded = nullptr;
  if (tracked.forget_after || !tracked.memory || !tracked.memory->outcomes.empty()) return;
  tracked.memory = nullptr;
  if (tracked.at_rest) forget_secrets(tracked);
}

// Not while an action may still have something to tell: it learns them one by one.
void Reconciler::forget_secrets(const Tracked& tracked) const {
  if (tracked.acting == 0) parts_.vault.forget(tracked.uid);
}

void Reconciler::take_up(Tracked& tracked) {
  if (const auto folded = std::exchange(tracked.folded, nullptr)) tracked.record(folded->unfold());
  tracked.remember();
}

std::size_t Reconciler::remembered() const {
  return static_cast<std::size_t>(
      std::count_if(tracked_.begin(), tracked_.end(), [](const auto& each) { return each.second->memory != nullptr; }));
}

// One at rest as if this process had begun now. One that only runs stays known as its own from the beginning, and so do its secrets, which
// a log may still show when nobody can read them any more.
void Reconciler::forget(Tracked& tracked, const lepton::View& view, base::Timestamp now) const {
  const int enough = tracked.at_rest ? 1 : 2;
  const auto looked = [&](const lepton::Looks& looks) { return looks.begun_after(*tracked.forget_after) >= enough; };
  if (!looked(view.endpoint_looks) || !looked(view.job_looks)) return;
  tracked.memory = nullptr;
  tracked.forget_after.reset();
  if (!tracked.at_rest) return;
  forget_secrets(tracked);
  tracked.since = now;
  tracked.met_with_finalizer = true;
}

// Found out once for each look.
bool Reconciler::has_namesakes(const Tracked& tracked) {
  const std::shared_ptr<Connection> connection = parts_.workspaces.find(tracked.workspace);
  if (!connection) return false;
  const lepton::Observer& observer = connection->observer();
  const auto [known, added] = namesakes_.try_emplace(tracked.workspace);
  Namesakes& namesakes = known->second;
  if (added || namesakes.look.by.lock() != connection || namesakes.look.version != observer.version()) {
    namesakes = {{connection, observer.version()}, invocation::owners_of_namesakes(observer.view())};
    std::erase_if(namesakes_, [](const auto& other) { return other.second.look.by.expired(); });
  }
  return namesakes.owners.contains(tracked.uid);
}

}  // namespace lepton_operator::reconcile
