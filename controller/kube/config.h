// Where a cluster is and who we are to it: from a kubeconfig file or from the service account that a Pod has.
//
// Reads files at load time; what may change later (token files, exec plugins) is read again by the TokenSource. Blocking, at start only;
// any thread. Fails with one sentence that names file and field (base::Error, kInvalid or kNotFound).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lepton_operator::kube {

// A program that prints a credential (client.authentication.k8s.io/v1 or v1beta1 ExecCredential).
struct ExecPlugin {
  std::string api_version = {};
  std::string command = {};
  std::vector<std::string> arguments = {};
  std::map<std::string, std::string> environment = {};
  std::string install_hint = {};
  bool provide_cluster_info = false;
};

struct ClusterConfig {
  std::string server = {};  // https://host:port[/prefix]
  std::optional<std::string> ca_pem = {};
  std::optional<std::string> tls_server_name = {};
  bool insecure_skip_tls_verify = false;
  std::string namespace_ = "default";  // the context's, or the service account's

  // How we authenticate; at most one of token, token_file, exec; a client certificate may stand beside it.
  std::optional<std::string> token = {};
  std::optional<std::filesystem::path> token_file = {};  // read again every minute and on 401 (bound tokens expire)
  std::optional<ExecPlugin> exec = {};
  std::optional<std::string> exec_cluster_config = {};  // JSON of the cluster's extension client.authentication.k8s.io/exec
  std::optional<std::string> client_certificate_pem = {};
  std::optional<std::string> client_key_pem = {};
};

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// `path` unset: KUBECONFIG (several files, the first that sets a value wins), else ~/.kube/config. `context` unset: current-context.
// Relative paths in a file are relative to it. token-file, client-certificate(-data), client-key(-data), certificate-authority(-data),
// exec.
base::Result<ClusterConfig> load_kubeconfig(const std::optional<std::filesystem::path>& path, const std::optional<std::string>& context,
                                            const Environment& environment);

// KUBERNETES_SERVICE_HOST/_PORT and /var/run/secrets/kubernetes.io/serviceaccount (`root` replaces that folder in tests). Nothing when this
// is no Pod with a service account.
std::optional<base::Result<ClusterConfig>> in_cluster_config(
    const Environment& environment, const std::filesystem::path& root = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace lepton_operator::kube
