#include "base/proxy.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

std::string proxy_of(std::string_view scheme, std::string_view host, int port, std::map<std::string, std::string> variables) {
  const auto result = proxy_for(scheme, host, port, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  if (!result) return "error: " + result.error().text();
  return *result ? (*result)->url : "direct";
}

TEST(Proxies, AreThoseOfTheServersScheme) {
  EXPECT_EQ(proxy_of("https", "x.io", 443, {{"HTTPS_PROXY", "http://p:3128"}}), "http://p:3128");
  EXPECT_EQ(proxy_of("https", "x.io", 443, {{"https_proxy", "p:3128"}}), "http://p:3128");
  EXPECT_EQ(proxy_of("http", "x.io", 80, {{"HTTPS_PROXY", "http://p:3128"}}), "direct");
  EXPECT_EQ(proxy_of("http", "x.io", 80, {{"HTTP_PROXY", "http://p:3128/"}}), "http://p:3128");
  EXPECT_EQ(proxy_of("https", "x.io", 443, {{"HTTPS_PROXY", ""}}), "direct");
}

TEST(Proxies, AreNotUsedForThisMachine) {
  for (const char* host : {"localhost", "127.0.0.1", "127.3.2.1", "::1"})
    EXPECT_EQ(proxy_of("http", host, 80, {{"HTTP_PROXY", "p:1"}}), "direct") << host;
}

TEST(Proxies, ObeyEveryFormOfException) {
  const auto with = [](std::string host, std::string exceptions, int port = 443) {
    return proxy_of("https", host, port, {{"HTTPS_PROXY", "p:1"}, {"NO_PROXY", exceptions}}) == "direct";
  };
  EXPECT_TRUE(with("x.io", "*"));
  EXPECT_TRUE(with("api.x.io", "a.b, x.io ,c"));
  EXPECT_TRUE(with("API.X.IO", "x.io"));
  EXPECT_TRUE(with("api.x.io", ".x.io"));
  EXPECT_TRUE(with("api.x.io", "*.x.io"));
  EXPECT_TRUE(with("x.io", "x.io:443"));
  EXPECT_TRUE(with("10.9.8.7", "10.0.0.0/8"));
  EXPECT_TRUE(with("10.9.8.7", "10.9.8.7"));
  EXPECT_TRUE(with("fd00::1", "fd00::/8"));
  EXPECT_FALSE(with("notx.io", "x.io"));
  EXPECT_FALSE(with("x.io", "x.io:80"));
  EXPECT_FALSE(with("11.9.8.7", "10.0.0.0/8"));
  EXPECT_FALSE(with("10.9.8.7", "10.9.8.0/30"));
  EXPECT_FALSE(with("10.9.8.7", "10.0.0.0/99,x/8,/"));
  EXPECT_FALSE(with("x.io", ",,"));
}

TEST(Proxies, CarryTheirCredentialsApart) {
  const auto result = proxy_for(
      "https", "x.io", 443, [](const char* name) { return std::string_view(name) == "HTTPS_PROXY" ? "http://me:p%40ss@p:1" : nullptr; });
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->url, "http://p:1");
  EXPECT_EQ((*result)->user, "me");
  EXPECT_EQ((*result)->password, "p@ss");
}

TEST(Proxies, ThatCannotBeUsedAreSaidWithoutRepeatingThem) {
  for (const char* value : {"https://me:secret@p:1", "socks5://me:secret@p:1", "http://me:secret@", "http://me:secret@p:x"}) {
    const std::string text = proxy_of("https", "x.io", 443, {{"HTTPS_PROXY", value}});
    EXPECT_TRUE(text.starts_with("error: HTTPS_PROXY: ")) << value << " → " << text;
    EXPECT_EQ(text.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace lepton_operator::base
