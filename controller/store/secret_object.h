// Kubernetes Secrets between JSON and values. Pure. Values are secrets: never log them.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "invocation/object.h"
#include "kube/api.h"

namespace lepton_operator::store {

using SecretValues = std::map<std::string, std::string>;

kube::Resource secrets_resource();

// What the API server answered. kMalformed when a value is not base64.
base::Result<SecretValues> secret_values(const base::Json& secret);

// A new Secret of ours, labelled app.kubernetes.io/managed-by.
base::Json new_secret(const invocation::ObjectKey& key, const SecretValues& values);

}  // namespace lepton_operator::store
