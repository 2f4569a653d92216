// Who says that an owner is not there: a cluster's API server, a state directory; and what is recorded of where the installation was made.
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fakeapi/api_server.h"
#include "reconcile/directory_owners.h"
#include "reconcile/key_secret.h"
#include "store/secret_object.h"
#include "store/state_files.h"
#include "unit/base/run.h"

namespace lepton_operator::reconcile {
namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using base::Json;
using base::Result;
using fakeapi::ApiServer;
using testing::HasSubstr;

constexpr const char* kHome = "/api/v1/namespaces/kube-system";
constexpr const char* kKeysPath = "/api/v1/namespaces/ops/secrets/lepton-operator-install";

class RecordOfTheCluster : public testing::Test {
 protected:
  std::unique_ptr<KeySecret> open() {
    base::Running<Result<std::unique_ptr<KeySecret>>> running(io_, KeySecret::open(root_, api_, "ops", *random_));
    do io_.restart();
    while (io_.poll() > 0);
    auto opened = running.take();
    if (!opened) error_ = opened.error();
    return opened ? std::move(opened).value() : nullptr;
  }
  std::string here() const { return base::get_string(server_->find(kHome)->at("metadata"), "uid").value(); }
  std::string recorded() const {
    const auto values = store::secret_values(*server_->find(kKeysPath)).value();
    const auto found = values.find("cluster");
    return found == values.end() ? "" : found->second;
  }
  void refuse(int code) {
    server_->intercept([code](const base::HttpRequest& request) -> ApiServer::Answer {
      if (request.path != kHome) return std::nullopt;
      return base::HttpResponse{code, {}, R"({"kind":"Status","code":)" + std::to_string(code) + R"(,"message":"no"})"};
    });
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(3);
  std::shared_ptr<ApiServer> server_ = std::make_shared<ApiServer>(io_);
  kube::Api api_{server_, nullptr, clock_, {}};
  base::Context root_{clock_};
  base::Error error_;
};

TEST_F(RecordOfTheCluster, IsMadeWithTheInstallation) {
  server_->put(kHome, "{}");
  const auto keys = open();
  ASSERT_TRUE(keys) << error_.text();
  EXPECT_EQ(keys->cluster_uid(), here());
  EXPECT_EQ(recorded(), here());
}

TEST_F(RecordOfTheCluster, IsAddedToAnInstallationThatHasNoneAndNothingElseChanges) {
  ASSERT_TRUE(open()) << error_.text();
  const Json before = *server_->find(kKeysPath);
  EXPECT_EQ(recorded(), "");
  server_->put(kHome, "{}");
  const auto keys = open();
  ASSERT_TRUE(keys) << error_.text();
  EXPECT_EQ(keys->cluster_uid(), here());
  EXPECT_EQ(recorded(), here());
  for (const auto& [name, value] : before.at("data").as_object()) {
    EXPECT_EQ(base::get_string(server_->find(kKeysPath)->at("data"), name), value.as_string()) << name;
  }
}

TEST_F(RecordOfTheCluster, StaysWhatItIsInACopyOfTheCluster) {
  server_->put(kHome, "{}");
  ASSERT_TRUE(open());
  const std::string original = here();
  server_->edit(kHome, [](Json& object) { object["metadata"]["uid"] = Json::string("another"); });
  const auto keys = open();
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->cluster_uid(), original);
  EXPECT_EQ(recorded(), original);
}

TEST_F(RecordOfTheCluster, IsLeftOutWhereItMayNotBeRead) {
  server_->put(kHome, "{}");
  refuse(403);
  const auto keys = open();
  ASSERT_TRUE(keys) << error_.text();
  EXPECT_EQ(keys->cluster_uid(), "");
}

TEST_F(RecordOfTheCluster, IsWaitedForWhileTheApiServerFails) {
  server_->put(kHome, "{}");
  refuse(503);
  EXPECT_FALSE(open());
  EXPECT_EQ(error_.kind, ErrorKind::kServer);
}

class OwnersOfADirectory : public testing::Test {
 protected:
  OwnersOfADirectory() {
    root_ = fs::temp_directory_path() / ("lepton-operator-owners-" + std::to_string(::getpid()));
    fs::create_directories(state());
    EXPECT_TRUE(record_home(state()));
  }
  ~OwnersOfADirectory() override { fs::remove_all(root_); }

  fs::path state() const { return root_ / "state"; }
  template <class T>
  T get(boost::asio::awaitable<T> work) {
    base::Running<T> running(io_, std::move(work));
    do io_.restart();
    while (io_.poll() > 0);
    return running.take();
  }
  Result<bool> at_home(const fs::path& directory) {
    DirectoryOwners owners(directory);
    return get(owners.at_home(context_));
  }
  Result<bool> absent(const Owner& owner) {
    DirectoryOwners owners(state());
    return get(owners.absent(context_, owner));
  }
  void save(const std::string& uid) {
    invocation::Invocation object;
    object.meta.key = {"default", "run"};
    object.meta.uid = uid;
    object.spec = base::json_object();
    EXPECT_TRUE(store::StateFiles(state()).save(object));
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  base::Context context_{clock_};
  fs::path root_;
};

const Owner kRun{"default", "run", "uid-1"};

TEST_F(OwnersOfADirectory, AreThereWhileTheirStateFileIs) {
  save("uid-1");
  EXPECT_FALSE(absent(kRun).value());
  fs::remove(state() / "default" / "run.yaml");
  EXPECT_TRUE(absent(kRun).value());
}

TEST_F(OwnersOfADirectory, AreNotThoseWhoCameAfterThem) {
  save("uid-2");
  EXPECT_TRUE(absent(kRun).value());
}

TEST_F(OwnersOfADirectory, CannotBeToldFromAFileThatCannotBeUnderstood) {
  ASSERT_TRUE(base::write_file_atomically(state() / "default" / "run.yaml", "status: {half"));
  EXPECT_FALSE(absent(kRun).ok());
  save("");
  EXPECT_FALSE(absent(kRun).ok()) << "nor from one without a UID";
}

TEST_F(OwnersOfADirectory, HaveNoNameThatLeadsElsewhere) {
  EXPECT_FALSE(absent({"..", "run", "uid-1"}).ok());
  EXPECT_FALSE(absent({"default", "x/../run", "uid-1"}).ok());
}

TEST_F(OwnersOfADirectory, AreAtHomeWhereTheDirectoryWasMade) {
  EXPECT_TRUE(at_home(state()).value());
  EXPECT_TRUE(record_home(state())) << "a second start";
  EXPECT_TRUE(at_home(state()).value());
}

TEST_F(OwnersOfADirectory, AreNotAtHomeInACopyOfIt) {
  fs::copy(state(), root_ / "copy", fs::copy_options::recursive);
  EXPECT_TRUE(record_home(root_ / "copy"));
  EXPECT_FALSE(at_home(root_ / "copy").value());
}

TEST_F(OwnersOfADirectory, AreNotAtHomeInACopyInItsPlace) {
  fs::rename(state(), root_ / "backup");
  fs::copy(root_ / "backup", state(), fs::copy_options::recursive);
  EXPECT_FALSE(at_home(state()).value());
}

TEST_F(OwnersOfADirectory, AreNotAtHomeInACopyThatTookItsInodeToo) {
  fs::copy(state(), root_ / "backup", fs::copy_options::recursive);
  fs::remove_all(state());
  fs::copy(root_ / "backup", state(), fs::copy_options::recursive);
  EXPECT_FALSE(at_home(state()).value());
}

TEST_F(OwnersOfADirectory, CannotBeToldWhereNothingIsRecorded) {
  fs::remove(state() / "home");
  EXPECT_FALSE(at_home(state()).ok());
}

}  // namespace
}  // namespace lepton_operator::reconcile
