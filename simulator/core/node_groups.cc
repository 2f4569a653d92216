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
  status["quota_enabled"] = Json::boolean(false);
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
  std::vector<Json> shapes;
  for (const Shape& shape : kShapes) {
    Json value = base::json_object();
    value["metadata"] = named(shape.name, shape.name);
    Json spec = base::json_object();
    spec["name"] = text(shape.name);
    spec["cpu"] = Json::number(shape.cpu);
    spec["memory_in_mb"] = Json::number(shape.memory_mb);
    if (shape.accelerators > 0) {
      spec["accelerator_type"] = text(shape.accelerator);
      spec["accelerator_num"] = Json::number(shape.accelerators);
    }
    value["spec"] = spec;
    shapes.push_back(std::move(value));
  }
  return json_answer(Json::array(shapes));
}

}  // namespace lepton_operator::simulator
