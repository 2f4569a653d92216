// What verbs ask of a cluster, and of which one, against a server that answers what the test says.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "cli/cluster_choice.h"
#include "unit/base/raw_server.h"
#include "unit/cli/said.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Cluster : public ::testing::Test {
 protected:
  ~Cluster() override { std::filesystem::remove_all(root_); }

  std::string file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }
  std::string kubeconfig(const std::string& name, const std::string& server) {
    return file(
        name,
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u, namespace: team}}], "
        "clusters: [{name: c, cluster: {server: \"" +
            server + "\"}}], users: [{name: u, user: {}}]}\n");
  }

  static std::string fresh_directory() {
    std::string pattern = testing::TempDir() + "/cli-XXXXXX";
    return ::mkdtemp(pattern.data());
  }

  const std::filesystem::path root_ = fresh_directory();
  base::RawServer server_{[](base::RawConnection& connection, const std::string&) { connection.write(base::answer(200, "{}")); }};
  const std::string config_ = kubeconfig("config", "http://127.0.0.1:" + std::to_string(server_.port()));
};

TEST_F(Cluster, IsAskedForTheOneThatIsNamed) {
  const Said done = said({"delete", "inv/run", "--kubeconfig", config_});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "invocation.lepton.dev/run deleted\n");
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_THAT(server_.requests().front(), StartsWith("DELETE /apis/lepton.dev/v1alpha1/namespaces/team/invocations/run HTTP/1.1\r\n"));
}

// That path is the collection's: all Invocations of the namespace would go.
TEST_F(Cluster, IsAskedForNothingWithoutAName) {
  for (const char* nothing : {"", "inv/", ".", "..", "inv/.."}) {
    for (const char* verb : {"delete", "status", "suspend", "resume", "events", "logs"}) {
      SCOPED_TRACE(std::string(verb) + " " + nothing);
      const Said done = said({verb, nothing, "--kubeconfig", config_});
      EXPECT_EQ(done.code, 2);
      EXPECT_EQ(done.out, "");
      EXPECT_THAT(done.err, StartsWith("kubectl-lepton: "));
    }
  }
  EXPECT_THAT(server_.requests(), IsEmpty());
}

// Where a person works in a Pod, what they are used to counts, as with kubectl; the Pod's own account is a stranger to them.
TEST_F(Cluster, OfThePodIsMeantOnlyWhereNobodyNamedAnother) {
  file("account/token", "t0");
  std::map<std::string, std::string> variables = {
      {"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"KUBERNETES_SERVICE_PORT", "443"}, {"HOME", (root_ / "home").string()}};
  const Environment environment = [&variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  Globals globals;
  const auto chosen = [&] {
    const auto found = find_cluster(globals, environment, root_ / "account");
    return found ? found->server : found.error().text();
  };
  EXPECT_EQ(chosen(), "https://10.0.0.1:443");
  file("home/.kube/config", "");
  EXPECT_EQ(chosen(), "https://10.0.0.1:443") << "an empty file names none";
  kubeconfig("home/.kube/config", "https://at-home.example");
  EXPECT_EQ(chosen(), "https://at-home.example");
  variables["KUBECONFIG"] = kubeconfig("variable", "https://of-the-variable.example");
  EXPECT_EQ(chosen(), "https://of-the-variable.example");
  globals.kubeconfig = kubeconfig("flag", "https://of-the-flag.example");
  EXPECT_EQ(chosen(), "https://of-the-flag.example");
}

}  // namespace
}  // namespace lepton_operator::cli
