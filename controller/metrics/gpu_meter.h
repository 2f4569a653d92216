// Turns the GPU time that stands in statuses into counters that only grow: what an Invocation's endpoints used while this process watched.
//
// Thread rule: the domain thread. Owner: app/host. Never fails. Costs nothing between scrapes: what is open is added up when asked for.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "invocation/cost.h"
#include "invocation/digest.h"
#include "metrics/metrics.h"

namespace lepton_operator::metrics {

class GpuMeter {
 public:
  GpuMeter(const base::Clock& clock, Metrics& metrics);

  void read(const invocation::ObjectKey& key, const invocation::Digest& object);  // counts what came since the last reading
  void forget(const std::string& uid);                                            // gone

 private:
  const base::Clock& clock_;
  Metrics& metrics_;
  base::Timestamp since_;
  std::map<std::string, invocation::GpuTime> counted_;  // by UID
};

}  // namespace lepton_operator::metrics
