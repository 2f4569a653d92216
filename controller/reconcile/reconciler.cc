// Queueing, and what is kept of each Invocation; one reconcile is in reconciler_pass.cc.
#include "reconcile/reconciler.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "reconcile/places.h"
#include "reconcile/tracked.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::ErrorKind;
using invocation::Invocation;
using store::ObjectKey;

namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr std::chrono::seconds kUnheededAtMost{30};
constexpr std::size_t kManyPlanned = 1'000;
constexpr std::size_t kManyWaiting = 64;  // keys: several times what is worked at once
constexpr std::size_t kReadings = 1'000;  // some KiB each
constexpr std::chrono::seconds kUntilLeader{1};
constexpr base::Milliseconds kUntilSynced{50};

ObjectKey key_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

// Failures that had no effect for certain and whose cause a workspace that answers again has not.
bool cured_by_workspace(ErrorKind kind) {
  return kind == ErrorKind::kUnreachable || kind == ErrorKind::kUnauthorized || kind == ErrorKind::kCancelled;
}

}  // namespace

Reconciler::Reconciler(ReconcilerParts parts)
    : parts_(std::move(parts)),
      queue_(parts_.io, parts_.clock, parts_.random),
      executor_(
          parts_.clock, parts_.random, parts_.vault, parts_.install_id, [this] { return open(); },
          [this](const Invocation& object, const std::string& endpoint) { return still_wanted(object, endpoint); }),
      readings_(kReadings),
      requests_(parts_.clock),
      workers_(parts_.io),
      actions_(parts_.io),
      ended_(parts_.io),
      planned_(kManyPlanned) {
  if (const auto& waited = parts_.hooks.queue_waited) {
    queue_.on_wait([waited](base::Milliseconds time) { waited(std::chrono::duration<double>(time).count()); });
  }
}

Reconciler::~Reconciler() = default;

boost::asio::awaitable<void> Reconciler::run(Context context) {
  for (int i = 0; i < parts_.workers; ++i) {
    ++busy_;
    workers_.spawn(work(context));
  }
  while (!context.expired()) co_await ended_.wait(context);
  stopping_ = true;
  queue_.close();
  Context grace = Context(parts_.clock).with_timeout(kGrace);
  while (busy_ > 0 && !grace.expired()) co_await ended_.wait(grace);
  requests_.cancel();
  co_await workers_.join();
  co_await actions_.join();
}

boost::asio::awaitable<void> Reconciler::work(Context context) {
  while (true) {
    // Not key by key: a list of ten thousand takes seconds, and to lead may take for ever.
    while (!context.expired() && (!parts_.store.synced() || !open())) {
      const base::Milliseconds pause = parts_.store.synced() ? base::Milliseconds(kUntilLeader) : kUntilSynced;
      co_await parts_.clock.sleep(context, pause);
    }
    if (!met_) met_ = parts_.store.invocations().size();
    const std::optional<std::string> key = co_await queue_.next();
    if (!key) break;
    const base::Timestamp began = parts_.clock.now();
    const std::optional<ReconcileResult> result = co_await take_turn(*key);
    if (!result) continue;  // not ours to end
    if (*result == ReconcileResult::kError) queue_.add_failed(*key);
    queue_.done(*key);
    catch_up_on_looks();
    if (parts_.hooks.reconciled) parts_.hooks.reconciled(*result, std::chrono::duration<double>(parts_.clock.now() - began).count());
    if (!caught_up_) tell_if_caught_up();
    // A plan that changes nothing awaits nothing: without this a queue of thousands would hold up the lease and every deadline.
    co_await boost::asio::post(parts_.io, boost::asio::use_awaitable);
  }
  --busy_;
  ended_.notify();
}

// Once, and only of what was there before this process.
void Reconciler::tell_if_caught_up() {
  const kube::WorkQueueStats queue = queue_.stats();
  if (queue.depth + queue.working > 0) return;
  caught_up_ = true;
  base::give_memory_back();  // nothing as large follows, and the allocator gives nothing back while nothing happens
  if (*met_ > 0) parts_.log.info("caught up: each invocation that was there has had its turn", {{"invocations", std::to_string(*met_)}});
}

// Nothing when somebody else has the key, who goes on alone: two of them could make something twice.
boost::asio::awaitable<std::optional<ReconcileResult>> Reconciler::take_turn(std::string key) {
  const std::optional<kube::Turn> turn = turns_.take(key);
  if (!turn) {
    parts_.log.error("a key was handed out twice at once; this is a bug", {{"invocation", key}});
    if (parts_.hooks.overlapped) parts_.hooks.overlapped();
    co_return std::nullopt;
  }
  ReconcileResult result = ReconcileResult::kError;
  const ObjectKey object = key_of(key);
  try {
    result = co_await reconcile(object);
  } catch (const std::exception& bug) {
    parts_.log.error("reconcile failed; this is a bug", {{"invocation", key}, {"error", bug.what()}});
    if (parts_.hooks.reconcile_threw) parts_.hooks.reconcile_threw();
  }
  co_return result;
}

Reconciler::TrackedPtr Reconciler::track(const ObjectPtr& object) {
  const ObjectKey& key = object->meta.key;
  auto known = tracked_.find(key);
  if (known != tracked_.end() && known->second->uid != object->meta.uid) {
    drop(key);
    known = tracked_.end();
  }
  TrackedPtr tracked = known == tracked_.end() ? std::make_shared<Tracked>() : known->second;
  if (known == tracked_.end()) {
    tracked->key = key;
    tracked->uid = object->meta.uid;
    tracked->workspace = workspace_of(*object);
    tracked->since = parts_.clock.now();
    tracked->met_with_finalizer = object->meta.has_finalizer(invocation::kCleanupFinalizer);
    tracked->record(object);
    tracked_[key] = tracked;
    by_uid_[tracked->uid] = tracked.get();
  }
  if (const ObjectKey workspace = workspace_of(*object); workspace != tracked->workspace) {
    parts_.workspaces.release(tracked->workspace, key.text());
    tracked->workspace = workspace;
  }
  parts_.workspaces.use(tracked->workspace, key.text(), tracked->interest);
  return tracked;
}

void Reconciler::drop(const ObjectKey& key) {
  const auto known = tracked_.find(key);
  if (known == tracked_.end()) return;
  const TrackedPtr tracked = known->second;
  tell_parting(*tracked);
  by_uid_.erase(tracked->uid);
  tracked_.erase(known);
  heed_places(key);
  forget_secrets(*tracked);
  if (parts_.hooks.gone) parts_.hooks.gone(tracked->uid);
  wake_line(tracked->workspace);
  parts_.workspaces.release(tracked->workspace, key.text());
  leave_places(tracked->workspace);
}

void Reconciler::invocation_changed(const ObjectKey& invocation) {
  heed_places(invocation);
  if (const auto known = tracked_.find(invocation); known != tracked_.end()) known->second->heed_looks(parts_.clock.now());
  queue_.add(invocation.text());
}

void Reconciler::secret_changed(const ObjectKey& secret) {
  for (const auto& [key, tracked] : tracked_) {
    if (key.namespace_ != secret.namespace_ || tracked->at_rest) continue;
    tracked->heed_looks(parts_.clock.now());
    queue_.add(key.text());
    if (!tracked->memory) continue;
    std::erase_if(tracked->memory->secret_keys, [&](const auto& known) { return known.first.name == secret.name; });
    for (auto& [action, outcome] : tracked->memory->outcomes) {
      if (outcome.error && outcome.error->kind == ErrorKind::kNotFound) outcome.retry_at = parts_.clock.now();
    }
  }
}

void Reconciler::workspace_changed(const ObjectKey& workspace) {
  const bool ready = parts_.workspaces.facts(workspace).state == invocation::WorkspaceState::kReady;
  const std::shared_ptr<Connection> connection = parts_.workspaces.find(workspace);
  const base::Timestamp now = parts_.clock.now();
  for (const auto& [key, tracked] : tracked_) {
    if (tracked->workspace != workspace || tracked->at_rest) continue;
    tracked->heed_looks(now);
    queue_.add(key.text());
    if (!tracked->memory) continue;
    for (auto& [action, outcome] : tracked->memory->outcomes) {
      if (!ready || !outcome.error || !cured_by_workspace(outcome.error->kind) || outcome.retry_at <= now) continue;
      outcome.retry_at = connection ? std::min(outcome.retry_at, connection->client().retry_turn(now)) : now;
    }
  }
}

// What was not found changes nothing by itself; who waits for looks counts them. No rule counts more than two that begin after something
// that has happened: any other look that shows nothing new of an Invocation decides nothing for it (what a later time would decide, its
// plan named as wake_at). All the same it is planned again now and then.
void Reconciler::workspace_looked(const ObjectKey& workspace) {
  const base::Timestamp now = parts_.clock.now();
  const std::shared_ptr<Connection> connection = parts_.workspaces.find(workspace);
  if (!connection) return;
  const lepton::View& view = connection->observer().view();
  for (const auto& [key, tracked] : tracked_) {
    if (tracked->workspace != workspace) continue;
    if (tracked->forget_after) forget(*tracked, view, now);
    const bool waits = tracked->interest.pace == lepton::Pace::kClose || tracked->interest.archive;
    if (!waits) continue;
    if (tracked->take_look(view) || now - tracked->planned_at >= kUnheededAtMost) queue_.add(key.text());
  }
  if (queue_.stats().depth == 0) planned_.pause(now);
}

// Whoever is behind leaves until later what would only be sooner: it would wait with the rest, and make that wait longer.
bool Reconciler::behind() const { return queue_.stats().depth >= kManyWaiting; }

// What a look shows an Invocation heeds when it has its turn: while many wait for theirs, looks in haste would show what nobody acts on
// yet.
void Reconciler::look_soon(const ObjectKey& workspace) {
  if (behind()) {
    late_looks_.insert(workspace);
  } else if (const std::shared_ptr<Connection> connection = parts_.workspaces.find(workspace)) {
    connection->observer().look_soon();
  }
}

void Reconciler::catch_up_on_looks() {
  if (late_looks_.empty() || behind()) return;
  for (const ObjectKey& workspace : std::exchange(late_looks_, {})) look_soon(workspace);
}

void Reconciler::owner_changed(const std::string& uid) {
  const auto known = by_uid_.find(uid);
  if (known == by_uid_.end()) return;
  Tracked& tracked = *known->second;
  if (tracked.at_rest && !has_namesakes(tracked)) return;
  tracked.heed_looks(parts_.clock.now());
  queue_.add(tracked.key.text());
}

}  // namespace lepton_operator::reconcile
