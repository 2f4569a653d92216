// Kubernetes' MicroTime: RFC 3339 with exactly six digits of a second, as Leases and Events write their times. Pure.
#pragma once

#include <string>

#include "base/time.h"

namespace lepton_operator::kube {

std::string format_micro_time(base::Timestamp at);  // "2026-07-01T12:00:00.250000Z"

}  // namespace lepton_operator::kube
