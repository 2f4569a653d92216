#include "kube/reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/store.h"
#include "unit/base/run.h"
#include "unit/kube/watched_server.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what it is told, as words.
class Diary final : public ReflectorSink {
 public:
  void begin_list() override { note("begin"); }
  void listed(const Json& object, std::string_view text) override {
    note("listed " + key_of(object));
    EXPECT_EQ(text.find("managedFields"), std::string_view::npos);
    if (!text.empty()) {
      EXPECT_EQ(base::parse_json(text, "what it was parsed from").value(), object);
    }
  }
  void end_list() override { note("end"); }
  void added_or_modified(const Json& object) override { note("has " + key_of(object) + "@" + resource_version_of(object)); }
  void deleted(const Json& object) override { note("lost " + key_of(object)); }
  std::vector<std::string> read() { return std::exchange(words_, {}); }

 private:
  void note(std::string word) { words_.push_back(std::move(word)); }
  std::vector<std::string> words_;
};

std::string event(const std::string& type, const std::string& name, const std::string& version) {
  return R"({"type":")" + type + R"(","object":{"metadata":{"namespace":"n","name":")" + name + R"(","resourceVersion":")" + version +
         "\"}}}\n";
}
std::string error_event(int code, const std::string& reason) {
  return R"({"type":"ERROR","object":{"kind":"Status","code":)" + std::to_string(code) + R"(,"reason":")" + reason + "\"}}\n";
}
std::string page(const std::string& names, const std::string& version, const std::string& token = "") {
  std::string items;
  for (const char name : names) {
    items += std::string(items.empty() ? "" : ",") + R"({"metadata":{"managedFields":[{}],"namespace":"n","name":")" + name +
             R"(","resourceVersion":"1"}})";
  }
  return R"({"metadata":{"resourceVersion":")" + version + R"(","continue":")" + token + R"("},"items":[)" + items + "]}";
}
std::string expired() { return R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})"; }

class ReflectorTest : public testing::Test {
 protected:
  using Sent = test::WatchedServer::Sent;

  void start() {
    running_.emplace(io_, ended());
    base::settle(io_);
  }
  void pass(base::Milliseconds time) {
    clock_.advance(time);
    base::settle(io_);
  }
  // Time as it goes, so that what falls due sees a clock that is right.
  void pass_slowly(base::Milliseconds time) {
    for (const auto until = clock_.now() + time; clock_.now() < until;) pass(100ms);
  }
  void start_watching() {
    start();
    (void)diary_.read();
    ASSERT_EQ(server_->sent().size(), 2u);
    ASSERT_TRUE(last().watch);
  }
  Sent last() const { return server_->sent().back(); }
  std::string last(const char* parameter) const {
    const Sent sent = last();
    const auto found = sent.query.find(parameter);
    return found == sent.query.end() ? "" : found->second;
  }
  std::size_t count() const { return server_->sent().size(); }

  ~ReflectorTest() override {
    context_.cancel();
    base::settle(io_);
    EXPECT_TRUE(!running_ || running_->ended());
  }

  boost::asio::awaitable<bool> ended() {
    co_await reflector_.run(context_);
    co_return true;
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(11);
  base::MemoryLog log_;
  std::shared_ptr<test::WatchedServer> server_ = std::make_shared<test::WatchedServer>(io_, clock_);
  Api api_{server_, nullptr, clock_, {}};
  Diary diary_;
  base::Context context_{clock_};
  Reflector reflector_{io_, api_, clock_, *random_, log_, diary_, {.resource = {"", "v1", "configmaps"}, .label_selector = "team"}};
  std::optional<base::Running<bool>> running_;
};

TEST_F(ReflectorTest, ListsInPagesThenWatchesFromTheListsVersion) {
  server_->then(200, page("ab", "50", "next")).then(200, page("c", "50"));
  start();
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed n/a", "listed n/b", "listed n/c", "end"));
  EXPECT_TRUE(reflector_.synced());
  ASSERT_EQ(count(), 3u);
  const Sent first = server_->sent()[0];
  EXPECT_EQ(first.query.at("limit"), "500");
  EXPECT_EQ(first.query.at("labelSelector"), "team");
  EXPECT_FALSE(first.query.contains("continue"));
  const Sent second = server_->sent()[1];
  EXPECT_EQ(second.query.at("continue"), "next");
  EXPECT_FALSE(second.query.contains("resourceVersion"));
  EXPECT_TRUE(last().watch);
  EXPECT_EQ(last("resourceVersion"), "50");
  EXPECT_EQ(last("allowWatchBookmarks"), "true");
  EXPECT_EQ(last("labelSelector"), "team");
  EXPECT_GE(std::stoi(last("timeoutSeconds")), 300);
  EXPECT_LE(std::stoi(last("timeoutSeconds")), 600);
}

TEST_F(ReflectorTest, AContinueTokenThatExpiredLeadsToOneFullListAtOnce) {
  server_->then(200, page("ab", "50", "next")).then(410, expired()).then(200, page("bc", "60"));
  start();
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed n/a", "listed n/b", "begin", "listed n/b", "listed n/c", "end"));
  const Sent full = server_->sent()[2];
  EXPECT_FALSE(full.query.contains("limit"));
  EXPECT_FALSE(full.query.contains("continue"));
  EXPECT_EQ(last("resourceVersion"), "60");
}

TEST_F(ReflectorTest, AnAnswerThatOnlyLooksLikeAnEmptyListDeletesNothing) {
  server_->then(200, "{}")
      .then(200, R"({"items":[]})")
      .then(200, R"({"metadata":{"resourceVersion":"5"}})")
      .then(200, R"({"metadata":{"resourceVersion":"5"},"items":{}})")
      .then(200, R"({"metadata":{"resourceVersion":"5","continue":7},"items":[]})");
  start();
  for (const auto wait : {1s, 2s, 4s, 8s}) pass(wait);
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "begin", "begin", "begin", "begin"));
  EXPECT_FALSE(reflector_.synced());
  pass(16s);
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "end"));
}

TEST_F(ReflectorTest, AListThatBreaksOffIsBegunAgainAndNothingIsTakenForGoneByIt) {
  server_->then(200, page("abcd", "50"), {{"x-breaks", "1"}}).then(200, page("ab", "51"));
  start();
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed n/a"));
  EXPECT_FALSE(reflector_.synced());
  pass(1s);
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed n/a", "listed n/b", "end"));
}

TEST_F(ReflectorTest, WhatIsNoObjectEndsTheList) {
  server_->then(200, R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}},{},{"metadata":{"name":"b"}}]})");
  start();
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed a"));
  EXPECT_FALSE(reflector_.synced());
}

TEST_F(ReflectorTest, TellsEventsInTheirOrder) {
  start_watching();
  server_->watch().send(event("ADDED", "a", "101") + event("MODIFIED", "a", "102"));
  server_->watch().send(event("DELETED", "a", "103"));
  base::settle(io_);
  EXPECT_THAT(diary_.read(), ElementsAre("has n/a@101", "has n/a@102", "lost n/a"));
  EXPECT_EQ(reflector_.resource_version(), "103");
}

TEST_F(ReflectorTest, TellsTheSameEventsWhereverTheStreamIsCut) {
  start_watching();
  const std::string text = event("ADDED", "größe", "101") + event("DELETED", "größe", "102");
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at > 0) server_->watch().send(text.substr(0, at));  // an empty chunk would be the end
    base::settle(io_);
    if (at < text.size()) server_->watch().send(text.substr(at));
    base::settle(io_);
    ASSERT_THAT(diary_.read(), ElementsAre("has n/größe@101", "lost n/größe")) << at;
  }
  EXPECT_EQ(count(), 2u);
}

TEST_F(ReflectorTest, ABookmarkMovesThePlaceAndTellsNothing) {
  start_watching();
  pass(2s);
  server_->watch().send(event("BOOKMARK", "", "900"));
  server_->watch().end();
  base::settle(io_);
  EXPECT_THAT(diary_.read(), IsEmpty());
  EXPECT_TRUE(last().watch);
  EXPECT_EQ(last("resourceVersion"), "900");
}

TEST_F(ReflectorTest, AWatchThatEndsGoesOnWhereItWasWithoutAList) {
  start_watching();
  pass(290s);
  server_->watch().send(event("ADDED", "a", "101"));
  server_->watch().end();
  base::settle(io_);
  EXPECT_EQ(count(), 3u);
  EXPECT_TRUE(last().watch);
  EXPECT_EQ(last("resourceVersion"), "101");
  EXPECT_EQ(reflector_.relists(), 0);
}

TEST_F(ReflectorTest, AnEventThatWasCutOffByTheEndComesWithTheNextWatch) {
  start_watching();
  pass(5s);
  server_->watch().send(event("ADDED", "a", "101") + event("ADDED", "b", "102").substr(0, 20));
  server_->watch().break_off();
  base::settle(io_);
  EXPECT_EQ(last("resourceVersion"), "101");
  server_->watch().send(event("ADDED", "b", "102"));
  base::settle(io_);
  EXPECT_THAT(diary_.read(), ElementsAre("has n/a@101", "has n/b@102"));
}

TEST_F(ReflectorTest, AWatchFromAVersionThatIsGoneLeadsToAListOfTheNewest) {
  server_->then(200, page("a", "50")).then(410, expired());
  start();
  EXPECT_EQ(count(), 2u);
  pass(1s);
  ASSERT_EQ(count(), 4u);
  EXPECT_FALSE(server_->sent()[2].watch);
  EXPECT_FALSE(server_->sent()[2].query.contains("resourceVersion"));
  EXPECT_EQ(last("resourceVersion"), "100");
  EXPECT_EQ(reflector_.relists(), 1);
}

// As an API server does that has just begun: a list would cost it most then, and says no more than the watch.
TEST_F(ReflectorTest, AWatchThatIsForbiddenOrUnavailableForNowGoesOnWhereItWas) {
  server_->then(200, page("a", "50")).then(403, "{}").then(503, "{}");
  start();
  pass_slowly(10s);
  ASSERT_EQ(count(), 4u);
  for (const std::size_t again : {2u, 3u}) {
    EXPECT_TRUE(server_->sent()[again].watch);
    EXPECT_EQ(server_->sent()[again].query.at("resourceVersion"), "50");
  }
  EXPECT_EQ(reflector_.relists(), 0);
}

TEST_F(ReflectorTest, AnErrorInTheStreamLeadsToAListWhetherGoneOrBroken) {
  for (const auto& [code, reason] : {std::pair{410, "Expired"}, std::pair{500, "InternalError"}}) {
    if (!running_) start_watching();
    pass(300s);
    const auto before = count();
    server_->watch().send(event("ADDED", "a", "101") + error_event(code, reason) + event("ADDED", "never", "102"));
    base::settle(io_);
    EXPECT_EQ(count(), before) << "waits first";
    EXPECT_TRUE(server_->watch().closed());
    pass(1s);
    EXPECT_EQ(count(), before + 2);
    EXPECT_FALSE(server_->sent()[before].watch);
    EXPECT_THAT(diary_.read(), ElementsAre("has n/a@101", "begin", "end"));
  }
  EXPECT_EQ(reflector_.relists(), 2);
}

TEST_F(ReflectorTest, AThrottledWatchWaitsAsLongAsItIsToldAndKeepsItsPlace) {
  server_->then(200, page("a", "50")).then(429, "{}", {{"retry-after", "7"}});
  start();
  pass(6900ms);
  EXPECT_EQ(count(), 2u);
  pass(100ms);
  ASSERT_EQ(count(), 3u);
  EXPECT_TRUE(last().watch);
  EXPECT_EQ(last("resourceVersion"), "50");
}

TEST_F(ReflectorTest, AThrottledPageIsAskedForAgainAndNotThoseBeforeIt) {
  server_->then(200, page("a", "50", "next")).then(429, "{}", {{"retry-after", "3"}}).then(200, page("b", "50"));
  start();
  pass(3s);
  EXPECT_EQ(server_->sent()[2].query.at("continue"), "next");
  EXPECT_THAT(diary_.read(), ElementsAre("begin", "listed n/a", "listed n/b", "end"));
}

TEST_F(ReflectorTest, ARetryAfterOfADayDoesNotBlindUsForADay) {
  server_->then(429, "{}", {{"retry-after", "86400"}});
  start();
  pass(2min);
  EXPECT_TRUE(reflector_.synced());
}

TEST_F(ReflectorTest, AThrottlingErrorInTheStreamKeepsThePlace) {
  start_watching();
  pass(10s);
  server_->watch().send(event("ADDED", "a", "101") + error_event(429, "TooManyRequests"));
  base::settle(io_);
  pass(1s);
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(last("resourceVersion"), "101");
}

TEST_F(ReflectorTest, ADeadServerIsAskedLaterAndLaterUpToHalfAMinute) {
  server_->dead();
  start();
  pass_slowly(5min);
  const auto& sent = server_->sent();
  EXPECT_LE(sent.size(), 90u);  // 0.3 a second
  EXPECT_LE(sent.size(), 17u);  // 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, ... s, less a tenth
  EXPECT_GE(sent.size(), 12u);
  double expected = 0.8;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    const double waited = std::chrono::duration<double>(sent[i].at - sent[i - 1].at).count();
    EXPECT_GE(waited, expected * 0.9 - 0.001);
    EXPECT_LE(waited, expected * 1.1 + 0.1);
    expected = std::min(expected * 2, 30.0);
  }
}

TEST_F(ReflectorTest, AServerThatDiesUnderAWatchIsNotAskedMoreOftenAndTheWatchGoesOn) {
  start_watching();
  pass(60s);
  server_->dead();
  server_->watch().break_off();
  base::settle(io_);
  const auto before = count();
  pass_slowly(5min);
  EXPECT_LE(count() - before, 17u);
  server_->alive();
  pass_slowly(33s);
  EXPECT_TRUE(last().watch);
  EXPECT_EQ(last("resourceVersion"), "100");
  EXPECT_FALSE(server_->watch().closed());
  EXPECT_EQ(reflector_.relists(), 0);
}

TEST_F(ReflectorTest, AServerThatClosesEveryWatchAtOnceIsAskedAtMostThreeTimesInTenSeconds) {
  server_->always([](const Sent& sent) -> test::WatchedServer::Answer {
    if (!sent.watch) return base::HttpResponse{200, {}, page("a", "50")};
    return base::HttpResponse{200, {{"x-end", "1"}}, ""};
  });
  start();
  pass_slowly(5min);
  EXPECT_LE(count(), 18u);
  EXPECT_EQ(reflector_.relists(), 0);
}

TEST_F(ReflectorTest, AServerThatAnswersEveryWatchWithGoneDoesNotMakeUsListInALoop) {
  server_->always([](const Sent& sent) -> test::WatchedServer::Answer {
    if (!sent.watch) return base::HttpResponse{200, {}, page("a", "50")};
    return base::HttpResponse{410, {}, expired()};
  });
  start();
  pass_slowly(5min);
  EXPECT_LE(count(), 36u);
}

TEST_F(ReflectorTest, WatchesThatBringSomethingAndEndAtOnceBeginOnceASecond) {
  int version = 100;
  server_->always([&version](const Sent& sent) -> test::WatchedServer::Answer {
    if (!sent.watch) return base::HttpResponse{200, {}, page("a", "50")};
    return base::HttpResponse{200, {{"x-end", "1"}}, event("MODIFIED", "a", std::to_string(++version))};
  });
  start();
  pass_slowly(20s);
  EXPECT_GE(count(), 19u);
  EXPECT_LE(count(), 23u);
}

TEST_F(ReflectorTest, TwoQuietMinutesMakeTheNextFailureAFirstOne) {
  server_->dead();
  start();
  pass_slowly(5min);
  server_->alive();
  pass_slowly(33s);
  ASSERT_TRUE(reflector_.synced());
  pass_slowly(121s);
  server_->dead();
  server_->watch().break_off();
  base::settle(io_);
  const auto before = count();
  server_->alive();
  pass(900ms);
  EXPECT_EQ(count(), before + 1);
}

TEST_F(ReflectorTest, ASilentWatchIsCutHalfAMinuteAfterItsTime) {
  start_watching();
  const auto timeout = std::chrono::seconds{std::stoi(last("timeoutSeconds"))};
  pass(timeout + 29s);
  EXPECT_FALSE(server_->watches()[0]->closed());
  EXPECT_EQ(count(), 2u);
  pass(1s);
  EXPECT_TRUE(server_->watches()[0]->closed());
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(last("resourceVersion"), "100");
}

TEST_F(ReflectorTest, AWatchWhoseBookmarksStopIsCutAfterThreeMinutes) {
  start_watching();
  server_->watch().send(event("BOOKMARK", "", "150"));
  base::settle(io_);
  pass(179s);
  EXPECT_EQ(count(), 2u);
  pass(1s);
  EXPECT_TRUE(server_->watches()[0]->closed());
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(last("resourceVersion"), "150");
}

TEST_F(ReflectorTest, WhatIsNoEventLeadsToAListAfterAWait) {
  for (const std::string line : {"{\n", "[]\n", "{\"type\":\"ADDED\",\"object\":{}}\n", "{\"type\":\"NEWS\"}\n"}) {
    if (!running_) start_watching();
    pass(200s);
    const auto before = count();
    server_->watch().send(line);
    base::settle(io_);
    EXPECT_EQ(count(), before) << line;
    pass(1s);
    EXPECT_EQ(count(), before + 2) << line;
    EXPECT_THAT(diary_.read(), ElementsAre("begin", "end")) << line;
  }
}

TEST_F(ReflectorTest, CancellingEndsAnOpenWatchAtOnce) {
  start_watching();
  context_.cancel();
  base::settle(io_);
  EXPECT_TRUE(running_->ended());
  EXPECT_TRUE(server_->watch().closed());
}

TEST_F(ReflectorTest, CancellingEndsAWaitAtOnce) {
  server_->dead();
  start();
  pass_slowly(10s);
  const auto before = count();
  context_.cancel();
  base::settle(io_);
  EXPECT_TRUE(running_->ended());
  pass_slowly(60s);
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace lepton_operator::kube
