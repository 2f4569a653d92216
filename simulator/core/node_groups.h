// Node groups, their nodes, and resource shapes (contract, section 10). Two groups stand: h200-eu and cpu-eu, both with the NFS volume
// lepton-shared-fs. Pure but for the workspace's id in the answers.
#pragma once

#include <string>
#include <vector>

#include "core/message.h"

namespace lepton_operator::simulator {

struct Node {
  std::string id;
  double gpus;
};

struct NodeGroup {
  std::string id;
  std::string name;
  std::string gpu_product;
  std::vector<Node> nodes;
};

const std::vector<NodeGroup>& node_groups();
bool node_group_exists(const std::string& id);
// In any of these groups; in any at all when the list is empty.
bool node_exists(const std::string& id, const std::vector<std::string>& groups);

// Where the index-th replica of a workload with this affinity runs, and how a replica is shown; the version may be empty.
std::string node_for(const base::Json& affinity, std::size_t index);
base::Json replica_json(const std::string& id, const std::string& node, const std::string& version);

Response handle_node_groups(const Request& request, const std::vector<std::string>& rest, const std::string& workspace);
Response handle_shapes(const Request& request, const std::vector<std::string>& rest);

}  // namespace lepton_operator::simulator
