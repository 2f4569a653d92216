#include "kube/connect.h"

#include "base/http_cpprest.h"

namespace lepton_operator::kube {

Result<std::unique_ptr<Api>> make_api(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config, ApiOptions options,
                                      int max_connections) {
  const auto scheme = config.server.find("://");
  const auto path = scheme == std::string::npos ? scheme : config.server.find('/', scheme + 3);
  options.path_prefix = path == std::string::npos ? "" : config.server.substr(path);
  const auto transport = base::make_http_transport(io, {.base_url = config.server.substr(0, path),
                                                        .ca_data = config.ca_pem,
                                                        .client_certificate = config.client_certificate_pem,
                                                        .client_key = config.client_key_pem,
                                                        .server_name = config.tls_server_name,
                                                        .verify_tls = !config.insecure_skip_tls_verify,
                                                        .max_connections = max_connections});
  if (!transport) {
    base::Error error = transport.error();
    if (error.where.empty()) error.where = "the cluster's connection";
    return error;
  }
  return std::make_unique<Api>(*transport, make_token_source(io, clock, config), clock, std::move(options));
}

}  // namespace lepton_operator::kube
