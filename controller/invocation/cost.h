// GPU time of an Invocation's endpoints: from their creation until they are verified gone, without what they waited for capacity or stood
// at zero replicas. Idle is what of it an endpoint was Ready while no job ran on it.
//
// Counted at changes of state, in whole seconds (a part of one at the end is dropped), so that a status is not written because time passes.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "invocation/status.h"

namespace lepton_operator::invocation {

struct GpuTime {
  std::int64_t seconds = 0;
  std::int64_t idle_seconds = 0;

  bool operator==(const GpuTime&) const = default;
};

// By the name that Lepton gives its shapes (contract, section 10): 8 of "gpu.8xh100-sxm", 1 of "gpu.a10", 0 of "cpu.small".
int gpus_of_shape(const std::string& shape);

// What is over, and since when the rest goes on.
struct OpenAccount {
  CostStatus cost;
  std::vector<Timestamp> billed_since;
  std::vector<Timestamp> idle_since;
};
OpenAccount account_of(const InvocationStatus& status);

// What is over, and what goes on until `now`.
GpuTime gpu_time(const OpenAccount& account, Timestamp now);
GpuTime gpu_time(const InvocationStatus& status, Timestamp now);

// Ends what is counted of an endpoint, into `cost`.
void end_billing(CostStatus& cost, EndpointStatus& endpoint, Timestamp at);
void end_idling(CostStatus& cost, EndpointStatus& endpoint, Timestamp at);

}  // namespace lepton_operator::invocation
