// Workspace, node groups, secrets, storage (docs/lepton-api.md, sections 3, 8, 9, 10).
#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::get_string;
using base::json_array;
using base::json_object;

namespace {

// Decodes an array item by item; `decode` returns nothing for an item that cannot be addressed.
template <class T, class Decode>
base::Result<Decoded<T>> decode_array(const Json& body, const char* what, Decode decode) {
  if (!codec::is_list(body)) return codec::malformed(std::string("the list of ") + what + " is no JSON array");
  Decoded<T> list;
  for (const Json& item : base::elements(&body)) {
    if (std::optional<T> value = decode(item)) {
      list.items.push_back(std::move(*value));
    } else {
      ++list.malformed;
    }
  }
  return list;
}

std::optional<std::string> text(const Json& object, std::string_view member) {
  std::optional<std::string> value = get_string(object, member);
  if (value && value->empty()) return std::nullopt;
  return value;
}

}  // namespace

Json encode(const std::vector<NewSecret>& secrets) {
  Json array = json_array();
  for (const NewSecret& secret : secrets) {
    Json item = json_object();
    item["name"] = Json::string(secret.name);
    item["value"] = Json::string(secret.value);
    if (!secret.tags.empty()) item["tags"] = base::to_json(secret.tags);
    item["visibility"] = Json::string("private");
    array[array.size()] = item;
  }
  return array;
}

base::Result<WorkspaceInfo> decode_workspace(const Json& body) {
  if (!body.is_object()) return codec::malformed("the workspace is no JSON object");
  WorkspaceInfo info;
  info.name = get_string(body, "workspace_name").value_or("");
  info.state = get_string(body, "workspace_state").value_or("");
  const Json& features = base::get_object(body, "features");
  const bool endpoints = base::get_bool(features, "enable_new_deployment_api").value_or(false);
  info.family = endpoints ? ApiFamily::kEndpoints : ApiFamily::kDeployments;
  return info;
}

base::Result<Decoded<NodeGroup>> decode_node_groups(const Json& body) {
  return decode_array<NodeGroup>(body, "node groups", [](const Json& item) -> std::optional<NodeGroup> {
    const std::optional<std::string> id = codec::metadata_text(item, "id");
    if (!id) return std::nullopt;
    return NodeGroup{*id, codec::metadata_text(item, "name").value_or(*id)};
  });
}

base::Result<Decoded<Secret>> decode_secrets(const Json& body) {
  return decode_array<Secret>(body, "secrets", [](const Json& item) -> std::optional<Secret> {
    const std::optional<std::string> name = text(item, "name");
    if (!name) return std::nullopt;
    return Secret{*name, base::get_strings(item, "tags")};
  });
}

base::Result<std::vector<MaskedToken>> decode_tokens(const Json& body) {
  base::Result<Decoded<MaskedToken>> list = decode_array<MaskedToken>(body, "tokens", [](const Json& item) -> std::optional<MaskedToken> {
    constexpr std::string_view kDots = "...";
    const std::string mask = get_string(item, "masked_value").value_or("");
    const std::size_t dots = mask.find(kDots);
    const std::optional<Timestamp> expires = codec::unix_time(base::get_int(item, "expires_at"));
    if (dots == std::string::npos || mask == kDots || !expires) return std::nullopt;
    return MaskedToken{mask.substr(0, dots), mask.substr(dots + kDots.size()), *expires};
  });
  if (!list) return list.error();
  return std::move(list->items);
}

base::Result<Decoded<StorageEntry>> decode_storage(const Json& body) {
  return decode_array<StorageEntry>(body, "directory entries", [](const Json& item) -> std::optional<StorageEntry> {
    const std::optional<std::string> name = text(item, "name");
    if (!name) return std::nullopt;
    return StorageEntry{get_string(item, "type") == "dir", *name};
  });
}

base::Result<std::vector<std::string>> decode_file_systems(const Json& body) {
  const auto named = [](const Json& item) {
    std::optional<std::string> name = codec::metadata_text(item, "name");
    return name ? name : codec::metadata_text(item, "id");
  };
  base::Result<Decoded<std::string>> list = decode_array<std::string>(body, "file systems", named);
  if (!list) return list.error();
  return std::move(list->items);
}

}  // namespace lepton_operator::lepton
