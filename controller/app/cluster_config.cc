#include "app/cluster_config.h"

#include <utility>

namespace lepton_operator::app {

using base::Error;
using base::ErrorKind;
using base::Result;

Result<kube::ClusterConfig> find_cluster(const Options& options, const kube::Environment& environment,
                                         const std::filesystem::path& service_account) {
  if (options.kubeconfig || options.context) {
    auto named = kube::load_kubeconfig(options.kubeconfig, options.context, environment);
    if (!named) return of_flag(options.kubeconfig ? "--kubeconfig" : "--context", named.error());
    return named;
  }
  if (auto mounted = kube::in_cluster_config(environment, service_account)) return std::move(*mounted);
  if (environment("KUBECONFIG").value_or("").empty()) {
    return Error{ErrorKind::kInvalid,
                 "there is nothing to work on: give --manifests DIR and --state-dir DIR, or --kubeconfig FILE for a cluster (in a Pod its "
                 "service account would do)"};
  }
  auto from_environment = kube::load_kubeconfig(std::nullopt, std::nullopt, environment);
  if (!from_environment) return of_flag("KUBECONFIG", from_environment.error());
  return from_environment;
}

std::string server_host(const std::string& server) {
  const std::size_t scheme = server.find("://");
  const std::size_t from = scheme == std::string::npos ? 0 : scheme + 3;
  return server.substr(from, server.find('/', from) - from);
}

}  // namespace lepton_operator::app
