// Where this repository lies: for tests that read what it ships. One small source knows it, so that a compiler cache has all others.
#pragma once

#include <string>

namespace lepton_operator::support {

std::string in_source_tree(const std::string& path);  // "examples": absolute

}  // namespace lepton_operator::support
