// The Client's routes: what is asked, and what answers mean.
#include "lepton/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_list.h"
#include "base/json_member.h"
#include "unit/lepton/bench.h"

namespace lepton_operator::lepton {
namespace {

using base::ErrorKind;
using base::HttpRequest;
using base::HttpResponse;
using base::Method;
using test::Bench;
using test::operator""s;
using test::operator""ms;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

const HttpRequest& last(const Bench& bench) { return bench.transport->sent().back().request; }

std::string jobs_page(int first, int count) {
  std::string items;
  for (int i = first; i < first + count; ++i)
    items += (i == first ? "" : ",") + std::string(R"({"metadata":{"id":"j)") + std::to_string(i) + "\"}}";
  return "{\"jobs\":[" + items + "]}";
}

EndpointSpec an_endpoint() {
  EndpointSpec spec;
  spec.name = "nim-a";
  spec.image = "nim:1";
  spec.resource_shape = "gpu.1xh200";
  spec.api_tokens = {ApiToken{"endpoint-token-1", {}}};
  return spec;
}

TEST(ARequest, CarriesTokenOriginPathAndJson) {
  Bench bench;
  ASSERT_TRUE(bench.get(bench.client->create_endpoint(bench.root, an_endpoint())).ok());
  EXPECT_EQ(last(bench).method, Method::kPost);
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/deployments");
  EXPECT_THAT(last(bench).headers,
              ElementsAre(Pair("Authorization", std::string("Bearer ") + test::kToken), Pair("origin", "https://lepton.test")));
  EXPECT_EQ(last(bench).content_type, "application/json");
  EXPECT_THAT(last(bench).body, HasSubstr("\"nim-a\""));
}

TEST(ARequest, ForANameEncodesItAndNeverAddressesTheCollection) {
  Bench bench;
  bench.transport->always(200, R"({"metadata":{"name":"x"}})");
  ASSERT_TRUE(bench.get(bench.client->get_endpoint(bench.root, "a/b c")).ok());
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/deployments/a%2Fb%20c");
  const std::size_t before = bench.transport->sent().size();
  for (const char* name : {"", ".", ".."}) {
    EXPECT_EQ(bench.get(bench.client->delete_endpoint(bench.root, name)).error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(bench.get(bench.client->delete_job(bench.root, name)).error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(bench.get(bench.client->delete_secret(bench.root, name)).error().kind, ErrorKind::kInvalid);
  }
  EXPECT_EQ(bench.transport->sent().size(), before);
}

TEST(ARequest, HasTwentySecondsToChangeAndAMinuteToRead) {
  Bench bench;
  bench.transport->take(3600s);
  const base::Timestamp start = bench.clock.now();
  const auto created = bench.get(bench.client->create_endpoint(bench.root, an_endpoint()));
  EXPECT_EQ(created.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(created.error().uncertain());
  EXPECT_EQ(bench.clock.now() - start, 20s);
  const auto listed = bench.get(bench.client->list_endpoints(bench.root));
  EXPECT_EQ(listed.error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(bench.clock.now() - start, 80s);
}

TEST(ARequest, StartsItsDeadlineWhenItIsSentAndNotWhileItWaitsForAToken) {
  ClientOptions slow;
  slow.requests_per_second = 0.01;
  slow.burst = 1;
  Bench bench(slow);
  bench.transport->always(200, "[]");
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  ASSERT_TRUE(bench.get(bench.client->delete_endpoint(bench.root, "a")).ok());  // 100 s later, though it has but 20 s
  const auto& sent = bench.transport->sent().back();
  EXPECT_EQ(*sent.deadline - sent.at, 20s);
}

TEST(ARequest, WhoseContextEndsBeforeItIsSentCertainlyHadNoEffect) {
  ClientOptions slow;
  slow.requests_per_second = 0.01;
  slow.burst = 1;
  Bench bench(slow);
  bench.transport->always(200, "[]");
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  const auto created = bench.get(bench.client->create_endpoint(bench.root.with_timeout(5s), an_endpoint()));
  EXPECT_EQ(created.error().kind, ErrorKind::kCancelled);
  EXPECT_FALSE(created.error().uncertain());
  EXPECT_EQ(bench.transport->sent().size(), 1u);
}

TEST(ARequest, ThatTheTransportCouldNotDeliverKeepsItsKindAndIsNotSentAgain) {
  Bench bench;
  bench.transport->then([](const HttpRequest&) -> base::Result<HttpResponse> {
    return base::Error{ErrorKind::kInterrupted, "connection reset"};
  });
  const auto created = bench.get(bench.client->create_job(bench.root, JobSpec{}));
  EXPECT_EQ(created.error().kind, ErrorKind::kInterrupted);
  EXPECT_EQ(created.error().what, "no answer from lepton to POST /jobs: connection reset");
  EXPECT_EQ(bench.transport->sent().size(), 1u);
}

// A kept connection can turn out closed, and then the request is sent again.
TEST(ARequest, MayArriveTwiceUnlessThatWouldMakeTwoJobs) {
  Bench bench;
  const auto may_arrive_twice = [&bench](auto asked) {
    (void)bench.get(std::move(asked));
    const HttpRequest& sent = last(bench);
    return sent.method == Method::kGet || sent.method == Method::kHead || sent.repeatable;
  };
  Client& client = *bench.client;
  EXPECT_TRUE(may_arrive_twice(client.create_endpoint(bench.root, an_endpoint())));
  EXPECT_TRUE(may_arrive_twice(client.create_secret(bench.root, NewSecret{.name = "s", .value = "v", .tags = {}})));
  EXPECT_TRUE(may_arrive_twice(client.delete_endpoint(bench.root, "a")));
  EXPECT_TRUE(may_arrive_twice(client.delete_job(bench.root, "a")));
  EXPECT_TRUE(may_arrive_twice(client.delete_secret(bench.root, "a")));
  EXPECT_TRUE(may_arrive_twice(client.stop_job(bench.root, "a")));
  EXPECT_TRUE(may_arrive_twice(client.scale_endpoint(bench.root, "a", 0, 1)));
  EXPECT_FALSE(may_arrive_twice(client.create_job(bench.root, JobSpec{})));
}

TEST(AStatus, MeansTheSameEverywhere) {
  const std::vector<std::pair<int, ErrorKind>> table = {
      {302, ErrorKind::kMalformed}, {400, ErrorKind::kInvalid},     {401, ErrorKind::kUnauthorized}, {403, ErrorKind::kForbidden},
      {404, ErrorKind::kNotFound},  {405, ErrorKind::kUnsupported}, {409, ErrorKind::kConflict},     {422, ErrorKind::kInvalid},
      {429, ErrorKind::kThrottled}, {500, ErrorKind::kServer},      {501, ErrorKind::kUnsupported},  {502, ErrorKind::kServer},
      {503, ErrorKind::kServer},    {418, ErrorKind::kInvalid},     {408, ErrorKind::kTimeout},      {425, ErrorKind::kTimeout}};
  for (const auto& [status, kind] : table) {
    Bench bench;
    bench.transport->then(status, "words");
    const auto job = bench.get(bench.client->get_job(bench.root, "x"));
    ASSERT_FALSE(job.ok()) << status;
    EXPECT_EQ(job.error().kind, kind) << status;
    EXPECT_EQ(job.error().status, status);
    if (status == 401) continue;  // has a sentence of its own
    EXPECT_EQ(job.error().what, "lepton answered " + std::to_string(status) + " to GET /jobs/x: words");
  }
}

TEST(AStatus, ThatSaysSomebodyOnTheWayGaveUpLeavesACreationUncertain) {
  for (const int status : {408, 425, 500, 502, 504}) {
    Bench bench;
    bench.transport->then(status, "try later");
    const auto created = bench.get(bench.client->create_job(bench.root, JobSpec{}));
    ASSERT_FALSE(created.ok()) << status;
    EXPECT_TRUE(created.error().uncertain()) << status;
  }
}

TEST(AStatus, OfACreationThatSaysAlreadyExistsIsAConflict) {
  Bench bench;
  bench.transport->then(400, R"({"message":"deployment Already Exists"})")
      .then(400, "bad shape")
      .then(409, "")
      .then(400, "secret already exists");
  EXPECT_EQ(bench.get(bench.client->create_endpoint(bench.root, an_endpoint())).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(bench.get(bench.client->create_endpoint(bench.root, an_endpoint())).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(bench.get(bench.client->create_endpoint(bench.root, an_endpoint())).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(bench.get(bench.client->create_secret(bench.root, NewSecret{"s", "v-12345678", {}})).error().kind, ErrorKind::kConflict);
}

TEST(AnErrorText, NeverRepeatsAnAnswerThatMayHoldASecret) {
  Bench bench;
  bench.transport->then(422, "spec.api_tokens[0]: bad")
      .then(422, std::string("you sent ") + test::kToken)
      .then(422, "value endpoint-token-1 is weak")
      .then(422, R"(you sent {"value":"endpoint\u002dtoken-1"})")
      .then(400, "secret value hunter2hunter2 is bad");
  for (int i = 0; i < 4; ++i) {
    const auto created = bench.get(bench.client->create_endpoint(bench.root, an_endpoint()));
    EXPECT_EQ(created.error().what, "lepton answered 422 to POST /deployments: (answer not shown: it may hold a secret)");
  }
  const auto secret = bench.get(bench.client->create_secret(bench.root, NewSecret{"s", "hunter2hunter2", {}}));
  EXPECT_THAT(secret.error().text(), Not(HasSubstr("hunter2")));
}

TEST(AnErrorText, IsOneLineOfAtMostTwoHundredBytesOfTheAnswer) {
  Bench bench;
  bench.transport->then(500, "a\r\n\tb " + std::string(5'000, 'x'));
  const auto job = bench.get(bench.client->get_job(bench.root, "x"));
  EXPECT_THAT(job.error().what, StartsWith("lepton answered 500 to GET /jobs/x: a b xxx"));
  EXPECT_LT(job.error().what.size(), 250u);
}

TEST(TheWorkspace, ThatIsNotFoundMustBeNamedByItsId) {
  Bench bench;
  bench.transport->then(404, "no such workspace");
  EXPECT_EQ(bench.get(bench.client->workspace(bench.root)).error().what,
            "lepton answered 404 for workspace \"ws1\": this must be the workspace ID (dashboard, Settings), not its name.");
}

TEST(TheWorkspace, ThatRefusesTheTokenSaysWhereAValidOneGoes) {
  Bench bench;
  bench.transport->then(401, "unauthorized");
  const auto info = bench.get(bench.client->workspace(bench.root));
  EXPECT_EQ(info.error().kind, ErrorKind::kUnauthorized);
  EXPECT_THAT(info.error().what,
              AllOf(StartsWith("lepton refused the token for workspace \"ws1\" (401): put a valid one in "), Not(HasSubstr(test::kToken))));
}

TEST(AnAnswer, ThatIsNoJsonOrOfTheWrongShapeIsMalformedAndUncertain) {
  Bench bench;
  bench.transport->then(200, "<html>").then(200, "{}").then(200, "[");
  for (int i = 0; i < 3; ++i) {
    const auto job = bench.get(bench.client->create_job(bench.root, JobSpec{}));
    EXPECT_EQ(job.error().kind, ErrorKind::kMalformed);
    EXPECT_TRUE(job.error().uncertain());
    EXPECT_THAT(job.error().what, HasSubstr("POST /jobs"));
  }
}

TEST(ACreatedEndpoint, MayBeAnsweredWithAnything) {
  for (const char* body : {"", "{}", "ok"}) {
    Bench bench;
    bench.transport->then(201, body);
    EXPECT_TRUE(bench.get(bench.client->create_endpoint(bench.root, an_endpoint())).ok()) << body;
  }
}

TEST(ARemoval, OfWhatIsGoneIsASuccess) {
  Bench bench;
  bench.transport->always(404, "gone");
  EXPECT_TRUE(bench.get(bench.client->delete_endpoint(bench.root, "a")).ok());
  EXPECT_TRUE(bench.get(bench.client->delete_job(bench.root, "j")).ok());
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("job_query_mode", "alive_and_archive")));
  EXPECT_TRUE(bench.get(bench.client->delete_secret(bench.root, "s")).ok());
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/usersecrets/s");
}

TEST(ARemoval, ThatWasNotAnsweredWellIsNoSuccess) {
  for (const int status : {302, 403, 409, 500, 503}) {
    Bench bench;
    bench.transport->then(status);
    EXPECT_FALSE(bench.get(bench.client->delete_endpoint(bench.root, "a")).ok()) << status;
  }
}

TEST(AChange, IsAPatchOfThatPartAlone) {
  Bench bench;
  ASSERT_TRUE(bench.get(bench.client->scale_endpoint(bench.root, "a", 1, 2)).ok());
  EXPECT_EQ(last(bench).method, Method::kPatch);
  EXPECT_EQ(last(bench).body, R"({"spec":{"resource_requirement":{"max_replicas":2,"min_replicas":1}}})");
  ASSERT_TRUE(bench.get(bench.client->stop_job(bench.root, "j")).ok());
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/jobs/j");
  EXPECT_EQ(last(bench).body, R"({"spec":{"stopped":true}})");
}

TEST(AChange, ThatIsThereAlreadyIsNoFailure) {
  Bench bench;
  bench.transport->then(400, R"({"message":"No valid field to update"})").then(400, R"({"message":"min_replicas is negative"})");
  EXPECT_TRUE(bench.get(bench.client->scale_endpoint(bench.root, "a", 1, 2)).ok());
  EXPECT_FALSE(bench.get(bench.client->scale_endpoint(bench.root, "a", 1, 2)).ok());
}

// Its text would be no JSON: had it been read, the list would have failed.
TEST(AList, DoesNotReadWhatIsKnownByItsText) {
  const std::string known = R"({"metadata":{"id":"a","name":"a"},"status":tru})";
  const std::string fresh = R"({"metadata":{"id":"b","name":"b"},"status":{"state":"Ready"}})";
  Bench bench;
  bench.transport->then(200, "[" + known + ", " + fresh + "]")
      .then(200, R"({"jobs":[)" + fresh + "," + known + "]}")
      .then(200, "[" + known + "]");
  const Prints prints = {{base::text_print(known), "a"}};
  const auto endpoints = bench.get(bench.client->list_endpoints(bench.root, ApiFamily::kDeployments, &prints));
  ASSERT_TRUE(endpoints.ok());
  EXPECT_EQ(endpoints->unchanged, prints);
  ASSERT_EQ(endpoints->items.size(), 1u);
  EXPECT_EQ(endpoints->items.front().name, "b");
  EXPECT_THAT(endpoints->prints, ElementsAre(base::text_print(fresh)));
  const auto jobs = bench.get(bench.client->list_jobs(bench.root, {}, &prints));
  ASSERT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->unchanged, prints);
  EXPECT_THAT(jobs->prints, ElementsAre(base::text_print(fresh)));
  EXPECT_EQ(bench.get(bench.client->list_endpoints(bench.root)).error().kind, ErrorKind::kMalformed);
}

class PrintsOf final : public base::JsonListReader {
 public:
  explicit PrintsOf(const std::vector<Job>& jobs) : JsonListReader("jobs"), jobs_(jobs) {}
  Prints prints;

 private:
  void element(std::string_view text) override {
    const std::string& id = jobs_[prints.size()].id;
    prints.emplace(base::text_print(text), id);
  }
  const std::vector<Job>& jobs_;
};

// A page of nothing but the known is a page all the same.
TEST(AListOfJobs, CountsWhatIsKnownByItsTextWhenItDecidesThatAPageIsShort) {
  Bench bench;
  const std::string page = jobs_page(0, 500);
  bench.transport->then(200, page).then(200, jobs_page(500, 1));
  const auto first = bench.get(bench.client->list_jobs(bench.root, {}));
  ASSERT_TRUE(first.ok());
  PrintsOf known(first->items);
  known.take(page);
  const Prints& prints = known.prints;
  ASSERT_EQ(prints.size(), 500u);
  bench.transport->then(200, page).then(200, jobs_page(500, 1));
  const auto again = bench.get(bench.client->list_jobs(bench.root, {}, &prints));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->unchanged.size() + again->items.size(), 501u);
}

TEST(AListOfJobs, AsksBySelectorAndScopeAndEndsWithAShortPage) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 500)).then(200, jobs_page(500, 3));
  const auto jobs = bench.get(bench.client->list_jobs(bench.root, JobQuery{JobScope::kAliveAndArchive, "lepton-operator.install=i1"}));
  ASSERT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->items.size(), 503u);
  EXPECT_EQ(jobs->requests, 2);
  EXPECT_EQ(bench.transport->sent().size(), 2u);
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("job_query_mode", "alive_and_archive"), Pair("query", "lepton-operator.install=i1"),
                                             Pair("page", "2"), Pair("page_size", "500")));
}

TEST(AListOfJobs, FromAServerThatCapsThePageSizeIsStillWhole) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 100)).then(200, jobs_page(100, 100)).then(200, jobs_page(200, 50));
  const auto jobs = bench.get(bench.client->list_jobs(bench.root, {}));
  ASSERT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->items.size(), 250u);
  EXPECT_EQ(bench.transport->sent().size(), 3u);
}

TEST(AListOfJobs, ThatEndsWithAFullPageEndsWithAnEmptyOne) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 100)).then(200, R"({"jobs":[]})");
  EXPECT_EQ(bench.get(bench.client->list_jobs(bench.root, {}))->items.size(), 100u);
  EXPECT_EQ(bench.transport->sent().size(), 2u);
}

TEST(AListOfJobs, ShorterThanAPageThatWasSeenCostsOneRequest) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 100)).then(200, R"({"jobs":[]})").then(200, jobs_page(0, 99));
  ASSERT_TRUE(bench.get(bench.client->list_jobs(bench.root, {})).ok());
  EXPECT_EQ(bench.get(bench.client->list_jobs(bench.root, {}))->items.size(), 99u);
  EXPECT_EQ(bench.transport->sent().size(), 3u);
}

TEST(AListOfJobs, ThatCannotBeReadEndsAndSaysSo) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 2)).always(200, R"({"jobs":[{},{}]})");
  EXPECT_EQ(bench.get(bench.client->list_jobs(bench.root, {}))->malformed, 2);
  EXPECT_EQ(bench.transport->sent().size(), 2u);
}

TEST(AListOfJobs, OfNoneCostsOneRequest) {
  Bench bench;
  bench.transport->then(200, R"({"jobs":[]})");
  const auto jobs = bench.get(bench.client->list_jobs(bench.root, {}));
  ASSERT_TRUE(jobs.ok());
  EXPECT_TRUE(jobs->items.empty());
  EXPECT_EQ(bench.transport->sent().size(), 1u);
  EXPECT_THAT(last(bench).query, Not(Contains(Pair("query", testing::_))));
}

TEST(AListOfJobs, FromAServerThatIgnoresThePageEndsAndHoldsEachJobOnce) {
  Bench bench;
  bench.transport->always(200, jobs_page(0, 700));
  const auto jobs = bench.get(bench.client->list_jobs(bench.root, {}));
  ASSERT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->items.size(), 700u);
  EXPECT_EQ(bench.transport->sent().size(), 2u);
}

TEST(AListOfJobs, OfWhichAPageFailedIsNoList) {
  Bench bench;
  bench.transport->then(200, jobs_page(0, 500)).then(503, "");
  EXPECT_EQ(bench.get(bench.client->list_jobs(bench.root, {})).error().kind, ErrorKind::kServer);
}

TEST(AJob, IsReadWithTheArchive) {
  Bench bench;
  bench.transport->then(200, R"({"metadata":{"id":"j"},"status":{"state":"Archived"}})");
  const auto job = bench.get(bench.client->get_job(bench.root, "j"));
  ASSERT_TRUE(job.ok());
  EXPECT_TRUE(job->archived);
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("job_query_mode", "alive_and_archive")));
}

TEST(Storage, ExistsOnlyByA200AndIsAbsentOnlyByA404) {
  Bench bench;
  bench.transport->then(200).then(404).then(204).then(500);
  EXPECT_TRUE(*bench.get(bench.client->storage_exists(bench.root, "node-nfs:lepton-shared-fs", "/shared/a b/x")));
  EXPECT_EQ(last(bench).method, Method::kHead);
  EXPECT_THAT(last(bench).path, testing::EndsWith("/shared/a%20b/x"));
  EXPECT_FALSE(*bench.get(bench.client->storage_exists(bench.root, "default", "/x/y")));
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(bench.get(bench.client->storage_exists(bench.root, "default", "/x/y")).ok());
}

TEST(Storage, ThatIsNotServedHereIsTold) {
  Bench bench;
  bench.transport->then(405).then(501).then(404);
  EXPECT_EQ(bench.get(bench.client->list_file_systems(bench.root)).error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(bench.get(bench.client->list_file_systems(bench.root)).error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(bench.get(bench.client->list_file_systems(bench.root)).error().kind, ErrorKind::kNotFound);
}

TEST(Storage, RemovesADirectoryByOneRecursiveRequestAndDoesNotTakeA404ForSuccess) {
  Bench bench;
  bench.transport->then(200).then(404);
  ASSERT_TRUE(bench.get(bench.client->remove_directory(bench.root, "default", "/shared/ws/0123456789abcdef")).ok());
  EXPECT_EQ(last(bench).method, Method::kDelete);
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/storage/default/shared/ws/0123456789abcdef");
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("removeall", "true")));
  EXPECT_EQ(bench.get(bench.client->remove_directory(bench.root, "default", "/shared/ws/x")).error().kind, ErrorKind::kNotFound);
}

TEST(Storage, IsNeverAskedToRemoveARootAParentOrAnEmptyName) {
  Bench bench;
  for (const char* path : {"", "/", "//", "/..", "/a/..", "/a/../b", "/a/./b", "/a//b", "/a/", "a/b", ".."}) {
    EXPECT_EQ(bench.get(bench.client->remove_directory(bench.root, "default", path)).error().kind, ErrorKind::kInvalid) << path;
  }
  for (const char* file_system : {"", ".", "..", "a/b"}) {
    EXPECT_EQ(bench.get(bench.client->remove_directory(bench.root, file_system, "/a/b")).error().kind, ErrorKind::kInvalid) << file_system;
  }
  EXPECT_TRUE(bench.transport->sent().empty());
}

TEST(ADiagnosis, TakesTheLatestLinesOfAllReplicasFromTheSearchWithinTenSeconds) {
  Bench bench;
  bench.transport->then(200, "{}").then(200, "{}").then(200, R"({"data":{"result":[
      {"stream":{"replica":"a"},"values":[["30","third\n"],["10","first"]]}, {"stream":{"replica":"b"},"values":[["20","second"]]}]}})");
  const auto found = bench.get(bench.client->explain_endpoint(bench.root, "nim-a"));
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(found->log_lines, ElementsAre("first", "second", "third"));
  EXPECT_THAT(last(bench).path, testing::EndsWith("/logs"));
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("deployment", "nim-a"), Pair("limit", "20")));
  EXPECT_EQ(*bench.transport->sent().back().deadline - bench.transport->sent().back().at, 10s);
}

TEST(ADiagnosis, OfComponentsHasTheLatestWarningsFirstEachOnce) {
  Bench bench;
  bench.transport
      ->then(200, R"([{"type":"Warning","reason":"BackOff","count":7,"last_observed_time":"2026-01-01T00:00:02Z"},
                      {"type":"Normal","reason":"Pulled","count":1,"last_observed_time":"2026-01-01T00:00:04Z"},
                      {"type":"Warning","reason":"FailedMount","count":1,"last_observed_time":"2026-01-01T00:00:03Z"},
                      {"type":"Warning","reason":"FailedMount","count":1,"last_observed_time":"2026-01-01T00:00:01Z"}, 7, {"type":"Warning"}])")
      .then(200, R"({"data":{"result":[{"values":[["1","a"]]}]}})");
  const auto found = bench.get(bench.client->explain_endpoint(bench.root, "nim-a", ApiFamily::kEndpoints));
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(found->reasons, ElementsAre("FailedMount", "BackOff (7 times)"));
  EXPECT_EQ(bench.transport->sent().size(), 2U);
  EXPECT_THAT(last(bench).query, ElementsAre(Pair("endpoint", "nim-a"), Pair("limit", "20")));
}

TEST(ADiagnosis, WithoutTheSearchTakesTheFirstReplicasOwnLog) {
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{{404, ""}, {200, R"({"data":{"result":[]}})"}, {200, "?"}}) {
    Bench bench;
    bench.transport->then(200, "{}").then(200, "{}").then(status, body).then(200, R"([{"metadata":{"id":"r-1"}}])").then(200, "a\nb\n");
    EXPECT_THAT(bench.get(bench.client->explain_endpoint(bench.root, "nim-a"))->log_lines, ElementsAre("a", "b"));
    EXPECT_THAT(last(bench).path, testing::EndsWith("/deployments/nim-a/replicas/r-1/log"));
  }
}

TEST(ADiagnosis, OfALogInAnotherEncodingIsUtf8) {
  Bench bench;
  bench.transport->then(200, "{}").then(200, "{}").then(404, "").then(200, R"([{"metadata":{"id":"r-1"}}])");
  bench.transport->then(200, "\x82\xAC of caf\xE9\nlast\n");
  EXPECT_THAT(bench.get(bench.client->explain_endpoint(bench.root, "nim-a"))->log_lines, ElementsAre("\uFFFD\uFFFD of caf\uFFFD", "last"));
}

JobSpec a_job(const std::string& value) {
  JobSpec job;
  job.name = "job-a";
  job.envs = {EnvVar{"LOG_LEVEL", "debug", {}}, EnvVar{"KEY", value, {}}};
  return job;
}

TEST(ARefusal, OfAJobKeepsTheValuesOfItsVariablesToItself) {
  Bench bench;
  bench.transport->then(422, "debug: cannot use hunter2/hunter2 (hunter2%2Fhunter2, aHVudGVyMi9odW50ZXIy)")
      .then(422, "bad: {\"envs\":[{\"name\":\"KEY\",\"value\":\"hunte");
  const auto named = bench.get(bench.client->create_job(bench.root, a_job("hunter2/hunter2")));
  EXPECT_EQ(named.error().what, "lepton answered 422 to POST /jobs: debug: cannot use *** (***, ***)");
  const auto repeated = bench.get(bench.client->create_job(bench.root, a_job("hunter2/hunter2")));
  EXPECT_EQ(repeated.error().what, "lepton answered 422 to POST /jobs: (answer not shown: it may hold a secret)");
}

TEST(ARefusal, ThatHoldsTheTokenInAnyFormIsNotShown) {
  Bench bench;
  for (const char* body : {"nvapi-0123456789abcdef", "Basic d3MxOm52YXBpLTAxMjM0NTY3ODlhYmNkZWY="}) {
    bench.transport->then(500, body);
    EXPECT_THAT(bench.get(bench.client->list_endpoints(bench.root)).error().what, HasSubstr("(answer not shown")) << body;
  }
}

std::optional<base::Timestamp> expiry(const std::string& body) {
  Bench bench;  // the token is nvapi-0123456789abcdef
  bench.transport->always(200, body);
  const auto told = bench.get(bench.client->token_expiry(bench.root));
  EXPECT_TRUE(told.ok()) << told.error().text();
  EXPECT_EQ(last(bench).path, "/api/v2/workspaces/ws1/tokens");
  return told.ok() ? *told : std::nullopt;
}

TEST(TheTokensExpiry, IsThatOfTheMaskThatFits) {
  const base::Timestamp at{std::chrono::milliseconds(1'803'221'876'159)};
  EXPECT_EQ(expiry(R"([{"masked_value":"nvap...xyz","expires_at":1},{"masked_value":"nvap...def","expires_at":1803221876159}])"), at);
  EXPECT_EQ(
      expiry(R"([{"masked_value":"nvap...def","expires_at":1903221876159},{"masked_value":"nvapi...ef","expires_at":1803221876159}])"), at)
      << "the earlier, when two fit";
}

TEST(TheTokensExpiry, IsNotKnownWhenNothingFitsOrNothingIsSaid) {
  for (const char* body :
       {"[]", "null", R"([{"masked_value":"...","expires_at":1803221876159}])", R"([{"masked_value":"nvap...def","expires_at":null}])",
        R"([{"masked_value":"nvap...def"},7,"x",{}])", R"([{"masked_value":"***","expires_at":1803221876159}])",
        R"([{"masked_value":"nvapi-0123456789...789abcdef","expires_at":1803221876159}])"}) {
    EXPECT_EQ(expiry(body), std::nullopt) << body;
  }
}

TEST(TheTokensExpiry, IsAnOptionalRouteWhoseRefusalOpensNoCircuit) {
  Bench bench;
  bench.transport->then(401, "no").then(200, "[]");
  EXPECT_EQ(bench.get(bench.client->token_expiry(bench.root)).error().kind, ErrorKind::kUnauthorized);
  EXPECT_FALSE(bench.client->circuit_open());
  EXPECT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
}

}  // namespace
}  // namespace lepton_operator::lepton
