// What an object's metadata holds of the object once more: who manages which field, and what kubectl applied last. It is half of the text,
// and no controller of ours reads it, so it is cut out before anything is made of the text (as client-go's transforms do after decoding).
//
// Pure; any thread. Nothing fails: a text that is written otherwise than the API server writes is left as it is.
#pragma once

#include <string>
#include <string_view>

namespace lepton_operator::kube {

inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// The text of an object without both.
std::string without_repetition(std::string_view object);

}  // namespace lepton_operator::kube
