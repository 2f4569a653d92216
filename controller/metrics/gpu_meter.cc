#include "metrics/gpu_meter.h"

#include <algorithm>

namespace lepton_operator::metrics {

GpuMeter::GpuMeter(const base::Clock& clock, Metrics& metrics) : clock_(clock), metrics_(metrics), since_(clock.now()) {}

void GpuMeter::read(const invocation::ObjectKey& key, const invocation::Digest& object) {
  const invocation::CostStatus& cost = object.account.cost;
  if (cost.gpus == 0) return;
  const invocation::GpuTime used = invocation::gpu_time(object.account, clock_.now());
  const bool began_before_us = !object.started || *object.started < since_;
  const auto [known, first] = counted_.try_emplace(object.uid, began_before_us ? used : invocation::GpuTime{});
  invocation::GpuTime& counted = known->second;
  metrics_.gpu_time(key.namespace_, cost.shape, static_cast<double>(std::max<std::int64_t>(used.seconds - counted.seconds, 0)),
                    static_cast<double>(std::max<std::int64_t>(used.idle_seconds - counted.idle_seconds, 0)));
  counted.seconds = std::max(counted.seconds, used.seconds);
  counted.idle_seconds = std::max(counted.idle_seconds, used.idle_seconds);
}

void GpuMeter::forget(const std::string& uid) { counted_.erase(uid); }

}  // namespace lepton_operator::metrics
