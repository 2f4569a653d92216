#include "invocation/object.h"

#include <algorithm>

namespace lepton_operator::invocation {

bool ObjectMeta::has_finalizer(const std::string& name) const {
  return std::find(finalizers.begin(), finalizers.end(), name) != finalizers.end();
}

}  // namespace lepton_operator::invocation
