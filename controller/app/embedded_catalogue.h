// manifests/catalogue.yaml as it was when this binary was built (CMake makes the source).
#pragma once

#include <string_view>

namespace lepton_operator::app {

extern const std::string_view kEmbeddedCatalogue;

}  // namespace lepton_operator::app
