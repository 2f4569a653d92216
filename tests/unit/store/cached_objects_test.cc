#include "store/cached_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invocation/codec.h"

namespace lepton_operator::store {
namespace {

using invocation::Invocation;
using invocation::ObjectKey;
using testing::ElementsAre;
using testing::IsEmpty;
using Cache = CachedObjects<Invocation>;

const ObjectKey kLlama{"team", "llama"};

Invocation object(const std::string& version, const std::string& progress = "", const std::string& uid = "u1") {
  Invocation made;
  made.meta.key = kLlama;
  made.meta.uid = uid;
  made.meta.resource_version = version;
  made.status.progress = progress;
  return made;
}

Invocation printed(const std::string& version, std::size_t print) {
  Invocation made = object(version);
  made.mark.print = print;
  return made;
}

class CachedObjectsTest : public testing::Test {
 protected:
  void watch(const Invocation& shown) { cache_.take(shown, Cache::From::kWatch); }
  void list(const Invocation& shown) { cache_.take(shown, Cache::From::kList); }
  // A write of what the cache holds, answered with this version.
  void write(const std::string& version, const std::string& progress) {
    const Invocation read = *cache_.find(kLlama);
    cache_.begin_write(kLlama);
    const Invocation answer = object(version, progress);
    cache_.end_write(read, &answer, Write::kStatus, false);
  }
  void answered(const Invocation& answer, Write what) {
    const Invocation read = *cache_.find(kLlama);
    cache_.begin_write(kLlama);
    cache_.end_write(read, &answer, what, false);
  }
  std::string progress() const { return cache_.find(kLlama) ? cache_.find(kLlama)->status.progress : "gone"; }

  std::vector<std::string> told_;
  Cache cache_{[this](const ObjectKey& key) { told_.push_back(key.text()); }};
};

TEST_F(CachedObjectsTest, TellsOfWhatIsNewAndNotOfWhatIsKnown) {
  watch(object("5"));
  watch(object("5"));
  list(object("5"));
  EXPECT_THAT(told_, ElementsAre("team/llama"));
}

TEST_F(CachedObjectsTest, ShowsOurOwnWriteAtOnceAndTellsNobody) {
  watch(object("5"));
  told_.clear();
  write("7", "1/3");
  EXPECT_EQ(progress(), "1/3");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(CachedObjectsTest, IgnoresWhatTheWatchShowsUntilItShowsOurWrite) {
  watch(object("5"));
  write("7", "1/3");
  watch(object("6", "0/3"));
  EXPECT_EQ(progress(), "1/3");
  watch(object("7", "1/3"));
  watch(object("8", "2/3"));
  EXPECT_EQ(progress(), "2/3");
}

TEST_F(CachedObjectsTest, KnowsAVersionThatIsNoNumberOnlyByItself) {
  watch(object("e5"));
  write("e7", "1/3");
  watch(object("e9", "0/3"));
  EXPECT_EQ(progress(), "1/3");
  watch(object("e7", "1/3"));
  watch(object("e9", "2/3"));
  EXPECT_EQ(progress(), "2/3");
}

TEST_F(CachedObjectsTest, AWatchThatIsFasterThanTheAnswerIsNotTurnedBack) {
  watch(object("5"));
  told_.clear();
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  watch(object("7", "1/3"));
  watch(object("8", "edited"));
  EXPECT_THAT(told_, IsEmpty());
  const Invocation answer = object("7", "1/3");
  cache_.end_write(read, &answer, Write::kStatus, false);
  EXPECT_EQ(progress(), "edited");
  EXPECT_THAT(told_, ElementsAre("team/llama"));
}

TEST_F(CachedObjectsTest, OurOwnWriteIsNoNewsAlsoWhenTheWatchShowsItFirst) {
  watch(object("5"));
  told_.clear();
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  watch(object("7", "1/3"));
  const Invocation answer = object("7", "1/3");
  cache_.end_write(read, &answer, Write::kStatus, false);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(CachedObjectsTest, AFailedWriteTellsWhatCameMeanwhile) {
  watch(object("5"));
  told_.clear();
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  watch(object("6", "edited"));
  cache_.end_write(read, nullptr, Write::kStatus, false);
  EXPECT_EQ(progress(), "edited");
  EXPECT_THAT(told_, ElementsAre("team/llama"));
}

TEST_F(CachedObjectsTest, AWriteThatChangedNothingIsNotWaitedFor) {
  watch(object("5", "1/3"));
  write("5", "1/3");
  watch(object("6", "2/3"));
  EXPECT_EQ(progress(), "2/3");
}

TEST_F(CachedObjectsTest, AListOlderThanOurWriteDoesNotTurnItBack) {
  watch(object("5"));
  write("12", "1/3");
  list(object("9", "0/3"));
  EXPECT_EQ(progress(), "1/3");
}

TEST_F(CachedObjectsTest, AListThatIsFurtherThanOurWriteIsTaken) {
  watch(object("5"));
  write("7", "1/3");
  list(object("12", "3/3"));
  EXPECT_EQ(progress(), "3/3");
}

TEST_F(CachedObjectsTest, WhatAListLeavesOutIsGone) {
  watch(object("5"));
  cache_.retain("other", {});
  EXPECT_EQ(progress(), "");
  cache_.retain("team", {"u2"});
  EXPECT_EQ(progress(), "gone");
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(CachedObjectsTest, AnObjectThatOurWriteEndedStaysGoneWhateverOlderEventsSay) {
  watch(object("5"));
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  Invocation ended = object("7");
  ended.meta.deleted = base::Timestamp{};
  cache_.end_write(read, &ended, Write::kMetadata, false);
  EXPECT_EQ(progress(), "gone");
  watch(object("6"));
  EXPECT_EQ(progress(), "gone");
  cache_.remove(kLlama, "u1");
  watch(object("9", "new", "u2"));
  EXPECT_EQ(progress(), "new");
}

TEST_F(CachedObjectsTest, ADeletionOfAPredecessorDoesNotTouchTheSuccessor) {
  watch(object("5"));
  list(object("9", "new", "u2"));
  cache_.remove(kLlama, "u1");
  EXPECT_EQ(progress(), "new");
}

TEST_F(CachedObjectsTest, AnAnswerForAPredecessorDoesNotTouchTheSuccessor) {
  watch(object("5"));
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  watch(object("9", "new", "u2"));
  const Invocation answer = object("7", "1/3");
  cache_.end_write(read, &answer, Write::kStatus, false);
  EXPECT_EQ(progress(), "new");
}

TEST_F(CachedObjectsTest, WhatOthersWroteBesideOurWriteIsNews) {
  watch(object("5"));
  told_.clear();
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  const Invocation answer = object("8", "1/3");
  cache_.end_write(read, &answer, Write::kStatus, true);
  EXPECT_THAT(told_, ElementsAre("team/llama"));
}

TEST_F(CachedObjectsTest, OfAStatusThatWeNeverWroteNobodyCanSayThatItWasAltered) {
  watch(printed("5", 1));
  watch(printed("6", 2));
  EXPECT_FALSE(cache_.find(kLlama)->mark.altered);
}

TEST_F(CachedObjectsTest, AnotherStatusThanOurLastWriteLeftIsAltered) {
  watch(printed("5", 1));
  answered(printed("7", 2), Write::kStatus);
  EXPECT_FALSE(cache_.find(kLlama)->mark.altered);
  watch(printed("7", 2));
  watch(printed("8", 3));
  EXPECT_TRUE(cache_.find(kLlama)->mark.altered);
  answered(printed("9", 3), Write::kMetadata);
  EXPECT_TRUE(cache_.find(kLlama)->mark.altered) << "a finalizer puts no status right";
  answered(printed("10", 4), Write::kStatus);
  EXPECT_FALSE(cache_.find(kLlama)->mark.altered);
}

TEST_F(CachedObjectsTest, AnAlterationThatTheWatchShowsBeforeTheAnswerIsSeen) {
  watch(printed("5", 1));
  const Invocation read = *cache_.find(kLlama);
  cache_.begin_write(kLlama);
  watch(printed("7", 2));
  watch(printed("8", 3));
  const Invocation answer = printed("7", 2);
  cache_.end_write(read, &answer, Write::kStatus, false);
  EXPECT_TRUE(cache_.find(kLlama)->mark.altered);
}

// --- folded

TEST_F(CachedObjectsTest, AFoldedObjectIsTheSameWhenItIsAskedFor) {
  Invocation made = printed("5", 7);
  made.mark.revision = 3;
  made.meta.annotations["a"] = "b";
  made.meta.finalizers = {"lepton.dev/cleanup"};
  made.spec = base::json_object();
  made.spec["evaluation"] = base::Json::string("anything");
  made.status.progress = "1/3";
  watch(made);
  cache_.fold(kLlama);
  const auto found = cache_.find(kLlama);
  EXPECT_EQ(base::to_text(encode(*found)), base::to_text(encode(made)));
  EXPECT_EQ(found->mark.print, 7U);
  EXPECT_EQ(found->mark.revision, 3);
}

TEST_F(CachedObjectsTest, WhoeverHoldsAnObjectSharesItThoughItWasFolded) {
  watch(object("5"));
  const auto held = cache_.find(kLlama);
  cache_.fold(kLlama);
  EXPECT_EQ(cache_.find(kLlama), held);
}

TEST_F(CachedObjectsTest, WhatWasFoldedStaysAsItWasWhenTheObjectChanges) {
  watch(object("5", "1/3"));
  const auto before = cache_.fold(kLlama);
  watch(object("6", "2/3"));
  EXPECT_EQ(progress(), "2/3");
  EXPECT_EQ(before->unfold()->status.progress, "1/3");
}

TEST_F(CachedObjectsTest, AFoldedObjectIsKnownToldOfWrittenAndRemovedLikeAnyOther) {
  list(object("5"));
  list(object("5"));
  EXPECT_THAT(told_, ElementsAre("team/llama"));
  EXPECT_TRUE(cache_.has(kLlama, "u1", "5"));
  EXPECT_FALSE(cache_.has(kLlama, "u1", "6"));
  list(object("4", "older"));
  EXPECT_EQ(progress(), "");
  write("7", "1/3");
  cache_.fold(kLlama);
  watch(object("6", "older"));
  EXPECT_EQ(progress(), "1/3");
  cache_.remove(kLlama, "u2");
  EXPECT_EQ(progress(), "1/3");
  cache_.fold(kLlama);
  cache_.remove(kLlama, "u1");
  EXPECT_EQ(progress(), "gone");
  EXPECT_EQ(cache_.fold(kLlama), nullptr);
}

TEST_F(CachedObjectsTest, AnAlterationIsSeenOfAFoldedObjectToo) {
  watch(printed("5", 1));
  answered(printed("7", 2), Write::kStatus);
  cache_.fold(kLlama);
  watch(printed("7", 2));
  watch(printed("8", 3));
  cache_.fold(kLlama);
  EXPECT_TRUE(cache_.find(kLlama)->mark.altered);
}

TEST_F(CachedObjectsTest, TheDigestIsThatOfTheLatestVersion) {
  Invocation made = object("5");
  made.status.phase = invocation::Phase::kSucceeded;
  list(made);
  std::vector<std::string> seen;
  cache_.each([&](const ObjectKey& key, const invocation::Digest& digest) {
    seen.push_back(key.text() + " " + digest.uid + " " + to_string(digest.phase));
  });
  EXPECT_THAT(seen, ElementsAre("team/llama u1 Succeeded"));
  EXPECT_EQ(cache_.digest(kLlama)->phase, invocation::Phase::kSucceeded) << "of one that is folded, since a list brought it";
  cache_.remove(kLlama, "u1");
  EXPECT_FALSE(cache_.digest(kLlama));
}

}  // namespace
}  // namespace lepton_operator::store
