#include "lepton/codec_parts.h"

#include <algorithm>

namespace lepton_operator::lepton::codec {

Json labels_json(const Labels& labels) {
  Json object = base::json_object();
  for (const auto& [key, value] : labels) object[std::string(key)] = Json::string(std::string(value));
  return object;
}

Json envs_json(const std::vector<EnvVar>& envs) {
  Json array = base::json_array();
  for (const EnvVar& env : envs) {
    Json item = base::json_object();
    item["name"] = Json::string(env.name);
    if (env.secret_name) {
      item["value_from"] = base::json_object();
      item["value_from"]["secret_name_ref"] = Json::string(*env.secret_name);
    } else {
      item["value"] = Json::string(env.value.value_or(""));
    }
    array[array.size()] = item;
  }
  return array;
}

Json mounts_json(const std::vector<Mount>& mounts) {
  Json array = base::json_array();
  for (const Mount& mount : mounts) {
    Json item = base::json_object();
    item["path"] = Json::string(mount.path);
    item["from"] = Json::string(mount.from);
    item["mount_path"] = Json::string(mount.mount_path);
    array[array.size()] = item;
  }
  return array;
}

Json affinity_json(const std::vector<std::string>& node_group_ids) {
  Json affinity = base::json_object();
  affinity["allowed_dedicated_node_groups"] = base::to_json(node_group_ids);
  return affinity;
}

std::string lower_ascii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::optional<std::string> metadata_text(const Json& body, std::string_view member) {
  std::optional<std::string> text = base::get_string(base::get_object(body, "metadata"), member);
  if (text && text->empty()) return std::nullopt;
  return text;
}

std::optional<Timestamp> unix_time(std::optional<std::int64_t> value) {
  constexpr std::int64_t kSmallestMilliseconds = 100'000'000'000;
  constexpr std::int64_t kLargest = 100'000'000'000'000;  // beyond, it is no time
  if (!value || *value <= 0 || *value >= kLargest) return std::nullopt;
  if (*value < kSmallestMilliseconds) return Timestamp{std::chrono::seconds(*value)};
  return Timestamp{std::chrono::milliseconds(*value)};
}

std::optional<Timestamp> created_at(const Json& body) { return unix_time(base::get_int(base::get_object(body, "metadata"), "created_at")); }

Labels labels_of(const Json& body) {
  Labels labels;
  const Json& object = base::get_object(base::get_object(body, "metadata"), "labels");
  for (const auto& [key, value] : object.as_object()) {
    if (value.is_string()) labels.set(key, value.as_string());
  }
  return labels;
}

bool is_list(const Json& body) { return body.is_array() || body.is_null(); }

base::Error malformed(std::string what) { return base::Error{base::ErrorKind::kMalformed, std::move(what)}; }

}  // namespace lepton_operator::lepton::codec
