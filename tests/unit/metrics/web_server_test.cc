#include "metrics/web_server.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_get.h"

namespace lepton_operator::metrics {
namespace {

using support::http_get;
using support::http_request;

WebServer::Pages one_page() {
  return {{"/page", [] { return Page{.status = 200, .body = "hello\n"}; }},
          {"/down", [] { return Page{.status = 503, .body = "not now\n"}; }}};
}

TEST(WebServer, ServesItsPages) {
  const auto server = WebServer::start("127.0.0.1:0", one_page());
  ASSERT_TRUE(server);
  const support::Got page = http_get((*server)->address(), "/page");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "hello\n");
  const support::Got down = http_get((*server)->address(), "/down");
  EXPECT_EQ(down.status, 503);
  EXPECT_EQ(down.body, "not now\n");
}

TEST(WebServer, AnswersHeadWithoutABody) {
  const auto server = WebServer::start("127.0.0.1:0", one_page());
  ASSERT_TRUE(server);
  const support::Got got = http_request("HEAD", (*server)->address(), "/page");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "");
}

TEST(WebServer, HasNothingElse) {
  const auto server = WebServer::start("127.0.0.1:0", one_page());
  ASSERT_TRUE(server);
  EXPECT_EQ(http_get((*server)->address(), "/").status, 404);
  EXPECT_EQ(http_get((*server)->address(), "/page/more").status, 404);
  EXPECT_EQ(http_get((*server)->address(), "/../../../../etc/passwd").status, 404);
  EXPECT_NE(http_request("DELETE", (*server)->address(), "/page").status, 200);
}

TEST(WebServer, ATakenPortIsASentence) {
  const auto first = WebServer::start("127.0.0.1:0", one_page());
  ASSERT_TRUE(first);
  const std::string address = (*first)->address();
  const auto second = WebServer::start(address, one_page());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), address + ": cannot listen there: in use, not an address of this machine, or not allowed");
}

TEST(WebServer, EndsAtOnceAndFreesItsPort) {
  auto server = WebServer::start("127.0.0.1:0", one_page());
  ASSERT_TRUE(server);
  const std::string address = (*server)->address();
  const auto began = std::chrono::steady_clock::now();
  server->reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'500));
  EXPECT_TRUE(WebServer::start(address, one_page()));
}

}  // namespace
}  // namespace lepton_operator::metrics
