// A workspace's keeper: credentials, connection, probe, status. See workspaces.h.
#include <algorithm>
#include <utility>

#include "reconcile/token_expiry.h"
#include "reconcile/workspace_entry.h"
#include "reconcile/workspaces.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Milliseconds;
using base::Timestamp;
using invocation::WorkspaceState;

namespace {

constexpr std::chrono::seconds kReadCredentials{60};
constexpr std::chrono::seconds kReadSoon{5};
constexpr std::chrono::seconds kProbeRefused{5};  // answered by the client itself while its breaker is open
constexpr std::chrono::seconds kPublishAgain{5};
constexpr std::chrono::hours kAskToken{1};
constexpr std::chrono::seconds kTokenDeadline{10};  // the keeper waits for it
constexpr std::chrono::minutes kAskFamilyAgain{10};

std::string not_an_id(const std::string& id) {
  return "lepton answered 404 for workspace \"" + id + "\": this must be the workspace ID (dashboard, Settings), not its name.";
}

invocation::ConditionStatus condition_status(WorkspaceState state) {
  return state == WorkspaceState::kReady ? invocation::ConditionStatus::kTrue : invocation::ConditionStatus::kFalse;
}

}  // namespace

boost::asio::awaitable<void> Workspaces::keep(EntryPtr entry) {
  co_await until_synced(entry->context);
  while (!entry->context.expired()) {
    co_await resolve(entry);
    co_await probe(entry);
    co_await publish(entry);
    co_await ask_token(entry);
    if (entry->context.expired()) break;
    Context until = entry->context.with_timeout(pause(*entry));
    co_await entry->again.wait(until);
  }
  disconnect(*entry);
}

Milliseconds Workspaces::pause(const Entry& entry) const {
  Timestamp next = entry.read_again_at;
  if (entry.read_credentials) next = Timestamp{};
  if (entry.connection && !entry.proven) next = std::min(next, entry.probe_at);
  if (entry.connection && entry.proven) next = std::min({next, entry.ask_token_at, entry.family_at});
  if (entry.publish_again_at) next = std::min(next, *entry.publish_again_at);
  return std::max(next - parts_.clock.now(), Milliseconds{0});
}

// As the Workspace had them that is gone.
void Workspaces::keep_limits(const Entry& entry, ResolvedWorkspace& resolved) {
  if (!entry.connection) return;
  resolved.requests_per_second = entry.requests_per_second;
  resolved.burst = entry.burst;
}

boost::asio::awaitable<void> Workspaces::resolve(EntryPtr entry) {
  if (!entry->read_credentials && parts_.clock.now() < entry->read_again_at) co_return;
  entry->read_credentials = false;
  ResolvedWorkspace resolved = co_await resolve_workspace(parts_.store, entry->context, entry->key, parts_.fallback);
  if (entry->context.expired()) co_return;
  entry->read_again_at = parts_.clock.now() + (resolved.try_again_soon ? kReadSoon : kReadCredentials);
  const bool defaults_changed = resolved.state != WorkspaceState::kInvalid && entry->defaults != resolved.defaults;
  if (defaults_changed) entry->defaults = resolved.defaults;
  const bool readable = resolved.state != WorkspaceState::kInvalid && resolved.state != WorkspaceState::kMissing;
  const bool limits_changed = readable && (entry->max_endpoints != resolved.max_endpoints || entry->max_jobs != resolved.max_jobs);
  if (limits_changed) {
    entry->max_endpoints = resolved.max_endpoints;
    entry->max_jobs = resolved.max_jobs;
  }
  take_credentials(*entry, resolved);
  if (resolved.credentials) {
    parts_.vault.keep_secret(resolved.credentials->token);
    connect(entry, resolved);
  }
  // Also when nothing else changed: a user that was added meanwhile wants the snapshot.
  if (entry->proven && entry->from_secret && !entry->users.empty()) {
    const auto saved = parts_.snapshot.save(entry->key, entry->connection->credentials());
    if (!saved) parts_.log.error("credentials snapshot not written", {{"workspace", entry->key.text()}, {"error", saved.error().text()}});
  }
  if ((defaults_changed || limits_changed) && events_.changed) events_.changed(entry->key);
}

// Without credentials: the ones we have, while Invocations need them; else the state says why there are none. Of a Workspace that is gone
// those that were kept come before what would stand in for it, which may be of another account.
void Workspaces::take_credentials(Entry& entry, ResolvedWorkspace& resolved) const {
  const auto kept = resolved.stand_in && !entry.users.empty() ? parts_.snapshot.load(entry.key) : std::nullopt;
  if (kept) {
    resolved.credentials = kept;
    resolved.from_secret = true;
    keep_limits(entry, resolved);
  }
  if (resolved.credentials) {
    entry.from_secret = resolved.from_secret;
    return;
  }
  const bool gone = resolved.state == WorkspaceState::kSecretMissing || resolved.state == WorkspaceState::kMissing;
  if (gone && !entry.users.empty()) {
    resolved.credentials = entry.connection ? entry.connection->credentials() : parts_.snapshot.load(entry.key);
    keep_limits(entry, resolved);
    if (resolved.credentials) return;
  }
  disconnect(entry);
  set_state(entry, resolved.state, resolved.message);
}

void Workspaces::connect(const EntryPtr& entry, const ResolvedWorkspace& resolved) {
  const bool same = entry->connection && entry->connection->credentials() == *resolved.credentials &&
                    entry->requests_per_second == resolved.requests_per_second && entry->burst == resolved.burst;
  if (same) return;
  if (entry->connection) parts_.log.info("workspace credentials or limits changed", {{"workspace", entry->key.text()}});
  disconnect(*entry);
  auto transport = parts_.make_transport(transport_url(resolved.credentials->url));
  if (!transport) return set_state(*entry, WorkspaceState::kInvalid, transport.error().text());
  lepton::ClientOptions limits;
  limits.requests_per_second = resolved.requests_per_second;
  limits.burst = resolved.burst;
  limits.may_write = parts_.may_write;
  limits.observe = parts_.observe_request;
  // The observer lives in the connection, so it may know that by address; the entry it must not keep alive.
  const auto self = std::make_shared<Connection*>(nullptr);
  auto on_change = [this, weak = std::weak_ptr(entry), self](const std::string& owner) {
    const EntryPtr known = weak.lock();
    if (!known || known->connection.get() != *self) return;
    if (owner.empty()) return looked(*known, **self);
    if (events_.owner_changed) events_.owner_changed(owner);
  };
  const Connection::Parts parts{parts_.io, parts_.clock, parts_.random};
  entry->connection = std::make_shared<Connection>(parts, *transport, *resolved.credentials, std::move(limits), parts_.observer, on_change);
  *self = entry->connection.get();
  entry->requests_per_second = resolved.requests_per_second;
  entry->burst = resolved.burst;
  for (const auto& [party, interest] : entry->users) entry->connection->observer().set_interest(party, interest);
  entry->probe_at = parts_.clock.now();
  entry->probe_backoff.reset();
  entry->ask_token_at = {};
  entry->token_expires_at.reset();
  entry->token_asked = false;
  if (events_.changed) events_.changed(entry->key);
}

void Workspaces::disconnect(Entry& entry) const {
  if (entry.observing) entry.observing->cancel();
  entry.observing.reset();
  entry.connection.reset();
  entry.proven = false;
  entry.failed_looks = 0;
}

boost::asio::awaitable<void> Workspaces::probe(EntryPtr entry) {
  if (!entry->connection || parts_.clock.now() < (entry->proven ? entry->family_at : entry->probe_at)) co_return;
  const std::shared_ptr<Connection> connection = entry->connection;
  const auto info = co_await connection->client().workspace(entry->context);
  if (entry->context.expired() || entry->connection != connection) co_return;
  if (info) {
    accept(entry, *info);
  } else if (!entry->proven) {
    refuse(*entry, info.error());
  } else {  // it was only to be asked once more; whether Lepton answers is the looks' to find out
    entry->family_at = parts_.clock.now() + kAskFamilyAgain;
  }
}

boost::asio::awaitable<void> Workspaces::observe(std::shared_ptr<Connection> connection, Context context) {
  co_await connection->observer().run(context);
}

// The family is the one that the workspace itself names, asked again now and then and whenever the routes that we use are not found.
void Workspaces::take_family(Entry& entry, lepton::ApiFamily family) const {
  const std::string before = std::exchange(entry.api_family, lepton::to_string(family));
  entry.connection->observer().set_family(family);
  if (before.empty() || before == entry.api_family) return;
  entry.again.notify();
  parts_.log.info("workspace changed its endpoint API", {{"workspace", entry.key.text()}, {"from", before}, {"to", entry.api_family}});
  if (events_.changed) events_.changed(entry.key);
}

void Workspaces::accept(const EntryPtr& entry, const lepton::WorkspaceInfo& info) {
  const bool again = entry->proven;
  entry->proven = true;
  entry->family_at = parts_.clock.now() + kAskFamilyAgain;
  entry->workspace_name = info.name;
  take_family(*entry, info.family);
  if (again) return;
  entry->failed_looks = 0;
  entry->probe_backoff.reset();
  if (entry->from_secret && !entry->users.empty()) entry->read_credentials = true;  // the snapshot follows
  if (!entry->observing) {
    entry->observing = entry->context.child();
    keepers_.spawn(observe(entry->connection, *entry->observing));
  }
  set_state(*entry, WorkspaceState::kReady, "lepton answers");
}

// What an error of GET /workspace, or of a look, says about the workspace.
void Workspaces::refuse(Entry& entry, const Error& error) {
  const Timestamp now = parts_.clock.now();
  const Milliseconds wait = std::max(entry.probe_backoff.next(parts_.random), error.retry_after.value_or(Milliseconds{0}));
  entry.probe_at = now + wait;
  const std::string& id = entry.connection->credentials().workspace_id;
  if (error.kind == ErrorKind::kUnauthorized || error.kind == ErrorKind::kForbidden) {
    // A 401 opened the client's breaker, which answers most probes itself; a 403 did not: each probe is a request.
    if (error.kind == ErrorKind::kUnauthorized) entry.probe_at = now + kProbeRefused;
    if (entry.state != WorkspaceState::kUnauthorized) entry.read_credentials = true;  // perhaps they were changed
    set_state(entry, WorkspaceState::kUnauthorized, error.text());
  } else if (error.kind == ErrorKind::kNotFound) {
    set_state(entry, WorkspaceState::kNotFound, not_an_id(id));
  } else if (error.kind != ErrorKind::kCancelled) {
    set_state(entry, WorkspaceState::kUnreachable, error.text());
  }
}

// After the probe's result was published, so that nobody waits for an answer that nobody needs.
boost::asio::awaitable<void> Workspaces::ask_token(EntryPtr entry) {
  if (!entry->connection || !entry->proven || parts_.clock.now() < entry->ask_token_at) co_return;
  const std::shared_ptr<Connection> connection = entry->connection;
  const Context soon = entry->context.with_timeout(kTokenDeadline);
  const auto told = co_await connection->client().token_expiry(soon);
  if (entry->context.expired() || entry->connection != connection) co_return;
  entry->ask_token_at = parts_.clock.now() + kAskToken;
  if (!told) {
    parts_.log.debug("lepton does not say when the token expires", {{"workspace", entry->key.text()}, {"error", told.error().text()}});
    co_return;
  }
  entry->token_expires_at = *told;
  entry->token_asked = true;
  entry->again.notify();  // the object's status follows
}

void Workspaces::tell_of_token(Entry& entry, const invocation::Condition& condition) const {
  const auto object = parts_.store.find_workspace(entry.key);
  const invocation::Condition* shown = object ? invocation::find_condition(object->status.conditions, kTokenExpiring) : nullptr;
  if (entry.told_of_token.empty() && shown) entry.told_of_token = shown->reason;  // by an earlier process
  const bool news = entry.told_of_token != condition.reason;
  const bool first_and_calm = entry.told_of_token.empty() && condition.status != invocation::ConditionStatus::kTrue;
  entry.told_of_token = condition.reason;
  if (!news || first_and_calm) return;
  const invocation::Transition transition = token_transition(condition);
  base::LogFields fields{{"workspace", entry.key.text()}};
  for (const auto& [name, value] : transition.fields) fields.emplace_back(name, value);
  parts_.log.write(transition.warning ? base::LogLevel::kWarn : base::LogLevel::kInfo, transition.message, fields);
  if (object && parts_.transition) parts_.transition(*object, transition);
}

boost::asio::awaitable<void> Workspaces::publish(EntryPtr entry) {
  entry->publish_again_at.reset();
  std::optional<invocation::Condition> token;
  if (entry->connection && entry->token_expires_at) {
    token = token_condition(entry->connection->credentials().workspace_id, *entry->token_expires_at, parts_.clock.now());
    tell_of_token(*entry, *token);
  }
  const auto object = parts_.store.find_workspace(entry->key);
  if (!object || entry->state == WorkspaceState::kUnknown) co_return;
  if (parts_.may_write && !parts_.may_write()) co_return;
  invocation::WorkspaceStatus status = object->status;
  status.observed_generation = object->meta.generation;
  status.workspace_name = entry->workspace_name;
  status.api_family = entry->api_family;
  invocation::Condition ready;
  ready.type = "Ready";
  ready.status = condition_status(entry->state);
  ready.reason = invocation::reason_of(entry->state);
  ready.message = entry->message;
  ready.last_transition = parts_.clock.now();
  ready.observed_generation = object->meta.generation;
  const auto* before = invocation::find_condition(status.conditions, "Ready");
  if (before && before->status == ready.status) ready.last_transition = before->last_transition;
  invocation::set_condition(status.conditions, std::move(ready));
  if (token) {
    token->observed_generation = object->meta.generation;
    invocation::set_condition(status.conditions, std::move(*token));
  } else if (entry->token_asked) {  // another token, whose end is not told
    std::erase_if(status.conditions, [](const auto& condition) { return condition.type == kTokenExpiring; });
  }
  if (status == object->status) co_return;
  const auto written = co_await parts_.store.write_status(entry->context, object, std::move(status));
  if (written || entry->context.expired()) co_return;
  const bool conflict = written.error().kind == ErrorKind::kConflict;
  entry->publish_again_at = parts_.clock.now() + (conflict ? std::chrono::seconds(1) : kPublishAgain);
  if (!conflict) {
    parts_.log.error("status of workspace not written", {{"workspace", entry->key.text()}, {"error", written.error().text()}});
  }
}

}  // namespace lepton_operator::reconcile
