#include "metrics/exposition.h"

#include <future>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/domain_thread.h"
#include "support/http_get.h"

namespace lepton_operator::metrics {
namespace {

using support::DomainThread;
using support::http_get;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

InvocationFigure named(const std::string& name) { return {{"team", name}, {}}; }

TEST(Exposition, AScrapeHasTheCountersAndTheObjects) {
  DomainThread domain;
  Metrics metrics;
  const Exposition exposition(domain.io, metrics, [] { return Fleet{.invocations = {named("llama")}}; });
  const auto server = WebServer::start("127.0.0.1:0", exposition.pages());
  ASSERT_TRUE(server);
  metrics.duplicate_job_deleted();
  const support::Got got = http_get((*server)->address(), "/metrics");
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, AllOf(HasSubstr("lepton_duplicate_jobs_total 1\n"),
                              HasSubstr("lepton_invocation_status_phase{namespace=\"team\",name=\"llama\",phase=\"Pending\"} 1\n"),
                              HasSubstr("lepton_scrape_complete 1\n")));
}

TEST(Exposition, TheSeriesOfAnObjectVanishWithIt) {
  DomainThread domain;
  const Metrics metrics;
  Fleet fleet{.invocations = {named("gone"), named("stays")}, .invalid_manifests = {"bad.yaml"}};
  const Exposition exposition(domain.io, metrics, [&fleet] { return fleet; });
  ASSERT_THAT(exposition.text(), AllOf(HasSubstr("name=\"gone\""), HasSubstr("bad.yaml")));
  domain.run([&fleet] { fleet = {.invocations = {named("stays")}}; });
  EXPECT_THAT(exposition.text(), AllOf(Not(HasSubstr("name=\"gone\"")), Not(HasSubstr("bad.yaml")), HasSubstr("name=\"stays\"")));
}

TEST(Exposition, AStuckDomainThreadStillLeavesTheCounters) {
  DomainThread domain;
  const Metrics metrics;
  const Exposition exposition(
      domain.io, metrics, [] { return Fleet{.invocations = {named("llama")}}; }, base::Milliseconds(50));
  std::promise<void> unstick;
  boost::asio::post(domain.io, [&unstick] { unstick.get_future().wait(); });
  const std::string text = exposition.text();
  unstick.set_value();
  EXPECT_THAT(text, AllOf(HasSubstr("lepton_duplicate_jobs_total 0\n"), HasSubstr("lepton_scrape_complete 0\n"), Not(HasSubstr("llama"))));
}

}  // namespace
}  // namespace lepton_operator::metrics
