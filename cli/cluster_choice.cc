#include "cli/cluster_choice.h"

#include <system_error>
#include <utility>

namespace lepton_operator::cli {

namespace {

// An empty one says nothing, to kubectl neither.
bool has_own_kubeconfig(const Environment& environment) {
  const std::string home = environment("HOME").value_or("");
  if (home.empty()) return false;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::path(home) / ".kube/config";
  return std::filesystem::exists(path, error) && !std::filesystem::is_empty(path, error);
}

}  // namespace

base::Result<kube::ClusterConfig> find_cluster(const Globals& globals, const Environment& environment,
                                               const std::filesystem::path& service_account) {
  const bool told = globals.kubeconfig || globals.context || !environment("KUBECONFIG").value_or("").empty();
  if (!told && !has_own_kubeconfig(environment)) {
    if (auto mounted = kube::in_cluster_config(environment, service_account)) return std::move(*mounted);
  }
  return kube::load_kubeconfig(globals.kubeconfig, globals.context, environment);
}

}  // namespace lepton_operator::cli
