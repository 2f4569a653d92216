// A fleet as metric families. Pure. Internal to metrics/, since it shows prometheus-cpp's types.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

#include "metrics/fleet.h"

namespace lepton_operator::metrics {

// Families without a series are left out.
std::vector<prometheus::MetricFamily> families_of(const Fleet& fleet);

}  // namespace lepton_operator::metrics
