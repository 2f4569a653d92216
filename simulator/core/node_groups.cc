#include "core/node_groups.h"

#include <algorithm>

#include "core/routing.h"
#include "core/world.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

struct Shape {
  const char* name;
  double cpu;
  int memory_mb;
  const char* accelerator;
  double accelerators;
};

constexpr Shape kShapes[] = {
    {"cpu.small", 1, 4096, "", 0},
    {"cpu.medium", 2, 8192, "", 0},
    {"cpu.large", 4, 16384, "", 0},
    {"gpu.1xh200", 22, 220000, "NVIDIA-H200", 1},
    {"gpu.2xh200", 44, 440000, "NVIDIA-H200", 2},
    {"gpu.4xh200", 88, 880000, "NVIDIA-H200", 4},
    {"gpu.8xh200", 176, 1760000, "NVIDIA-H200", 8},
    {"gpu.1xh100-80gb", 22, 220000, "NVIDIA-H100-80GB-HBM3", 1},
    {"gpu.a10", 8, 65536, "NVIDIA-A10", 1},
};

Json named(const std::string& id, const std::string& name) {
  Json metadata = base::json_object();
  metadata["id"] = text(id);
  metadata["name"] = text(name);
  metadata["created_at"] = Json::number(static_cast<std::int64_t>(1'750'000'000'000));
  return metadata;
}

Json volumes() {
  Json volume = base::json_object();
  volume["from"] = text("nfs");
  volume["name"] = text("lepton-shared-fs");
  volume["size_in_gb"] = Json::number(10240);
  volume["creation_mode"] = text("mount");
  volume["from_path"] = text("/mnt/lepton-shared-fs");
  volume["default_mount_path"] = text("/mnt/lepton-shared-fs");
  return Json::array({volume});
}

Json group_json(const NodeGroup& group, const std::string& workspace) {
  Json value = base::json_object();
  value["metadata"] = named(group.id, group.name);
  Json spec = base::json_object();
  spec["workspaces"] = base::to_json({workspace});
  spec["volumes"] = volumes();
  spec["allocation_mode"] = text("static");
  spec["infini_band_enabled"] = Json::boolean(!group.gpu_product.empty());
  spec["owner"] = text("customer");
  spec["gpu_product"] = text(group.gpu_product);
  spec["desired_nodes"] = Json::number(static_cast<std::int64_t>(group.nodes.size()));
  value["spec"] = spec;
  Json status = base::json_object();
  status["ready_nodes"] = Json::number(static_cast<std::int64_t>(group.nodes.size()));
  status["quota_enabled"] = Json::boolean(!group.gpu_product.empty());  // only there may a workload have a priority
  value["status"] = status;
  return value;
}

Json usage(double total) {
  Json value = base::json_object();
  value["allocated"] = Json::number(0);
  value["total"] = Json::number(total);
  return value;
}

Json node_json(const NodeGroup& group, const Node& node) {
  Json value = base::json_object();
  value["metadata"] = named(node.id, node.id);
  Json resource = base::json_object();
  resource["cpu"] = usage(192);
  resource["cpu"]["type"] = text("amd64");
  resource["memory"] = usage(2'000'000);
  if (node.gpus > 0) {
    resource["gpu"] = usage(node.gpus);
    resource["gpu"]["product"] = text(group.gpu_product);
  }
  Json spec = base::json_object();
  spec["unschedulable"] = Json::boolean(false);
  spec["dedicated_node_group"] = text(group.id);
  spec["provider"] = text("sim");
  spec["resource"] = resource;
  value["spec"] = spec;
  Json status = base::json_object();
  status["status"] = base::to_json({"Ready"});
  status["workloads"] = base::json_array();
  value["status"] = status;
  return value;
}

// A workload may ask for it in this group: GPUs only where the group has that kind.
bool offered(const Shape& shape, const NodeGroup& group) { return shape.accelerators == 0 || group.gpu_product == shape.accelerator; }

bool offered_in_any(const Shape& shape, const std::vector<std::string>& ids) {
  return ids.empty() || std::any_of(node_groups().begin(), node_groups().end(), [&](const NodeGroup& group) {
           return std::find(ids.begin(), ids.end(), group.id) != ids.end() && offered(shape, group);
         });
}

Json shape_json(const Shape& shape) {
  Json value = base::json_object();
  value["metadata"] = named(shape.name, shape.name);
  Json spec = base::json_object();
  spec["name"] = text(shape.name);
  spec["listable_in"] = base::to_json({"pod", "deployment", "job"});
  spec["cpu"] = Json::number(shape.cpu);
  spec["memory_in_mb"] = Json::number(shape.memory_mb);
  if (shape.accelerators > 0) {
    spec["accelerator_type"] = text(shape.accelerator);
    spec["accelerator_num"] = Json::number(shape.accelerators);
  }
  value["spec"] = spec;
  return value;
}

Response nodes_of(const NodeGroup& group, const Request& request) {
  if (auto refusal = refuse_unknown_query(request, {"idle"})) return *refusal;
  std::vector<Json> nodes;
  for (const Node& node : group.nodes) nodes.push_back(node_json(group, node));
  return json_answer(Json::array(nodes));
}

}  // namespace

const std::vector<NodeGroup>& node_groups() {
  static const std::vector<NodeGroup> kGroups = {
      {"h200-eu-a1b2c3d4", "h200-eu", "NVIDIA-H200", {{"node-h200-0", 8}, {"node-h200-1", 8}, {"node-h200-2", 8}}},
      {"cpu-eu-0f1e2d3c", "cpu-eu", "", {{"node-cpu-0", 0}, {"node-cpu-1", 0}}},
  };
  return kGroups;
}

bool node_group_exists(const std::string& id) {
  for (const NodeGroup& group : node_groups()) {
    if (group.id == id) return true;
  }
  return false;
}

bool node_exists(const std::string& id, const std::vector<std::string>& groups) {
  for (const NodeGroup& group : node_groups()) {
    if (!groups.empty() && std::find(groups.begin(), groups.end(), group.id) == groups.end()) continue;
    for (const Node& node : group.nodes) {
      if (node.id == id) return true;
    }
  }
  return false;
}

Json replica_json(const std::string& id, const std::string& node, const std::string& version) {
  Json value = base::json_object();
  value["id"] = text(id);
  value["metadata"] = base::json_object();
  value["metadata"]["id"] = text(id);
  value["metadata"]["name"] = text(id);
  if (!version.empty()) value["metadata"]["semantic_version"] = text(version);
  value["status"] = base::json_object();
  value["status"]["node"] = base::json_object();
  value["status"]["node"]["id"] = text(node);
  value["status"]["node"]["name"] = text(node);
  return value;
}

std::string node_for(const Json& affinity, std::size_t index) {
  std::vector<std::string> nodes = base::get_strings(affinity, "allowed_nodes_in_node_group");
  const auto groups = base::get_strings(affinity, "allowed_dedicated_node_groups");
  if (nodes.empty()) {
    for (const NodeGroup& group : node_groups()) {
      if (!groups.empty() && std::find(groups.begin(), groups.end(), group.id) == groups.end()) continue;
      for (const Node& node : group.nodes) nodes.push_back(node.id);
    }
  }
  return nodes.empty() ? "node-elsewhere" : nodes[index % nodes.size()];
}

Response handle_node_groups(const Request& request, const std::vector<std::string>& rest, const std::string& workspace) {
  if (request.method != "GET") return method_not_allowed(request);
  if (rest.empty()) {
    if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
    std::vector<Json> groups;
    for (const NodeGroup& group : node_groups()) groups.push_back(group_json(group, workspace));
    return json_answer(Json::array(groups));
  }
  for (const NodeGroup& group : node_groups()) {
    if (group.id != rest[0]) continue;
    if (rest.size() == 1) return json_answer(group_json(group, workspace));
    if (rest.size() == 2 && rest[1] == "nodes") return nodes_of(group, request);
    if (rest.size() == 2 && (rest[1] == "reservations" || rest[1] == "machines")) return json_answer(base::json_array());
    return no_such_route();
  }
  return error_answer(404, "node group \"" + rest[0] + "\" not found");
}

Response handle_shapes(const Request& request, const std::vector<std::string>& rest) {
  if (!rest.empty()) return no_such_route();
  if (request.method != "GET") return method_not_allowed(request);
  if (auto refusal = refuse_unknown_query(request, {"node_groups", "purpose"})) return *refusal;
  const auto purpose = request.parameter("purpose");
  if (purpose && purpose != "deployment" && purpose != "pod" && purpose != "job") {
    return error_answer(400, "must be deployment, pod or job", "purpose");
  }
  const auto groups = request.parameters("node_groups");
  for (const std::string& id : groups) {
    if (!node_group_exists(id)) return error_answer(400, "no node group has the id \"" + id + "\"", "node_groups");
  }
  std::vector<Json> shapes;
  for (const Shape& shape : kShapes) {
    if (offered_in_any(shape, groups)) shapes.push_back(shape_json(shape));
  }
  return json_answer(Json::array(shapes));
}

}  // namespace lepton_operator::simulator
