#include "core/world.h"

namespace lepton_operator::simulator {

std::optional<StorageApi> storage_api_named(const std::string& name) {
  if (name == "name") return StorageApi::kName;
  if (name == "literal") return StorageApi::kLiteral;
  if (name == "absent") return StorageApi::kAbsent;
  if (name == "other-volume") return StorageApi::kOtherVolume;
  return std::nullopt;
}

std::optional<ApiFamily> api_family_named(const std::string& name) {
  if (name == "deployments") return ApiFamily::kDeployments;
  if (name == "endpoints") return ApiFamily::kEndpoints;
  return std::nullopt;
}

const char* to_string(ApiFamily family) {
  switch (family) {
    case ApiFamily::kDeployments: return "deployments";
    case ApiFamily::kEndpoints: return "endpoints";
  }
  __builtin_unreachable();
}

std::optional<FormerFamily> former_family_named(const std::string& name) {
  if (name == "moved") return FormerFamily::kMoved;
  if (name == "kept") return FormerFamily::kKept;
  if (name == "hidden") return FormerFamily::kHidden;
  return std::nullopt;
}

Volume* World::mounted(const std::string& from) {
  const std::size_t colon = from.find(':');
  const std::string name = from.starts_with("node-") && colon != std::string::npos ? from.substr(colon + 1) : from;
  const auto found = volumes.find(name);
  return found == volumes.end() ? nullptr : &found->second;
}

std::string World::suffix(std::size_t length) { return random->hex((length + 1) / 2).substr(0, length); }

base::Json unix_ms(base::Timestamp at) { return base::Json::number(static_cast<std::int64_t>(at.time_since_epoch().count())); }

base::Json unix_s(base::Timestamp at) { return base::Json::number(static_cast<std::int64_t>(at.time_since_epoch().count() / 1000)); }

base::Json text(const std::string& value) { return base::Json::string(value); }

}  // namespace lepton_operator::simulator
