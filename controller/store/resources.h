// Our own kinds, as the Kubernetes API names them (design, "The API").
//
// Values only; any thread.
#pragma once

#include "kube/api.h"

namespace lepton_operator::store {

inline kube::Resource invocations_resource() { return {.group = "lepton.dev", .version = "v1alpha1", .plural = "invocations"}; }
inline kube::Resource workspaces_resource() { return {.group = "lepton.dev", .version = "v1alpha1", .plural = "workspaces"}; }

}  // namespace lepton_operator::store
