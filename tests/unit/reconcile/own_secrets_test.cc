// The operator's own Secrets: what an installation is known by, and the credentials snapshot.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "fakeapi/api_server.h"
#include "reconcile/credentials_secret.h"
#include "reconcile/key_secret.h"
#include "reconcile/token_key.h"
#include "store/secret_object.h"
#include "unit/base/run.h"

namespace lepton_operator::reconcile {
namespace {

using base::ErrorKind;
using base::Json;
using base::Method;
using base::Result;
using fakeapi::ApiServer;
using testing::HasSubstr;

const invocation::ObjectKey kTeam{"team", "default"};
constexpr const char* kKeysPath = "/api/v1/namespaces/ops/secrets/lepton-operator-install";
constexpr const char* kCredentialsPath = "/api/v1/namespaces/ops/secrets/lepton-operator-credentials";

lepton::Credentials credentials(const std::string& token) {
  return {"ws", token, "https://lepton.example.com/api/v2/workspaces/ws", std::nullopt};
}

class OwnSecretsTest : public testing::Test {
 protected:
  ~OwnSecretsTest() override {
    root_.cancel();
    settle();
  }
  void settle() {
    do io_.restart();
    while (io_.poll() > 0);
  }
  template <class T>
  T get(boost::asio::awaitable<T> work) {
    base::Running<T> running(io_, std::move(work));
    settle();
    return running.take();
  }

  Result<std::unique_ptr<KeySecret>> open_keys() { return get(KeySecret::open(root_, api_, "ops", *random_)); }
  // The fixture keeps it: its writer runs until the test has ended.
  CredentialsSecret* open_snapshot(std::function<bool()> may_write = {}, std::vector<std::string> served = {}) {
    auto opened = get(CredentialsSecret::open(root_, {.io = io_,
                                                      .api = api_,
                                                      .clock = clock_,
                                                      .random = *random_,
                                                      .log = log_,
                                                      .namespace_ = "ops",
                                                      .served = std::move(served),
                                                      .may_write = std::move(may_write)}));
    return opened ? snapshots_.emplace_back(std::move(opened).value()).get() : nullptr;
  }
  void run(CredentialsSecret& snapshot) {
    boost::asio::co_spawn(io_, snapshot.run(root_), boost::asio::detached);
    settle();
  }
  store::SecretValues stored(const char* path) const {
    const Json* secret = server_->find(path);
    return secret ? store::secret_values(*secret).value() : store::SecretValues{};
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(3);
  base::MemoryLog log_;
  std::shared_ptr<ApiServer> server_ = std::make_shared<ApiServer>(io_);
  kube::Api api_{server_, nullptr, clock_, {}};
  base::Context root_{clock_};
  std::vector<std::unique_ptr<CredentialsSecret>> snapshots_;
};

TEST_F(OwnSecretsTest, AnInstallationIsMadeOnceAndReadEverAfter) {
  const auto first = open_keys();
  ASSERT_TRUE(first);
  const auto second = open_keys();
  ASSERT_TRUE(second);
  EXPECT_EQ((*first)->install_id(), (*second)->install_id());
  EXPECT_EQ((*first)->current_id(), (*second)->current_id());
  EXPECT_EQ((*first)->key((*first)->current_id()), (*second)->key((*first)->current_id()));
  EXPECT_EQ((*first)->key((*first)->current_id())->size(), 32u);
  EXPECT_EQ(base::get_string(server_->find(kKeysPath)->at("metadata").at("labels"), "app.kubernetes.io/managed-by"), "lepton-operator");
}

TEST_F(OwnSecretsTest, OfTwoThatMakeItAtOnceOneReadsTheOthers) {
  const auto other = open_keys();
  const Json made = *server_->find(kKeysPath);
  int asked = 0;
  server_->intercept([&](const base::HttpRequest& request) -> ApiServer::Answer {
    if (request.method != Method::kGet || ++asked > 1) return std::nullopt;
    return base::HttpResponse{404, {}, R"({"kind":"Status","code":404,"reason":"NotFound","message":"not found"})"};
  });
  const auto ours = open_keys();
  ASSERT_TRUE(ours);
  EXPECT_EQ((*ours)->install_id(), (*other)->install_id());
  EXPECT_EQ(*server_->find(kKeysPath), made);
}

TEST_F(OwnSecretsTest, ADamagedInstallationIsAnErrorAndStaysAsItIs) {
  ASSERT_TRUE(open_keys());
  server_->edit(kKeysPath, [](Json& secret) { secret["data"].erase("installId"); });
  const Json damaged = *server_->find(kKeysPath);
  const auto refused = open_keys();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(refused.error().text(), HasSubstr("Secret ops/lepton-operator-install: its installId"));
  EXPECT_EQ(*server_->find(kKeysPath), damaged);
}

TEST_F(OwnSecretsTest, WithoutItsKeyAnInstallationIsDamagedToo) {
  ASSERT_TRUE(open_keys());
  server_->edit(kKeysPath, [](Json& secret) { secret["data"]["current"] = Json::string("b3RoZXI="); });
  EXPECT_EQ(open_keys().error().kind, ErrorKind::kInvalid);
}

void ask_for_rotation(Json& secret) { secret["data"]["current"] = Json::string(base::base64_encode("rotate")); }

TEST_F(OwnSecretsTest, AKeyIsRotatedWhenTheSecretSaysSoAndTheOldOneStays) {
  const auto first = open_keys();
  server_->edit(kKeysPath, ask_for_rotation);
  const auto second = open_keys();
  ASSERT_TRUE(second) << second.error().text();
  EXPECT_NE((*second)->current_id(), (*first)->current_id());
  EXPECT_EQ((*second)->install_id(), (*first)->install_id());
  EXPECT_EQ((*second)->key((*first)->current_id()), (*first)->key((*first)->current_id()));
  const auto third = open_keys();
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->current_id(), (*second)->current_id());
  EXPECT_EQ(stored(kKeysPath).size(), 4u);  // installId, current, two keys
}

TEST_F(OwnSecretsTest, OfTwoThatRotateAtOnceOneTakesTheOthersKey) {
  ASSERT_TRUE(open_keys());
  server_->edit(kKeysPath, ask_for_rotation);
  const std::string hex(64, 'b');
  const std::string others = token_key_id(token_key_bytes(hex).value());
  bool rotated = false;
  server_->intercept([&](const base::HttpRequest& request) -> ApiServer::Answer {
    if (request.method != Method::kPatch || std::exchange(rotated, true)) return std::nullopt;
    server_->edit(kKeysPath, [&](Json& secret) {  // in between the other has done it
      secret["data"]["current"] = Json::string(base::base64_encode(others));
      secret["data"]["key." + others] = Json::string(base::base64_encode(hex));
    });
    return std::nullopt;
  });
  const auto ours = open_keys();
  ASSERT_TRUE(ours) << ours.error().text();
  EXPECT_EQ((*ours)->current_id(), others);
  EXPECT_EQ(stored(kKeysPath).size(), 4u);
}

TEST_F(OwnSecretsTest, ASnapshotOutlivesTheProcess) {
  auto* const first = open_snapshot();
  run(*first);
  ASSERT_TRUE(first->save(kTeam, credentials("secret-1")));
  settle();
  const auto* const second = open_snapshot();
  ASSERT_TRUE(second->load(kTeam));
  EXPECT_EQ(*second->load(kTeam), credentials("secret-1"));
  EXPECT_FALSE(second->load({"team", "other"}));
}

TEST_F(OwnSecretsTest, OnlySnapshotsOfTheNamespacesThatAreServedMayBeForgotten) {
  auto* const first = open_snapshot();
  run(*first);
  ASSERT_TRUE(first->save(kTeam, credentials("secret-1")));
  ASSERT_TRUE(first->save({"other", "default"}, credentials("secret-2")));
  settle();
  EXPECT_THAT(open_snapshot()->disposable(), testing::UnorderedElementsAre(kTeam, invocation::ObjectKey{"other", "default"}));
  EXPECT_THAT(open_snapshot({}, {kTeam.namespace_})->disposable(), testing::ElementsAre(kTeam));
}

TEST_F(OwnSecretsTest, EachEntryIsWrittenAndRemovedByItself) {
  auto* const snapshot = open_snapshot();
  run(*snapshot);
  ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
  settle();
  server_->edit(kCredentialsPath, [](Json& secret) { secret["data"]["someone.else"] = Json::string("eA=="); });
  ASSERT_TRUE(snapshot->save({"team", "second"}, credentials("secret-2")));
  settle();
  EXPECT_EQ(stored(kCredentialsPath).size(), 3u);
  ASSERT_TRUE(snapshot->remove(kTeam));
  settle();
  EXPECT_FALSE(stored(kCredentialsPath).contains("team.default"));
  EXPECT_EQ(stored(kCredentialsPath).size(), 2u);
}

TEST_F(OwnSecretsTest, WhatIsKeptAlreadyIsNotWrittenAgain) {
  auto* const snapshot = open_snapshot();
  run(*snapshot);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
    settle();
  }
  EXPECT_EQ(server_->count(Method::kPatch, "") + server_->count(Method::kPost, ""), 2);  // the first finds no Secret yet
}

TEST_F(OwnSecretsTest, AWriteThatFailedIsTriedAgainAndInForceMeanwhile) {
  auto* const snapshot = open_snapshot();
  run(*snapshot);
  server_->intercept([](const base::HttpRequest&) -> ApiServer::Answer { return base::Error{ErrorKind::kUnreachable, "no server"}; });
  ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
  settle();
  EXPECT_FALSE(snapshot->written());
  EXPECT_TRUE(snapshot->load(kTeam));
  server_->intercept(nullptr);
  clock_.advance(std::chrono::seconds(2));
  settle();
  EXPECT_TRUE(snapshot->written());
  EXPECT_TRUE(stored(kCredentialsPath).contains("team.default"));
}

TEST_F(OwnSecretsTest, WhatWasNotWrittenYetIsWrittenAtTheEnd) {
  auto* const snapshot = open_snapshot();
  ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
  root_.cancel();
  run(*snapshot);
  EXPECT_TRUE(stored(kCredentialsPath).contains("team.default"));
}

TEST_F(OwnSecretsTest, OneWhoDoesNotLeadWritesNothing) {
  auto* const snapshot = open_snapshot([] { return false; });
  run(*snapshot);
  ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
  settle();
  EXPECT_EQ(server_->find(kCredentialsPath), nullptr);
}

TEST_F(OwnSecretsTest, AnEntryThatCannotBeUnderstoodCostsNoOther) {
  {
    auto* const snapshot = open_snapshot();
    ASSERT_TRUE(snapshot->save(kTeam, credentials("secret-1")));
    const base::Context ended = root_.child();
    ended.cancel();
    base::Running<bool> done(io_, [](CredentialsSecret* of, base::Context context) -> boost::asio::awaitable<bool> {
      co_await of->run(context);
      co_return true;
    }(snapshot, ended));
    settle();
  }
  server_->edit(kCredentialsPath, [](Json& secret) { secret["data"]["team.bad"] = Json::string("eA=="); });
  auto* const again = open_snapshot();
  EXPECT_TRUE(again->load(kTeam));
  EXPECT_FALSE(again->load({"team", "bad"}));
  EXPECT_THAT(log_.lines().back(), HasSubstr("key=team.bad"));
}

}  // namespace
}  // namespace lepton_operator::reconcile
