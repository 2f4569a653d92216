#include "kube/turns.h"

#include <gtest/gtest.h>

namespace lepton_operator::kube {
namespace {

TEST(Turns, AKeyIsHadByOneAtATime) {
  Turns turns;
  std::optional<Turn> first = turns.take("team/llama");
  ASSERT_TRUE(first);
  EXPECT_FALSE(turns.take("team/llama"));
  EXPECT_TRUE(turns.take("team/other")) << "keys are nothing to each other";
  first.reset();
  EXPECT_TRUE(turns.take("team/llama"));
}

TEST(Turns, ARefusedTurnTakesNothingFromWhoeverHasTheKey) {
  Turns turns;
  const std::optional<Turn> first = turns.take("team/llama");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(turns.take("team/llama"));
  EXPECT_EQ(turns.held(), 1u);
}

TEST(Turns, ATurnThatIsHandedOnIsOne) {
  Turns turns;
  {
    std::optional<Turn> first = turns.take("team/llama");
    const Turn second = std::move(*first);
    first.reset();
    EXPECT_FALSE(turns.take("team/llama"));
  }
  EXPECT_EQ(turns.held(), 0u);
}

}  // namespace
}  // namespace lepton_operator::kube
