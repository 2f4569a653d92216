#include "metrics/gpu_meter.h"

#include <boost/asio/io_context.hpp>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::metrics {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class GpuMetering : public ::testing::Test {
 protected:
  // One endpoint with eight GPUs, held since `since`.
  invocation::Invocation held(base::Timestamp started, base::Timestamp since) {
    invocation::Invocation object;
    object.meta.key = {"team", "run"};
    object.meta.uid = "u1";
    object.status.start_time = started;
    object.status.cost = {"gpu.8xh100-sxm", 8, 0, 0};
    object.status.tasks.resize(1);
    object.status.tasks[0].endpoint.billed_since = since;
    return object;
  }
  void read(const invocation::Invocation& object) { meter.read(object.meta.key, invocation::digest_of(object)); }
  std::string text() const { return prometheus::TextSerializer().Serialize(metrics.registry()->Collect()); }
  static std::string used(int seconds) {
    return "lepton_endpoint_gpu_seconds_total{namespace=\"team\",shape=\"gpu.8xh100-sxm\"} " + std::to_string(seconds) + "\n";
  }

  boost::asio::io_context io;
  base::ManualClock clock{io};
  Metrics metrics;
  GpuMeter meter{clock, metrics};
};

TEST_F(GpuMetering, CountsWhatGoesOnAtEachReading) {
  const invocation::Invocation object = held(clock.now(), clock.now());
  clock.advance(10s);
  read(object);
  EXPECT_THAT(text(), HasSubstr(used(80)));
  clock.advance(5s);
  read(object);
  read(object);
  EXPECT_THAT(text(), HasSubstr(used(120)));
}

TEST_F(GpuMetering, CountsNothingTwiceWhenItIsOver) {
  invocation::Invocation object = held(clock.now(), clock.now());
  clock.advance(10s);
  read(object);
  object.status.tasks[0].endpoint.billed_since.reset();
  object.status.cost.gpu_seconds = 96;
  clock.advance(10s);
  read(object);
  read(object);  // another's finalizer still holds it
  meter.forget(object.meta.uid);
  EXPECT_THAT(text(), HasSubstr(used(96)));
}

TEST_F(GpuMetering, OfWhatBeganBeforeThisProcessCountsOnlyWhatItWatched) {
  const base::Timestamp before = clock.now() - 1h;
  const invocation::Invocation object = held(before, before);
  read(object);
  clock.advance(10s);
  read(object);
  EXPECT_THAT(text(), HasSubstr(used(80)));
}

TEST_F(GpuMetering, HasNoSeriesWithoutGpus) {
  read(invocation::Invocation{});
  EXPECT_THAT(text(), Not(HasSubstr("lepton_endpoint_gpu_seconds_total{")));
}

}  // namespace
}  // namespace lepton_operator::metrics
