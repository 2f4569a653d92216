// Which cluster the flags and the environment mean. Reads files; main thread, at the start.
//
// --kubeconfig or --context; else the service account of this Pod; else KUBECONFIG. Fails with one sentence that names the flag.
#pragma once

#include <filesystem>
#include <string>

#include "app/flags.h"
#include "kube/config.h"

namespace lepton_operator::app {

base::Result<kube::ClusterConfig> find_cluster(
    const Options& options, const kube::Environment& environment,
    const std::filesystem::path& service_account = "/var/run/secrets/kubernetes.io/serviceaccount");

// "https://10.0.0.1:6443/prefix" -> "10.0.0.1:6443": the label of metrics.
std::string server_host(const std::string& server);

}  // namespace lepton_operator::app
