// Who uses which workspace, and what is known of each; its keeper is in workspace_keeper.cc.
#include "reconcile/workspaces.h"

#include <set>
#include <utility>

#include "reconcile/workspace_entry.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using invocation::WorkspaceState;
using store::ObjectKey;

namespace {

constexpr int kFailedLooksToDoubt = 2;
constexpr base::Milliseconds kBetweenAsks{50};

// In these states the sentence varies with the request that happened to fail, and nobody waits for the difference.
bool message_matters(WorkspaceState state) {
  return state != WorkspaceState::kReady && state != WorkspaceState::kUnreachable && state != WorkspaceState::kUnauthorized;
}

}  // namespace

Workspaces::Workspaces(WorkspacesParts parts) : parts_(std::move(parts)), root_(parts_.clock), keepers_(parts_.io), never_(parts_.io) {}
Workspaces::~Workspaces() = default;

boost::asio::awaitable<void> Workspaces::run(Context context) {
  running_ = true;
  for (const auto& [key, entry] : entries_) keepers_.spawn(keep(entry));
  for (const ObjectKey& key : parts_.store.workspaces()) changed(key);
  co_await until_synced(context);
  while (!context.expired()) co_await never_.wait(context);
  running_ = false;
  root_.cancel();
  co_await keepers_.join();
}

boost::asio::awaitable<void> Workspaces::until_synced(Context context) {
  while (!context.expired() && !parts_.store.synced()) co_await parts_.clock.sleep(context, kBetweenAsks);
  if (!context.expired()) forget_unclaimed();
}

// Once, before any snapshot is used: whoever needed it may have gone while no process was there to see it, and by now another user's
// objects may have the same names.
void Workspaces::forget_unclaimed() {
  if (std::exchange(forgot_unclaimed_, true)) return;
  std::set<ObjectKey> claimed;
  parts_.store.each_invocation([&](const ObjectKey& key, const invocation::Digest& object) {
    if (object.held) claimed.insert({key.namespace_, object.workspace});
  });
  for (const ObjectKey& workspace : parts_.snapshot.disposable()) {
    if (claimed.contains(workspace)) continue;
    parts_.log.info("nobody needs these credentials any more; forgetting them", {{"workspace", workspace.text()}});
    const auto removed = parts_.snapshot.remove(workspace);
    if (!removed)
      parts_.log.error("credentials snapshot not updated", {{"workspace", workspace.text()}, {"error", removed.error().text()}});
  }
}

Workspaces::EntryPtr Workspaces::ensure(const ObjectKey& key) {
  const auto known = entries_.find(key);
  if (known != entries_.end()) return known->second;
  auto entry = std::make_shared<Entry>(key, root_.child(), parts_.io);
  entries_.emplace(key, entry);
  if (running_) keepers_.spawn(keep(entry));
  return entry;
}

void Workspaces::forget(const ObjectKey& key) {
  const auto known = entries_.find(key);
  if (known == entries_.end()) return;
  const EntryPtr entry = known->second;
  entries_.erase(known);
  disconnect(*entry);
  entry->context.cancel();
}

void Workspaces::use(const ObjectKey& workspace, const std::string& party, lepton::Interest interest) {
  const EntryPtr entry = ensure(workspace);
  if (entry->users.empty()) {  // from now on the snapshot may serve, and must be kept
    entry->read_credentials = true;
    entry->again.notify();
  }
  const auto [user, added] = entry->users.try_emplace(party, interest);
  if (!added && user->second == interest) return;
  user->second = interest;
  if (entry->connection) entry->connection->observer().set_interest(party, interest);
}

void Workspaces::release(const ObjectKey& workspace, const std::string& party) {
  const auto known = entries_.find(workspace);
  if (known == entries_.end() || known->second->users.erase(party) == 0) return;
  Entry& entry = *known->second;
  if (entry.connection) entry.connection->observer().set_interest(party, lepton::Interest{});
  if (!entry.users.empty()) return;
  const auto removed = parts_.snapshot.remove(workspace);
  if (!removed) parts_.log.error("credentials snapshot not updated", {{"workspace", workspace.text()}, {"error", removed.error().text()}});
  entry.read_credentials = true;  // without users the snapshot must not serve any longer
  entry.again.notify();
  if (!parts_.store.find_workspace(workspace)) forget(workspace);
}

void Workspaces::changed(const ObjectKey& workspace) {
  const auto known = entries_.find(workspace);
  const bool exists = parts_.store.find_workspace(workspace) != nullptr;
  if (!exists && (known == entries_.end() || known->second->users.empty())) return forget(workspace);
  const EntryPtr entry = ensure(workspace);
  entry->read_credentials = true;
  entry->again.notify();
}

void Workspaces::secret_changed(const ObjectKey& secret) {
  for (const auto& [key, entry] : entries_) {
    if (key.namespace_ != secret.namespace_) continue;
    entry->read_credentials = true;
    entry->again.notify();
  }
}

invocation::WorkspaceFacts Workspaces::facts(const ObjectKey& workspace) const {
  invocation::WorkspaceFacts facts;
  facts.defaults = base::json_object();
  facts.token_key_id = parts_.vault.current_key_id();
  const auto known = entries_.find(workspace);
  if (known == entries_.end()) return facts;
  const Entry& entry = *known->second;
  facts.state = entry.state;
  facts.message = entry.message;
  facts.defaults = entry.defaults;
  facts.max_endpoints = entry.max_endpoints;
  facts.max_jobs = entry.max_jobs;
  if (!entry.connection) return facts;
  facts.id = entry.connection->credentials().workspace_id;
  facts.url = entry.connection->credentials().url;
  facts.node_groups = entry.connection->node_groups();
  return facts;
}

std::shared_ptr<Connection> Workspaces::find(const ObjectKey& workspace) const {
  const auto known = entries_.find(workspace);
  return known == entries_.end() ? nullptr : known->second->connection;
}

std::vector<ObjectKey> Workspaces::all() const {
  std::vector<ObjectKey> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

std::optional<base::Timestamp> Workspaces::token_expires_at(const ObjectKey& workspace) const {
  const auto known = entries_.find(workspace);
  return known == entries_.end() ? std::nullopt : known->second->token_expires_at;
}

// After each look of the observer, complete or not.
void Workspaces::looked(Entry& entry, const Connection& by) {
  if (entry.connection.get() != &by || !entry.proven) return;
  const auto& error = entry.connection->observer().last_error();
  // Something in the lists may not be understood: the view says itself what it does not know by them. Lepton answers.
  if (entry.connection->observer().lists_read()) {
    entry.failed_looks = 0;
    set_state(entry, WorkspaceState::kReady, "lepton answers");
    if (!error && events_.looked) events_.looked(entry.key);
    return;
  }
  ++entry.failed_looks;
  if (error->kind == ErrorKind::kUnauthorized || error->kind == ErrorKind::kForbidden) {
    refuse(entry, *error);
  } else if (error->kind == ErrorKind::kNotFound || error->kind == ErrorKind::kUnsupported) {
    entry.proven = false;  // is it the workspace that is not there, or are these routes not its own? GET /workspace tells
    entry.probe_at = parts_.clock.now();
    entry.again.notify();
  } else if (error->kind != ErrorKind::kThrottled && error->kind != ErrorKind::kCancelled && entry.failed_looks >= kFailedLooksToDoubt) {
    set_state(entry, WorkspaceState::kUnreachable, error->text());
  }
}

void Workspaces::set_state(Entry& entry, WorkspaceState state, const std::string& said) const {
  std::string message = parts_.vault.cleaned(said);  // it may quote an answer
  if (entry.state == state && (entry.message == message || !message_matters(state))) return;
  const bool transition = entry.state != state;
  entry.state = state;
  entry.message = std::move(message);
  entry.again.notify();  // so that the object's status follows
  if (transition) {
    const std::string id = entry.connection ? entry.connection->credentials().workspace_id : "";
    if (state == WorkspaceState::kReady) {
      parts_.log.info("workspace ready", {{"workspace", entry.key.text()}, {"id", id}});
    } else {
      parts_.log.warn("workspace not ready",
                      {{"workspace", entry.key.text()}, {"id", id}, {"reason", invocation::reason_of(state)}, {"message", entry.message}});
    }
  }
  if (events_.changed) events_.changed(entry.key);
}

}  // namespace lepton_operator::reconcile
