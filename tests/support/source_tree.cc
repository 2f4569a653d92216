#include "support/source_tree.h"

namespace lepton_operator::support {

std::string in_source_tree(const std::string& path) { return LEPTON_OPERATOR_SOURCE_TREE "/" + path; }

}  // namespace lepton_operator::support
