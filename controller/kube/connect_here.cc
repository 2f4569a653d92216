#include <cstdlib>

#include "kube/connect.h"

namespace lepton_operator::kube {

Result<std::unique_ptr<Api>> make_api_here(boost::asio::io_context& io, base::Clock& clock, ApiOptions options) {
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  auto config = in_cluster_config(environment);
  if (!config) config = load_kubeconfig(std::nullopt, std::nullopt, environment);
  if (!*config) return config->error();
  return make_api(io, clock, **config, std::move(options));
}

}  // namespace lepton_operator::kube
