#include "kube/recorder.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "unit/kube/fake_objects.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using base::Method;
using testing::HasSubstr;
using testing::MatchesRegex;

Event an_event(const std::string& note = "endpoint ready", const std::string& object = "llama") {
  Event event;
  event.regarding = ObjectReference{"lepton.dev/v1alpha1", "Invocation", "team", object, "uid-" + object, "7"};
  event.reason = "EndpointReady";
  event.action = "CreateEndpoint";
  event.note = note;
  return event;
}

class Recorder : public testing::Test {
 protected:
  void SetUp() override {
    boost::asio::co_spawn(io_, recorder_.run(context_), boost::asio::detached);
    settle();
  }
  ~Recorder() override {
    context_.cancel();
    settle();
  }

  void settle() {
    do io_.restart();
    while (io_.poll() > 0);
  }
  void pass(base::Milliseconds time) {
    const base::Timestamp end = clock_.now() + time;
    while (clock_.next() && *clock_.next() <= end) {
      clock_.advance(*clock_.next() - clock_.now());
      settle();
    }
    clock_.advance(end - clock_.now());
    settle();
  }
  void record(const Event& event) {
    recorder_.record(event);
    settle();
  }
  const base::Json& only() {
    EXPECT_EQ(server_->objects().size(), 1u);
    return server_->objects().begin()->second;
  }
  std::int64_t series_count() { return base::get_int(base::get_object(only(), "series"), "count").value_or(0); }
  int creations() { return server_->count(Method::kPost); }
  int patches() { return server_->count(Method::kPatch); }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_, base::Timestamp{1'782'907'200'250ms}};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(7);
  std::shared_ptr<test::FakeObjects> server_ = std::make_shared<test::FakeObjects>();
  Api api_{server_, nullptr, clock_, ApiOptions{}};
  EventRecorder recorder_{io_, api_, clock_, *random_, "lepton.dev/operator", "operator-0"};
  base::Context context_{clock_};
};

TEST_F(Recorder, AnEventIsAnObjectAsTheServerTakesIt) {
  record(an_event());
  const base::Json& event = only();
  EXPECT_THAT(server_->objects().begin()->first, MatchesRegex("/apis/events.k8s.io/v1/namespaces/team/events/llama\\.[0-9a-f]{16}"));
  EXPECT_EQ(base::get_string(event, "reportingController"), "lepton.dev/operator");
  EXPECT_EQ(base::get_string(event, "reportingInstance"), "operator-0");
  EXPECT_EQ(base::get_string(event, "reason"), "EndpointReady");
  EXPECT_EQ(base::get_string(event, "action"), "CreateEndpoint");
  EXPECT_EQ(base::get_string(event, "type"), "Normal");
  EXPECT_EQ(base::get_string(event, "note"), "endpoint ready");
  EXPECT_EQ(base::get_string(event, "eventTime"), "2026-07-01T12:00:00.250000Z");
  EXPECT_EQ(
      base::to_text(base::get_object(event, "regarding")),
      R"({"apiVersion":"lepton.dev/v1alpha1","kind":"Invocation","name":"llama","namespace":"team","resourceVersion":"7","uid":"uid-llama"})");
}

TEST_F(Recorder, AnEventAboutAClusterScopedObjectStandsInDefault) {
  Event event = an_event();
  event.regarding.namespace_.clear();
  event.warning = true;
  record(event);
  EXPECT_THAT(server_->objects().begin()->first, HasSubstr("/namespaces/default/events/"));
  EXPECT_EQ(base::get_string(only(), "type"), "Warning");
}

TEST_F(Recorder, WhatIsTooLongIsCutAndWhatMustStandStands) {
  Event event = an_event();
  event.note = std::string(1'023, 'n') + "\u00e4\u00e4";
  event.reason = std::string(200, 'r');
  event.action.clear();
  event.regarding.name = std::string(253, 'x');
  record(event);
  EXPECT_LE(base::get_string(only(), "note")->size(), 1'024u);
  EXPECT_THAT(*base::get_string(only(), "note"), testing::EndsWith("n\u2026"));
  EXPECT_EQ(base::get_string(only(), "reason")->size(), 128u);
  EXPECT_EQ(base::get_string(only(), "action")->size(), 128u);
  EXPECT_EQ(base::get_string(base::get_object(only(), "metadata"), "name")->size(), 253u);
}

TEST_F(Recorder, AStormOfOneEventIsOneCreationAndFewPatches) {
  for (int i = 0; i < 1'000; ++i) {
    record(an_event());
    pass(100ms);
  }
  EXPECT_EQ(creations(), 1);
  EXPECT_EQ(patches(), 1);  // at its second occurrence
  EXPECT_EQ(series_count(), 2);
  pass(8min);  // it is over: the last word
  EXPECT_EQ(patches(), 2);
  EXPECT_EQ(series_count(), 1'000);
  EXPECT_EQ(base::get_string(base::get_object(only(), "series"), "lastObservedTime"), "2026-07-01T12:01:40.150000Z");
}

TEST_F(Recorder, ASeriesThatGoesOnIsRefreshedEveryHalfHour) {
  for (int i = 0; i < 120; ++i) {
    record(an_event());
    pass(1min);
  }
  EXPECT_EQ(creations(), 1);
  EXPECT_GE(patches(), 4);
  EXPECT_LE(patches(), 5);
}

TEST_F(Recorder, RepeatsThatCameBeforeTheCreationWasSentAreTold) {
  for (int i = 0; i < 5; ++i) recorder_.record(an_event());
  settle();
  EXPECT_EQ(creations(), 1);
  EXPECT_EQ(patches(), 1);
  EXPECT_EQ(series_count(), 5);
}

TEST_F(Recorder, AfterSixQuietMinutesTheSameEventIsANewOne) {
  record(an_event());
  pass(6min);
  record(an_event());
  EXPECT_EQ(creations(), 2);
  EXPECT_EQ(patches(), 0);
}

TEST_F(Recorder, AnotherNoteIsAnotherEvent) {
  record(an_event("gpqa_diamond is ready"));
  record(an_event("ifeval is ready"));
  EXPECT_EQ(creations(), 2);
}

TEST_F(Recorder, AnObjectMayHave25EventsAtOnceAndThenOneInFiveMinutes) {
  for (int i = 0; i < 100; ++i) record(an_event("note " + std::to_string(i)));
  EXPECT_EQ(creations(), 25);
  record(an_event("about another object", "other"));
  EXPECT_EQ(creations(), 26);
  pass(5min);
  for (int i = 0; i < 10; ++i) record(an_event("later " + std::to_string(i)));
  EXPECT_EQ(creations(), 27);
}

TEST_F(Recorder, AnEventWaitsForAServerThatIsDown) {
  server_->go_down();
  record(an_event());
  pass(60s);
  EXPECT_GE(creations(), 6);
  server_->come_back();
  pass(10s);
  EXPECT_EQ(base::get_string(only(), "note"), "endpoint ready");
}

TEST_F(Recorder, AfterTwelveTriesAnEventIsDropped) {
  server_->go_down();
  record(an_event());
  pass(1h);
  EXPECT_EQ(creations(), 12);
  server_->come_back();
  record(an_event("the next"));
  EXPECT_EQ(base::get_string(only(), "note"), "the next");
}

TEST_F(Recorder, WhatTheServerRefusesIsNotTriedAgain) {
  server_->set_fault([](const base::HttpRequest&) -> std::optional<test::FakeObjects::Answered> {
    return test::FakeObjects::status(403, "Forbidden");  // such as in a namespace that is going
  });
  record(an_event());
  pass(5min);
  EXPECT_EQ(creations(), 1);
}

TEST_F(Recorder, ACreationOfUnknownOutcomeMakesNoSecondObject) {
  bool first = true;
  server_->set_fault([&](const base::HttpRequest& request) -> std::optional<test::FakeObjects::Answered> {
    if (!std::exchange(first, false)) return std::nullopt;
    server_->apply(request);
    return base::Error{base::ErrorKind::kInterrupted, "the connection broke"};
  });
  record(an_event());
  pass(1min);
  EXPECT_EQ(creations(), 2);
  EXPECT_EQ(server_->objects().size(), 1u);
  record(an_event());
  EXPECT_EQ(series_count(), 2);
}

TEST_F(Recorder, ASeriesWhoseEventExpiredIsTold) {
  record(an_event());
  const std::string path = server_->objects().begin()->first;
  server_->erase(path);
  record(an_event());
  EXPECT_EQ(server_->objects().begin()->first, path);
  EXPECT_EQ(series_count(), 2);
}

TEST_F(Recorder, AFullQueueDropsItsOldest) {
  server_->go_down();
  record(an_event("under way"));
  for (int i = 0; i < 1'010; ++i) recorder_.record(an_event("note", "object-" + std::to_string(i)));
  server_->come_back();
  pass(10s);
  EXPECT_EQ(server_->objects().size(), 1'001u);
  const auto about = [&](const std::string& name) {
    return std::any_of(server_->objects().begin(), server_->objects().end(),
                       [&](const auto& entry) { return base::get_string(base::get_object(entry.second, "regarding"), "name") == name; });
  };
  EXPECT_FALSE(about("object-9"));
  EXPECT_TRUE(about("object-10"));
}

}  // namespace
}  // namespace lepton_operator::kube
