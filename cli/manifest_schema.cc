#include "cli/manifest_schema.h"

#include <stdexcept>

#include "base/yaml.h"
#include "cli/embedded_crd.h"

namespace lepton_operator::cli {

using base::find;
using base::Json;

const std::string_view kRunConfigFields = R"({
  "x-run-config": true,
  "x-kubernetes-preserve-unknown-fields": true,
  "properties": {
    "config": {
      "x-kubernetes-preserve-unknown-fields": true,
      "properties": {
        "type": {},
        "supported_endpoint_types": {"type": "array", "items": {}},
        "params": {
          "x-kubernetes-preserve-unknown-fields": true,
          "properties": {
            "limit_samples": {}, "max_new_tokens": {}, "max_retries": {}, "parallelism": {}, "task": {}, "temperature": {},
            "request_timeout": {}, "top_p": {}, "extra": {"x-kubernetes-preserve-unknown-fields": true}
          }
        }
      }
    },
    "target": {
      "x-kubernetes-preserve-unknown-fields": true,
      "properties": {
        "api_endpoint": {
          "x-kubernetes-preserve-unknown-fields": true,
          "properties": {
            "api_key_name": {}, "model_id": {}, "stream": {}, "type": {}, "url": {},
            "adapter_config": {"x-kubernetes-preserve-unknown-fields": true}
          }
        }
      }
    }
  }
})";

namespace {

constexpr const char* kFree = "x-kubernetes-preserve-unknown-fields";

constexpr std::string_view kMetadata = R"({
  "type": "object",
  "properties": {
    "name": {"type": "string"},
    "namespace": {"type": "string"},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "annotations": {"type": "object", "additionalProperties": {"type": "string"}}
  }
})";

Json& at(Json& schema, std::initializer_list<const char*> names) {
  Json* found = &schema;
  for (const char* name : names) found = &(*found)[name];
  return *found;
}

Json constant(std::string_view text) {
  auto parsed = base::parse_json(text, "built in");
  if (!parsed) throw std::logic_error(parsed.error().text());
  return std::move(*parsed);
}

Json manifest_schema() {
  const auto documents = base::parse_yaml(kEmbeddedInvocationCrd, "the CRD");
  if (!documents || documents->size() != 1) throw std::logic_error("the CRD that was built in cannot be read");
  const Json& version = base::get_object(documents->front().value, "spec").at("versions").at(0);
  Json properties = version.at("schema").at("openAPIV3Schema").at("properties");
  properties.erase("status");
  properties["metadata"] = constant(kMetadata);
  Json& evaluation = at(properties, {"spec", "properties", "evaluation", "properties"});
  const Json run_config = constant(kRunConfigFields);
  for (Json* config : {&evaluation["config"], &at(evaluation, {"tasks", "items", "properties", "config"})}) {
    *config = base::merged(*config, run_config);
  }
  Json schema = base::json_object();
  schema["properties"] = std::move(properties);
  return schema;
}

void collect(const Json& schema, const std::string& name, const std::string& path, std::vector<std::string>& found) {
  for (const auto& [member, below] : base::get_object(schema, "properties").as_object()) {
    const std::string here = path.empty() ? member : path + "." + member;
    if (member == name) found.push_back(here);
    collect(below, name, here, found);
  }
  if (const Json* items = find(schema, "items")) collect(*items, name, path + ".NAME", found);
}

}  // namespace

FieldSchema FieldSchema::manifest() {
  static const Json schema = manifest_schema();
  return FieldSchema(&schema);
}

FieldSchema::Membership FieldSchema::membership(const std::string& name) const {
  if (json_ == nullptr) return Membership::kFree;
  if (find(base::get_object(*json_, "properties"), name) != nullptr) return Membership::kKnown;
  if (find(*json_, "additionalProperties") != nullptr) return Membership::kKnown;
  if (is_run_config() && name == "params") return Membership::kKnown;
  return base::get_bool(*json_, kFree).value_or(false) ? Membership::kFree : Membership::kUnknown;
}

FieldSchema FieldSchema::member(const std::string& name) const {
  if (json_ == nullptr) return *this;
  const Json& properties = base::get_object(*json_, "properties");
  if (const Json* known = find(properties, name)) return FieldSchema(known);
  if (const Json* any = find(*json_, "additionalProperties")) return FieldSchema(any);
  if (is_run_config() && name == "params") return member("config").member(name);
  return FieldSchema(nullptr);
}

FieldSchema FieldSchema::element() const { return FieldSchema(json_ == nullptr ? nullptr : find(*json_, "items")); }

bool FieldSchema::is_list() const { return json_ != nullptr && find(*json_, "items") != nullptr; }

bool FieldSchema::is_map_by_name() const {
  return json_ != nullptr && base::get_strings(*json_, "x-kubernetes-list-map-keys") == std::vector<std::string>{"name"};
}

bool FieldSchema::is_run_config() const { return json_ != nullptr && find(*json_, "x-run-config") != nullptr; }

std::vector<std::string> FieldSchema::known() const {
  std::vector<std::string> names;
  if (json_ == nullptr) return names;
  for (const auto& [name, ignored] : base::get_object(*json_, "properties").as_object()) names.push_back(name);
  return names;
}

std::vector<std::string> FieldSchema::paths_to(const std::string& name) const {
  std::vector<std::string> found;
  if (json_ != nullptr) collect(*json_, name, "", found);
  return found;
}

}  // namespace lepton_operator::cli
