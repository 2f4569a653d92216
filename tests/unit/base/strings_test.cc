#include "base/strings.h"

#include <gmock/gmock.h>

namespace lepton_operator::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Nearest, FindsTheFieldThatWasMeant) {
  const std::vector<std::string> fields{"image", "servedModelName", "port", "resourceShape"};
  EXPECT_THAT(nearest("servedModellName", fields), ElementsAre("servedModelName"));
  EXPECT_THAT(nearest("SERVEDMODELNAME", fields), ElementsAre("servedModelName"));
  EXPECT_THAT(nearest("prot", fields), ElementsAre("port"));
  EXPECT_THAT(nearest("completely_else", fields), IsEmpty());
  EXPECT_THAT(nearest("", fields), IsEmpty());
}

TEST(Nearest, PutsCloseSpellingsBeforeMereParts) {
  const std::vector<std::string> tasks{"lm-evaluation-harness.gpqa_diamond_cot", "gpqa_diamond", "mmlu", "gpqa_diamond_cot"};
  EXPECT_THAT(nearest("gpqa_dimond", tasks, 1), ElementsAre("gpqa_diamond"));
  EXPECT_THAT(nearest("gpqa", tasks, 2), ElementsAre("gpqa_diamond", "gpqa_diamond_cot"));
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
}

TEST(Clipped, NeverCutsACharacterNorExceedsItsLimit) {
  EXPECT_EQ(clipped("short", 5), "short");
  EXPECT_EQ(clipped("longer text", 8), "longe\u2026");
  EXPECT_EQ(clipped("ab\u00e9\u00e9\u00e9\u00e9", 6), "ab\u2026");
  EXPECT_EQ(clipped("abcdef", 2), "ab");
  EXPECT_EQ(clipped("\u00e9\u00e9", 1), "");
}

TEST(Clipped, IsUtf8WhateverTheTextIs) {
  EXPECT_EQ(clipped("caf\xE9", 80), "caf\uFFFD");
  EXPECT_EQ(clipped("\xE2\x82", 80), "\uFFFD\uFFFD");
  EXPECT_EQ(clipped("abc\xE2\x82", 6), "abc\u2026");
}

}  // namespace
}  // namespace lepton_operator::base
