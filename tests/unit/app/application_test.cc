#include "app/application.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/web_server.h"
#include "support/http_get.h"

namespace lepton_operator::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Tells the test when the operator has started.
class WatchedLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view message, const base::LogFields& fields) override {
    const std::lock_guard lock(mutex_);
    messages_.emplace_back(message);
    if (message != "started") return;
    std::map<std::string, std::string> named;
    for (const auto& [key, value] : fields) named.emplace(key, value);
    started_.set_value(named);
  }
  void redact(std::string) override {}

  std::future<std::map<std::string, std::string>> started() { return started_.get_future(); }
  std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> messages_;
  std::promise<std::map<std::string, std::string>> started_;
};

class ApplicationTest : public testing::Test {
 protected:
  ApplicationTest() {
    std::string pattern = testing::TempDir() + "/application-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(root_ / "manifests");
    options_.manifests = root_ / "manifests";
    options_.state_dir = root_ / "state";
    options_.metrics_address = "127.0.0.1:0";
    options_.health_address = "127.0.0.1:0";
  }
  ~ApplicationTest() override { std::filesystem::remove_all(root_); }

  static std::string address(const std::string& url) { return url.substr(7, url.find('/', 7) - 7); }

  std::filesystem::path root_;
  Options options_;
};

TEST_F(ApplicationTest, ServesUntilASignalAndEndsWithZero) {
  WatchedLog log;
  auto started = log.started();
  int status = 0;
  std::string text;
  std::thread user([&] {
    const auto fields = started.get();
    const std::string health = address(fields.at("health"));
    for (int i = 0; i < 500 && status != 200; ++i) {
      status = support::http_get(health, "/readyz").status;
      if (status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    text = support::http_get(address(fields.at("metrics")), "/metrics").body;
    ::raise(SIGTERM);
  });
  const int code = run(options_, log);
  user.join();
  EXPECT_EQ(code, 0);
  EXPECT_EQ(status, 200);
  EXPECT_THAT(text, AllOf(HasSubstr("lepton_scrape_complete 1\n"), HasSubstr("workqueue_depth{name=\"invocation\"} 0\n")));
  EXPECT_THAT(log.messages(), testing::IsSupersetOf({"started", "stopping", "stopped"}));
}

TEST_F(ApplicationTest, KeepsItsInstallIdOverRestarts) {
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    WatchedLog log;
    auto started = log.started();
    std::thread user([&] {
      ids.push_back(started.get().at("install"));
      ::raise(SIGTERM);
    });
    EXPECT_EQ(run(options_, log), 0);
    user.join();
  }
  EXPECT_EQ(ids.at(0), ids.at(1));
}

std::string sentence_of(const Options& options, int expected_code) {
  WatchedLog log;
  testing::internal::CaptureStderr();
  const int code = run(options, log);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, expected_code);
  return said;
}

TEST_F(ApplicationTest, ATakenPortStopsTheStartWithOneSentence) {
  auto server = metrics::WebServer::start("127.0.0.1:0", {});
  ASSERT_TRUE(server);
  options_.health_address = (*server)->address();
  EXPECT_EQ(sentence_of(options_, 1), "lepton-operator: --health-address " + options_.health_address +
                                          ": cannot listen there: in use, not an address of this machine, or not allowed\n");
}

TEST_F(ApplicationTest, AStoreThatCanNeverWorkEndsTheProcess) {
  options_.state_dir = root_;  // the manifests lie in it: refused by the store, once it runs
  EXPECT_THAT(sentence_of(options_, 1), AllOf(testing::StartsWith("lepton-operator: "), HasSubstr("must not be the state directory")));
}

TEST_F(ApplicationTest, WithNeitherDirectoryNorClusterThereIsNothingToWorkOn) {
  ::unsetenv("KUBECONFIG");
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  EXPECT_THAT(sentence_of(Options{}, 2), testing::StartsWith("lepton-operator: there is nothing to work on: give --manifests DIR"));
}

TEST_F(ApplicationTest, AKubeconfigThatIsNotThereStopsTheStart) {
  Options options;
  options.kubeconfig = root_ / "absent";
  EXPECT_THAT(sentence_of(options, 2),
              AllOf(testing::StartsWith("lepton-operator: --kubeconfig: "), HasSubstr((root_ / "absent").string())));
}

TEST_F(ApplicationTest, AnUnusableCatalogueStopsTheStart) {
  options_.catalogue = root_ / "absent.yaml";
  EXPECT_THAT(sentence_of(options_, 2), testing::StartsWith("lepton-operator: --catalogue: " + options_.catalogue->string()));
}

TEST_F(ApplicationTest, ACaFileWithoutCertificatesStopsTheStart) {
  options_.lepton_ca_file = root_ / "ca.pem";
  std::ofstream(*options_.lepton_ca_file) << "no certificate\n";
  EXPECT_THAT(sentence_of(options_, 2), testing::StartsWith("lepton-operator: --lepton-ca-file: "));
}

}  // namespace
}  // namespace lepton_operator::app
