#include "invocation/cost.h"

#include <algorithm>
#include <charconv>

namespace lepton_operator::invocation {
namespace {

std::int64_t whole_seconds(Timestamp from, Timestamp to) {
  return std::max<std::int64_t>(std::chrono::floor<std::chrono::seconds>(to - from).count(), 0);
}

}  // namespace

int gpus_of_shape(const std::string& shape) {
  constexpr std::string_view kGpu = "gpu.";
  if (shape.rfind(kGpu, 0) != 0) return 0;
  const char* begin = shape.data() + kGpu.size();
  const char* end = shape.data() + shape.size();
  int number = 0;
  const auto read = std::from_chars(begin, end, number);
  const bool counted = read.ec == std::errc() && read.ptr != end && *read.ptr == 'x';
  return counted && number > 0 ? number : 1;
}

OpenAccount account_of(const InvocationStatus& status) {
  OpenAccount account{status.cost, {}, {}};
  for (const TaskStatus& task : status.tasks) {
    if (task.endpoint.billed_since) account.billed_since.push_back(*task.endpoint.billed_since);
    if (task.endpoint.idle_since) account.idle_since.push_back(*task.endpoint.idle_since);
  }
  return account;
}

GpuTime gpu_time(const OpenAccount& account, Timestamp now) {
  GpuTime time{account.cost.gpu_seconds, account.cost.idle_gpu_seconds};
  for (const Timestamp since : account.billed_since) time.seconds += account.cost.gpus * whole_seconds(since, now);
  for (const Timestamp since : account.idle_since) time.idle_seconds += account.cost.gpus * whole_seconds(since, now);
  return time;
}

GpuTime gpu_time(const InvocationStatus& status, Timestamp now) { return gpu_time(account_of(status), now); }

void end_billing(CostStatus& cost, EndpointStatus& endpoint, Timestamp at) {
  end_idling(cost, endpoint, at);
  if (!endpoint.billed_since) return;
  cost.gpu_seconds += cost.gpus * whole_seconds(*endpoint.billed_since, at);
  endpoint.billed_since.reset();
}

void end_idling(CostStatus& cost, EndpointStatus& endpoint, Timestamp at) {
  if (!endpoint.idle_since) return;
  cost.idle_gpu_seconds += cost.gpus * whole_seconds(*endpoint.idle_since, at);
  endpoint.idle_since.reset();
}

}  // namespace lepton_operator::invocation
