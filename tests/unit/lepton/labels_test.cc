#include "lepton/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::lepton {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Labels, AreInTheOrderOfTheirKeysEachOnce) {
  Labels labels{{"b", "2"}, {"a", "1"}, {"c", "3"}};
  labels.set("b", "22");
  labels.set("", "nothing");
  EXPECT_THAT(labels, ElementsAre(Pair("", "nothing"), Pair("a", "1"), Pair("b", "22"), Pair("c", "3")));
  EXPECT_EQ(labels.size(), 4U);
  EXPECT_EQ(labels, (Labels{{"c", "3"}, {"", "nothing"}, {"a", "1"}, {"b", "22"}}));
  EXPECT_NE(labels, (Labels{{"a", "1"}}));
}

TEST(Labels, OfNoneThereIsNothing) {
  Labels labels;
  EXPECT_TRUE(labels.empty());
  EXPECT_EQ(labels.size(), 0U);
  EXPECT_EQ(labels.find("a"), std::nullopt);
  labels.erase("a");
  labels.retain({"a"});
  EXPECT_EQ(labels, Labels());
}

TEST(Labels, AreFoundByTheirWholeKey) {
  const Labels labels{{"app", "1"}, {"apple", ""}};
  EXPECT_EQ(labels.find("app"), "1");
  EXPECT_EQ(labels.find("apple"), "");
  EXPECT_EQ(labels.find("appl"), std::nullopt);
  EXPECT_TRUE(labels.contains("apple"));
  EXPECT_EQ(labels.at("app"), "1");
  EXPECT_THROW(static_cast<void>(labels.at("x")), std::out_of_range);
}

TEST(Labels, HoldAnyBytes) {
  const std::string key("k\0\x01", 3);
  const std::string value(70'000, '\0');
  Labels labels{{key, value}, {"z", "=,"}};
  EXPECT_EQ(labels.find(key), value);
  EXPECT_EQ(labels.find("z"), "=,");
}

TEST(Labels, AreTakenAway) {
  Labels labels{{"a", "1"}, {"b", "2"}, {"c", "3"}};
  labels.erase("b");
  EXPECT_THAT(labels, ElementsAre(Pair("a", "1"), Pair("c", "3")));
  labels.retain({"c", "d"});
  EXPECT_THAT(labels, ElementsAre(Pair("c", "3")));
  labels.set("c", labels.at("c"));  // of itself
  EXPECT_THAT(labels, ElementsAre(Pair("c", "3")));
}

}  // namespace
}  // namespace lepton_operator::lepton
