#include "store/secret_object.h"

#include "base/hash.h"

namespace lepton_operator::store {

using base::Json;

kube::Resource secrets_resource() { return {.group = "", .version = "v1", .plural = "secrets"}; }

base::Result<SecretValues> secret_values(const Json& secret) {
  SecretValues values;
  const Json& metadata = base::get_object(secret, "metadata");
  for (const auto& [name, value] : base::get_object(secret, "data").as_object()) {
    const auto decoded = value.is_string() ? base::base64_decode(value.as_string()) : std::nullopt;
    if (!decoded) {
      const std::string key = base::get_string(metadata, "namespace").value_or("") + "/" + base::get_string(metadata, "name").value_or("");
      return base::Error{base::ErrorKind::kMalformed, "the API server's answer for Secret " + key + " is not base64 (key " + name + ")"};
    }
    values[name] = *decoded;
  }
  return values;
}

Json new_secret(const invocation::ObjectKey& key, const SecretValues& values) {
  Json secret = base::json_object();
  secret["apiVersion"] = Json::string("v1");
  secret["kind"] = Json::string("Secret");
  secret["type"] = Json::string("Opaque");
  Json& metadata = secret["metadata"] = base::json_object();
  metadata["namespace"] = Json::string(key.namespace_);
  metadata["name"] = Json::string(key.name);
  metadata["labels"] = base::json_object();
  metadata["labels"]["app.kubernetes.io/managed-by"] = Json::string("lepton-operator");
  Json& data = secret["data"] = base::json_object();
  for (const auto& [name, value] : values) data[name] = Json::string(base::base64_encode(value));
  return secret;
}

}  // namespace lepton_operator::store
