#include "lepton/inventory.h"

#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::find;
using base::get_object;
using base::get_string;

namespace {

std::optional<std::vector<std::string>> volumes_of(const Json& spec) {
  const Json* listed = find(spec, "volumes");
  if (listed == nullptr) return std::nullopt;
  std::vector<std::string> volumes;
  for (const Json& volume : base::elements(listed)) {
    const std::string from = get_string(volume, "from").value_or("");
    const std::string name = get_string(volume, "name").value_or("");
    if (from.empty()) continue;
    volumes.push_back(name.empty() ? "node-" + from : "node-" + from + ":" + name);
  }
  return volumes;
}

}  // namespace

base::Result<WorkspaceRecord> decode_workspace_record(const Json& body) {
  base::Result<WorkspaceInfo> info = decode_workspace(body);
  if (!info) return info.error();
  return WorkspaceRecord{std::move(*info), base::get_int(get_object(body, "workloads"), "num_image_pull_secrets")};
}

base::Result<std::vector<GroupOffer>> decode_group_offers(const Json& body) {
  if (!codec::is_list(body)) return codec::malformed("the list of node groups is no JSON array");
  std::vector<GroupOffer> offers;
  for (const Json& item : base::elements(&body)) {
    const std::optional<std::string> id = codec::metadata_text(item, "id");
    if (!id) continue;
    GroupOffer offer;
    offer.group = {*id, codec::metadata_text(item, "name").value_or(*id)};
    offer.ready_nodes = base::get_int(get_object(item, "status"), "ready_nodes");
    offer.volumes = volumes_of(get_object(item, "spec"));
    offers.push_back(std::move(offer));
  }
  return offers;
}

base::Result<std::vector<std::string>> decode_shape_names(const Json& body) {
  if (!codec::is_list(body)) return codec::malformed("the list of shapes is no JSON array");
  std::vector<std::string> names;
  for (const Json& item : base::elements(&body)) {
    std::optional<std::string> name = get_string(get_object(item, "spec"), "name");
    if (!name) name = codec::metadata_text(item, "name");
    if (name) names.push_back(codec::lower_ascii(*name));
  }
  return names;
}

}  // namespace lepton_operator::lepton
