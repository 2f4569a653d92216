// From what a kubeconfig or a service account says to an Api that is ready to be asked.
//
// Makes no connection yet. kInvalid, in one sentence, when the server's URL, its CA or the client certificate cannot be used. The
// io_context and the clock must outlive the Api. Domain thread.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "kube/api.h"
#include "kube/config.h"

namespace lepton_operator::kube {

// `options.path_prefix` is taken from the server's URL. Each watch holds one of the connections for long.
Result<std::unique_ptr<Api>> make_api(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config, ApiOptions options = {},
                                      int max_connections = 32);

// For a controller without flags: the service account of the Pod that this process runs in, or the kubeconfig.
Result<std::unique_ptr<Api>> make_api_here(boost::asio::io_context& io, base::Clock& clock, ApiOptions options = {});

}  // namespace lepton_operator::kube
