// What a kubeconfig's cluster and user sections say, put into a ClusterConfig. Fails with the field that cannot be used. Any thread.
#pragma once

#include "kube/config.h"
#include "kube/kubeconfig_section.h"

namespace lepton_operator::kube {

base::Result<> read_cluster(KubeconfigSection section, ClusterConfig& config);
base::Result<> read_user(KubeconfigSection section, ClusterConfig& config);

}  // namespace lepton_operator::kube
