#include "invocation/validation_bounds.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace lepton_operator::invocation {

using base::Json;

namespace {

// By field; in a list or a map whatever the element's index or name. The same numbers as in crds/.
const std::map<std::string, std::size_t>& bounds() {
  static const std::map<std::string, std::size_t> kBounds = {
      {"workspaceRef.name", 253},
      {"credentialsSecretRef.name", 253},
      {"url", 2048},
      {"origin", 2048},
      {"target.url", 2048},
      {"target.modelId", 512},
      {"target.apiKeyName", 128},
      {"evaluation.apiKeyName", 128},
      {"evaluation.tasks.*.task", 253},
      {"evaluation.tasks.*.container", 1024},
      {"evaluation.tasks.*.envs", 64},
      {"evaluation.tasks.*.resourceShape", 253},
      {"evaluation.tasks.*.timeout", 32},
      {"evaluation.tasks.*.preCommand", 65536},
      {"evaluation.tasks.*.postCommand", 65536},
      {"evaluation.tasks.*.datasetDir", 1024},
      {"evaluation.tasks.*.command", 256},
      {"evaluation.tasks.*.command.*", 65536},
      {"deployment.image", 1024},
      {"deployment.servedModelName", 512},
      {"deployment.command", 256},
      {"deployment.command.*", 65536},
      {"deployment.extraArgs", 256},
      {"deployment.extraArgs.*", 65536},
      {"deployment.checkpointPath", 1024},
      {"deployment.preCommand", 65536},
      {"deployment.resourceShape", 253},
      {"deployment.nodeGroup", 253},
      {"deployment.imagePullSecrets", 32},
      {"deployment.imagePullSecrets.*", 253},
      {"deployment.autoScaler.targetThroughput.paths", 32},
      {"deployment.autoScaler.targetThroughput.paths.*", 1024},
      {"deployment.autoScaler.targetThroughput.methods", 16},
      {"deployment.autoScaler.targetThroughput.methods.*", 16},
      {"deployment.cache.path", 1024},
      {"deployment.cache.from", 253},
      {"deployment.cache.mountPath", 1024},
      {"deployment.apiTokens.*.value", 4096},
      {"deployment.apiTokens.*.leptonToken", 253},
      {"deployment.paths", 32},
      {"deployment.paths.*", 1024},
      {"deployment.readinessTimeout", 32},
      {"execution.resourceShape", 253},
      {"execution.nodeGroup", 253},
      {"execution.imagePullSecrets", 32},
      {"execution.imagePullSecrets.*", 253},
      {"execution.timeout", 32},
      {"execution.outputDir", 1024},
      {"storage.from", 253},
      {"storage.path", 1024},
      {"storage.mountPath", 1024},
      {"storage.mounts.*.path", 1024},
      {"storage.mounts.*.from", 253},
      {"storage.mounts.*.mountPath", 1024},
  };
  return kBounds;
}

constexpr std::size_t kLongestEnvName = 128;
constexpr std::size_t kLongestEnvValue = 65536;
constexpr std::size_t kLongestSecretName = 253;

// Variables are alike wherever they stand.
std::optional<std::size_t> bound_of(std::string_view field) {
  static constexpr std::string_view kVariable = "envs.*.";
  const std::size_t at = field.find(kVariable);
  if (at == std::string_view::npos) {
    const auto found = bounds().find(std::string(field));
    return found == bounds().end() ? std::nullopt : std::optional(found->second);
  }
  const std::string_view part = field.substr(at + kVariable.size());
  if (part == "name") return kLongestEnvName;
  if (part == "value") return kLongestEnvValue;
  if (part == "valueFrom.leptonSecret") return kLongestSecretName;
  return std::nullopt;
}

// As the API server counts: characters, not bytes.
std::size_t characters(const std::string& text) {
  const auto begins_one = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_one));
}

void check(const Json& value, const std::string& field, const std::string& path, std::vector<FieldError>& errors) {
  const std::optional<std::size_t> most = bound_of(field);
  if (!most) return;
  if (value.is_string() && characters(value.as_string()) > *most) {
    errors.push_back({path, "must be at most " + std::to_string(*most) + " characters"});
  } else if ((value.is_array() || value.is_object()) && value.size() > *most) {
    errors.push_back({path, "has " + std::to_string(value.size()) + " entries; at most " + std::to_string(*most) + " are allowed"});
  }
}

bool is_free(const std::string& field) { return field == "evaluation.config" || field == "evaluation.tasks.*.config"; }

void walk(const Json& value, const std::string& field, const std::string& path, std::vector<FieldError>& errors) {
  check(value, field, path, errors);
  if (value.is_array()) {
    std::size_t index = 0;
    for (const Json& item : value.as_array()) walk(item, field + ".*", path + "[" + std::to_string(index++) + "]", errors);
  } else if (value.is_object() && !is_free(field)) {
    for (const auto& [name, member] : value.as_object()) {
      const std::string part = field == "deployment.paths" ? "*" : name;
      walk(member, field.empty() ? part : field + "." + part, path + "." + name, errors);
    }
  }
}

}  // namespace

void check_bounds(const Json& spec, std::vector<FieldError>& errors) {
  if (!spec.is_object()) return;
  for (const auto& [name, member] : spec.as_object()) {
    // A Workspace's defaults have the shape of an Invocation's sections.
    walk(member, name == "defaults" ? "" : name, "spec." + name, errors);
  }
}

}  // namespace lepton_operator::invocation
