// Manifests for tests: each is right unless its name says otherwise.
#pragma once

#include <string>

namespace lepton_operator::store {

inline std::string an_invocation(const std::string& name, const std::string& model = "llama", const std::string& metadata = "") {
  return "apiVersion: lepton.dev/v1alpha1\n"
         "kind: Invocation\n"
         "metadata:\n"
         "  name: " +
         name + "\n" + metadata +
         "spec:\n"
         "  deployment:\n"
         "    type: none\n"
         "  target:\n"
         "    url: https://models.example.com/v1\n"
         "    modelId: " +
         model +
         "\n"
         "    apiKeyName: API_KEY\n"
         "  execution:\n"
         "    envs:\n"
         "      - name: API_KEY\n"
         "        value: a-key\n"
         "  evaluation:\n"
         "    tasks:\n"
         "      - name: gpqa_diamond\n";
}

// The same with more patience: a change that is allowed.
inline std::string with_timeout(std::string manifest, const std::string& timeout) {
  const std::string field = "  execution:\n";
  return manifest.replace(manifest.find(field), field.size(), field + "    timeout: " + timeout + "\n");
}

// Line 8 holds a field that nobody knows.
inline std::string a_misspelt_invocation(const std::string& name) {
  std::string manifest = an_invocation(name);
  const std::string field = "modelId";
  return manifest.replace(manifest.find(field), field.size(), "modellId");
}

inline std::string a_workspace(const std::string& name) {
  return "apiVersion: lepton.dev/v1alpha1\nkind: Workspace\nmetadata:\n  name: " + name +
         "\nspec:\n  credentialsSecretRef:\n    name: credentials\n";
}

inline std::string a_secret(const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: " + name + "\nstringData:\n  token: " + value + "\n";
}

}  // namespace lepton_operator::store
