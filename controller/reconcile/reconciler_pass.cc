// One reconcile: plan, write, begin. See reconciler.h.
#include <algorithm>

#include "invocation/progress.h"
#include "reconcile/reconciler.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using base::Error;
using base::ErrorKind;
using base::Milliseconds;
using base::Result;
using base::Timestamp;
using invocation::Action;
using invocation::FinalizerChange;
using invocation::Invocation;
using invocation::InvocationStatus;
using invocation::Plan;
using store::ObjectKey;

namespace {

constexpr std::chrono::seconds kProgressEvery{5};
constexpr std::chrono::seconds kProgressEveryWhenBehind{15};
constexpr Milliseconds kProgressPerBusy{10};  // workers and requests that are out: a hundred signs of progress a second
constexpr std::chrono::minutes kProgressAtLeastEvery{1};
constexpr int kPatientConflicts = 10;  // in a row
constexpr Milliseconds kAfterConflict{200};
constexpr std::chrono::seconds kUntilRemovalShows{10};
constexpr std::chrono::seconds kCalm{5};  // to fold and to unfold costs as much as a plan
constexpr Milliseconds kSoonest{20};      // a plan that names a time gone by must not make us spin

// When what is in it was learnt last; nothing while it is empty, or a request is out.
std::optional<Timestamp> last_use(const invocation::Memory& memory, Timestamp now) {
  const auto in_flight = [](const auto& known) { return known.second.in_flight; };
  if (memory.outcomes.empty() || std::any_of(memory.outcomes.begin(), memory.outcomes.end(), in_flight)) return std::nullopt;
  Timestamp last = now;
  for (const auto& [object, written] : memory.writes) last = std::max(last, written);
  return last;
}

bool needs_connection(const Action& action) { return !std::holds_alternative<invocation::ReadSecretKeys>(action); }

}  // namespace

boost::asio::awaitable<ReconcileResult> Reconciler::reconcile(ObjectKey key) {
  if (!parts_.store.synced() || !open()) {  // no longer: nobody has waited here
    queue_.add(key.text());
    co_return ReconcileResult::kRequeue;
  }
  if (settle(key)) co_return ReconcileResult::kSuccess;
  ObjectPtr object = parts_.store.find_invocation(key);
  if (!object) {
    drop(key);
    co_return ReconcileResult::kSuccess;
  }
  const TrackedPtr tracked = track(object);
  take_up(*tracked);
  heed_late_write(object, tracked);
  heed_request(*object, *tracked);
  const ObjectPtr known = as_recorded(object, *tracked);
  Plan plan = make_plan(*known, *tracked);
  const bool quiet = plan.actions.empty() && plan.finalizer == FinalizerChange::kNone && plan.status == *tracked->recorded;
  const base::Timestamp now = parts_.clock.now();
  if (tracked->wake_at && *tracked->wake_at <= now) tracked->heed_looks(now);
  tracked->wake_at = plan.wake_at;
  tracked->planned_at = now;
  tracked->at_rest = plan.at_rest && quiet;
  tracked->forget_after = tracked->at_rest ? last_use(*tracked->memory, now) : std::nullopt;
  const bool calm = plan.actions.empty() && plan.finalizer == FinalizerChange::kNone && !plan.interest.archive &&
                    plan.interest.pace != lepton::Pace::kClose && (!plan.wake_at || *plan.wake_at - now > kCalm);
  const bool only_runs =
      calm && plan.interest.pace == lepton::Pace::kJobs && !plan.interest.other_family && looks_replace(*tracked->memory);
  const std::optional<Timestamp> remembered = only_runs ? last_use(*tracked->memory, now) : std::nullopt;
  const auto recorded_before = tracked->recorded;
  const ReconcileResult result = co_await carry_out(object, tracked, std::move(plan));
  if (result == ReconcileResult::kError) tracked->heed_looks(parts_.clock.now());  // and tries again with them, sooner than by its backoff
  const bool recorded = quiet || tracked->recorded != recorded_before;
  if (calm && recorded && result == ReconcileResult::kSuccess) {
    if (only_runs) tracked->forget_after = remembered;
    lay_down(*tracked);
  }
  co_return result;
}

// The object with the status that stands in our own records, whatever somebody else made of the one that is shown.
Reconciler::ObjectPtr Reconciler::as_recorded(const ObjectPtr& shown, Tracked& tracked) {
  if (&shown->status == tracked.recorded.get()) return shown;
  if (shown->status == *tracked.recorded) {
    tracked.record(shown);  // one of the two is enough in memory
    return shown;
  }
  const auto known = std::make_shared<Invocation>(*shown);
  known->status = *tracked.recorded;
  return known;
}

// Somebody wants it looked at now: what waits after a failure is tried again, as after the first, and what was seen is looked at again.
void Reconciler::heed_request(const Invocation& object, Tracked& tracked) {
  const std::string asked = object.meta.annotation(invocation::kReconcileAnnotation);
  if (asked.empty() || asked == object.status.reconcile_handled || asked == tracked.request_handled) return;
  tracked.request_handled = asked;
  for (auto& [key, outcome] : tracked.memory->outcomes) {
    if (!outcome.error) continue;
    outcome.retry_at = parts_.clock.now();
    outcome.failures = 0;
  }
  tracked.memory->secret_keys.clear();
  look_soon(tracked.workspace);
  parts_.log.info("reconcile requested", {{"invocation", tracked.key.text()}});
}

Plan Reconciler::make_plan(const Invocation& object, Tracked& tracked) {
  const std::shared_ptr<Connection> connection = parts_.workspaces.find(tracked.workspace);
  const invocation::WorkspaceFacts facts = parts_.workspaces.facts(tracked.workspace);
  const lepton::View nothing;
  const lepton::View& view = connection ? connection->observer().view() : nothing;
  const invocation::World world{
      .invocation = object,
      .workspace = facts,
      .view = view,
      .memory = *tracked.memory,
      .catalogue = parts_.catalogue,
      .install_id = parts_.install_id,
      .now = parts_.clock.now(),
      .namespace_deleting = parts_.store.namespace_deleting(tracked.key.namespace_),
      .admission = admission(object, tracked, facts),
      .reading = object.meta.deleted ? nullptr : readings_.of(object, facts.defaults),
  };
  Plan plan = invocation::plan(world);
  tracked.planned = usage_of(object, plan.status);
  planned_.worked(1);
  heed_planned(tracked);
  if (!(tracked.interest == plan.interest)) tracked.heed_looks(parts_.clock.now());  // of another kind
  tracked.interest = plan.interest;
  parts_.workspaces.use(tracked.workspace, tracked.key.text(), plan.interest);
  return plan;
}

boost::asio::awaitable<ReconcileResult> Reconciler::carry_out(ObjectPtr object, TrackedPtr tracked, Plan plan) {
  const std::string finalizer = invocation::kCleanupFinalizer;
  const bool planned_for_deletion = object->meta.deleted.has_value();
  tracked->parting.reset();  // it has not gone
  if (plan.finalizer == FinalizerChange::kAdd) {
    const Result<> added = co_await parts_.store.set_finalizer(requests_, object, finalizer, true);
    heed_places(tracked->key);
    if (!added) co_return failed(*tracked, "finalizer not added", added.error());
    const ObjectPtr fresh = parts_.store.find_invocation(tracked->key);
    const bool same = fresh && fresh->meta.uid == tracked->uid && fresh->meta.generation == object->meta.generation;
    if (!same || fresh->meta.deleted) {
      queue_.add(tracked->key.text());
      co_return ReconcileResult::kRequeue;
    }
    object = fresh;
  }
  if (!may_wait(*object, *tracked, plan)) {
    const Result<> written = co_await write_status(object, tracked, plan.status);
    if (!written) co_return failed(*tracked, "status not written", written.error());
  }
  const bool done = plan.finalizer != FinalizerChange::kRemove && !plan.remove_object;  // else what is to come can be refused as well
  if (done) tracked->conflicts = 0;
  object = parts_.store.find_invocation(tracked->key);
  // Gone, replaced or deleted meanwhile: nothing of this plan holds any longer (rule 9).
  if (!object || object->meta.uid != tracked->uid || object->meta.deleted.has_value() != planned_for_deletion) {
    queue_.add(tracked->key.text());
    co_return ReconcileResult::kRequeue;
  }
  if (plan.finalizer == FinalizerChange::kRemove) {
    const ReconcileResult parted = co_await part(object, tracked, std::move(plan.status));
    co_return parted;
  }
  object = as_recorded(object, *tracked);
  for (const Action& action : plan.actions) start(tracked, object, action);
  if (plan.wake_at) queue_.add_after(tracked->key.text(), std::max<Milliseconds>(*plan.wake_at - parts_.clock.now(), kSoonest));
  if (plan.remove_object) {
    const Result<> removed = co_await parts_.store.remove_invocation(requests_, object);
    heed_places(tracked->key);
    if (!removed) co_return failed(*tracked, "not deleted at the end of its time", removed.error());
    tracked->conflicts = 0;
    parts_.log.info("invocation's time after its end is over; deleting it", {{"invocation", tracked->key.text()}});
    queue_.add_after(tracked->key.text(), kUntilRemovalShows);  // the store tells of it
  }
  co_return ReconcileResult::kSuccess;
}

// True when there is nothing to write now: no change, or one that may come every 5 s to 1 min, the more rarely the more is going on: a
// mere sign of progress, or that what somebody else wrote over our status is put right, so that it never becomes a race with a busy one.
bool Reconciler::may_wait(const Invocation& object, const Tracked& tracked, const Plan& plan) {
  const bool news = !(plan.status == *tracked.recorded);
  if (!news && !object.mark.altered) return true;
  if (plan.finalizer != FinalizerChange::kNone) return plan.status_may_wait && !tracked.stays;
  const Milliseconds soonest = behind() ? kProgressEveryWhenBehind : kProgressEvery;
  const Milliseconds every = std::clamp<Milliseconds>(kProgressPerBusy * busy_, soonest, kProgressAtLeastEvery);
  const bool due = !tracked.status_written || parts_.clock.now() - *tracked.status_written >= every;
  const bool overwritten = object.mark.altered && !plan.actions.empty();
  if (due || overwritten || (news && !plan.status_may_wait)) return false;
  queue_.add_after(tracked.key.text(), *tracked.status_written + every - parts_.clock.now());
  return true;
}

boost::asio::awaitable<Result<>> Reconciler::write_status(ObjectPtr object, TrackedPtr tracked, InvocationStatus status) {
  Result<> written = co_await parts_.store.write_status(requests_, object, status);
  heed_places(tracked->key);
  if (!written && written.error().uncertain()) tracked->unanswered = std::make_unique<const InvocationStatus>(std::move(status));
  if (!written) co_return written;
  const ObjectPtr before = as_recorded(object, *tracked);
  take_record(*before, *tracked, std::move(status));
  co_return written;
}

// A write whose answer was lost took effect after all: what it recorded, a result perhaps, stands.
void Reconciler::heed_late_write(const ObjectPtr& shown, const TrackedPtr& tracked) {
  if (!tracked->unanswered || !(shown->status == *tracked->unanswered)) return;
  const ObjectPtr before = as_recorded(shown, *tracked);
  take_record(*before, *tracked, shown->status);
}

// From now on this status is ours.
void Reconciler::take_record(const Invocation& before, Tracked& tracked, InvocationStatus status) {
  tracked.status_written = parts_.clock.now();
  tracked.unanswered.reset();
  tracked.recorded = std::make_shared<const InvocationStatus>(std::move(status));
  const InvocationStatus& now = *tracked.recorded;
  if (before.status.queued_since != now.queued_since || usage_of(before, before.status) != usage_of(before, now)) {
    wake_line(tracked.workspace);
  }
  log_transitions(before, now);
  report_progress(parts_.hooks, before, now);
}

void Reconciler::log_transitions(const Invocation& before, const InvocationStatus& now) {
  for (const invocation::Transition& transition : invocation::transitions(before, now)) {
    base::LogFields fields{{"invocation", before.meta.key.text()}};
    for (const auto& [name, value] : transition.fields) fields.emplace_back(name, value);
    parts_.log.write(transition.warning ? base::LogLevel::kWarn : base::LogLevel::kInfo, transition.message, fields);
    if (parts_.hooks.transition) parts_.hooks.transition(before, transition);
  }
}

ReconcileResult Reconciler::failed(Tracked& tracked, const char* what, const Error& error) {
  if (error.kind == ErrorKind::kNotFound) {  // the object went
    const ObjectPtr shown = parts_.store.find_invocation(tracked.key);
    if (shown && shown->meta.uid == tracked.uid) return ReconcileResult::kError;  // as the store will know in a moment
    queue_.add(tracked.key.text());
    return ReconcileResult::kRequeue;
  }
  // Read again, plan again: at once, then soon, for a while. What is still refused then is more than bad luck.
  if (error.kind == ErrorKind::kConflict && ++tracked.conflicts <= kPatientConflicts) {
    queue_.add_after(tracked.key.text(), tracked.conflicts == 1 ? Milliseconds{0} : kAfterConflict);
    return ReconcileResult::kRequeue;
  }
  if (!stopping_) parts_.log.warn(what, {{"invocation", tracked.key.text()}, {"error", error.text()}});
  return ReconcileResult::kError;
}

void Reconciler::start(const TrackedPtr& tracked, const ObjectPtr& object, const Action& action) {
  if (!open()) return;
  const auto known = tracked->memory->outcomes.find(invocation::action_key(action));
  if (known != tracked->memory->outcomes.end()) {
    const invocation::Outcome& outcome = known->second;
    if (outcome.in_flight) return;
    if (outcome.error && outcome.retry_at > parts_.clock.now()) {
      return queue_.add_after(tracked->key.text(), outcome.retry_at - parts_.clock.now());
    }
  }
  Errand errand{object, parts_.workspaces.find(tracked->workspace), tracked->memory};
  if (const auto* creation = std::get_if<invocation::CreateEndpoint>(&action); creation && !creation->after.empty()) {
    errand.ended = tracked->ended.lock();
    if (!errand.ended) tracked->ended = errand.ended = std::make_shared<base::Signal>(parts_.io);
  }
  if (!errand.connection && needs_connection(action)) return;  // its coming queues the key
  executor_.begin(*tracked->memory, action);
  ++tracked->acting;
  ++busy_;
  actions_.spawn(act(tracked, std::move(errand), action));
}

boost::asio::awaitable<void> Reconciler::act(TrackedPtr tracked, Errand errand, Action action) {
  bool success = false;
  try {
    success = co_await executor_.carry_out(requests_, errand, action);
  } catch (const std::exception& bug) {
    invocation::Outcome& outcome = errand.memory->outcomes[invocation::action_key(action)];
    outcome.in_flight = false;
    outcome.error = Error{ErrorKind::kInterrupted, std::string("a bug: ") + bug.what()};
    outcome.retry_at = parts_.clock.now() + std::chrono::minutes(1);
  }
  finish(tracked, errand, action, success);
}

// As the store shows it now: neither is its Invocation being deleted (rule 9), nor was it released meanwhile.
bool Reconciler::still_wanted(const Invocation& object, const std::string& endpoint) const {
  const ObjectPtr shown = parts_.store.find_invocation(object.meta.key);
  if (!shown || shown->meta.uid != object.meta.uid || shown->meta.deleted) return false;
  if (parts_.store.namespace_deleting(object.meta.key.namespace_)) return false;
  const auto& tasks = shown->status.tasks;
  return std::any_of(tasks.begin(), tasks.end(),
                     [&](const invocation::TaskStatus& task) { return task.endpoint.name == endpoint && !task.endpoint.releasing; });
}

void Reconciler::finish(const TrackedPtr& tracked, const Errand& errand, const Action& action, bool success) {
  const invocation::Outcome& outcome = errand.memory->outcomes[invocation::action_key(action)];
  if (!success && outcome.error && !stopping_) {
    parts_.log.warn("action failed", {{"invocation", tracked->key.text()},
                                      {"action", invocation::action_key(action)},
                                      {"failures", std::to_string(outcome.failures)},
                                      {"error", outcome.error->text()}});
  }
  // A look that is under way may have begun too early; the next one shows what this request did.
  if (!invocation::written_object(action).empty()) look_soon(tracked->workspace);
  const auto* deleted = std::get_if<invocation::DeleteJob>(&action);
  const bool duplicate = deleted && deleted->reason == invocation::DeletionReason::kDuplicate;
  if (success && duplicate && parts_.hooks.duplicate_deleted) parts_.hooks.duplicate_deleted();
  tracked->heed_looks(parts_.clock.now());
  if (const auto ended = tracked->ended.lock()) ended->notify();
  --tracked->acting;
  if (!by_uid_.contains(tracked->uid)) forget_secrets(*tracked);  // it went meanwhile
  // What a removal did only a look proves: until then there is nothing to plan.
  const bool looked_for = success && invocation::removes_workload(action) && tracked->interest.pace == lepton::Pace::kClose;
  if (!looked_for) queue_.add(tracked->key.text());
  --busy_;
  ended_.notify();
}

}  // namespace lepton_operator::reconcile
