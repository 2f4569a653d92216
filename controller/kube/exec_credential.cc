#include "kube/exec_credential.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

Json cluster_info(const ClusterConfig& config) {
  Json cluster = base::json_object();
  cluster["server"] = Json::string(config.server);
  base::set_if(cluster, "tls-server-name", config.tls_server_name);
  if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = Json::boolean(true);
  if (config.ca_pem) cluster["certificate-authority-data"] = Json::string(base::base64_encode(*config.ca_pem));
  if (config.exec_cluster_config) {
    const Result<Json> extra = base::parse_json(*config.exec_cluster_config, "config");
    if (extra) cluster["config"] = *extra;
  }
  return cluster;
}

}  // namespace

std::string exec_info(const ClusterConfig& config, const ExecPlugin& plugin) {
  Json spec = base::json_object();
  spec["interactive"] = Json::boolean(false);
  if (plugin.provide_cluster_info) spec["cluster"] = cluster_info(config);
  Json info = base::json_object();
  info["apiVersion"] = Json::string(plugin.api_version);
  info["kind"] = Json::string("ExecCredential");
  info["spec"] = spec;
  return base::to_text(info);
}

Result<ExecCredential> read_exec_credential(const ExecPlugin& plugin, std::string_view output) {
  const std::string who = "the exec plugin \"" + plugin.command + "\" ";
  const auto wrong = [&who](const std::string& what) { return Error{ErrorKind::kUnreachable, who + what}; };
  const Result<Json> parsed = base::parse_json(output, "output");
  if (!parsed || !parsed->is_object()) return wrong("did not print a JSON object");
  if (base::get_string(*parsed, "kind") != "ExecCredential") return wrong("did not print an ExecCredential");
  const std::string version = base::get_string(*parsed, "apiVersion").value_or("");
  if (version != plugin.api_version) return wrong("answered in another apiVersion than " + plugin.api_version + ", which was asked for");

  const Json& status = base::get_object(*parsed, "status");
  const std::string certificate = base::get_string(status, "clientCertificateData").value_or("");
  if (!certificate.empty()) return wrong("gave a client certificate, which is not supported; let it give a token");
  ExecCredential credential;
  credential.token = base::get_string(status, "token").value_or("");
  if (credential.token.empty()) return wrong("gave no token");
  if (!usable_token(credential.token)) return wrong("gave a token with characters that no token has");
  if (const auto expiry = base::get_string(status, "expirationTimestamp")) {
    credential.expires_at = base::parse_timestamp(*expiry);
    if (!credential.expires_at) return wrong("gave an expirationTimestamp that is no RFC 3339 time");
  }
  return credential;
}

bool usable_token(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace lepton_operator::kube
