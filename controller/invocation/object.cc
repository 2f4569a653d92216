#include "invocation/object.h"

#include <algorithm>

namespace lepton_operator::invocation {

bool ObjectMeta::has_finalizer(const std::string& name) const {
  return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
}

std::string ObjectMeta::annotation(const std::string& name) const {
  const auto found = annotations.find(name);
  return found == annotations.end() ? std::string() : found->second;
}

}  // namespace lepton_operator::invocation
