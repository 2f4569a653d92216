#include "app/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/version.h"

namespace lepton_operator::app {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using testing::HasSubstr;
using testing::StartsWith;

Result<std::string> no_files(const std::filesystem::path& path) { return Error{ErrorKind::kNotFound, "no such file", path.string()}; }

FileReader file(const std::string& name, const std::string& content) {
  return [=](const std::filesystem::path& path) { return path == name ? Result<std::string>(content) : no_files(path); };
}

using Arguments = std::vector<std::string>;

Arguments directory_mode(const Arguments& more = {}) {
  Arguments all = {"--manifests", "m", "--state-dir", "s"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Options parsed(const Arguments& arguments, const FileReader& read = no_files) {
  const auto result = parse_flags(arguments, read);
  if (!result) {
    ADD_FAILURE() << result.error().text();
    return {};
  }
  return std::get<Options>(*result);
}

std::string sentence(const Arguments& arguments, const FileReader& read = no_files) {
  const auto result = parse_flags(arguments, read);
  return result ? "accepted" : result.error().text();
}

TEST(Flags, TwoDirectoriesAreEnoughAndTheRestHasTheDesignsDefaults) {
  Options expected;
  expected.manifests = "m";
  expected.state_dir = "s";
  EXPECT_EQ(parsed(directory_mode()), expected);
  EXPECT_EQ(expected.metrics_address, "127.0.0.1:8080");
  EXPECT_EQ(expected.health_address, "127.0.0.1:8081");
  EXPECT_EQ(expected.poll_interval, std::chrono::seconds(2));
  EXPECT_EQ(expected.poll_interval_idle, std::chrono::seconds(30));
  EXPECT_EQ(expected.orphans.mode, reconcile::SweepMode::kDelete);
  EXPECT_EQ(expected.orphans.after, std::chrono::minutes(10));
}

TEST(Flags, EachIsRead) {
  const Options options =
      parsed(directory_mode({"--catalogue=c.yaml", "--metrics-address", "[::1]:9090", "--health-address", "0.0.0.0:0", "--poll-interval",
                             "500ms", "--poll-interval-idle", "1m", "--workers", "3", "--orphan-sweep=report", "--orphan-sweep-after=1h",
                             "--lepton-ca-file", "ca.pem", "--log-level", "debug", "--log-format", "json"}));
  EXPECT_EQ(options.catalogue, "c.yaml");
  EXPECT_EQ(options.orphans.mode, reconcile::SweepMode::kReport);
  EXPECT_EQ(options.orphans.after, std::chrono::hours(1));
  EXPECT_EQ(options.metrics_address, "[::1]:9090");
  EXPECT_EQ(options.health_address, "0.0.0.0:0");
  EXPECT_EQ(options.poll_interval, std::chrono::milliseconds(500));
  EXPECT_EQ(options.poll_interval_idle, std::chrono::minutes(1));
  EXPECT_EQ(options.workers, 3);
  EXPECT_EQ(options.lepton_ca_file, "ca.pem");
  EXPECT_EQ(options.log_level, base::LogLevel::kDebug);
  EXPECT_EQ(options.log_format, base::LogFormat::kJson);
}

TEST(Flags, NoneAtAllMeanTheClusterThatWeAreIn) { EXPECT_EQ(parsed({}), Options{}); }

TEST(Flags, SayWhichClusterAndWhatOfIt) {
  const Options options = parsed({"--kubeconfig", "k", "--context=c", "--namespace", "a", "--namespace=b,a", "--leader-elect",
                                  "--leader-election-namespace", "ops", "--default-workspace=w.yaml", "--workers", "3"});
  EXPECT_EQ(options.kubeconfig, "k");
  EXPECT_EQ(options.context, "c");
  EXPECT_THAT(options.namespaces, testing::ElementsAre("a", "b"));
  EXPECT_TRUE(options.leader_elect);
  EXPECT_EQ(options.leader_election_namespace, "ops");
  EXPECT_EQ(options.default_workspace, "w.yaml");
  EXPECT_EQ(options.workers, 3);
  EXPECT_FALSE(parsed({"--leader-elect=false"}).leader_elect);
}

struct Refused {
  Arguments arguments;
  std::string sentence;
};

class RefusedFlags : public testing::TestWithParam<Refused> {};

TEST_P(RefusedFlags, GetOneSentenceThatNamesTheFlag) { EXPECT_EQ(sentence(GetParam().arguments), GetParam().sentence); }

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedFlags,
    testing::Values(
        Refused{{"--state-dir", "s"}, "--manifests: is missing; --state-dir is for the status of what they say"},
        Refused{directory_mode({"--kubeconfig", "k"}), "--kubeconfig: is for a cluster and cannot stand beside --manifests"},
        Refused{directory_mode({"--context=c"}), "--context: is for a cluster and cannot stand beside --manifests"},
        Refused{directory_mode({"--namespace", "n"}), "--namespace: is for a cluster and cannot stand beside --manifests"},
        Refused{directory_mode({"--leader-elect"}), "--leader-elect: is for a cluster and cannot stand beside --manifests"},
        Refused{directory_mode({"--leader-election-namespace=n"}),
                "--leader-election-namespace: is for a cluster and cannot stand beside --manifests"},
        Refused{directory_mode({"--default-workspace=w"}), "--default-workspace: is for a cluster and cannot stand beside --manifests"},
        Refused{{"--namespace", "Team"}, "--namespace: \"Team\" is not the name of a namespace"},
        Refused{{"--namespace", "a,,b"}, "--namespace: \"\" is not the name of a namespace"},
        Refused{{"--namespace", "a", "--namespace", "-b"}, "--namespace: \"-b\" is not the name of a namespace"},
        Refused{{"--leader-election-namespace", "a.b"}, "--leader-election-namespace: \"a.b\" is not the name of a namespace"},
        Refused{{"--leader-elect=yes"}, "--leader-elect: \"yes\" is not one of true, false"},
        Refused{{"--leader-elect", "true"}, "\"true\": unexpected argument; see --help"},
        Refused{{"--manifests", "m"}, "--state-dir: is missing; with --manifests, status is kept there"},
        Refused{{"--manifests", "d", "--state-dir", "./d/"}, "--state-dir: must be another directory than --manifests"},
        Refused{{"--manifests"}, "--manifests: needs a value"}, Refused{{"--manifests", "--state-dir", "s"}, "--manifests: needs a value"},
        Refused{{"--manifests=", "--state-dir", "s"}, "--manifests: needs a value"},
        Refused{directory_mode({"--manifest", "x"}), "--manifest: unknown flag; did you mean --manifests?"},
        Refused{directory_mode({"--zzzzzzzz"}), "--zzzzzzzz: unknown flag"},
        Refused{directory_mode({"extra"}), "\"extra\": unexpected argument; see --help"},
        Refused{directory_mode({"--workers", "0"}), "--workers: \"0\" is not a whole number from 1 to 256"},
        Refused{directory_mode({"--workers", "257"}), "--workers: \"257\" is not a whole number from 1 to 256"},
        Refused{directory_mode({"--workers", "2x"}), "--workers: \"2x\" is not a whole number from 1 to 256"},
        Refused{directory_mode({"--workers=-1"}), "--workers: \"-1\" is not a whole number from 1 to 256"},
        Refused{directory_mode({"--poll-interval", "2"}), "--poll-interval: \"2\" is not a duration, e.g. 2s or 500ms"},
        Refused{directory_mode({"--poll-interval", "1ms"}), "--poll-interval: \"1ms\" is not between 100ms and 1h"},
        Refused{directory_mode({"--poll-interval-idle", "1s"}), "--poll-interval-idle: must not be shorter than --poll-interval"},
        Refused{directory_mode({"--orphan-sweep", "yes"}), "--orphan-sweep: \"yes\" is not one of delete, report, off"},
        Refused{directory_mode({"--orphan-sweep-after", "10"}), "--orphan-sweep-after: \"10\" is not a duration, e.g. 10m"},
        Refused{directory_mode({"--orphan-sweep-after", "0s"}), "--orphan-sweep-after: \"0s\" is not between 1s and 24h"},
        Refused{directory_mode({"--metrics-address", "8080"}),
                "--metrics-address: \"8080\" is not host:port, e.g. 127.0.0.1:8080 (port 0: any that is free)"},
        Refused{directory_mode({"--metrics-address", "127.0.0.1:8080,9090"}),
                "--metrics-address: \"127.0.0.1:8080,9090\" is not host:port, e.g. 127.0.0.1:8080 (port 0: any that is free)"},
        Refused{directory_mode({"--health-address", "127.0.0.1:65536"}),
                "--health-address: \"127.0.0.1:65536\" is not host:port, e.g. 127.0.0.1:8080 (port 0: any that is free)"},
        Refused{directory_mode({"--health-address", "127.0.0.1:80s"}),
                "--health-address: \"127.0.0.1:80s\" is not host:port, e.g. 127.0.0.1:8080 (port 0: any that is free)"},
        Refused{directory_mode({"--log-level", "loud"}), "--log-level: \"loud\" is not one of debug, info, warn, error"},
        Refused{directory_mode({"--log-format", "xml"}), "--log-format: \"xml\" is not one of json, text"},
        Refused{{"--config", "absent.yaml"}, "--config: absent.yaml: no such file"}));

TEST(Flags, HelpNamesEachFlagAndVersionIsOneLine) {
  const auto help = parse_flags({"--help"}, no_files);
  ASSERT_TRUE(help);
  const std::string text = std::get<Message>(*help).text;
  for (const char* flag : {"manifests",
                           "state-dir",
                           "catalogue",
                           "metrics-address",
                           "health-address",
                           "poll-interval",
                           "poll-interval-idle",
                           "workers",
                           "lepton-ca-file",
                           "log-level",
                           "log-format",
                           "config",
                           "version",
                           "help",
                           "kubeconfig",
                           "context",
                           "namespace",
                           "leader-elect",
                           "leader-election-namespace",
                           "default-workspace"}) {
    EXPECT_THAT(text, HasSubstr(std::string("--") + flag));
  }
  const auto version = parse_flags({"--version"}, no_files);
  ASSERT_TRUE(version);
  EXPECT_EQ(std::get<Message>(*version).text, std::string("lepton-operator ") + kVersion + "\n");
}

TEST(ConfigFile, HasTheSameNames) {
  const FileReader read = file("o.yaml", "manifests: m\nstate-dir: s\nworkers: 7\npoll-interval: 1s\nlog-format: json\n");
  const Options options = parsed({"--config", "o.yaml"}, read);
  EXPECT_EQ(options.manifests, "m");
  EXPECT_EQ(options.state_dir, "s");
  EXPECT_EQ(options.workers, 7);
  EXPECT_EQ(options.poll_interval, std::chrono::seconds(1));
  EXPECT_EQ(options.log_format, base::LogFormat::kJson);
}

TEST(ConfigFile, HasListsAndSwitches) {
  const auto read = [](const std::string& content) { return parsed({"--config", "o.yaml"}, file("o.yaml", content)); };
  EXPECT_THAT(read("namespace: [a, b]\nleader-elect: true\n").namespaces, testing::ElementsAre("a", "b"));
  EXPECT_TRUE(read("namespace: a\nleader-elect: true\n").leader_elect);
  EXPECT_THAT(read("namespace: a\n").namespaces, testing::ElementsAre("a"));
}

TEST(ConfigFile, YieldsToFlags) {
  const FileReader read = file("o.yaml", "manifests: m\nstate-dir: s\nworkers: 7\n");
  const Options options = parsed({"--workers", "9", "--config", "o.yaml"}, read);
  EXPECT_EQ(options.workers, 9);
  EXPECT_EQ(options.manifests, "m");
}

TEST(ConfigFile, AWrongValueThatAFlagReplacesDisturbsNobody) {
  EXPECT_EQ(parsed(directory_mode({"--workers", "9", "--config", "o.yaml"}), file("o.yaml", "workers: many\n")).workers, 9);
}

TEST(ConfigFile, AnEmptyOneSaysNothing) {
  EXPECT_EQ(parsed(directory_mode({"--config", "o.yaml"}), file("o.yaml", "# later\n")).workers, Options{}.workers);
}

TEST(ConfigFile, MistakesAreReportedWithTheirLine) {
  const auto said = [](const std::string& content) { return sentence(directory_mode({"--config", "o.yaml"}), file("o.yaml", content)); };
  EXPECT_EQ(said("log-level: info\nworkers: many\n"), "o.yaml:2: workers: \"many\" is not a whole number from 1 to 256");
  EXPECT_EQ(said("worker: 3\n"), "o.yaml:1: worker: unknown name; did you mean workers?");
  EXPECT_EQ(said("workers: [1]\n"), "o.yaml:1: workers: must be a single value");
  EXPECT_EQ(said("namespace: []\n"), "o.yaml:1: namespace: must be a single value");
  EXPECT_EQ(said("namespace: [a, [b]]\n"), "o.yaml:1: namespace: \"\" is not the name of a namespace");
  EXPECT_THAT(said("- workers\n"), StartsWith("o.yaml: must be one YAML map"));
  EXPECT_THAT(said("workers: 1\nworkers: 2\n"), StartsWith("o.yaml:2"));
  EXPECT_THAT(said("config: other.yaml\n"), StartsWith("o.yaml:1: config: unknown name"));
}

}  // namespace
}  // namespace lepton_operator::app
