// Which cluster the shared flags and the environment mean, in kubectl's order: --kubeconfig and --context, KUBECONFIG, ~/.kube/config, and
// only then the service account of the Pod that we are in. Reads files; main thread. Fails with one sentence that names the file.
#pragma once

#include <filesystem>

#include "cli/session.h"
#include "kube/config.h"

namespace lepton_operator::cli {

base::Result<kube::ClusterConfig> find_cluster(
    const Globals& globals, const Environment& environment,
    const std::filesystem::path& service_account = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace lepton_operator::cli
