#include "lepton/observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/lepton/bench.h"

namespace lepton_operator::lepton {
namespace {

using base::HttpRequest;
using base::HttpResponse;
using test::Bench;
using test::operator""s;
using test::operator""ms;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::UnorderedElementsAre;

std::string object(const std::string& name, const std::string& owner, const std::string& state, int created = 1) {
  return R"({"metadata":{"id":")" + name + R"(","name":")" + name.substr(0, name.find('~')) + R"(","created_at":)" +
         std::to_string(1'800'000'000'000 + created) + R"(,"labels":{"lepton-operator.uid":")" + owner + R"("}},"status":{"state":")" +
         state + "\"}}";
}

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return "[" + text + "]";
}

// What the workspace answers: the endpoints, the alive jobs, and the archived ones.
struct Workspace {
  std::vector<std::string> endpoints;
  std::vector<std::string> jobs;
  std::vector<std::string> archived;
  std::vector<std::string> others;  // of the other family
  int endpoints_status = 200;
  int others_status = 200;
  int jobs_status = 200;
  int archive_status = 200;

  HttpResponse answer(const HttpRequest& request) const {
    if (request.path.find("/deployments") != std::string::npos) return HttpResponse{endpoints_status, {}, list(endpoints)};
    if (request.path.find("/endpoints") != std::string::npos) return HttpResponse{others_status, {}, list(others)};
    if (request.query.front().second == "alive_only") return HttpResponse{jobs_status, {}, list(jobs)};
    std::vector<std::string> both = jobs;
    both.insert(both.end(), archived.begin(), archived.end());
    return HttpResponse{archive_status, {}, list(both)};
  }
};

class Observing : public testing::Test {
 protected:
  Observing() : Observing(ClientOptions{}) {}
  explicit Observing(ClientOptions options) : bench(std::move(options)) {
    bench.transport->always([this](const HttpRequest& request) -> base::Result<HttpResponse> { return workspace.answer(request); });
    ObserverOptions wishes;
    wishes.job_selector = "lepton-operator.install=i1";
    wishes.owner_label = "lepton-operator.uid";
    observer = std::make_unique<Observer>(bench.io, *bench.client, bench.clock, *bench.random, wishes,
                                          [this](const std::string& owner) { woken.push_back(owner); });
  }
  ~Observing() override {
    bench.root.cancel();
    bench.settle();
  }

  void begin() {
    boost::asio::co_spawn(bench.io, observer->run(bench.root), boost::asio::detached);
    bench.settle();
  }

  // One more look, and who was woken by it.
  std::vector<std::string> next_look() {
    woken.clear();
    observer->look_soon();
    bench.pass(700ms);
    return woken;
  }

  // The times between the starts of looks.
  std::vector<base::Milliseconds> intervals() const {
    std::vector<base::Milliseconds> found;
    std::optional<base::Timestamp> before;
    for (const auto& sent : bench.transport->sent()) {
      if (sent.request.path.find("/deployments") == std::string::npos) continue;
      if (before) found.push_back(sent.at - *before);
      before = sent.at;
    }
    return found;
  }

  Bench bench;
  Workspace workspace;
  std::vector<std::string> woken;
  std::unique_ptr<Observer> observer;
};

TEST_F(Observing, BeginsWithALookOfOneRequestForEndpointsAndOneForOurJobs) {
  workspace.endpoints = {object("e1", "u1", "Ready")};
  workspace.jobs = {object("j1", "u2", "Running")};
  begin();
  ASSERT_EQ(bench.transport->sent().size(), 3u);  // one job may be a whole page of this server: is there another?
  EXPECT_THAT(bench.transport->sent()[1].request.query, testing::Contains(testing::Pair("query", "lepton-operator.install=i1")));
  EXPECT_EQ(observer->view().endpoints.at("e1").endpoint.state, EndpointState::kReady);
  EXPECT_EQ(observer->view().jobs.at("j1").front().state, JobState::kRunning);
  EXPECT_THAT(woken, ElementsAre("u1", "u2", ""));
  EXPECT_EQ(observer->last_error(), std::nullopt);
}

TEST_F(Observing, HoldsWhatIsAlikeInMemoryOnce) {
  const auto endpoint = [](const std::string& name, const std::string& state, const std::string& image) {
    const std::string text = object(name, "u", state);
    return text.substr(0, text.size() - 1) + R"(,"spec":{"container":{"image":")" + image + "\"}}}";
  };
  workspace.endpoints = {endpoint("a", "Ready", "one"), endpoint("b", "Ready", "one"), endpoint("c", "Ready", "two")};
  begin();
  workspace.endpoints[1] = endpoint("b", "Not Ready", "one");
  next_look();
  const auto& seen = observer->view().endpoints;
  EXPECT_EQ(seen.at("a").endpoint.spec.held(), seen.at("b").endpoint.spec.held());
  EXPECT_NE(seen.at("a").endpoint.spec.held(), seen.at("c").endpoint.spec.held());
  EXPECT_EQ(seen.at("c").endpoint.spec->image, "two");
}

// As often as it is asked to, by as many as there are.
TEST_F(Observing, HastensTheLessTheMoreThereIsToSee) {
  struct Case {
    int endpoints;
    int jobs;
    base::Milliseconds pause;
  };
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  for (const Case& one : {Case{10, 0, 200ms}, Case{1'000, 0, 500ms}, Case{1'000, 1'000, 1'000ms}, Case{20'000, 0, 2'000ms}}) {
    SCOPED_TRACE(std::to_string(one.endpoints) + " and " + std::to_string(one.jobs));
    workspace.endpoints.clear();
    workspace.jobs.clear();
    for (int i = 0; i < one.endpoints; ++i) workspace.endpoints.push_back(object("e" + std::to_string(i), "u1", "Ready"));
    for (int i = 0; i < one.jobs; ++i) workspace.jobs.push_back(object("j" + std::to_string(i), "u1", "Running"));
    bench.pass(3s);  // a look that shows them
    const std::size_t before = intervals().size();
    for (int i = 0; i < 100; ++i) {
      observer->look_soon();
      bench.pass(100ms);
    }
    const auto found = intervals();
    ASSERT_GE(found.size(), before + 4);
    for (std::size_t i = before + 1; i < found.size(); ++i) {
      EXPECT_LE(found[i], one.pause);
      EXPECT_GE(found[i], one.pause * 4 / 5);
    }
  }
}

TEST_F(Observing, LooksAtRunningJobsTheMoreSeldomTheMoreThereIsToSee) {
  for (int i = 0; i < 10'000; ++i) workspace.endpoints.push_back(object("e" + std::to_string(i), "u1", "Ready"));
  for (int i = 0; i < 10'000; ++i) workspace.jobs.push_back(object("j" + std::to_string(i), "u1", "Running"));
  observer->set_interest("a", Interest{Pace::kJobs, false});
  begin();
  bench.pass(100s);
  EXPECT_THAT(intervals(), AllOf(testing::SizeIs(Ge(6u)), testing::Each(AllOf(Ge(12'800ms), Le(16s)))));
}

TEST_F(Observing, HastensNoMoreForAListThatIsNotAnswered) {
  for (int i = 0; i < 4'000; ++i) workspace.endpoints.push_back(object("e" + std::to_string(i), "u1", "Ready"));
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  workspace.endpoints_status = 403;
  for (int i = 0; i < 100; ++i) {
    observer->look_soon();
    bench.pass(100ms);
  }
  EXPECT_THAT(intervals(), testing::Each(Ge(1'000ms)));
}

TEST_F(Observing, LooksEveryTwoSecondsWhileAnEndpointIsAwaitedAndJitterOnlyShortens) {
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  bench.pass(60s);
  EXPECT_THAT(intervals(), testing::Each(AllOf(Ge(1600ms), Le(2000ms))));
  EXPECT_GE(intervals().size(), 29u);
  const auto all = intervals();
  EXPECT_GT(std::set<base::Milliseconds>(all.begin(), all.end()).size(), 5u);
}

TEST_F(Observing, LooksEveryTenSecondsWhileOnlyJobsRunAndEveryThirtyWhenNothingIsExpected) {
  observer->set_interest("a", Interest{Pace::kJobs, false});
  begin();
  bench.pass(100s);
  EXPECT_THAT(intervals(), AllOf(testing::SizeIs(Ge(9u)), testing::Each(AllOf(Ge(8s), Le(10s)))));
  observer->set_interest("a", Interest{});
  const std::size_t before = intervals().size();
  bench.pass(300s);
  const auto all = intervals();
  const std::vector<base::Milliseconds> idle(all.begin() + static_cast<std::ptrdiff_t>(before) + 1, all.end());
  EXPECT_THAT(idle, AllOf(testing::SizeIs(Ge(9u)), testing::Each(AllOf(Ge(24s), Le(30s)))));
}

TEST_F(Observing, FollowsTheClosestOfItsParties) {
  observer->set_interest("a", Interest{Pace::kJobs, false});
  observer->set_interest("b", Interest{Pace::kClose, false});
  observer->set_interest("c", Interest{Pace::kJobs, false});
  begin();
  bench.pass(20s);
  EXPECT_THAT(intervals(), testing::Each(Le(2s)));
  observer->set_interest("b", Interest{});
  bench.pass(10s);
  EXPECT_GE(intervals().back(), 8s);
}

TEST_F(Observing, NoticesACloserInterestWhileItRests) {
  begin();
  bench.pass(5s);
  ASSERT_THAT(intervals(), IsEmpty());
  observer->set_interest("a", Interest{Pace::kClose, false});
  bench.settle();
  EXPECT_THAT(intervals(), ElementsAre(5s));
}

TEST_F(Observing, KeepsItsPaceFromStartToStartThoughAnswersAreSlow) {
  bench.transport->take(1500ms);
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  bench.pass(30s);
  EXPECT_THAT(intervals(), AllOf(testing::SizeIs(Ge(14u)), testing::Each(Le(2s))));
}

TEST_F(Observing, LooksAtOnceWhenHastenedButAtMostFiveTimesASecond) {
  begin();
  bench.pass(10s);
  for (int i = 0; i < 100; ++i) {
    observer->look_soon();
    bench.pass(10ms);
  }
  EXPECT_EQ(intervals().front(), 10s);
  EXPECT_THAT(intervals().size(), AllOf(Ge(4u), Le(6u)));
  for (std::size_t i = 1; i < intervals().size(); ++i) EXPECT_GE(intervals()[i], 200ms);
}

TEST_F(Observing, LooksOnceMoreForAWriteThatHappenedDuringALook) {
  bench.transport->take(500ms);
  begin();
  bench.pass(100ms);
  const base::Timestamp written = bench.clock.now();
  observer->look_soon();
  bench.pass(1500ms);
  EXPECT_EQ(intervals().size(), 1u);
  EXPECT_EQ(observer->view().endpoint_looks.begun_after(written), 1);
  EXPECT_EQ(observer->view().job_looks.begun_after(written), 1);
}

class ObservingWithASmallBucket : public Observing {
 protected:
  static ClientOptions small() {
    ClientOptions options;
    options.requests_per_second = 1;
    options.burst = 10;
    return options;
  }
  ObservingWithASmallBucket() : Observing(small()) {}
};

TEST_F(ObservingWithASmallBucket, TakesAtMostHalfOfItHoweverCloseTheInterest) {
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  for (int i = 0; i < 1000; ++i) {
    observer->look_soon();
    bench.pass(100ms);
  }
  EXPECT_LE(bench.transport->sent().size(), 100 / 2 + 2);
  EXPECT_GE(bench.transport->sent().size(), 100 / 2 - 2);
  EXPECT_GE(bench.client->available_tokens(), 5);
}

TEST_F(Observing, DatesALookByWhenItBeganAndNotByWhenItWasAnswered) {
  bench.transport->take(700ms);
  const base::Timestamp start = bench.clock.now();
  begin();
  bench.pass(1s);
  EXPECT_EQ(observer->view().endpoint_looks.last, start);
  EXPECT_EQ(observer->view().job_looks.last, start);
  EXPECT_EQ(observer->view().endpoint_looks.before_last, std::nullopt);
  EXPECT_EQ(observer->view().archive_looks.last, std::nullopt);
  EXPECT_EQ(observer->view().endpoint_looks.begun_after(start), 0);
  EXPECT_EQ(observer->view().endpoint_looks.begun_after(start - 1ms), 1);
}

TEST_F(Observing, WakesOnlyThoseWhoseObjectsChangedCameOrWent) {
  workspace.endpoints = {object("e1", "u1", "Starting"), object("e2", "u2", "Starting"), object("e3", "u3", "Ready"),
                         object("other", "", "Ready")};
  workspace.jobs = {object("j4", "u4", "Running"), object("j5", "u5", "Running")};
  begin();
  EXPECT_THAT(next_look(), ElementsAre(""));
  workspace.endpoints = {object("e1", "u1", "Ready"), object("e2", "u2", "Starting"), object("e6", "u6", "")};
  workspace.jobs = {object("j4", "u4", "Completed"), object("j7", "u7", "Starting")};
  EXPECT_THAT(next_look(), UnorderedElementsAre("u1", "u3", "u4", "u5", "u6", "u7", ""));
  EXPECT_EQ(woken.back(), "");
  EXPECT_EQ(observer->view().endpoints.count("e3"), 0u);
  EXPECT_THAT(next_look(), ElementsAre(""));
}

TEST_F(Observing, WakesBothOwnersOfANameThatChangedHands) {
  workspace.endpoints = {object("e1", "u1", "Ready")};
  begin();
  workspace.endpoints = {object("e1", "u2", "Ready")};
  EXPECT_THAT(next_look(), ElementsAre("u1", "u2", ""));
}

TEST_F(Observing, CountsConsecutiveLooksThatFoundAnErrorAndWakesForTheSecond) {
  workspace.endpoints = {object("e1", "u1", "Error")};
  begin();
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 1);
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 2);
  EXPECT_THAT(next_look(), ElementsAre(""));
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 3);
  workspace.endpoints_status = 500;
  next_look();
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 3);
  workspace.endpoints_status = 200;
  workspace.endpoints = {object("e1", "u1", "Not Ready")};
  next_look();
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 0);
}

TEST_F(Observing, KeepsTheViewAndItsTimesWhenALookFailsAndSaysWhy) {
  workspace.endpoints = {object("e1", "u1", "Ready")};
  workspace.jobs = {object("j1", "u1", "Running")};
  begin();
  const auto seen = observer->view().endpoint_looks.last;
  workspace.endpoints_status = 503;
  workspace.jobs_status = 503;
  EXPECT_THAT(next_look(), ElementsAre(""));
  EXPECT_EQ(observer->view().endpoints.size(), 1u);
  EXPECT_EQ(observer->view().jobs.size(), 1u);
  EXPECT_EQ(observer->view().endpoint_looks.last, seen);
  ASSERT_TRUE(observer->last_error());
  EXPECT_EQ(observer->last_error()->kind, base::ErrorKind::kServer);
  workspace.endpoints_status = workspace.jobs_status = 200;
  next_look();
  EXPECT_FALSE(observer->last_error());
}

TEST_F(Observing, TakesWhatOneListSaysThoughTheOtherFailed) {
  begin();
  workspace.endpoints = {object("e1", "u1", "Ready")};
  workspace.jobs_status = 500;
  const base::Timestamp before = bench.clock.now();
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_EQ(observer->view().endpoint_looks.begun_after(before), 1);
  EXPECT_EQ(observer->view().job_looks.begun_after(before), 0);
}

TEST_F(Observing, TakesNothingAsAbsentByAListThatHoldsWhatCannotBeRead) {
  workspace.endpoints = {object("e1", "u1", "Ready"), object("e2", "u2", "Starting")};
  workspace.jobs = {object("j1", "u3", "Running")};
  begin();
  const auto endpoints_seen = observer->view().endpoint_looks.last;
  const auto jobs_seen = observer->view().job_looks.last;
  workspace.endpoints = {object("e2", "u2", "Ready"), R"({"metadata":{}})"};
  workspace.jobs = {"{}"};
  EXPECT_THAT(next_look(), ElementsAre("u2", ""));
  EXPECT_EQ(observer->view().endpoints.count("e1"), 1u);
  EXPECT_EQ(observer->view().jobs.count("j1"), 1u);
  EXPECT_EQ(observer->view().endpoint_looks.last, endpoints_seen);
  EXPECT_EQ(observer->view().job_looks.last, jobs_seen);
  ASSERT_TRUE(observer->last_error());
  EXPECT_EQ(observer->last_error()->what, "lepton's list of endpoints holds 1 that cannot be read: nothing is taken as absent by it");
}

TEST_F(Observing, KeepsJobsOfOneNameOldestFirst) {
  workspace.jobs = {object("eval~b", "u1", "Running", 20), object("eval~a", "u1", "Running", 30), object("eval~c", "u1", "Running", 10)};
  begin();
  const auto& namesakes = observer->view().jobs.at("eval");
  ASSERT_EQ(namesakes.size(), 3u);
  EXPECT_EQ(namesakes[0].id + namesakes[1].id + namesakes[2].id, "eval~ceval~beval~a");
}

TEST_F(Observing, AsksTheArchiveOnlyForThoseWhoWantItAndAtOnce) {
  workspace.jobs = {object("j1", "u1", "Completed")};
  workspace.archived = {object("j2", "u2", "Completed")};
  begin();
  bench.pass(1s);
  EXPECT_EQ(observer->view().jobs.count("j2"), 0u);
  woken.clear();
  observer->set_interest("a", Interest{Pace::kIdle, true});
  bench.settle();
  EXPECT_EQ(observer->view().archive_looks.last, bench.clock.now());
  EXPECT_EQ(observer->view().job_looks.last, bench.clock.now());
  EXPECT_TRUE(observer->view().jobs.at("j2").front().archived);
  EXPECT_FALSE(observer->view().jobs.at("j1").front().archived);
  EXPECT_THAT(woken, ElementsAre("u2", ""));
  EXPECT_EQ(bench.transport->sent().size(), 7u);  // a look of 3, of which one proves the jobs' end, then one of 4
}

TEST_F(Observing, WakesForAJobThatMovesIntoTheArchive) {
  workspace.jobs = {object("j1", "u1", "Completed")};
  observer->set_interest("a", Interest{Pace::kClose, true});
  begin();
  std::swap(workspace.jobs, workspace.archived);
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_TRUE(observer->view().jobs.at("j1").front().archived);
}

// What is known by its text is known of the latest look alone: the same text as one look before that is news again.
TEST_F(Observing, SeesAStateThatComesBackWhoeverShowedTheOneBetween) {
  const std::string running = object("j1", "u1", "Running");
  const std::string ready = object("e1", "u2", "Ready");
  workspace.jobs = {running};
  workspace.endpoints = {ready};
  observer->set_interest("a", Interest{Pace::kClose, false});
  begin();
  workspace.jobs = {object("j1", "u1", "Stopping")};
  workspace.endpoints = {object("e1", "u2", "Starting")};
  EXPECT_THAT(next_look(), UnorderedElementsAre("u1", "u2", ""));
  workspace.jobs = {running};
  workspace.endpoints = {ready};
  EXPECT_THAT(next_look(), UnorderedElementsAre("u1", "u2", ""));
  EXPECT_EQ(observer->view().jobs.at("j1").front().state, JobState::kRunning);
  EXPECT_EQ(observer->view().endpoints.at("e1").endpoint.state, EndpointState::kReady);
  EXPECT_THAT(next_look(), ElementsAre(""));
}

TEST_F(Observing, SeesThatAJobIsAliveAgainThoughItsTextIsTheSame) {
  workspace.jobs = {object("j1", "u1", "Completed")};
  observer->set_interest("a", Interest{Pace::kClose, true});
  begin();
  std::swap(workspace.jobs, workspace.archived);
  next_look();
  ASSERT_TRUE(observer->view().jobs.at("j1").front().archived);
  std::swap(workspace.jobs, workspace.archived);
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_FALSE(observer->view().jobs.at("j1").front().archived);
}

// Also when nothing of its text changes: in two looks in a row it has failed.
TEST_F(Observing, CountsLooksThatFindAnErrorThoughNothingElseIsNew) {
  workspace.endpoints = {object("e1", "u1", "Error")};
  begin();
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 2);
  EXPECT_THAT(next_look(), ElementsAre(""));
  EXPECT_EQ(observer->view().endpoints.at("e1").error_looks, 3);
}

TEST_F(Observing, KeepsWhatItKnowsOfTheArchiveWhenTheArchiveDoesNotAnswer) {
  workspace.jobs = {object("j1", "u1", "Running")};
  workspace.archived = {object("j2", "u2", "Failed")};
  observer->set_interest("a", Interest{Pace::kClose, true});
  begin();
  const auto seen = observer->view().archive_looks.last;
  workspace.archive_status = 500;
  workspace.jobs.clear();
  EXPECT_THAT(next_look(), ElementsAre("u1", ""));
  EXPECT_EQ(observer->view().jobs.count("j1"), 0u);
  EXPECT_EQ(observer->view().jobs.count("j2"), 1u);
  EXPECT_EQ(observer->view().archive_looks.last, seen);
}

TEST_F(Observing, CostsFewRequestsWhenTheTokenIsWrongAndRecoversByItself) {
  observer->set_interest("a", Interest{Pace::kClose, true});
  workspace.endpoints_status = workspace.jobs_status = workspace.archive_status = 401;
  begin();
  bench.pass(8s);
  EXPECT_LE(bench.transport->sent().size(), 3u);
  ASSERT_TRUE(observer->last_error());
  EXPECT_EQ(observer->last_error()->kind, base::ErrorKind::kUnauthorized);
  EXPECT_EQ(woken.front(), "");
  workspace.endpoints_status = workspace.jobs_status = workspace.archive_status = 200;
  workspace.endpoints = {object("e1", "u1", "Ready")};
  bench.pass(27s);
  EXPECT_FALSE(observer->last_error());
  EXPECT_EQ(observer->view().endpoints.size(), 1u);
}

TEST_F(Observing, EndsWithItsContextAndWakesNobodyThen) {
  bench.transport->take(5s);
  const auto ended = bench.start([](Observer& running, base::Context context) -> boost::asio::awaitable<bool> {
    co_await running.run(context);
    co_return true;
  }(*observer, bench.root));
  bench.pass(1s);
  bench.root.cancel();
  bench.settle();
  EXPECT_TRUE(ended->has_value());
  EXPECT_THAT(woken, IsEmpty());
  EXPECT_EQ(observer->view().endpoint_looks.last, std::nullopt);
}

TEST_F(Observing, TellsAListThatWasReadWithGapsFromOneThatWasNot) {
  workspace.endpoints = {"{}"};
  begin();
  EXPECT_TRUE(observer->last_error().has_value());
  EXPECT_TRUE(observer->lists_read());
  workspace.endpoints_status = 503;
  next_look();
  EXPECT_FALSE(observer->lists_read());
}

// --- a workspace that changes its API family

std::string component(const std::string& name, const std::string& owner) {
  return R"({"metadata":{"name":")" + name + R"("},"spec":{"components":[{"name":"default","envs":[
             {"name":"LEPTONOP_OWNER","value":"lepton-operator.uid=)" +
         owner + R"("}]}]},"status":{"state":"Ready"}})";
}

class ChangingFamily : public Observing {
 protected:
  ChangingFamily() {
    workspace.endpoints = {object("a", "ua", "Ready")};
    observer->set_interest("somebody", Interest{Pace::kClose, false});
    begin();
    observer->set_family(ApiFamily::kEndpoints);
  }
  void care_for_the_former() { observer->set_interest("somebody", Interest{Pace::kClose, false, true}); }
  int asked_of(const std::string& route) {
    int count = 0;
    for (const auto& sent : bench.transport->sent()) count += sent.request.path.ends_with(route) ? 1 : 0;
    return count;
  }
};

TEST_F(ChangingFamily, AsksTheNewRoutesAndTheFormerOnesWhileSomebodyNeedsThem) {
  care_for_the_former();
  workspace.others = {component("b", "ub")};
  EXPECT_THAT(next_look(), UnorderedElementsAre("ub", ""));
  const View& view = observer->view();
  EXPECT_EQ(view.endpoints.at("a").family, ApiFamily::kDeployments);
  EXPECT_EQ(view.endpoints.at("b").family, ApiFamily::kEndpoints);
  EXPECT_EQ(view.looks_at(ApiFamily::kEndpoints).last, view.looks_at(ApiFamily::kDeployments).last);
  observer->set_interest("somebody", Interest{Pace::kClose, false});
  next_look();
  const int before = asked_of("/deployments");
  next_look();
  EXPECT_EQ(asked_of("/deployments"), before);
  EXPECT_FALSE(view.endpoints.contains("a"));
}

TEST_F(ChangingFamily, ALookAtOneFamilyProvesNothingOfTheOther) {
  care_for_the_former();
  next_look();
  const auto looked = observer->view().looks_at(ApiFamily::kDeployments).last;
  workspace.endpoints_status = 404;
  EXPECT_THAT(next_look(), ElementsAre(""));
  EXPECT_TRUE(observer->view().endpoints.contains("a"));
  EXPECT_EQ(observer->view().looks_at(ApiFamily::kDeployments).last, looked);
  EXPECT_GT(observer->view().looks_at(ApiFamily::kEndpoints).last, looked);
  ASSERT_TRUE(observer->view().other_error.has_value());
  EXPECT_FALSE(observer->last_error().has_value());  // the workspace answers
  workspace.endpoints_status = 200;
  workspace.endpoints.clear();
  EXPECT_THAT(next_look(), UnorderedElementsAre("ua", ""));
  EXPECT_FALSE(observer->view().endpoints.contains("a"));
  EXPECT_FALSE(observer->view().other_error.has_value());
}

TEST_F(ChangingFamily, WhatBothShowIsTheNewOnes) {
  care_for_the_former();
  workspace.others = {component("a", "ua")};
  EXPECT_THAT(next_look(), UnorderedElementsAre("ua", ""));
  EXPECT_EQ(observer->view().endpoints.at("a").family, ApiFamily::kEndpoints);
  EXPECT_THAT(next_look(), ElementsAre(""));
}

}  // namespace
}  // namespace lepton_operator::lepton
