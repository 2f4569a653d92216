#include "lepton/credentials.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::lepton {
namespace {

using testing::HasSubstr;
using testing::Not;

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Credentials, OfAnIdAndATokenGoToTheGatewayAndNameItAsTheirOrigin) {
  const auto done = complete_credentials("ws1", "nvapi-x\n", {}, {});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->url, "https://gateway.dgxc-lepton.nvidia.com/api/v2/workspaces/ws1");
  EXPECT_EQ(done->origin, "https://gateway.dgxc-lepton.nvidia.com");
  EXPECT_EQ(done->token, "nvapi-x");
}

TEST(Credentials, WithAnotherUrlHaveNoOriginUnlessItIsGiven) {
  EXPECT_EQ(complete_credentials("ws1", "t", "http://127.0.0.1:8000/workspaces/ws1///", {})->url, "http://127.0.0.1:8000/workspaces/ws1");
  EXPECT_EQ(complete_credentials("ws1", "t", "http://127.0.0.1:8000/workspaces/ws1", {})->origin, std::nullopt);
  const auto given = complete_credentials("ws1", "t", "http://127.0.0.1:8000", "https://user:pw@dash.test:8443/workspaces/ws1?x=1");
  EXPECT_EQ(given->origin, "https://dash.test:8443");
}

TEST(Credentials, RefuseWhatCannotStandInAUrlOrAHeader) {
  for (const char* id : {"", " ", "a/b", "..", "a b", "my team", "a?b", "ä"})
    EXPECT_FALSE(complete_credentials(id, "t", {}, {}).ok()) << id;
  EXPECT_FALSE(complete_credentials("ws1", "", {}, {}).ok());
  EXPECT_FALSE(complete_credentials("ws1", "a\r\nX: y", {}, {}).ok());
  for (const char* url : {"host/path", "ftp://h/x", "https://", "https:///x", "https://h/x?y=1", "https://h/x#y", "https://h /x"}) {
    EXPECT_FALSE(complete_credentials("ws1", "t", url, {}).ok()) << url;
  }
  EXPECT_FALSE(complete_credentials("ws1", "t", {}, "dashboard").ok());
}

TEST(Credentials, NeverRepeatAPasswordOrATokenInAnError) {
  const auto url = complete_credentials("ws1", "t", "https://me:hunter2@h/x", {});
  ASSERT_FALSE(url.ok());
  EXPECT_THAT(url.error().text(), Not(HasSubstr("hunter2")));
  const auto token = complete_credentials("ws1", "se cret", {}, {});
  ASSERT_FALSE(token.ok());
  EXPECT_THAT(token.error().text(), Not(HasSubstr("se cret")));
}

TEST(ACredential, IsSplitAtItsFirstColon) {
  const auto parts = split_credential("ws1:nvapi:x\n");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->first, "ws1");
  EXPECT_EQ(parts->second, "nvapi:x");
  for (const char* text : {"", "ws1", ":token", "ws1:", "ws1:\n"}) EXPECT_FALSE(split_credential(text).ok()) << text;
}

TEST(TheEnvironment, GivesCredentialsOnlyWithIdAndToken) {
  EXPECT_FALSE(credentials_from_environment(environment({})).has_value());
  EXPECT_FALSE(credentials_from_environment(environment({{"LEPTON_WORKSPACE_ID", "ws1"}})).has_value());
  EXPECT_FALSE(credentials_from_environment(environment({{"LEPTON_WORKSPACE_ID", "ws1"}, {"LEPTON_WORKSPACE_TOKEN", ""}})).has_value());
  const auto all = credentials_from_environment(environment({{"LEPTON_WORKSPACE_ID", "ws1"},
                                                             {"LEPTON_WORKSPACE_TOKEN", "t"},
                                                             {"LEPTON_WORKSPACE_URL", "http://127.0.0.1:1/x/"},
                                                             {"LEPTON_WORKSPACE_ORIGIN_URL", "https://o.test/y"}}));
  ASSERT_TRUE(all && all->ok());
  EXPECT_EQ(**all, (Credentials{"ws1", "t", "http://127.0.0.1:1/x", "https://o.test"}));
}

TEST(TheEnvironment, TakesAWholeCredentialAsTheId) {
  const auto all = credentials_from_environment(environment({{"LEPTON_WORKSPACE_ID", "ws1:t1"}, {"LEPTON_WORKSPACE_TOKEN", "t2"}}));
  ASSERT_TRUE(all && all->ok());
  EXPECT_EQ((**all).workspace_id, "ws1");
  EXPECT_EQ((**all).token, "t1");
}

TEST(TheEnvironment, SaysWhichVariablesAreWrong) {
  const auto wrong = credentials_from_environment(environment({{"LEPTON_WORKSPACE_ID", "my team"}, {"LEPTON_WORKSPACE_TOKEN", "t"}}));
  ASSERT_TRUE(wrong && !wrong->ok());
  EXPECT_THAT(wrong->error().text(), HasSubstr("LEPTON_WORKSPACE"));
}

class LoginFile : public testing::Test {
 protected:
  LoginFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lepton-login-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~LoginFile() override { std::filesystem::remove_all(directory_); }

  std::optional<base::Result<Credentials>> read(const std::string& content) {
    std::ofstream(directory_ / "workspace_info.yaml") << content;
    return credentials_from_login_file(environment({{"LEPTON_CACHE_DIR", directory_.string()}}));
  }

  std::filesystem::path directory_;
};

TEST_F(LoginFile, AsLepWritesItGivesTheCurrentWorkspace) {
  const auto found = read(
      "current_workspace: ws1\n"
      "workspaces:\n"
      "  ws0:\n    id: ws0\n    url: http://h.test/ws0\n    auth_token: t0\n"
      "  ws1:\n    id: ws1\n    url: http://h.test/workspaces/ws1\n    display_name: my team\n    auth_token: nvapi-1\n"
      "    workspace_origin_url: null\n    token_expires_at: 1803221876159\n");
  ASSERT_TRUE(found && found->ok());
  EXPECT_EQ(**found, (Credentials{"ws1", "nvapi-1", "http://h.test/workspaces/ws1", std::nullopt}));
}

TEST_F(LoginFile, AfterALogoutGivesNothing) {
  EXPECT_FALSE(read("current_workspace: null\nworkspaces: {}\n").has_value());
  EXPECT_FALSE(read("").has_value());
}

TEST_F(LoginFile, ThatIsMissingGivesNothing) {
  EXPECT_FALSE(credentials_from_login_file(environment({{"LEPTON_CACHE_DIR", directory_.string()}})).has_value());
  EXPECT_FALSE(credentials_from_login_file(environment({})).has_value());
}

TEST_F(LoginFile, IsLookedForUnderHomeWithoutACacheDirectory) {
  std::filesystem::create_directories(directory_ / ".cache/lepton");
  std::ofstream(directory_ / ".cache/lepton/workspace_info.yaml") << "current_workspace: w\nworkspaces: {w: {id: w, auth_token: t}}\n";
  const auto found = credentials_from_login_file(environment({{"HOME", directory_.string()}}));
  ASSERT_TRUE(found && found->ok());
  EXPECT_EQ((**found).workspace_id, "w");
}

TEST_F(LoginFile, ThatIsBrokenSaysWhereWithoutItsToken) {
  for (const char* content : {"current_workspace: ws1\nworkspaces: {}\n", "current_workspace: ws1\nworkspaces: {ws1: {id: ws1}}\n",
                              "current_workspace: [\n", "current_workspace: ws1\nworkspaces: {ws1: {id: a/b, auth_token: hunter2}}\n"}) {
    const auto found = read(content);
    ASSERT_TRUE(found && !found->ok()) << content;
    EXPECT_THAT(found->error().text(), HasSubstr("workspace_info.yaml"));
    EXPECT_THAT(found->error().text(), Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace lepton_operator::lepton
