// crds/lepton.dev_invocations.yaml as it was when this binary was built (CMake makes the source).
#pragma once

#include <string_view>

namespace lepton_operator::cli {

extern const std::string_view kEmbeddedInvocationCrd;

}  // namespace lepton_operator::cli
