#include "kube/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Json object(const std::string& name, const std::string& version, const std::string& team = "red") {
  return base::parse_json(R"({"metadata":{"namespace":"n","name":")" + name + R"(","resourceVersion":")" + version +
                              R"(","labels":{"team":")" + team + R"("}}})",
                          "test")
      .value();
}

class ObjectCacheTest : public testing::Test {
 protected:
  void list(const std::vector<Json>& objects) {
    cache_.begin_list();
    for (const Json& json : objects) cache_.listed(json, {});
    cache_.end_list();
  }
  std::vector<std::string> changes() { return std::exchange(changes_, {}); }

  int decoded_ = 0;
  std::vector<std::string> changes_;
  ObjectCache<std::string> cache_{[this](const Json& json) {
                                    ++decoded_;
                                    auto team = label_of(json, "team");
                                    return team == "nobody" ? std::nullopt : team;
                                  },
                                  [this](const std::string& key) { changes_.push_back(key); }};
};

TEST_F(ObjectCacheTest, TellsEveryObjectOfTheFirstList) {
  list({object("a", "1"), object("b", "2", "blue")});
  EXPECT_THAT(changes(), UnorderedElementsAre("n/a", "n/b"));
  ASSERT_TRUE(cache_.find("n/b"));
  EXPECT_EQ(*cache_.find("n/b"), "blue");
  EXPECT_FALSE(cache_.find("n/c"));
}

TEST_F(ObjectCacheTest, ANewListTellsOnlyWhatChangedCameOrVanished) {
  list({object("a", "1"), object("b", "2"), object("c", "3")});
  const auto kept = cache_.find("n/a");
  changes();
  decoded_ = 0;
  list({object("a", "1"), object("b", "7", "blue"), object("d", "8")});
  EXPECT_THAT(changes(), UnorderedElementsAre("n/b", "n/c", "n/d"));
  EXPECT_EQ(cache_.find("n/a"), kept);
  EXPECT_EQ(decoded_, 2);
  EXPECT_FALSE(cache_.find("n/c"));
}

TEST_F(ObjectCacheTest, TheOldListServesUntilTheNewOneIsComplete) {
  list({object("a", "1")});
  changes();
  cache_.begin_list();
  cache_.listed(object("b", "2"), {});
  EXPECT_THAT(cache_.keys(), ElementsAre("n/a"));
  EXPECT_THAT(changes(), IsEmpty());
  list({object("c", "3")});  // the one before broke off
  EXPECT_THAT(cache_.keys(), ElementsAre("n/c"));
  EXPECT_THAT(changes(), UnorderedElementsAre("n/a", "n/c"));
}

TEST_F(ObjectCacheTest, AnEventThatComesAgainIsNotTold) {
  cache_.added_or_modified(object("a", "1"));
  cache_.added_or_modified(object("a", "1"));
  EXPECT_THAT(changes(), ElementsAre("n/a"));
  cache_.added_or_modified(object("a", "2"));
  EXPECT_THAT(changes(), ElementsAre("n/a"));
  cache_.deleted(object("a", "3"));
  cache_.deleted(object("a", "3"));
  EXPECT_THAT(changes(), ElementsAre("n/a"));
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(ObjectCacheTest, WhatIsDecodedToNothingCountsAsGone) {
  cache_.added_or_modified(object("a", "1"));
  changes();
  cache_.added_or_modified(object("a", "2", "nobody"));
  EXPECT_THAT(changes(), ElementsAre("n/a"));
  EXPECT_FALSE(cache_.find("n/a"));
  cache_.added_or_modified(object("b", "3", "nobody"));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(ObjectCacheTest, IsBehindUntilItShowsWhatWeWrote) {
  list({object("a", "1")});
  cache_.note_written("n/a", "10");
  EXPECT_TRUE(cache_.behind("n/a"));
  cache_.added_or_modified(object("a", "9"));  // 9 is older than 10, whatever their texts say
  EXPECT_TRUE(cache_.behind("n/a"));
  cache_.added_or_modified(object("a", "11"));
  EXPECT_FALSE(cache_.behind("n/a"));
}

TEST_F(ObjectCacheTest, IsNotBehindWhenTheWatchWasFasterThanTheAnswer) {
  list({object("a", "12")});
  cache_.note_written("n/a", "11");
  EXPECT_FALSE(cache_.behind("n/a"));
  cache_.note_written("n/a", "12");  // a write that changed nothing
  EXPECT_FALSE(cache_.behind("n/a"));
}

TEST_F(ObjectCacheTest, IsNotBehindAfterADeletion) {
  list({object("a", "1")});
  cache_.note_written("n/a", "5");
  cache_.deleted(object("a", "6"));
  EXPECT_FALSE(cache_.behind("n/a"));
}

TEST_F(ObjectCacheTest, OnlyAListThatBeganAfterTheWriteSettlesIt) {
  list({});
  cache_.begin_list();
  cache_.note_written("n/made", "5");
  cache_.end_list();
  EXPECT_TRUE(cache_.behind("n/made"));
  list({});  // made, and gone before anybody saw it
  EXPECT_FALSE(cache_.behind("n/made"));
}

TEST(ResourceVersions, AreComparedAsNumbersOfAnyLengthAndElseOnlyForEquality) {
  EXPECT_TRUE(at_least("100", "99"));
  EXPECT_FALSE(at_least("99", "100"));
  EXPECT_TRUE(at_least("340282366920938463463374607431768211457", "340282366920938463463374607431768211456"));
  EXPECT_TRUE(at_least("007", "7"));
  EXPECT_TRUE(at_least("a1", "a1"));
  EXPECT_FALSE(at_least("b2", "a1"));
  EXPECT_FALSE(at_least("", "1"));
}

TEST(ObjectKeys, NameAnObjectWithItsNamespaceOrWithout) {
  EXPECT_EQ(key_of(object("a", "1")), "n/a");
  EXPECT_EQ(key_of(base::parse_json(R"({"metadata":{"name":"node"}})", "test").value()), "node");
  EXPECT_EQ(name_of("n/a").namespace_, "n");
  EXPECT_EQ(name_of("n/a").name, "a");
  EXPECT_EQ(name_of("node").namespace_, "");
  EXPECT_EQ(name_of("node").name, "node");
}

}  // namespace
}  // namespace lepton_operator::kube
