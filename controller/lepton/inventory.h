// What a workspace has to offer, as far as only a diagnosis asks (kubectl lepton workspace check): the operator itself needs none of it.
//
// Decoding is lenient: what an answer leaves out is not known, and proves nothing. Pure; any thread. Fields: docs/lepton-api.md, sections 3
// and 10.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lepton/types.h"

namespace lepton_operator::lepton {

struct WorkspaceRecord {
  WorkspaceInfo info;
  std::optional<std::int64_t> image_pull_secrets;  // how many: there is no list of them
};

struct GroupOffer {
  NodeGroup group;
  std::optional<std::int64_t> ready_nodes;
  std::optional<std::vector<std::string>> volumes;  // as a mount's `from` names them: "node-nfs:lepton-shared-fs"
};

base::Result<WorkspaceRecord> decode_workspace_record(const Json& body);
base::Result<std::vector<GroupOffer>> decode_group_offers(const Json& body);
base::Result<std::vector<std::string>> decode_shape_names(const Json& body);  // lower case

}  // namespace lepton_operator::lepton
