#include "kube/token.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/child_process.h"
#include "unit/base/run.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class Tokens : public testing::Test {
 protected:
  Tokens() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tokens.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~Tokens() override {
    source_.reset();
    std::filesystem::remove_all(root_);
  }

  void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }
  std::string read(const std::string& name) {
    std::ifstream file(root_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void use_file() { use(ClusterConfig{.token_file = root_ / "token"}); }
  void use(const ClusterConfig& config) { source_ = make_token_source(io_, clock_, config); }

  // A plugin that notes each run and what it was told, and then does as `script` says.
  void use_plugin(const std::string& script) {
    write("plugin", "#!/bin/sh\necho run >> '" + (root_ / "runs").string() + "'\nprintf %s \"$KUBERNETES_EXEC_INFO\" > '" +
                        (root_ / "info").string() + "'\n" + script + "\n");
    std::filesystem::permissions(root_ / "plugin", std::filesystem::perms::owner_all);
    ClusterConfig config{.server = "https://k8s.example:6443"};
    config.exec = ExecPlugin{.api_version = "client.authentication.k8s.io/v1", .command = (root_ / "plugin").string()};
    config.exec->environment["FLAVOUR"] = "mint";
    config.exec->install_hint = "install it from the wiki";
    config.exec->provide_cluster_info = provide_cluster_info_;
    use(config);
  }
  static std::string credential(const std::string& status) {
    return R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{)" + status + "}}";
  }
  void use_plugin_with_status(const std::string& status) { use_plugin("cat <<END\n" + credential(status) + "\nEND"); }
  std::string in(base::Milliseconds time) const { return base::format_timestamp(clock_.now() + time); }
  std::size_t runs() { return read("runs").size() / 4; }

  base::Result<std::string> ask() { return base::run(io_, source_->token(root_context_)); }
  std::string token() {
    const auto result = ask();
    return result ? *result : "failed: " + result.error().text();
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  base::Context root_context_{clock_};
  std::filesystem::path root_;
  bool provide_cluster_info_ = false;
  std::unique_ptr<TokenSource> source_;
};

TEST_F(Tokens, AFixedTokenIsGivenAndWithoutOneNothing) {
  use(ClusterConfig{.token = "fixed"});
  EXPECT_EQ(token(), "fixed");
  use(ClusterConfig{});
  EXPECT_EQ(token(), "");
}

TEST_F(Tokens, AFileIsReadAgainAfterAMinuteAndNotBefore) {
  write("token", "one\n");
  use_file();
  EXPECT_EQ(token(), "one");
  write("token", "two");
  clock_.advance(59s);
  EXPECT_EQ(token(), "one");
  clock_.advance(1s);
  EXPECT_EQ(token(), "two");
}

TEST_F(Tokens, AFileIsReadAgainAtOnceWhenItsTokenWasRefused) {
  write("token", "one");
  use_file();
  EXPECT_EQ(token(), "one");
  write("token", "two");
  source_->refused();
  EXPECT_EQ(token(), "two");
}

TEST_F(Tokens, WhileTheFileIsGoneItsLastTokenServes) {
  use_file();
  EXPECT_THAT(token(), HasSubstr("the token file cannot be read"));
  write("token", "one");
  EXPECT_EQ(token(), "one");
  std::filesystem::remove(root_ / "token");
  source_->refused();
  EXPECT_EQ(token(), "one");
}

TEST_F(Tokens, AFileWithMoreThanATokenIsRefusedWithoutRepeatingIt) {
  write("token", "s3cret\nother");
  use_file();
  EXPECT_THAT(token(), AllOf(HasSubstr("characters that no token has"), Not(HasSubstr("s3cret"))));
}

TEST_F(Tokens, APluginRunsOnceUntilItsTokenNearsItsEnd) {
  use_plugin_with_status(R"("token":"t1","expirationTimestamp":")" + in(60s) + "\"");
  EXPECT_EQ(token(), "t1");
  clock_.advance(49s);
  EXPECT_EQ(token(), "t1");
  EXPECT_EQ(runs(), 1u);
  clock_.advance(1s);
  EXPECT_EQ(token(), "t1");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(Tokens, APluginRunsAgainAfterARefusal) {
  use_plugin_with_status(R"("token":"t1")");
  EXPECT_EQ(token(), "t1");
  clock_.advance(24h);
  EXPECT_EQ(token(), "t1");
  EXPECT_EQ(runs(), 1u);
  source_->refused();
  EXPECT_EQ(token(), "t1");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(Tokens, OneRunServesAllWhoWaitForIt) {
  use_plugin_with_status(R"("token":"t1")");
  const base::Running<base::Result<std::string>> first(io_, source_->token(root_context_));
  const base::Running<base::Result<std::string>> second(io_, source_->token(root_context_));
  EXPECT_EQ(token(), "t1");
  base::settle(io_);
  EXPECT_EQ(first.value().value(), "t1");
  EXPECT_EQ(second.value().value(), "t1");
  EXPECT_EQ(runs(), 1u);
}

TEST_F(Tokens, APluginIsToldWhatItIsAskedFor) {
  use_plugin_with_status("\"token\":\"$FLAVOUR\"");
  EXPECT_EQ(token(), "mint");
  EXPECT_EQ(read("info"), R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}})");
  provide_cluster_info_ = true;
  use_plugin_with_status(R"("token":"t")");
  EXPECT_EQ(token(), "t");
  EXPECT_THAT(read("info"), HasSubstr(R"("cluster":{"server":"https://k8s.example:6443"})"));
}

TEST_F(Tokens, APluginThatFailsIsToldByItsCodeAndTriedAgainNextTime) {
  use_plugin("echo s3cret; exit 3");
  EXPECT_THAT(token(), AllOf(HasSubstr("plugin\" ended with code 3"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(token(), HasSubstr("ended with code 3"));
  EXPECT_EQ(runs(), 2u);
}

TEST_F(Tokens, APluginThatIsNotInstalledIsToldWithItsHint) {
  use_plugin("");
  std::filesystem::remove(root_ / "plugin");
  EXPECT_THAT(token(), AllOf(HasSubstr("could not be started: No such file"), HasSubstr("install it from the wiki")));
}

TEST_F(Tokens, AnAnswerThatIsNoCredentialIsToldWithoutRepeatingIt) {
  use_plugin("echo s3cret");
  EXPECT_THAT(token(), AllOf(HasSubstr("did not print a JSON object"), Not(HasSubstr("s3cret"))));
  use_plugin("echo '{\"kind\":\"Secret\"}'");
  EXPECT_THAT(token(), HasSubstr("did not print an ExecCredential"));
  use_plugin("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}'");
  EXPECT_THAT(token(), HasSubstr("answered in another apiVersion than client.authentication.k8s.io/v1"));
  use_plugin_with_status("");
  EXPECT_THAT(token(), HasSubstr("gave no token"));
  use_plugin_with_status(R"("token":"t","expirationTimestamp":"soon")");
  EXPECT_THAT(token(), HasSubstr("no RFC 3339 time"));
  use_plugin_with_status(R"("token":"t","clientCertificateData":"c","clientKeyData":"k")");
  EXPECT_THAT(token(), HasSubstr("client certificate, which is not supported"));
}

TEST_F(Tokens, ACallerWhoStopsWaitingDoesNotStopThePlugin) {
  use_plugin("while [ ! -e '" + (root_ / "go").string() + "' ]; do sleep 0.01; done\necho '" + credential(R"("token":"t1")") + "'");
  base::Running<base::Result<std::string>> impatient(io_, source_->token(root_context_.with_timeout(5s)));
  base::settle(io_);
  clock_.advance(5s);
  base::settle(io_);
  ASSERT_TRUE(impatient.ended());
  EXPECT_THAT(impatient.value().error().text(), HasSubstr("gave no token in time"));
  write("go", "");
  EXPECT_EQ(token(), "t1");
  EXPECT_EQ(runs(), 1u);
}

TEST_F(Tokens, ASourceThatGoesEndsItsPlugin) {
  use_plugin("sleep 600 & wait");
  const base::Running<base::Result<std::string>> waiting(io_, source_->token(root_context_.with_timeout(1s)));
  base::settle(io_);
  const auto begun = std::chrono::steady_clock::now();
  source_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
  clock_.advance(1s);
  base::settle(io_);
  EXPECT_TRUE(waiting.ended());
}

ChildCommand shell(const std::string& script) { return ChildCommand{.program = "sh", .arguments = {"-c", script}}; }

TEST(AChildProcess, IsEndedWithAllItStartedWhenItTakesTooLong) {
  ChildProcess child;
  ChildCommand command = shell("sleep 600 & sleep 600");
  command.timeout = 100ms;
  const auto output = child.run(command);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().text(), HasSubstr("did not end within"));
}

TEST(AChildProcess, IsEndedWhenItPrintsTooMuch) {
  ChildProcess child;
  ChildCommand command = shell("yes");
  command.most_output = 10'000;
  const auto output = child.run(command);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().text(), HasSubstr("printed more than 10000 bytes"));
}

TEST(AChildProcess, HasNoInputAndNoneOfOurDescriptors) {
  ChildProcess child;
  const auto output = child.run(shell("cat; ls /proc/self/fd | wc -l"));  // ls itself opens one, beside the three
  ASSERT_TRUE(output) << output.error().text();
  EXPECT_EQ(std::stoi(*output), 4);
}

}  // namespace
}  // namespace lepton_operator::kube
