// What the codecs of endpoints, jobs and the rest share. Internal to lepton/. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lepton/types.h"

namespace lepton_operator::lepton::codec {

// Requests.
Json labels_json(const Labels& labels);
Json envs_json(const std::vector<EnvVar>& envs);
Json mounts_json(const std::vector<Mount>& mounts);
Json affinity_json(const std::vector<std::string>& node_group_ids);
std::string lower_ascii(std::string text);  // shapes: the SDK lower-cases them

// Answers. What one says of the fields that we set, by its `spec` (codec_seen.cc).
SeenSpec seen_spec(const Json& spec);
// `metadata.<member>`, when it is a text that is not empty.
std::optional<std::string> metadata_text(const Json& body, std::string_view member);
std::optional<Timestamp> created_at(const Json& body);
Labels labels_of(const Json& body);
// A Unix time of unknown unit: below 10^11 (year 5138 in seconds, 1973 in milliseconds) it is seconds. Nothing for zero and below.
std::optional<Timestamp> unix_time(std::optional<std::int64_t> value);
bool is_list(const Json& body);  // an array, or null: Go writes an empty list so
base::Error malformed(std::string what);

}  // namespace lepton_operator::lepton::codec
