#include "kube/connect.h"

#include <gmock/gmock.h>

#include "base/http_cpprest.h"
#include "unit/base/raw_server.h"
#include "unit/base/run.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class MakeApi : public ::testing::Test {
 protected:
  MakeApi() { base::start_http_threads(2); }

  boost::asio::io_context io_;
  base::SystemClock clock_{io_};
  const Context root_ = Context(clock_).with_timeout(20s);
};

TEST_F(MakeApi, ReachesTheServerThatTheConfigurationNamesAsWhomItNames) {
  const base::Identity server_identity = base::make_identity("DNS:cluster.test");
  const base::Identity client = base::make_identity("DNS:client.test");
  const base::RawServer server(
      [](base::RawConnection& c, const std::string&) { c.write(base::answer(200, "{\"gitVersion\":\"v1.37.0\"}")); }, &server_identity,
      &client.certificate);
  ClusterConfig config;
  config.server = "https://127.0.0.1:" + std::to_string(server.port()) + "/k8s/c1";
  config.ca_pem = server_identity.certificate;
  config.tls_server_name = "cluster.test";
  config.token = "t0";
  config.client_certificate_pem = client.certificate;
  config.client_key_pem = client.key;

  auto api = make_api(io_, clock_, config, {.user_agent = "test/1"});
  ASSERT_TRUE(api) << api.error().text();
  const auto version = base::run(io_, (*api)->server_version(root_));
  ASSERT_TRUE(version) << version.error().text();
  EXPECT_EQ(base::get_string(*version, "gitVersion"), "v1.37.0");
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, StartsWith("GET /k8s/c1/version HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization:Bearer t0\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nUser-Agent:test/1\r\n"));
}

TEST_F(MakeApi, TellsConfigurationsThatCannotBeUsed) {
  ClusterConfig config;
  for (const char* server : {"", "cluster.test:6443", "ftp://cluster.test"}) {
    config.server = server;
    EXPECT_THAT(make_api(io_, clock_, config).error().text(), HasSubstr("is not a URL of the form https://host[:port]")) << server;
  }
  config.server = "https://cluster.test/";
  EXPECT_TRUE(make_api(io_, clock_, config));
  config.client_certificate_pem = "secret";
  config.client_key_pem = "secret";
  const std::string text = make_api(io_, clock_, config).error().text();
  EXPECT_THAT(text, HasSubstr("the client certificate is not a certificate"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace lepton_operator::kube
