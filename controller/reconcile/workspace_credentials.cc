#include "reconcile/workspace_credentials.h"

#include "invocation/codec.h"
#include "invocation/validation.h"

namespace lepton_operator::reconcile {

using base::ErrorKind;
using base::Result;
using invocation::WorkspaceState;
using lepton::Credentials;
using SecretValues = std::map<std::string, std::string>;

namespace {

ResolvedWorkspace without(ResolvedWorkspace resolved, WorkspaceState state, std::string message) {
  resolved.state = state;
  resolved.message = std::move(message);
  return resolved;
}

ResolvedWorkspace with_fallback(ResolvedWorkspace resolved, const store::ObjectKey& key, const FallbackCredentials& fallback, bool object) {
  auto found = fallback && (object || key.name == "default") ? fallback() : std::nullopt;
  if (!found && object) {
    return without(std::move(resolved), WorkspaceState::kSecretMissing,
                   "spec.credentialsSecretRef is not set: name a Secret with the key credentials (<workspace id>:<token>).");
  }
  if (!found) {
    const std::string hint = fallback && key.name == "default"
                                 ? ": apply one, set LEPTON_WORKSPACE_ID and LEPTON_WORKSPACE_TOKEN, or run lep login."
                                 : ": apply one, or correct spec.workspaceRef.name.";
    return without(std::move(resolved), WorkspaceState::kMissing, "there is no Workspace " + key.text() + hint);
  }
  if (!*found) return without(std::move(resolved), WorkspaceState::kInvalid, found->error().text());
  resolved.credentials = found->value();
  resolved.stand_in = !object;
  return resolved;
}

// What the Workspace itself says of URL and origin counts, wherever id and token came from.
ResolvedWorkspace with_own_address(ResolvedWorkspace resolved, const invocation::WorkspaceSpec& spec) {
  if (!resolved.credentials || (!spec.url && !spec.origin)) return resolved;
  const Credentials& found = *resolved.credentials;
  Result<Credentials> completed =
      lepton::complete_credentials(found.workspace_id, found.token, spec.url.value_or(found.url), spec.origin ? spec.origin : found.origin);
  if (!completed) return without(std::move(resolved), WorkspaceState::kInvalid, completed.error().text());
  resolved.credentials = std::move(completed).value();
  return resolved;
}

Result<Credentials> credentials_of(const SecretValues& values, const std::string& secret, const invocation::WorkspaceSpec& spec) {
  const auto together = values.find("credentials");
  if (together != values.end()) {
    const auto parts = lepton::split_credential(together->second);
    if (!parts) return base::Error{parts.error().kind, "Secret " + secret + ", key credentials: " + parts.error().what};
    return lepton::complete_credentials(parts->first, parts->second, spec.url, spec.origin);
  }
  const auto id = values.find("workspaceId");
  const auto token = values.find("token");
  if (id == values.end() || token == values.end()) {
    const std::string needed = " needs the key credentials (<workspace id>:<token>), or workspaceId and token.";
    return base::Error{ErrorKind::kInvalid, "Secret " + secret + needed};
  }
  return lepton::complete_credentials(id->second, token->second, spec.url, spec.origin);
}

}  // namespace

boost::asio::awaitable<ResolvedWorkspace> resolve_workspace(store::ObjectStore& store, base::Context context, store::ObjectKey key,
                                                            FallbackCredentials fallback) {
  const auto object = store.find_workspace(key);
  store::ObjectStore* const asked = &store;
  const ReadSecret read = [asked](base::Context within, store::ObjectKey secret) {
    asked->expire_secret(secret);  // the caller paces, and after a 401 wants what is there now
    return asked->read_secret(within, secret);
  };
  ResolvedWorkspace resolved = co_await resolve_workspace(object, read, context, key, fallback);
  co_return resolved;
}

boost::asio::awaitable<ResolvedWorkspace> resolve_workspace(std::shared_ptr<const invocation::Workspace> object, ReadSecret read_secret,
                                                            base::Context context, store::ObjectKey key, FallbackCredentials fallback) {
  ResolvedWorkspace resolved;
  if (!object) co_return with_fallback(std::move(resolved), key, fallback, false);
  const auto errors = invocation::validate_workspace(object->spec);
  if (!errors.empty()) co_return without(std::move(resolved), WorkspaceState::kInvalid, errors.front().text());
  const auto spec = invocation::decode_workspace_spec(object->spec).value;
  if (spec.defaults.is_object()) resolved.defaults = spec.defaults;
  resolved.requests_per_second = spec.requests_per_second;
  resolved.burst = spec.burst;
  resolved.max_endpoints = spec.max_endpoints;
  resolved.max_jobs = spec.max_jobs;
  if (spec.credentials_secret.empty()) {
    ResolvedWorkspace found = with_fallback(std::move(resolved), key, fallback, true);
    co_return with_own_address(std::move(found), spec);
  }

  const store::ObjectKey secret{key.namespace_, spec.credentials_secret};
  const auto values = co_await read_secret(context, secret);
  if (!values && values.error().kind == ErrorKind::kNotFound) {
    co_return without(std::move(resolved), WorkspaceState::kSecretMissing,
                      "there is no Secret " + secret.text() + ", which the Workspace's credentialsSecretRef names: create it.");
  }
  if (!values) {
    resolved.try_again_soon = true;
    const std::string why = "Secret " + secret.text() + " cannot be read: " + values.error().text();
    co_return without(std::move(resolved), WorkspaceState::kSecretMissing, why);
  }
  Result<Credentials> credentials = credentials_of(*values, secret.text(), spec);
  if (!credentials) co_return without(std::move(resolved), WorkspaceState::kInvalid, credentials.error().text());
  resolved.credentials = std::move(credentials).value();
  resolved.from_secret = true;
  co_return resolved;
}

}  // namespace lepton_operator::reconcile
