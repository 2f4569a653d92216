#include "invocation/defaults.h"

#include <map>

#include "invocation/codec_parts.h"

namespace lepton_operator::invocation {

using base::find;
using base::Json;
using base::json_object;

namespace {

Json text(const char* value) { return Json::string(value); }

Json deployment_defaults() {
  Json deployment = json_object();
  deployment["port"] = Json::number(8000);
  deployment["tensorParallelSize"] = Json::number(1);
  deployment["pipelineParallelSize"] = Json::number(1);
  deployment["dataParallelSize"] = Json::number(1);
  deployment["minReplicas"] = Json::number(1);  // maxReplicas: as many as minReplicas (codec)
  deployment["priorityClass"] = text("mid-4000");
  deployment["readinessTimeout"] = text("20m");
  // The dead-man switch: should the operator die for good, an idle endpoint gives its GPUs back after an hour.
  deployment["autoScaler"] = json_object();
  deployment["autoScaler"]["scaleDown"] = json_object();
  deployment["autoScaler"]["scaleDown"]["noTrafficTimeout"] = text("1h");
  deployment["health"] = json_object();
  deployment["health"]["readiness"] = json_object();
  deployment["health"]["liveness"] = json_object();
  return deployment;
}

Json execution_defaults() {
  Json execution = json_object();
  execution["resourceShape"] = text("cpu.small");
  execution["timeout"] = text("24h");
  return execution;
}

Json storage_defaults() {
  Json storage = json_object();
  storage["from"] = text(codec::kDefaultVolume);
  storage["path"] = text(codec::kDefaultPath);
  storage["mountPath"] = text(codec::kDefaultMountPath);
  storage["deletionPolicy"] = text("Delete");
  storage["cleanup"] = text("Auto");
  return storage;
}

// Neither an absent nor a null section may take away what lies under it.
void lay_over(Json& object, const char* section, const Json& overlay, const Json& under) {
  const Json* own = find(overlay, section);
  const Json* below = find(under, section);
  const bool has_own = own != nullptr && !own->is_null();
  const bool has_below = below != nullptr && !below->is_null();
  if (has_own && has_below) {
    object[section] = base::merged(*below, *own);
  } else if (has_own) {
    object[section] = *own;
  } else if (has_below) {
    object[section] = *below;
  }
}

bool has_no_deployment(const Json& spec) { return base::get_string(base::get_object(spec, "deployment"), "type") == "none"; }

}  // namespace

const Json& built_in_defaults() {
  static const Json defaults = [] {
    Json all = json_object();
    all["deployment"] = deployment_defaults();
    all["execution"] = execution_defaults();
    all["storage"] = storage_defaults();
    return all;
  }();
  return defaults;
}

Json resolved_defaults(const Json& workspace_defaults) {
  Json resolved = json_object();
  for (const char* section : {"deployment", "execution", "storage"}) {
    lay_over(resolved, section, workspace_defaults, built_in_defaults());
  }
  return resolved;
}

Json effective_spec(const Json& spec, const Json& resolved_defaults) {
  if (!spec.is_object()) return spec;  // the codec says what is wrong with it
  Json effective = spec;
  if (!has_no_deployment(spec)) lay_over(effective, "deployment", spec, resolved_defaults);
  lay_over(effective, "execution", spec, resolved_defaults);
  lay_over(effective, "storage", spec, resolved_defaults);
  return effective;
}

Json effective_storage(const Json& spec, const Json& resolved_defaults) {
  if (!spec.is_object()) return spec;
  Json effective = json_object();
  lay_over(effective, "storage", spec, resolved_defaults);
  return effective;
}

std::optional<std::string> default_path(const std::string& endpoint_type) {
  static const std::map<std::string, std::string> paths = {
      {"chat", "/v1/chat/completions"}, {"vlm", "/v1/chat/completions"}, {"completions", "/v1/completions"},
      {"embedding", "/v1/embeddings"},  {"ranking", "/v1/ranking"},
  };
  const auto found = paths.find(endpoint_type);
  if (found == paths.end()) return std::nullopt;
  return found->second;
}

}  // namespace lepton_operator::invocation
