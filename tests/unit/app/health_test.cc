#include "app/health.h"

#include <future>

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/domain_thread.h"

namespace lepton_operator::app {
namespace {

using support::DomainThread;
using testing::HasSubstr;

TEST(Health, IsOkWhileTheDomainThreadAnswers) {
  DomainThread domain;
  const metrics::Page page = health_pages(domain.io, [] { return false; }).at("/healthz")();
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "ok\n");
}

TEST(Health, SaysWhenTheDomainThreadIsStuck) {
  DomainThread domain;
  const auto pages = health_pages(
      domain.io, [] { return true; }, base::Milliseconds(50));
  std::promise<void> unstick;
  boost::asio::post(domain.io, [&unstick] { unstick.get_future().wait(); });
  const metrics::Page health = pages.at("/healthz")();
  const metrics::Page ready = pages.at("/readyz")();
  unstick.set_value();
  EXPECT_EQ(health.status, 503);
  EXPECT_THAT(health.body, HasSubstr("the domain thread did not answer within"));
  EXPECT_EQ(ready.status, 503);
}

TEST(Health, IsReadyOnceTheStoreIs) {
  DomainThread domain;
  bool synced = false;
  const auto pages = health_pages(domain.io, [&synced] { return synced; });
  EXPECT_EQ(pages.at("/readyz")().status, 503);
  domain.run([&synced] { synced = true; });
  EXPECT_EQ(pages.at("/readyz")().status, 200);
}

}  // namespace
}  // namespace lepton_operator::app
