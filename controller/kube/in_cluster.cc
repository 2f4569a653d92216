#include "base/files.h"
#include "kube/config.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kLargestFile = 1u << 20;

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The transport takes no IPv6 literal (base/http_cpprest.h); every cluster's DNS and every API server's certificate know this name.
std::string by_name_if_ipv6(const std::string& host) { return host.find(':') != std::string::npos ? "kubernetes.default.svc" : host; }

// The file's text; nothing when it does not exist.
Result<std::optional<std::string>> read_if_there(const std::filesystem::path& path) {
  Result<std::string> text = base::read_file(path, kLargestFile);
  if (text) return std::optional(std::move(text).value());
  if (text.error().kind == ErrorKind::kNotFound) return std::optional<std::string>();
  return text.error();
}

Result<ClusterConfig> service_account_config(std::string server, const std::filesystem::path& root) {
  ClusterConfig config;
  config.server = std::move(server);
  config.token_file = root / "token";

  // Without a CA of the cluster the system's are asked: the connection is verified all the same.
  Result<std::optional<std::string>> ca = read_if_there(root / "ca.crt");
  if (!ca) return ca.error();
  if (*ca && (*ca)->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return Error{ErrorKind::kInvalid, "holds no PEM certificate", (root / "ca.crt").string()};
  }
  config.ca_pem = std::move(*ca);

  const Result<std::optional<std::string>> space = read_if_there(root / "namespace");
  if (!space) return space.error();
  if (*space && !trimmed(**space).empty()) config.namespace_ = trimmed(**space);
  return config;
}

}  // namespace

std::optional<Result<ClusterConfig>> in_cluster_config(const Environment& environment, const std::filesystem::path& root) {
  const auto host = environment("KUBERNETES_SERVICE_HOST");
  const auto port = environment("KUBERNETES_SERVICE_PORT");
  std::error_code ignored;
  const bool account = std::filesystem::exists(root / "token", ignored);
  if (!host || host->empty() || !port || port->empty() || !account) return std::nullopt;
  return service_account_config("https://" + by_name_if_ipv6(*host) + ":" + *port, root);
}

}  // namespace lepton_operator::kube
