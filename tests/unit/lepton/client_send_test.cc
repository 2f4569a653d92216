// How requests leave the Client: the circuit breaker, the gate before it, the token bucket and Retry-After, with their request counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/lepton/bench.h"

namespace lepton_operator::lepton {
namespace {

using base::ErrorKind;
using test::Bench;
using test::operator""s;
using test::operator""ms;
using testing::AllOf;
using testing::Ge;
using testing::Le;

using Listed = base::Result<Decoded<Endpoint>>;

std::vector<std::shared_ptr<std::optional<Listed>>> many_callers(Bench& bench, int callers) {
  std::vector<std::shared_ptr<std::optional<Listed>>> results;
  for (int i = 0; i < callers; ++i) results.push_back(bench.start(bench.client->list_endpoints(bench.root)));
  return results;
}

ErrorKind outcome(Bench& bench) {
  const Listed listed = bench.get(bench.client->list_endpoints(bench.root));
  return listed ? ErrorKind::kConflict : listed.error().kind;
}

TEST(AWrongToken, OfAHundredCallersAtOnceCostsFewRequestsAndRefusesThemAll) {
  Bench bench;
  bench.transport->take(30ms);
  bench.transport->always(401, "no");
  const auto results = many_callers(bench, 100);
  bench.pass(1s);
  for (const auto& result : results) {
    ASSERT_TRUE(result->has_value());
    EXPECT_EQ((**result).error().kind, ErrorKind::kUnauthorized);
  }
  EXPECT_LE(bench.transport->sent().size(), 4u);
}

TEST(AWrongToken, WithCallersThatNeverGiveUpCostsAtMostTwelveRequestsInEightSeconds) {
  Bench bench;
  bench.transport->take(30ms);
  bench.transport->always(401, "no");
  for (int i = 0; i < 80; ++i) {
    many_callers(bench, 5);
    bench.pass(100ms);
  }
  EXPECT_THAT(bench.transport->sent().size(), AllOf(Ge(1u), Le(12u)));
  EXPECT_TRUE(bench.client->circuit_open());
}

TEST(AWrongToken, IsProbedByOneRequestAtATimeLessAndLessOften) {
  Bench bench;
  bench.transport->always(401, "no");
  std::vector<base::Timestamp> probes;
  for (int second = 0; second < 1200; ++second) {
    many_callers(bench, 3);
    bench.pass(1s);
  }
  for (const auto& sent : bench.transport->sent()) probes.push_back(sent.at);
  ASSERT_GE(probes.size(), 6u);
  ASSERT_LE(probes.size(), 9u);
  const std::vector<base::Milliseconds> expected = {30s, 60s, 120s, 240s, 300s};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto waited = probes[i + 1] - probes[i];
    EXPECT_GE(waited, expected[i] * 9 / 10) << i;
    EXPECT_LE(waited, expected[i] * 11 / 10 + 1s) << i;
  }
}

TEST(AWrongToken, ThatBecameValidClosesTheCircuitWithTheNextProbe) {
  Bench bench;
  bench.transport->then(401, "no");
  bench.transport->always(200, "[]");
  EXPECT_EQ(outcome(bench), ErrorKind::kUnauthorized);
  bench.pass(10s);
  EXPECT_EQ(outcome(bench), ErrorKind::kUnauthorized);
  EXPECT_EQ(bench.transport->sent().size(), 1u);
  bench.pass(24s);
  EXPECT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  EXPECT_FALSE(bench.client->circuit_open());
  EXPECT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
}

TEST(AWrongToken, IsToldFromAnsweredToNotEvenAsked) {
  Bench bench;
  bench.transport->always(401, "no");
  const Listed asked = bench.get(bench.client->list_endpoints(bench.root));
  const Listed refused = bench.get(bench.client->list_endpoints(bench.root));
  EXPECT_EQ(asked.error().status, 401);
  EXPECT_EQ(refused.error().status, 0);
  EXPECT_EQ(asked.error().what, refused.error().what);  // a condition that shows it does not change
}

TEST(ARequestThatChangesSomething, DoesNotLeaveWhenItsProcessLostTheLeadWhileItWaited) {
  bool leads = true;
  Bench bench({.requests_per_second = 1, .burst = 1, .may_write = [&] { return leads; }});
  bench.transport->always(200, "[]");
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  const auto removed = bench.start(bench.client->delete_job(bench.root, "job-1"));
  ASSERT_FALSE(removed->has_value()) << "the bucket is empty";
  leads = false;
  bench.pass(5s);
  ASSERT_TRUE(removed->has_value());
  EXPECT_EQ((**removed).error().kind, ErrorKind::kCancelled) << "it certainly had no effect";
  EXPECT_EQ(bench.transport->sent().size(), 1U);
  EXPECT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok()) << "what only reads may";
}

TEST(AProbe, ThatGotNoAnswerLeavesTheCircuitOpen) {
  Bench bench;
  bench.transport->then(401, "no").then(503, "").then([](const base::HttpRequest&) -> base::Result<base::HttpResponse> {
    return base::Error{ErrorKind::kUnreachable, "no route"};
  });
  EXPECT_EQ(outcome(bench), ErrorKind::kUnauthorized);
  bench.pass(34s);
  EXPECT_EQ(outcome(bench), ErrorKind::kServer);
  EXPECT_EQ(outcome(bench), ErrorKind::kUnauthorized);
  bench.pass(67s);
  EXPECT_EQ(outcome(bench), ErrorKind::kUnreachable);
  EXPECT_TRUE(bench.client->circuit_open());
}

TEST(A404, ShowsThatTheTokenWasAcceptedAndClosesTheCircuit) {
  Bench bench;
  bench.transport->then(401, "no").then(404, "");
  EXPECT_EQ(outcome(bench), ErrorKind::kUnauthorized);
  bench.pass(34s);
  EXPECT_EQ(outcome(bench), ErrorKind::kNotFound);
  EXPECT_FALSE(bench.client->circuit_open());
}

TEST(TheGate, LetsFewThroughUntilTheTokenWasAcceptedAndThenAll) {
  Bench bench;
  bench.transport->take(30ms);
  bench.transport->always(200, "[]");
  const auto first = many_callers(bench, 20);
  EXPECT_EQ(bench.transport->sent().size(), 4u);
  bench.pass(60ms);
  for (const auto& result : first) EXPECT_TRUE(result->has_value());
  many_callers(bench, 20);
  EXPECT_EQ(bench.transport->sent().size(), 40u);
  EXPECT_EQ(bench.transport->most_at_once(), 20);
}

TEST(TheGate, LetsTheNextTryWhenOneEndsWithoutAnAnswer) {
  Bench bench;
  bench.transport->take(100ms);
  bench.transport->always([](const base::HttpRequest&) -> base::Result<base::HttpResponse> {
    return base::Error{ErrorKind::kUnreachable, "no"};
  });
  const auto results = many_callers(bench, 10);
  bench.pass(300ms);
  for (const auto& result : results) ASSERT_TRUE(result->has_value());
  EXPECT_EQ(bench.transport->sent().size(), 10u);
  EXPECT_EQ(bench.transport->most_at_once(), 4);
}

TEST(TheGate, GivesUpWithTheCallersContext) {
  Bench bench;
  bench.transport->take(100s);
  many_callers(bench, 4);
  const auto waiting = bench.start(bench.client->list_endpoints(bench.root.with_timeout(1s)));
  bench.pass(2s);
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((**waiting).error().kind, ErrorKind::kCancelled);
}

TEST(TheBucket, LetsTheBurstPassAndThenItsRate) {
  ClientOptions options;
  options.requests_per_second = 10;
  options.burst = 5;
  Bench bench(options);
  bench.transport->always(200, "[]");
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  many_callers(bench, 30);
  EXPECT_EQ(bench.transport->sent().size(), 5u);
  bench.pass(1s);
  EXPECT_EQ(bench.transport->sent().size(), 15u);
}

struct Pause {
  const char* header;
  base::Milliseconds kept;
  std::optional<base::Milliseconds> told;
};

class RetryAfter : public testing::TestWithParam<Pause> {};

TEST_P(RetryAfter, HoldsEveryRequestBack) {
  Bench bench;
  const std::map<std::string, std::string> headers = {{"retry-after", GetParam().header}};
  bench.transport->then(429, "slow down", headers);
  bench.transport->always(200, "[]");
  const base::Timestamp start = bench.clock.now();
  const Listed throttled = bench.get(bench.client->list_endpoints(bench.root));
  EXPECT_EQ(throttled.error().kind, ErrorKind::kThrottled);
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  EXPECT_EQ(bench.transport->sent().back().at - start, GetParam().kept);
  EXPECT_EQ(throttled.error().retry_after, GetParam().told);
}

// The bench's clock starts at 56 years of 365 days after 1970: Thu, 18 Dec 2025 00:00:00 GMT.
INSTANTIATE_TEST_SUITE_P(InSecondsAsADateAndUnreadable, RetryAfter,
                         testing::Values(Pause{"7", 7s, 7s}, Pause{"999999", 3600s, 3600s},
                                         Pause{"Thu, 18 Dec 2025 00:00:30 GMT", 30s, 30s}, Pause{"soon", 1s, std::nullopt}));

TEST(RetryAfterOnA503, IsObeyedToo) {
  Bench bench;
  bench.transport->then(503, "", {{"retry-after", "5"}});
  bench.transport->always(200, "[]");
  const base::Timestamp start = bench.clock.now();
  EXPECT_EQ(outcome(bench), ErrorKind::kServer);
  ASSERT_TRUE(bench.get(bench.client->list_endpoints(bench.root)).ok());
  EXPECT_EQ(bench.transport->sent().back().at - start, 5s);
}

TEST(TheMetrics, HearOfEachRequestButNotOfThoseRefusedHere) {
  std::vector<std::string> heard;
  ClientOptions options;
  options.observe = [&](const char* method, const std::string& resource, int status, double seconds) {
    heard.push_back(std::string(method) + " " + resource + " " + std::to_string(status) + " " + std::to_string(seconds).substr(0, 3));
  };
  Bench bench(options);
  bench.transport->take(500ms);
  bench.transport->then(200, "[]").then([](const base::HttpRequest&) -> base::Result<base::HttpResponse> {
    return base::Error{ErrorKind::kUnreachable, "no"};
  });
  bench.transport->always(401, "");
  outcome(bench);
  static_cast<void>(bench.get(bench.client->delete_job(bench.root, "x")));
  outcome(bench);
  outcome(bench);
  EXPECT_THAT(heard, testing::ElementsAre("GET deployments 200 0.5", "DELETE jobs 0 0.5", "GET deployments 401 0.5"));
}

}  // namespace
}  // namespace lepton_operator::lepton
