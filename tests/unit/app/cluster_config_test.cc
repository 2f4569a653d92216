#include "app/cluster_config.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ClusterConfigTest : public testing::Test {
 protected:
  ClusterConfigTest() {
    std::string pattern = testing::TempDir() + "/cluster-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    write("config",
          "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
          "clusters: [{name: c, cluster: {server: 'https://from-file:6443'}}]\n"
          "users: [{name: u, user: {token: t}}]\n"
          "contexts: [{name: here, context: {cluster: c, user: u, namespace: team}}, {name: other, context: {cluster: c, user: u}}]\n");
    write("account/token", "t");
    write("account/namespace", "ops");
    write("account/ca.crt", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
  }
  ~ClusterConfigTest() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& content) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << content;
  }
  base::Result<kube::ClusterConfig> find(const Options& options) {
    const kube::Environment environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    return find_cluster(options, environment, root_ / "account");
  }
  void be_a_pod() {
    environment_["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
    environment_["KUBERNETES_SERVICE_PORT"] = "443";
  }

  std::filesystem::path root_;
  std::map<std::string, std::string> environment_;
};

TEST_F(ClusterConfigTest, APodUsesItsServiceAccount) {
  be_a_pod();
  environment_["KUBECONFIG"] = (root_ / "config").string();
  const auto found = find({});
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->namespace_, "ops");
  EXPECT_EQ(server_host(found->server), "10.0.0.1:443");
}

TEST_F(ClusterConfigTest, AFlagGoesBeforeTheServiceAccount) {
  be_a_pod();
  Options options;
  options.kubeconfig = root_ / "config";
  const auto found = find(options);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->namespace_, "team");
  EXPECT_EQ(server_host(found->server), "from-file:6443");
}

TEST_F(ClusterConfigTest, OutsideOfAPodKubeconfigOfTheEnvironmentServes) {
  environment_["KUBECONFIG"] = (root_ / "config").string();
  EXPECT_EQ(find({})->namespace_, "team");
  Options options;
  options.context = "other";
  EXPECT_EQ(find(options)->namespace_, "default");
}

TEST_F(ClusterConfigTest, AContextThatIsNotThereIsNamed) {
  Options options;
  options.kubeconfig = root_ / "config";
  options.context = "absent";
  const auto found = find(options);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text(), testing::AllOf(StartsWith("--kubeconfig: "), HasSubstr("absent")));
}

TEST_F(ClusterConfigTest, WithNothingToGoByItSaysWhatToGive) {
  EXPECT_THAT(find({}).error().text(), HasSubstr("--manifests DIR and --state-dir DIR, or --kubeconfig FILE"));
}

TEST(ServerHost, IsHostAndPort) {
  EXPECT_EQ(server_host("https://10.0.0.1:6443/prefix/"), "10.0.0.1:6443");
  EXPECT_EQ(server_host("https://example.com"), "example.com");
}

}  // namespace
}  // namespace lepton_operator::app
