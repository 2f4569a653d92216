#include "kube/micro_time.h"

#include <array>
#include <cstdio>

namespace lepton_operator::kube {

std::string format_micro_time(base::Timestamp at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  std::string text = base::format_timestamp(second);
  text.pop_back();  // the "Z"
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d000Z", static_cast<int>((at - second).count()));
  return text + fraction.data();
}

}  // namespace lepton_operator::kube
