#include "reconcile/orphan_sweep.h"

#include <algorithm>
#include <utility>

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Milliseconds;
using base::Result;
using base::Timestamp;
using store::ObjectKey;

namespace {

constexpr std::size_t kMostARound = 5;
constexpr Milliseconds kLongestRound{30'000};
constexpr Milliseconds kShortestRound{100};
constexpr int kRoundsInATime = 10;  // rounds for each `after`, or more
constexpr int kSecretsSeldom = 6;   // times `after`, while there is no reason to look
constexpr const char* kCopy =
    "this installation is a copy, made elsewhere: what has no owner here may have one there; see docs/lifecycle.md";

}  // namespace

OrphanSweep::OrphanSweep(OrphanSweepParts parts) : parts_(std::move(parts)), ledger_(parts_.options.after) {}

boost::asio::awaitable<void> OrphanSweep::run(Context context) {
  if (parts_.options.mode == SweepMode::kOff) co_return;
  const Milliseconds pause = std::clamp(parts_.options.after / kRoundsInATime, kShortestRound, kLongestRound);
  while (!context.expired()) {
    std::string bug;
    try {
      co_await round(context);
    } catch (const std::exception& thrown) {
      bug = thrown.what();
    }
    if (!bug.empty()) parts_.log.error("the orphan sweep failed; this is a bug", {{"error", bug}});
    co_await parts_.clock.sleep(context, pause);
  }
}

boost::asio::awaitable<void> OrphanSweep::round(Context context) {
  if (!open()) co_return;
  const std::vector<Account> reached = accounts();
  std::set<std::string> ids;
  for (const Account& account : reached) ids.insert(account.id);
  ledger_.forget_others(ids);
  std::erase_if(secrets_, [&](const auto& known) { return !ids.contains(known.first); });
  for (const Account& account : reached) {
    co_await sweep(context, account);
    if (context.expired()) co_return;
  }
}

// Each workspace of Lepton once, by the first Workspace that reaches it.
std::vector<OrphanSweep::Account> OrphanSweep::accounts() const {
  std::vector<Account> found;
  std::set<std::string> ids;
  for (const ObjectKey& key : parts_.workspaces.all()) {
    const std::shared_ptr<Connection> connection = parts_.workspaces.find(key);
    if (!connection || parts_.workspaces.facts(key).state != invocation::WorkspaceState::kReady) continue;
    const std::string id = connection->credentials().url + " " + connection->credentials().workspace_id;
    if (ids.insert(id).second) found.push_back({id, key, connection});
  }
  return found;
}

std::set<std::string> OrphanSweep::uids() const {
  std::set<std::string> uids;
  parts_.store.each_invocation([&uids](const ObjectKey&, const invocation::Digest& digest) { uids.insert(digest.uid); });
  return uids;
}

boost::asio::awaitable<void> OrphanSweep::sweep(Context context, Account account) {
  co_await list_secrets(context, account);
  look(account);
  if (parts_.options.mode == SweepMode::kReport) {
    report(account);
    co_return;
  }
  const std::vector<Ownerless> chosen = due(account);
  for (const Ownerless& object : chosen) {
    const Judgement judged = co_await judge(context, object);
    Entry* entry = find(account, object);  // others may have come and gone
    if (context.expired() || !entry) co_return;
    if (judged.verdict == Verdict::kOwned) {
      ledger_.forget(account.id, object);
      continue;
    }
    retry_later(*entry);
    if (judged.verdict != Verdict::kOrphan) {
      tell(account, *entry, judged.why);
      continue;
    }
    if (!open()) co_return;
    const Timestamp sent = parts_.clock.now();
    const Result<> removed = co_await remove(context, account, object);
    if (context.expired()) co_return;
    entry = find(account, object);
    if (!entry) continue;
    if (removed || removed.error().uncertain()) {
      entry->removed = entry->removed.value_or(sent);
      account.connection->observer().look_soon();
    }
    if (!removed) {
      tell(account, *entry, "its removal failed: " + removed.error().text());
    }
  }
}

// Rarely: they cost nothing, and a list is a request.
boost::asio::awaitable<void> OrphanSweep::list_secrets(Context context, Account account) {
  Secrets& known = secrets_[account.id];
  const Timestamp now = parts_.clock.now();
  const bool suspicion = ledger_.any(account.id, OrphanKind::kSecret) || !ledger_.orphans(account.id).empty();
  if (!known.asked) known.asked = now;  // a process that has just begun has no suspicion
  const Timestamp due = *known.asked + parts_.options.after * (suspicion || !known.at ? 1 : kSecretsSeldom);
  if (now < due && !known.at_once) co_return;
  known.asked = now;
  known.at_once = false;
  const auto listed = co_await account.connection->client().list_secrets(context);
  if (!listed) co_return;
  Secrets& told = secrets_[account.id];
  told.listed = listed->items;
  if (listed->malformed == 0) told.at = now;
}

void OrphanSweep::look(const Account& account) {
  const std::set<std::string> owners = uids();
  const lepton::View& view = account.connection->observer().view();
  const Secrets& secrets = secrets_[account.id];
  Sighting sighting{.ownerless = ownerless(view, parts_.install_id, owners),
                    .family = view.family,
                    .endpoints_looked = view.endpoint_looks.last,
                    .jobs_looked = view.job_looks.last,
                    .secrets_looked = secrets.at};
  if (secrets.at) {
    for (Ownerless& secret : ownerless(secrets.listed, *secrets.at, parts_.install_id, owners)) {
      sighting.ownerless.push_back(std::move(secret));
    }
  }
  // Whose Invocations we do not follow is not known to be without an owner.
  std::erase_if(sighting.ownerless, [this](const Ownerless& object) { return !parts_.owners.in_scope(object.owner); });
  for (const Ownerless& gone : ledger_.note(account.id, sighting, owners)) {
    if (parts_.deleted) parts_.deleted(to_string(gone.kind));
    announce(account, gone, true, "");
  }
}

std::vector<Ownerless> OrphanSweep::due(const Account& account) {
  const Timestamp now = parts_.clock.now();
  std::vector<Ownerless> found;
  for (const Entry* entry : ledger_.orphans(account.id)) {
    const Ownerless& object = entry->object;
    const bool in_use = object.kind == OrphanKind::kSecret && ledger_.holds(account.id, object.owner.uid);
    if (object.going || in_use || entry->retry_at > now || found.size() == kMostARound) continue;
    found.push_back(object);
  }
  return found;
}

OrphanSweep::Entry* OrphanSweep::find(const Account& account, const Ownerless& object) {
  for (Entry* entry : ledger_.orphans(account.id)) {
    const Ownerless& known = entry->object;
    if (known.kind == object.kind && known.id == object.id && known.owner.uid == object.owner.uid) return entry;
  }
  return nullptr;
}

// All that must hold at the moment of a removal.
boost::asio::awaitable<OrphanSweep::Judgement> OrphanSweep::judge(Context context, Ownerless object) {
  if (!object.owner.complete()) co_return Judgement{Verdict::kUncertain, "its mark does not say whose it is"};
  const Result<bool> home = co_await parts_.owners.at_home(context);
  if (!home) co_return Judgement{Verdict::kUncertain, home.error().text()};
  if (!*home) co_return Judgement{Verdict::kCopy, kCopy};
  const Result<bool> absent = co_await parts_.owners.absent(context, object.owner);
  if (!absent) co_return Judgement{Verdict::kUncertain, "whether its owner exists cannot be told: " + absent.error().text()};
  const bool known = uids().contains(object.owner.uid);  // by now
  co_return Judgement{*absent && !known ? Verdict::kOrphan : Verdict::kOwned, ""};
}

boost::asio::awaitable<Result<>> OrphanSweep::remove(Context context, Account account, Ownerless object) {
  lepton::Client& client = account.connection->client();
  Result<> removed = base::Ok{};
  switch (object.kind) {
    case OrphanKind::kEndpoint: removed = co_await client.delete_endpoint(context, object.id, object.family); break;
    case OrphanKind::kJob: removed = co_await client.delete_job(context, object.id); break;
    case OrphanKind::kSecret:
      removed = co_await client.delete_secret(context, object.id);
      secrets_[account.id].at_once = true;  // the next round sees whether it is gone
      break;
  }
  co_return removed;
}

void OrphanSweep::report(const Account& account) {
  for (Entry* entry : ledger_.orphans(account.id)) tell(account, *entry, "it is only reported (--orphan-sweep=report)");
}

// Once, and again when it is for another reason.
void OrphanSweep::tell(const Account& account, Entry& entry, const std::string& why) {
  if (std::exchange(entry.told, why) != why) announce(account, entry.object, false, why);
}

void OrphanSweep::announce(const Account& account, const Ownerless& object, bool removed, const std::string& why) {
  invocation::Transition transition;
  transition.warning = !removed;
  transition.reason = removed ? "OrphanRemoved" : "OrphanFound";
  transition.message = removed ? "orphan removed" : "orphan found and not removed";
  transition.fields.emplace_back(to_string(object.kind), object.id);
  if (object.name != object.id) transition.fields.emplace_back("name", object.name);
  transition.fields.emplace_back("owner", object.owner.namespace_ + "/" + object.owner.name);
  transition.fields.emplace_back("uid", object.owner.uid);
  if (!why.empty()) transition.fields.emplace_back("why", why);
  base::LogFields fields{{"workspace", account.key.text()}};
  for (const auto& [name, value] : transition.fields) fields.emplace_back(name, value);
  parts_.log.write(removed ? base::LogLevel::kInfo : base::LogLevel::kWarn, transition.message, fields);
  const auto workspace = parts_.store.find_workspace(account.key);
  if (workspace && parts_.transition) parts_.transition(*workspace, transition);
}

void OrphanSweep::retry_later(Entry& entry) { entry.retry_at = parts_.clock.now() + entry.backoff.next(parts_.random); }

std::vector<OrphanFigure> OrphanSweep::figures() const {
  std::vector<OrphanFigure> figures;
  if (parts_.options.mode == SweepMode::kOff) return figures;
  for (const Account& account : accounts()) {
    for (const auto& [kind, count] : ledger_.count(account.id)) figures.push_back({account.key, kind, count});
  }
  return figures;
}

}  // namespace lepton_operator::reconcile
