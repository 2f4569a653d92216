#include "base/backoff.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheMostWithTenPercentOfJitter) {
  const auto random = make_seeded_random(1);
  Backoff backoff(1s, 5min);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}) {
    const auto wait = backoff.next(*random);
    EXPECT_GE(wait, expected * 9 / 10);
    EXPECT_LE(wait, Milliseconds(expected) * 11 / 10);
  }
  EXPECT_EQ(backoff.failures(), 11);
}

TEST(Backoff, StartsAnewAfterSuccess) {
  const auto random = make_seeded_random(1);
  Backoff backoff(1s, 5min);
  for (int i = 0; i < 100'000; ++i) backoff.next(*random);
  backoff.reset();
  EXPECT_LE(backoff.next(*random), 1100ms);
}

TEST(Backoff, IsNotTheSameForTwo) {
  const auto random = make_seeded_random(1);
  Backoff one(100s, 100s);
  Backoff other(100s, 100s);
  EXPECT_NE(one.next(*random), other.next(*random));
}

}  // namespace
}  // namespace lepton_operator::base
