#include "base/memory.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kBegin{1'800'000'000s};

TEST(Thrift, GivesNothingBackForLittleWork) {
  Thrift thrift(1'000);
  thrift.worked(999);
  EXPECT_FALSE(thrift.pause(kBegin));
}

TEST(Thrift, AddsUpWhatWasDoneSinceItGaveBack) {
  Thrift thrift(1'000);
  thrift.worked(600);
  EXPECT_FALSE(thrift.pause(kBegin));
  thrift.worked(400);
  EXPECT_TRUE(thrift.pause(kBegin));
  EXPECT_FALSE(thrift.pause(kBegin + 1h));
}

TEST(Thrift, WaitsWhileThereIsMoreOfIt) {
  Thrift thrift(1'000);
  thrift.worked(5'000);
  EXPECT_TRUE(thrift.pause(kBegin));
  thrift.worked(5'000);
  EXPECT_FALSE(thrift.pause(kBegin + 29s));
  EXPECT_TRUE(thrift.pause(kBegin + 30s));
}

}  // namespace
}  // namespace lepton_operator::base
