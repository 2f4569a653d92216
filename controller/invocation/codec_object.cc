// Whole objects, as the API server shows them.
#include "invocation/codec_members.h"

namespace lepton_operator::invocation {

using base::find;
using base::get_object;
using base::get_string;
using base::Json;
using base::json_object;

namespace {

using codec::put;
using codec::time;

Json encode_meta(const ObjectMeta& meta) {
  Json object = json_object();
  put(object, "namespace", meta.key.namespace_);
  put(object, "name", meta.key.name);
  put(object, "uid", meta.uid);
  object["generation"] = Json::number(meta.generation);
  put(object, "resourceVersion", meta.resource_version);
  put(object, "creationTimestamp", meta.created);
  put(object, "deletionTimestamp", meta.deleted);
  if (!meta.finalizers.empty()) object["finalizers"] = base::to_json(meta.finalizers);
  if (!meta.annotations.empty()) {
    Json& annotations = object["annotations"] = json_object();
    for (const auto& [name, value] : meta.annotations) annotations[name] = Json::string(value);
  }
  return object;
}

Json encode_object(const char* kind, const ObjectMeta& meta, const Json& spec, Json status) {
  Json object = json_object();
  object["apiVersion"] = Json::string(kApiVersion);
  object["kind"] = Json::string(kind);
  object["metadata"] = encode_meta(meta);
  object["spec"] = spec;
  if (status.size() != 0) object["status"] = std::move(status);
  return object;
}

Json spec_of(const Json& object) {
  const Json* spec = find(object, "spec");
  return spec == nullptr ? json_object() : *spec;
}

}  // namespace

Json encode(const Invocation& object) { return encode_object("Invocation", object.meta, object.spec, encode(object.status)); }
Json encode(const Workspace& object) { return encode_object("Workspace", object.meta, object.spec, encode(object.status)); }

ObjectMeta decode_meta(const Json& metadata) {
  ObjectMeta meta;
  meta.key.namespace_ = get_string(metadata, "namespace").value_or("");
  meta.key.name = get_string(metadata, "name").value_or("");
  meta.uid = get_string(metadata, "uid").value_or("");
  meta.generation = base::get_int(metadata, "generation").value_or(1);
  meta.resource_version = get_string(metadata, "resourceVersion").value_or("");
  meta.created = time(metadata, "creationTimestamp");
  meta.deleted = time(metadata, "deletionTimestamp");
  meta.finalizers = base::get_strings(metadata, "finalizers");
  for (const auto& [name, value] : get_object(metadata, "annotations").as_object()) {
    if (value.is_string()) meta.annotations[name] = value.as_string();
  }
  return meta;
}

Invocation decode_invocation(const Json& object) {
  return Invocation{decode_meta(get_object(object, "metadata")), spec_of(object), decode_invocation_status(get_object(object, "status"))};
}

Workspace decode_workspace(const Json& object) {
  return Workspace{decode_meta(get_object(object, "metadata")), spec_of(object), decode_workspace_status(get_object(object, "status"))};
}

}  // namespace lepton_operator::invocation
