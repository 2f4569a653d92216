// Many manifests, and writes that are under way while something else happens.
#include <algorithm>

#include "store/directory_store.h"
#include "unit/store/directory_fixture.h"

namespace lepton_operator::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kMany = 200;

class ManyManifests : public DirectoryStoreTest {
 protected:
  static std::string name(int i) { return "run-" + std::to_string(i); }
  void apply_all() {
    for (int i = 0; i < kMany; ++i) write_text(manifest(name(i) + ".yaml"), an_invocation(name(i)));
    settle();
  }
  // Both begin before either ends.
  std::pair<Result<>, Result<>> at_once(boost::asio::awaitable<Result<>> one, boost::asio::awaitable<Result<>> other) {
    std::optional<Result<>> first;
    std::optional<Result<>> second;
    boost::asio::co_spawn(io_, store_result(std::move(one), &first), boost::asio::detached);
    boost::asio::co_spawn(io_, store_result(std::move(other), &second), boost::asio::detached);
    settle();
    return {std::move(first).value(), std::move(second).value()};
  }
  boost::asio::awaitable<Result<>> progress(std::shared_ptr<const Invocation> read, const std::string& text) {
    invocation::InvocationStatus status = read->status;
    status.progress = text;
    return store_->write_status(*context_, std::move(read), std::move(status));
  }
};

TEST_F(ManyManifests, EachIsOnDiskBeforeAnybodyIsToldOfIt) {
  int missing = 0;
  on_told_ = [&](const ObjectKey& key) {
    const bool there =
        std::filesystem::exists(state_of(key.name)) && read_text(state_of(key.name)).find(uid(key.name)) != std::string::npos;
    missing += there ? 0 : 1;
  };
  start();
  apply_all();
  EXPECT_THAT(told_, SizeIs(kMany));
  EXPECT_EQ(missing, 0);
  EXPECT_THAT(store_->invocations(), SizeIs(kMany));
}

TEST_F(ManyManifests, AllGoAfterTwoSecondsWithTheirState) {
  start();
  apply_all();
  for (int i = 0; i < kMany; ++i) std::filesystem::remove(manifest(name(i) + ".yaml"));
  settle();
  EXPECT_THAT(store_->invocations(), SizeIs(kMany));
  advance(2s);
  EXPECT_THAT(store_->invocations(), SizeIs(0));
  for (int i = 0; i < kMany; ++i) EXPECT_FALSE(std::filesystem::exists(state_of(name(i)))) << name(i);
}

TEST_F(ManyManifests, OnlyWhatWasTouchedIsReadUntilTheNextRescan) {
  TemporaryDirectory elsewhere;
  write_text(elsewhere.path() / "real.yaml", an_invocation("linked"));
  std::filesystem::create_symlink(elsewhere.path() / "real.yaml", manifest("linked.yaml"));
  start();
  write_text(elsewhere.path() / "real.yaml", with_timeout(an_invocation("linked"), "2h"));
  put("other.yaml", an_invocation("other"));
  EXPECT_TRUE(find("other"));
  EXPECT_EQ(generation("linked"), 1) << "inotify tells nothing of a link's target, and nobody asked for it";
  advance(10s);
  EXPECT_EQ(generation("linked"), 2);
}

TEST_F(ManyManifests, WhatIsKeptOfAnAppliedManifestSufficesForItsChangesAndMistakes) {
  start();
  put("a.yaml", an_invocation("nim") + "---\n" + an_invocation("other"));
  put("b.yaml", "# a comment\n" + an_invocation("nim"));
  EXPECT_THAT(lines_with("is already in"),
              testing::ElementsAre(
                  HasSubstr(source("b.yaml") + ":5: metadata.name: Invocation default/nim is already in " + source("a.yaml") + ":4")));
  const std::string before = uid("nim");
  put("a.yaml", an_invocation("other"));
  EXPECT_EQ(uid("nim"), before) << "the object goes over to the other file";
  advance(3s);
  EXPECT_EQ(uid("nim"), before);
  take_away("b.yaml");
  advance(2s);
  EXPECT_FALSE(find("nim"));
  EXPECT_TRUE(find("other"));
  EXPECT_THAT(store_->invalid_files(), testing::IsEmpty());
}

TEST_F(ManyManifests, OfTwoWritesOfOneReadingAtOnceTheSecondIsRefused) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const auto read = find("nim");
  const auto [first, second] = at_once(progress(read, "1/3"), progress(read, "2/3"));
  ASSERT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, base::ErrorKind::kConflict);
  EXPECT_EQ(find("nim")->status.progress, "1/3");
  EXPECT_THAT(read_text(state_of("nim")), HasSubstr("1/3"));
}

TEST_F(ManyManifests, AWriteIsNotVisibleBeforeItIsOnDisk) {
  start();
  put("nim.yaml", an_invocation("nim"));
  std::optional<Result<>> written;
  boost::asio::co_spawn(io_, store_result(progress(find("nim"), "1/3"), &written), boost::asio::detached);
  while (store_->writes_under_way() == 0) {
    io_.restart();
    io_.poll_one();
  }
  EXPECT_EQ(find("nim")->status.progress, "");
  EXPECT_FALSE(written);
  settle();
  ASSERT_TRUE(written && *written);
  EXPECT_EQ(find("nim")->status.progress, "1/3");
}

TEST_F(ManyManifests, AManifestThatChangesWhileItsObjectIsWrittenIsAppliedAfterThat) {
  start();
  put("nim.yaml", an_invocation("nim"));
  for (int i = 1; i <= 20; ++i) {
    std::optional<Result<>> written;
    boost::asio::co_spawn(io_, store_result(progress(find("nim"), std::to_string(i)), &written), boost::asio::detached);
    while (store_->writes_under_way() == 0) {
      io_.restart();
      io_.poll_one();
    }
    write_text(manifest("nim.yaml"), with_timeout(an_invocation("nim"), std::to_string(i) + "h"));
    settle();
    ASSERT_TRUE(written && *written);
    EXPECT_EQ(find("nim")->status.progress, std::to_string(i));
    EXPECT_EQ(generation("nim"), i + 1);
    EXPECT_THAT(read_text(state_of("nim")), HasSubstr("timeout: " + std::to_string(i) + "h"));
  }
}

TEST_F(ManyManifests, AManifestThatGoesWhileItsObjectIsWrittenTakesItAlongAfterThat) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  take_away("nim.yaml");
  std::optional<Result<>> written;
  boost::asio::co_spawn(io_, store_result(progress(find("nim"), "1/3"), &written), boost::asio::detached);
  while (store_->writes_under_way() == 0) {
    io_.restart();
    io_.poll_one();
  }
  advance(2s);
  advance(1ms);
  ASSERT_TRUE(written && *written);
  EXPECT_TRUE(deleting("nim"));
  EXPECT_EQ(find("nim")->status.progress, "1/3");
}

}  // namespace
}  // namespace lepton_operator::store
