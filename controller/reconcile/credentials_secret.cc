#include "reconcile/credentials_secret.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/hash.h"
#include "reconcile/credentials_codec.h"
#include "store/secret_object.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::ErrorKind;
using base::Json;
using base::Result;
using boost::asio::awaitable;

namespace {

constexpr std::chrono::seconds kFirstWait{1};
constexpr std::chrono::seconds kMostWait{60};
constexpr std::chrono::seconds kLastWrite{2};

std::string entry_of(const invocation::ObjectKey& workspace) { return workspace.namespace_ + "." + workspace.name; }

}  // namespace

CredentialsSecret::CredentialsSecret(CredentialsSecretParts parts) : parts_(std::move(parts)), changed_(parts_.io) {}

awaitable<Result<std::unique_ptr<CredentialsSecret>>> CredentialsSecret::open(Context context, CredentialsSecretParts parts) {
  std::unique_ptr<CredentialsSecret> snapshot(new CredentialsSecret(std::move(parts)));
  const kube::ObjectName name{snapshot->parts_.namespace_, kName};
  const Result<Json> found = co_await snapshot->parts_.api.get(context, store::secrets_resource(), name);
  if (!found && found.error().kind != ErrorKind::kNotFound) co_return found.error();
  if (found) snapshot->read(*found);
  co_return snapshot;
}

void CredentialsSecret::read(const Json& secret) {
  for (const auto& [entry, value] : base::get_object(secret, "data").as_object()) {
    const auto text = value.is_string() ? base::base64_decode(value.as_string()) : std::nullopt;
    const auto json = base::parse_json(text.value_or(""), entry);
    auto credentials = json ? decode_credentials(*json) : std::nullopt;
    if (credentials) {
      parts_.log.redact(credentials->token);
      kept_.emplace(entry, std::move(*credentials));
    } else {
      parts_.log.error("a snapshot of credentials cannot be understood; remove its key from the Secret",
                       {{"secret", parts_.namespace_ + "/" + kName}, {"key", entry}});
    }
  }
}

Result<> CredentialsSecret::save(const invocation::ObjectKey& workspace, const lepton::Credentials& credentials) {
  const std::string entry = entry_of(workspace);
  const auto known = kept_.find(entry);
  if (known != kept_.end() && known->second == credentials) return base::Ok{};
  kept_[entry] = credentials;
  change(entry, base::to_text(encode_credentials(credentials)));
  return base::Ok{};
}

std::optional<lepton::Credentials> CredentialsSecret::load(const invocation::ObjectKey& workspace) const {
  const auto known = kept_.find(entry_of(workspace));
  if (known == kept_.end()) return std::nullopt;
  return known->second;
}

std::vector<invocation::ObjectKey> CredentialsSecret::disposable() const {
  std::vector<invocation::ObjectKey> workspaces;
  for (const auto& [entry, credentials] : kept_) {
    const std::size_t dot = entry.find('.');
    if (dot == std::string::npos) continue;  // nothing that we wrote
    invocation::ObjectKey workspace{entry.substr(0, dot), entry.substr(dot + 1)};
    const auto& served = parts_.served;
    const bool ours = served.empty() || std::find(served.begin(), served.end(), workspace.namespace_) != served.end();
    if (ours) workspaces.push_back(std::move(workspace));
  }
  return workspaces;
}

Result<> CredentialsSecret::remove(const invocation::ObjectKey& workspace) {
  const std::string entry = entry_of(workspace);
  if (kept_.erase(entry) > 0) change(entry, std::nullopt);
  return base::Ok{};
}

void CredentialsSecret::change(const std::string& entry, std::optional<std::string> value) {
  pending_[entry] = std::move(value);
  changed_.notify();
}

awaitable<void> CredentialsSecret::run(Context context) {
  base::Backoff backoff(kFirstWait, kMostWait);
  while (!context.expired()) {
    if (pending_.empty()) {
      co_await changed_.wait(context);
      continue;
    }
    const Result<> done = co_await write(context);
    if (done) {
      backoff.reset();
    } else if (!context.expired()) {
      parts_.log.error("credentials snapshot not written", {{"error", done.error().text()}});
      const base::Milliseconds wait = backoff.next(parts_.random);
      co_await parts_.clock.sleep(context, wait);
    }
  }
  if (pending_.empty()) co_return;
  const Context last = Context(parts_.clock).with_timeout(kLastWrite);
  const Result<> done = co_await write(last);
  if (!done) parts_.log.error("credentials snapshot not written", {{"error", done.error().text()}});
}

awaitable<Result<>> CredentialsSecret::write(Context context) {
  if (!may_write()) co_return base::Error{ErrorKind::kCancelled, "this process does not lead (any more)"};
  const Entries entries = pending_;
  const Result<> sent = co_await send(context, entries);
  if (!sent) co_return sent;
  for (const auto& [entry, value] : entries) {  // what changed meanwhile stays to be written
    const auto known = pending_.find(entry);
    if (known != pending_.end() && known->second == value) pending_.erase(known);
  }
  co_return base::Ok{};
}

awaitable<Result<>> CredentialsSecret::send(Context context, Entries entries) {
  const kube::Resource secrets = store::secrets_resource();
  const kube::ObjectName name{parts_.namespace_, kName};
  Json patch = base::json_object();
  Json& data = patch["data"] = base::json_object();
  store::SecretValues values;
  for (const auto& [entry, value] : entries) {
    data[entry] = value ? Json::string(base::base64_encode(*value)) : Json::null();
    if (value) values[entry] = *value;
  }
  const Result<Json> patched = co_await parts_.api.patch(context, secrets, name, "", kube::PatchType::kMerge, patch);
  if (patched) co_return base::Ok{};
  if (patched.error().kind != ErrorKind::kNotFound) co_return patched.error();
  if (values.empty()) co_return base::Ok{};  // there is nothing to remove from
  const invocation::ObjectKey key{parts_.namespace_, kName};
  const Json secret = store::new_secret(key, values);
  const Result<Json> created = co_await parts_.api.create(context, secrets, parts_.namespace_, secret);
  if (!created) co_return created.error();  // kConflict: somebody made it just now; the next try patches it
  co_return base::Ok{};
}

}  // namespace lepton_operator::reconcile
