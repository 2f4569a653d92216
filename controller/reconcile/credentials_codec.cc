#include "reconcile/credentials_codec.h"

namespace lepton_operator::reconcile {

using base::Json;

Json encode_credentials(const lepton::Credentials& credentials) {
  Json entry = base::json_object();
  entry["workspaceId"] = Json::string(credentials.workspace_id);
  entry["token"] = Json::string(credentials.token);
  entry["url"] = Json::string(credentials.url);
  base::set_if(entry, "origin", credentials.origin);
  return entry;
}

std::optional<lepton::Credentials> decode_credentials(const Json& entry) {
  lepton::Credentials credentials;
  credentials.workspace_id = base::get_string(entry, "workspaceId").value_or("");
  credentials.token = base::get_string(entry, "token").value_or("");
  credentials.url = base::get_string(entry, "url").value_or("");
  credentials.origin = base::get_string(entry, "origin");
  if (credentials.workspace_id.empty() || credentials.token.empty() || credentials.url.empty()) return std::nullopt;
  return credentials;
}

}  // namespace lepton_operator::reconcile
