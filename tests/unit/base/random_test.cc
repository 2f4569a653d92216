#include "base/random.h"

#include <set>

#include <gmock/gmock.h>

namespace lepton_operator::base {
namespace {

TEST(Random, IsRepeatableFromASeed) {
  EXPECT_EQ(make_seeded_random(7)->hex(20), make_seeded_random(7)->hex(20));
  EXPECT_NE(make_seeded_random(7)->hex(20), make_seeded_random(8)->hex(20));
}

TEST(Random, MakesVersionFourUuidsThatDiffer) {
  const auto random = make_system_random();
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = random->uuid();
    EXPECT_THAT(uuid, ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1'000u);
}

TEST(Random, UnitStaysBelowOneAndCoversItsRange) {
  const auto random = make_seeded_random(1);
  double least = 1;
  double most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random->unit();
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GE(least, 0.0);
  EXPECT_LT(least, 0.01);
  EXPECT_LT(most, 1.0);
  EXPECT_GT(most, 0.99);
}

TEST(Random, HexHasTwoDigitsAByte) {
  for (const std::size_t bytes : {0u, 1u, 7u, 8u, 9u, 33u}) EXPECT_EQ(make_seeded_random(3)->hex(bytes).size(), 2 * bytes);
}

}  // namespace
}  // namespace lepton_operator::base
