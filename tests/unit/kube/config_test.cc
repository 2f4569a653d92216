#include "kube/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"

namespace lepton_operator::kube {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n";

class Kubeconfig : public testing::Test {
 protected:
  Kubeconfig() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kubeconfig.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~Kubeconfig() override { std::filesystem::remove_all(root_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  // One context "here" of a cluster and a user with these fields.
  std::filesystem::path write_config(const std::string& cluster, const std::string& user) {
    return write("config",
                 "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
                 "contexts: [{name: here, context: {cluster: c, user: u, namespace: team}}]\n"
                 "clusters:\n- name: c\n  cluster: {" +
                     cluster +
                     "}\n"
                     "users:\n- name: u\n  user: {" +
                     user + "}\n");
  }

  base::Result<ClusterConfig> load(const std::filesystem::path& path) { return load_kubeconfig(path, std::nullopt, environment()); }
  base::Result<ClusterConfig> load_of(const std::string& cluster, const std::string& user) { return load(write_config(cluster, user)); }
  std::string error_of(const std::string& cluster, const std::string& user) {
    const auto config = load_of(cluster, user);
    return config ? "no error" : config.error().text();
  }

  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
  }

  std::filesystem::path root_;
  std::map<std::string, std::string> variables_;
};

constexpr const char* kServer = "server: 'https://k8s.example:6443/'";

TEST_F(Kubeconfig, TheCurrentContextNamesServerNamespaceAndToken) {
  const auto config = load_of(kServer, "token: abc");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->server, "https://k8s.example:6443");
  EXPECT_EQ(config->namespace_, "team");
  EXPECT_EQ(config->token, "abc");
  EXPECT_FALSE(config->insecure_skip_tls_verify);
}

TEST_F(Kubeconfig, AContextWithoutANamespaceMeansDefaultAndOneWithoutAUserIsAnonymous) {
  const auto config = load(write("config",
                                 "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
                                 "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->namespace_, "default");
  EXPECT_FALSE(config->token || config->token_file || config->exec || config->client_certificate_pem);
}

TEST_F(Kubeconfig, DataInBase64IsDecodedAndWinsOverTheFileBesideIt) {
  const auto config = load_of(
      std::string(kServer) + ", certificate-authority: not-there.pem, certificate-authority-data: " + base::base64_encode(kCertificate) +
          ", tls-server-name: api.internal",
      "client-certificate-data: " + base::base64_encode(kCertificate) + ", client-key-data: " + base::base64_encode(kKey));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->ca_pem, kCertificate);
  EXPECT_EQ(config->client_certificate_pem, kCertificate);
  EXPECT_EQ(config->client_key_pem, kKey);
  EXPECT_EQ(config->tls_server_name, "api.internal");
}

TEST_F(Kubeconfig, PathsAreRelativeToTheFileThatHoldsThem) {
  write("pki/ca.pem", kCertificate);
  const auto config = load_of(std::string(kServer) + ", certificate-authority: pki/ca.pem", "tokenFile: secrets/token, token: other");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->ca_pem, kCertificate);
  EXPECT_EQ(config->token_file, root_ / "secrets/token");
  EXPECT_EQ(config->token, std::nullopt);  // the file wins
}

TEST_F(Kubeconfig, AMissingFileIsNamedWithTheFieldThatNamesIt) {
  EXPECT_THAT(error_of(std::string(kServer) + ", certificate-authority: gone.pem", "token: t"),
              AllOf(HasSubstr("config:7: clusters[0].cluster.certificate-authority"), HasSubstr("gone.pem")));
}

TEST_F(Kubeconfig, OfSeveralFilesTheFirstThatHasANameWins) {
  const auto first = write("a", "contexts: [{name: here, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: first}}]\n");
  const auto second = write("b",
                            "current-context: here\nusers: [{name: u, user: {token: second}}]\n"
                            "clusters: [{name: c, cluster: {server: 'https://b:1'}}]\n");
  variables_["KUBECONFIG"] = first.string() + "::" + (root_ / "missing").string() + ":" + second.string();
  const auto config = load_kubeconfig(std::nullopt, std::nullopt, environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->token, "first");
  EXPECT_EQ(config->server, "https://b:1");
}

TEST_F(Kubeconfig, WithoutKUBECONFIGItIsTheFileInTheHomeDirectory) {
  std::filesystem::rename(write_config(kServer, "token: home"), write(".kube/config", ""));
  variables_["HOME"] = root_.string();
  const auto config = load_kubeconfig(std::nullopt, std::nullopt, environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->token, "home");
}

TEST_F(Kubeconfig, NoFileAtAllIsNotFound) {
  variables_["HOME"] = root_.string();
  const auto config = load_kubeconfig(std::nullopt, std::nullopt, environment());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, base::ErrorKind::kNotFound);
  EXPECT_THAT(config.error().text(), HasSubstr((root_ / ".kube/config").string()));
}

TEST_F(Kubeconfig, AContextThatIsMissingIsToldWithThoseThatExist) {
  const auto path = write_config(kServer, "token: t");
  const auto config = load_kubeconfig(path, "there", environment());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().what, "there is no context \"there\"; there are: here");
  const auto none = load(write("config", "contexts: [{name: a, context: {}}, {name: b, context: {}}]"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().what, "current-context is not set; name a context (there are: a, b)");
}

TEST_F(Kubeconfig, AContextMayBeChosenOverTheCurrentOne) {
  const auto path = write("config",
                          "current-context: a\ncontexts: [{name: a, context: {cluster: x}}, {name: b, context: {cluster: y}}]\n"
                          "clusters: [{name: x, cluster: {server: 'https://x'}}, {name: y, cluster: {server: 'https://y'}}]\n");
  const auto config = load_kubeconfig(path, "b", environment());
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->server, "https://y");
}

TEST_F(Kubeconfig, SkippingVerificationWithACaIsAContradiction) {
  EXPECT_THAT(
      error_of(std::string(kServer) + ", insecure-skip-tls-verify: true, certificate-authority-data: " + base::base64_encode(kCertificate),
               ""),
      HasSubstr("insecure-skip-tls-verify: contradicts the certificate-authority"));
  const auto config = load_of(std::string(kServer) + ", insecure-skip-tls-verify: true", "token: t");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->insecure_skip_tls_verify);
}

TEST_F(Kubeconfig, WhatIsNotSupportedSaysSo) {
  for (const char* user : {"auth-provider: {name: gcp}", "username: me", "password: pw", "as: admin", "token: t, as-groups: [g]"}) {
    EXPECT_THAT(error_of(kServer, user), AllOf(HasSubstr("users[0].user."), HasSubstr("not supported"))) << user;
  }
  EXPECT_THAT(error_of(std::string(kServer) + ", proxy-url: 'http://p'", "token: t"), HasSubstr("set HTTPS_PROXY instead"));
}

TEST_F(Kubeconfig, WrongValuesAreToldWithTheirField) {
  EXPECT_THAT(error_of("server: k8s.example", ""), HasSubstr("clusters[0].cluster.server: must be https://host:port"));
  EXPECT_THAT(error_of("tls-server-name: x", ""), HasSubstr("clusters[0].cluster.server: is missing"));
  for (const char* server :
       {"https://a@b", "https://a?b", "https://a#b", "https://a b", "https://a\\tb", "https://a\\x14b", "https://a\\x7Fb"}) {
    EXPECT_THAT(error_of("server: \"" + std::string(server) + "\"", ""), HasSubstr("must hold no user, query, fragment or space"))
        << server;
  }
  EXPECT_THAT(error_of(kServer, "token: 12345"), HasSubstr("users[0].user.token: must be a string"));
  EXPECT_THAT(error_of(kServer, "client-key-data: " + base::base64_encode(kKey)), HasSubstr("no client-certificate"));
  EXPECT_THAT(error_of(kServer, "client-certificate-data: '%%%', client-key-data: " + base::base64_encode(kKey)),
              HasSubstr("is not base64"));
  EXPECT_THAT(error_of(std::string(kServer) + ", certificate-authority-data: " + base::base64_encode("text"), ""),
              HasSubstr("holds no PEM block"));
}

TEST_F(Kubeconfig, AnErrorNeverRepeatsASecret) {
  EXPECT_THAT(error_of(kServer, "token: s3cret-token, password: s3cret"), Not(HasSubstr("s3cret")));
}

TEST_F(Kubeconfig, AnExecPluginIsReadWithItsArgumentsAndEnvironment) {
  const auto config = load_of(std::string(kServer) + ", extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]",
                              "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [get-token, '--id'], "
                              "env: [{name: PROFILE, value: dev}], interactiveMode: Never, provideClusterInfo: true, installHint: get it}");
  ASSERT_TRUE(config) << config.error().text();
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, (root_ / "bin/login").string());
  EXPECT_THAT(config->exec->arguments, ElementsAre("get-token", "--id"));
  EXPECT_EQ(config->exec->environment.at("PROFILE"), "dev");
  EXPECT_EQ(config->exec->install_hint, "get it");
  EXPECT_TRUE(config->exec->provide_cluster_info);
  EXPECT_EQ(config->exec_cluster_config, R"({"audience":"x"})");
}

TEST_F(Kubeconfig, AnExecPluginThatWeCannotRunIsRefused) {
  EXPECT_THAT(error_of(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}"),
              HasSubstr("exec.apiVersion: must be"));
  EXPECT_THAT(error_of(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1beta1}"), HasSubstr("exec.command: is missing"));
  EXPECT_THAT(error_of(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, interactiveMode: Always}"),
              HasSubstr("there is no terminal"));
  EXPECT_THAT(error_of(kServer, "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}"),
              HasSubstr("exec.interactiveMode: must be"));
}

class InCluster : public Kubeconfig {
 protected:
  InCluster() {
    variables_ = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
    write("token", "abc");
    write("ca.crt", kCertificate);
    write("namespace", "system\n");
  }
};

TEST_F(InCluster, TheServiceAccountOfThePodIsUsed) {
  const auto config = in_cluster_config(environment(), root_);
  ASSERT_TRUE(config && *config);
  EXPECT_EQ((*config)->server, "https://10.0.0.1:443");
  EXPECT_EQ((*config)->namespace_, "system");
  EXPECT_EQ((*config)->ca_pem, kCertificate);
  EXPECT_EQ((*config)->token_file, root_ / "token");  // read again, since it is rotated
}

TEST_F(InCluster, AnIPv6HostIsReachedByTheServicesName) {
  variables_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  const auto config = in_cluster_config(environment(), root_);
  ASSERT_TRUE(config && *config);
  EXPECT_EQ((*config)->server, "https://kubernetes.default.svc:443");
}

TEST_F(InCluster, WithoutAServiceAccountOrItsVariablesThisIsNoPod) {
  std::filesystem::remove(root_ / "token");
  EXPECT_FALSE(in_cluster_config(environment(), root_));
  write("token", "abc");
  variables_.erase("KUBERNETES_SERVICE_HOST");
  EXPECT_FALSE(in_cluster_config(environment(), root_));
}

TEST_F(InCluster, ACaFileWithoutACertificateIsAnError) {
  write("ca.crt", "oops");
  const auto config = in_cluster_config(environment(), root_);
  ASSERT_TRUE(config);
  ASSERT_FALSE(*config);
  EXPECT_THAT(config->error().text(), HasSubstr("ca.crt: holds no PEM certificate"));
}

}  // namespace
}  // namespace lepton_operator::kube
