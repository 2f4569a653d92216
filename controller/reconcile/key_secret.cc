#include "reconcile/key_secret.h"

#include <algorithm>

#include "base/hash.h"
#include "reconcile/cluster_owners.h"
#include "reconcile/token_key.h"
#include "store/secret_object.h"

namespace lepton_operator::reconcile {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

namespace {

constexpr const char* kInstallId = "installId";
constexpr const char* kCluster = "cluster";
constexpr const char* kCurrent = "current";
constexpr const char* kKeyPrefix = "key.";
constexpr int kAttempts = 3;  // it may be made, or even removed, between our requests

bool is_uuid(const std::string& text) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
  return text.size() == 36 && std::all_of(text.begin(), text.end(), digit);
}

store::SecretValues new_values(base::Random& random, const std::string& cluster) {
  const TokenKey key = new_token_key(random);
  store::SecretValues values{{kInstallId, random.uuid()}, {kCurrent, key.id}, {kKeyPrefix + key.id, key.hex}};
  if (!cluster.empty()) values[kCluster] = cluster;
  return values;
}

bool wants_rotation(const Json& secret) {
  const auto current = base::get_string(base::get_object(secret, "data"), kCurrent);
  return current && base::base64_decode(*current) == kRotate;
}

bool lacks_cluster(const Json& secret) { return base::get_string(base::get_object(secret, "data"), kCluster).value_or("").empty(); }

// What is to be added, if nobody else changed the Secret meanwhile: a key that becomes current, the cluster that we are in.
Json addition(const Json& secret, base::Random& random, const std::string& cluster) {
  Json patch = base::json_object();
  patch["metadata"] = base::json_object();
  base::set_if(patch["metadata"], "resourceVersion", base::get_string(base::get_object(secret, "metadata"), "resourceVersion"));
  patch["data"] = base::json_object();
  if (wants_rotation(secret)) {
    const TokenKey key = new_token_key(random);
    patch["data"][kCurrent] = Json::string(base::base64_encode(key.id));
    patch["data"][kKeyPrefix + key.id] = Json::string(base::base64_encode(key.hex));
  }
  if (lacks_cluster(secret) && !cluster.empty()) patch["data"][kCluster] = Json::string(base::base64_encode(cluster));
  return patch;
}

// Then the operator works all the same; the orphan sweep, which stands on it, only reports.
bool refused(const Error& error) { return error.kind == ErrorKind::kForbidden || error.kind == ErrorKind::kNotFound; }

}  // namespace

boost::asio::awaitable<Result<std::unique_ptr<KeySecret>>> KeySecret::open(base::Context context, kube::Api& api, std::string namespace_,
                                                                           base::Random& random) {
  const std::string where = "Secret " + namespace_ + "/" + kName;
  const kube::Resource secrets = store::secrets_resource();
  const kube::ObjectName name{namespace_, kName};
  const Result<std::string> here = co_await read_cluster_uid(context, api);
  if (!here && !refused(here.error())) co_return here.error();
  const std::string cluster = here ? *here : "";
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<Json> found = co_await api.get(context, secrets, name);
    if (found && !wants_rotation(*found) && (cluster.empty() || !lacks_cluster(*found))) co_return decode(*found, where);
    if (found) {
      const Json patch = addition(*found, random, cluster);
      const Result<Json> rotated = co_await api.patch(context, secrets, name, "", kube::PatchType::kMerge, patch);
      if (rotated) co_return decode(*rotated, where);
      if (rotated.error().kind != ErrorKind::kConflict) co_return rotated.error();
      continue;
    }
    if (found.error().kind != ErrorKind::kNotFound) co_return found.error();
    const invocation::ObjectKey key{namespace_, kName};
    const Json fresh = store::new_secret(key, new_values(random, cluster));
    const Result<Json> created = co_await api.create(context, secrets, namespace_, fresh);
    if (created) co_return decode(*created, where);
    if (created.error().kind != ErrorKind::kConflict) co_return created.error();
  }
  co_return Error{ErrorKind::kServer, "is neither there nor can it be made", where};
}

Result<std::unique_ptr<KeySecret>> KeySecret::decode(const Json& secret, const std::string& where) {
  const Result<store::SecretValues> values = store::secret_values(secret);
  if (!values) return values.error();
  const auto value = [&](const char* name) {
    const auto found = values->find(name);
    return found == values->end() ? std::string() : found->second;
  };
  auto keys = std::make_unique<KeySecret>();
  keys->install_id_ = value(kInstallId);
  keys->cluster_uid_ = value(kCluster);
  keys->current_ = value(kCurrent);
  if (!is_uuid(keys->install_id_)) {
    return Error{ErrorKind::kInvalid, "its installId is not the UUID that was written there; put it back (it marks what is ours in Lepton)",
                 where};
  }
  for (const auto& [name, hex] : *values) {
    if (name.rfind(kKeyPrefix, 0) != 0) continue;
    const std::string id = name.substr(std::string(kKeyPrefix).size());
    const auto bytes = token_key_bytes(hex);
    if (!bytes || token_key_id(*bytes) != id) return Error{ErrorKind::kInvalid, "its " + name + " is damaged; put it back", where};
    keys->keys_.emplace(id, *bytes);
  }
  if (!keys->keys_.contains(keys->current_)) {
    return Error{ErrorKind::kInvalid, "there is no current token key in it; restore it from where it was", where};
  }
  return keys;
}

std::optional<std::string> KeySecret::key(const std::string& id) const {
  const auto known = keys_.find(id);
  if (known == keys_.end()) return std::nullopt;
  return known->second;
}

}  // namespace lepton_operator::reconcile
