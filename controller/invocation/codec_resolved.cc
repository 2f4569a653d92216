// The inputs that were frozen before the first request, as JSON and back.
#include "invocation/codec_members.h"

namespace lepton_operator::invocation::codec {

using base::find;
using base::Json;
using base::json_array;
using base::json_object;

Json encode_resolved(const Resolved& resolved) {
  Json object = json_object();
  put(object, "workspaceId", resolved.workspace_id);
  put(object, "workspaceUrl", resolved.workspace_url);
  if (!resolved.defaults.is_null()) object["defaults"] = resolved.defaults;
  put(object, "endpointNodeGroupId", resolved.endpoint_node_group_id);
  put(object, "tokenKeyId", resolved.token_key_id);
  Json tasks = json_array();
  for (const auto& [name, task] : resolved.tasks) {
    Json item = json_object();
    item["name"] = Json::string(name);
    put(item, "harness", task.harness);
    put(item, "configType", task.config_type);
    put(item, "container", task.container);
    put(item, "endpointType", task.endpoint_type);
    put(item, "nodeGroupId", task.node_group_id);
    put(item, "nodeGroup", task.node_group);
    tasks[tasks.size()] = std::move(item);
  }
  put_part(object, "tasks", std::move(tasks));
  return object;
}

Resolved decode_resolved(const Json& object) {
  Resolved resolved;
  resolved.workspace_id = text(object, "workspaceId");
  resolved.workspace_url = text(object, "workspaceUrl");
  if (const Json* defaults = find(object, "defaults")) resolved.defaults = *defaults;
  resolved.endpoint_node_group_id = text(object, "endpointNodeGroupId");
  resolved.token_key_id = text(object, "tokenKeyId");
  for (const Json& item : base::elements(find(object, "tasks"))) {
    ResolvedTask task;
    task.harness = text(item, "harness");
    task.config_type = text(item, "configType");
    task.container = text(item, "container");
    task.endpoint_type = text(item, "endpointType");
    task.node_group_id = text(item, "nodeGroupId");
    task.node_group = text(item, "nodeGroup");
    resolved.tasks[text(item, "name")] = std::move(task);
  }
  return resolved;
}

}  // namespace lepton_operator::invocation::codec
