#include "store/kubernetes_store.h"

#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/random.h"
#include "fakeapi/api_server.h"
#include "unit/base/run.h"

namespace lepton_operator::store {
namespace {

using base::ErrorKind;
using base::Json;
using base::Method;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Told = std::vector<std::string>;

const ObjectKey kInTeam{"team", "llama"};
const ObjectKey kDefault{"team", "default"};
const ObjectKey kSecret{"team", "token"};
constexpr const char* kLlamaPath = "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama";
constexpr const char* kWorkspacePath = "/apis/lepton.dev/v1alpha1/namespaces/team/workspaces/default";
constexpr const char* kSecretPath = "/api/v1/namespaces/team/secrets/token";
constexpr const char* kInvocation =
    "metadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: all of it\n    lepton.dev/abandon: why\n"
    "  managedFields: [{manager: kubectl}]\n"
    "spec: {deployment: {type: none}}\n";

class KubernetesStoreTest : public testing::Test {
 protected:
  KubernetesStoreTest() {
    server_->put(kLlamaPath, kInvocation);
    server_->put(kWorkspacePath, "spec: {credentialsSecretRef: {name: token}}\n");
    server_->put("/api/v1/namespaces/team", "{}");
    server_->put(kSecretPath, "data: {key: dmFsdWU=}\n");
  }
  ~KubernetesStoreTest() override {
    root_.cancel();
    settle();
  }

  void start(KubernetesOptions options = {}) {
    store_ = make_kubernetes_store(io_, api_, clock_, *random_, log_, std::move(options));
    boost::asio::co_spawn(io_, keep(store_.get(), root_, &told_), boost::asio::detached);
    settle();
  }
  static boost::asio::awaitable<void> keep(ObjectStore* store, Context context, Told* told) {
    const ChangeHandler handler = [told](Kind kind, ObjectKey key) {
      const char* words[] = {"invocation ", "workspace ", "secret "};
      told->push_back(words[static_cast<int>(kind)] + key.text());
    };
    const Result<> ended = co_await store->run(context, handler);
    EXPECT_TRUE(ended);
  }

  void settle() {
    do io_.restart();
    while (io_.poll() > 0);
  }
  // Moves time until nothing is left that falls due within it.
  void pass(base::Milliseconds by) {
    const base::Timestamp end = clock_.now() + by;
    settle();
    while (const auto next = clock_.next()) {
      if (*next > end) break;
      clock_.advance(*next - clock_.now());
      settle();
    }
    clock_.advance(end - clock_.now());
    settle();
  }
  template <class T>
  T get(boost::asio::awaitable<T> work) {
    base::Running<T> running(io_, std::move(work));
    settle();
    return running.take();
  }

  std::shared_ptr<const Invocation> llama() const { return store_->find_invocation(kInTeam); }
  Result<> write(const std::string& progress, std::shared_ptr<const Invocation> read = nullptr) {
    if (!read) read = llama();
    invocation::InvocationStatus status = read->status;
    status.progress = progress;
    return get(store_->write_status(root_, read, status));
  }
  Result<> finalizer(bool present) { return get(store_->set_finalizer(root_, llama(), invocation::kCleanupFinalizer, present)); }

  std::vector<std::string> finalizers() const { return base::get_strings(server_->find(kLlamaPath)->at("metadata"), "finalizers"); }
  // And we do not see it before catch_up().
  void others_set_meanwhile(const std::vector<std::string>& finalizers) {
    server_->pause_watches();
    server_->edit(kLlamaPath, [&](Json& object) { object["metadata"]["finalizers"] = base::to_json(finalizers); });
  }
  void catch_up() {
    server_->resume_watches();
    settle();
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(3);
  base::MemoryLog log_;
  std::shared_ptr<fakeapi::ApiServer> server_ = std::make_shared<fakeapi::ApiServer>(io_);
  kube::Api api_{server_, nullptr, clock_, {}};
  base::Context root_{clock_};
  std::unique_ptr<ObjectStore> store_;
  Told told_;
};

TEST_F(KubernetesStoreTest, TellsOfEverythingThatIsThereAndIsThenSynced) {
  start();
  EXPECT_TRUE(store_->synced());
  EXPECT_THAT(told_, testing::UnorderedElementsAre("invocation team/llama", "workspace team/default"));
  EXPECT_THAT(store_->invocations(), ElementsAre(kInTeam));
  EXPECT_THAT(store_->workspaces(), ElementsAre(kDefault));
  EXPECT_EQ(base::get_string(base::get_object(llama()->spec, "deployment"), "type"), "none");
}

TEST_F(KubernetesStoreTest, LeavesOutWhatKubectlRepeats) {
  start();
  EXPECT_THAT(llama()->meta.annotations, ElementsAre(testing::Pair("lepton.dev/abandon", "why")));
}

TEST_F(KubernetesStoreTest, FollowsWhatUsersDo) {
  start();
  told_.clear();
  server_->edit(kLlamaPath, [](Json& object) { object["spec"]["suspend"] = Json::boolean(true); });
  settle();
  EXPECT_EQ(base::get_bool(llama()->spec, "suspend"), true);
  server_->remove(kLlamaPath);
  settle();
  EXPECT_FALSE(llama());
  EXPECT_THAT(told_, ElementsAre("invocation team/llama", "invocation team/llama"));
}

TEST_F(KubernetesStoreTest, OurStatusIsThereAtOnceAndIsNoNews) {
  start();
  told_.clear();
  server_->pause_watches();
  ASSERT_TRUE(write("1/3"));
  EXPECT_EQ(llama()->status.progress, "1/3");
  ASSERT_TRUE(write("2/3")) << "a second write stands on the first one's answer";
  server_->resume_watches();
  settle();
  EXPECT_EQ(llama()->status.progress, "2/3");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(KubernetesStoreTest, StatusIsWrittenByItsSubresourceAloneAndStandsOnNothingThatOthersMayWrite) {
  start();
  ASSERT_TRUE(write("1/3"));
  const base::HttpRequest& sent = server_->requests().back();
  EXPECT_EQ(sent.method, Method::kPatch);
  EXPECT_EQ(sent.path, std::string(kLlamaPath) + "/status");
  EXPECT_EQ(sent.content_type, "application/json-patch+json");
  EXPECT_THAT(sent.body, Not(HasSubstr("\"spec\"")));
  EXPECT_THAT(sent.body, Not(HasSubstr("resourceVersion")));
  EXPECT_THAT(sent.body, HasSubstr("uid-1"));
}

TEST_F(KubernetesStoreTest, WhoeverElseWritesTheSpecStarvesNoStatusAndNothingOfItIsLost) {
  start();
  told_.clear();
  server_->pause_watches();
  const auto read = llama();
  server_->edit(kLlamaPath, [](Json& object) {
    object["spec"]["suspend"] = Json::boolean(true);
    object["metadata"]["generation"] = Json::number(2);
  });
  ASSERT_TRUE(write("1/3", read));
  EXPECT_EQ(base::get_bool(server_->find(kLlamaPath)->at("spec"), "suspend"), true);
  EXPECT_EQ(base::get_bool(llama()->spec, "suspend"), true) << "the answer shows it";
  EXPECT_THAT(told_, ElementsAre("invocation team/llama")) << "no event may show it any more";
  server_->resume_watches();
  settle();
  EXPECT_THAT(told_, ElementsAre("invocation team/llama"));
  EXPECT_EQ(llama()->status.progress, "1/3");
}

TEST_F(KubernetesStoreTest, WhatOthersWroteIsToldAlsoWhenTheWatchShowsItBeforeTheAnswer) {
  start();
  server_->pause_watches();
  const auto read = llama();
  server_->edit(kLlamaPath, [](Json& object) { object["metadata"]["generation"] = Json::number(2); });
  told_.clear();
  server_->hold_next_answer();
  invocation::InvocationStatus status;
  status.progress = "1/3";
  base::Running<Result<>> writing(io_, store_->write_status(root_, read, status));
  settle();
  server_->resume_watches();
  settle();
  server_->release();
  settle();
  ASSERT_TRUE(writing.ended() && writing.value());
  EXPECT_THAT(told_, ElementsAre("invocation team/llama"));
}

TEST_F(KubernetesStoreTest, AStatusForAnObjectWhoseDeletionWasNotKnownIsAConflict) {
  start();
  ASSERT_TRUE(finalizer(true));
  server_->pause_watches();
  server_->remove(kLlamaPath);
  const Result<> refused = write("1/3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(base::find(*server_->find(kLlamaPath), "status"), nullptr);
  server_->resume_watches();
  settle();
  EXPECT_TRUE(write("1/3")) << "one that knows of it may";
}

TEST_F(KubernetesStoreTest, AStatusThatAnotherOperatorWroteMeanwhileIsNotOverwritten) {
  start();
  ASSERT_TRUE(write("1/3"));
  server_->pause_watches();
  server_->edit(kLlamaPath, [](Json& object) {
    object["status"]["progress"] = Json::string("2/3");
    object["status"]["revision"] = Json::number(2);
  });
  const Result<> refused = write("0/3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(base::get_string(server_->find(kLlamaPath)->at("status"), "progress"), "2/3");
}

TEST_F(KubernetesStoreTest, AStatusThatSomebodyElseEditedIsShownAsAlteredUntilItIsWrittenAgain) {
  start();
  ASSERT_TRUE(write("1/3"));
  EXPECT_FALSE(llama()->mark.altered);
  told_.clear();
  server_->edit(kLlamaPath, [](Json& object) { object["status"]["message"] = Json::string("hello"); });
  settle();
  EXPECT_THAT(told_, ElementsAre("invocation team/llama"));
  EXPECT_TRUE(llama()->mark.altered) << "also of what is not read";
  server_->edit(kLlamaPath, [](Json& object) { object["spec"]["suspend"] = Json::boolean(true); });
  settle();
  EXPECT_TRUE(llama()->mark.altered);
  ASSERT_TRUE(write("1/3"));
  EXPECT_FALSE(llama()->mark.altered);
  EXPECT_EQ(base::find(server_->find(kLlamaPath)->at("status"), "message"), nullptr);
  settle();
  EXPECT_FALSE(llama()->mark.altered);
}

TEST_F(KubernetesStoreTest, AStatusThatSomebodyElseRemovedIsWrittenAnew) {
  start();
  ASSERT_TRUE(write("1/3"));
  server_->edit(kLlamaPath, [](Json& object) { object.erase("status"); });
  settle();
  EXPECT_TRUE(llama()->mark.altered);
  ASSERT_TRUE(write("1/3"));
  EXPECT_EQ(base::get_string(server_->find(kLlamaPath)->at("status"), "progress"), "1/3");
}

TEST_F(KubernetesStoreTest, AStatusThatSomebodyElseWroteFirstDoesNotKeepOursOut) {
  start();
  server_->edit(kLlamaPath, [](Json& object) { object["status"]["progress"] = Json::string("9/9"); });
  settle();
  ASSERT_TRUE(write("1/3"));
  EXPECT_EQ(base::get_string(server_->find(kLlamaPath)->at("status"), "progress"), "1/3");
}

TEST_F(KubernetesStoreTest, AWriteThatIsKnownToBeStaleIsNotEvenSent) {
  start();
  const auto read = llama();
  ASSERT_TRUE(write("1/3"));
  const int sent = server_->count(Method::kPatch, "");
  const Result<> refused = write("0/3", read);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(server_->count(Method::kPatch, ""), sent);
}

TEST_F(KubernetesStoreTest, AWriteOfWhatIsGoneIsNotFound) {
  start();
  server_->pause_watches();
  server_->remove(kLlamaPath);
  const Result<> refused = write("1/3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kNotFound);
}

TEST_F(KubernetesStoreTest, AnEventBeforeTheAnswerOfOurWriteIsNotForgotten) {
  start();
  told_.clear();
  server_->hold_next_answer();
  const auto read = llama();
  invocation::InvocationStatus status;
  status.progress = "1/3";
  base::Running<Result<>> writing(io_, store_->write_status(root_, read, status));
  settle();
  server_->edit(kLlamaPath, [](Json& object) { object["spec"]["suspend"] = Json::boolean(true); });
  settle();
  server_->release();
  settle();
  ASSERT_TRUE(writing.ended() && writing.value());
  EXPECT_EQ(base::get_bool(llama()->spec, "suspend"), true);
  EXPECT_EQ(llama()->status.progress, "1/3");
  EXPECT_THAT(told_, ElementsAre("invocation team/llama"));
}

TEST_F(KubernetesStoreTest, OnlyWhatWasReadIsDeleted) {
  start();
  const auto read = llama();
  base::Running<Result<>> removing(io_, store_->remove_invocation(root_, read));
  settle();
  ASSERT_TRUE(removing.ended());
  const base::HttpRequest& sent = server_->requests().back();
  EXPECT_EQ(sent.method, Method::kDelete);
  EXPECT_EQ(sent.path, kLlamaPath);
  EXPECT_THAT(sent.body, HasSubstr("\"preconditions\""));
  EXPECT_THAT(sent.body, HasSubstr("\"resourceVersion\":\"" + read->meta.resource_version + "\""));
  EXPECT_THAT(sent.body, HasSubstr("\"uid\":\"" + read->meta.uid + "\""));
}

TEST_F(KubernetesStoreTest, AFinalizerIsPatchedIntoMetadataAlone) {
  start();
  ASSERT_TRUE(finalizer(true));
  EXPECT_TRUE(llama()->meta.has_finalizer(invocation::kCleanupFinalizer));
  const base::HttpRequest& sent = server_->requests().back();
  EXPECT_EQ(sent.method, Method::kPatch);
  EXPECT_EQ(sent.content_type, "application/json-patch+json");
  EXPECT_THAT(sent.body, Not(HasSubstr("spec")));
  EXPECT_THAT(sent.body, Not(HasSubstr("resourceVersion")));
}

TEST_F(KubernetesStoreTest, OtherFinalizersStay) {
  start();
  server_->edit(kLlamaPath, [](Json& object) { object["metadata"]["finalizers"] = base::to_json({"example.com/other"}); });
  settle();
  ASSERT_TRUE(finalizer(true));
  ASSERT_TRUE(finalizer(false));
  EXPECT_THAT(llama()->meta.finalizers, ElementsAre("example.com/other"));
}

TEST_F(KubernetesStoreTest, AFinalizerThatIsThereAlreadyCostsNoRequest) {
  start();
  ASSERT_TRUE(finalizer(true));
  ASSERT_TRUE(finalizer(true));
  EXPECT_EQ(server_->count(Method::kPatch, ""), 1);
}

TEST_F(KubernetesStoreTest, WhoeverElseWritesStarvesNoFinalizer) {
  start();
  server_->pause_watches();
  server_->edit(kLlamaPath, [](Json& object) { object["spec"]["suspend"] = Json::boolean(true); });
  ASSERT_TRUE(finalizer(true));
  EXPECT_EQ(base::get_bool(server_->find(kLlamaPath)->at("spec"), "suspend"), true);
  server_->edit(kLlamaPath, [](Json& object) { object["status"]["progress"] = Json::string("9/9"); });
  ASSERT_TRUE(finalizer(false));
  EXPECT_THAT(base::get_strings(server_->find(kLlamaPath)->at("metadata"), "finalizers"), IsEmpty());
}

TEST_F(KubernetesStoreTest, AFirstFinalizerThatSomebodyElseSetMeanwhileIsNotLost) {
  start();
  others_set_meanwhile({"example.com/a"});
  EXPECT_EQ(finalizer(true).error().kind, ErrorKind::kConflict);
  EXPECT_THAT(finalizers(), ElementsAre("example.com/a"));
  catch_up();
  ASSERT_TRUE(finalizer(true));
  EXPECT_THAT(finalizers(), ElementsAre("example.com/a", invocation::kCleanupFinalizer));
}

TEST_F(KubernetesStoreTest, AFurtherFinalizerThatSomebodyElseSetMeanwhileIsNotLost) {
  others_set_meanwhile({"example.com/a"});
  catch_up();
  start();
  others_set_meanwhile({"example.com/b", "example.com/a"});
  EXPECT_EQ(finalizer(true).error().kind, ErrorKind::kConflict);
  catch_up();
  ASSERT_TRUE(finalizer(true));
  others_set_meanwhile({"example.com/a", invocation::kCleanupFinalizer});
  EXPECT_EQ(finalizer(false).error().kind, ErrorKind::kConflict) << "another one stands in its place";
  catch_up();
  ASSERT_TRUE(finalizer(false));
  EXPECT_THAT(finalizers(), ElementsAre("example.com/a"));
}

TEST_F(KubernetesStoreTest, NoFinalizerIsSetOnAnObjectThatIsBeingDeleted) {
  server_->edit(kLlamaPath, [](Json& object) { object["metadata"]["finalizers"] = base::to_json({"example.com/other"}); });
  start();
  server_->pause_watches();
  server_->remove(kLlamaPath);
  const Result<> refused = finalizer(true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
}

TEST_F(KubernetesStoreTest, TheLastFinalizerEndsAnObjectThatIsBeingDeleted) {
  start();
  ASSERT_TRUE(finalizer(true));
  server_->remove(kLlamaPath);
  settle();
  ASSERT_TRUE(llama()->meta.deleted);
  server_->pause_watches();
  ASSERT_TRUE(finalizer(false));
  EXPECT_FALSE(llama());
  EXPECT_EQ(server_->find(kLlamaPath), nullptr);
  server_->resume_watches();
  settle();
  EXPECT_FALSE(llama());
}

TEST_F(KubernetesStoreTest, WhatHappenedWhileTheServerWasAwayIsFoundByTheNextList) {
  start();
  server_->put("/apis/lepton.dev/v1alpha1/namespaces/team/invocations/gone", kInvocation);
  settle();
  ASSERT_TRUE(store_->find_invocation({"team", "gone"}));
  told_.clear();
  server_->intercept([](const base::HttpRequest& request) -> fakeapi::ApiServer::Answer {
    if (request.path.find("/invocations") == std::string::npos) return std::nullopt;
    return base::Error{.kind = ErrorKind::kNotFound, .what = "too old resource version", .status = 410};
  });
  server_->close_watches();
  pass(std::chrono::seconds(5));
  server_->remove("/apis/lepton.dev/v1alpha1/namespaces/team/invocations/gone");
  server_->put("/apis/lepton.dev/v1alpha1/namespaces/team/invocations/fresh", kInvocation);
  EXPECT_TRUE(store_->find_invocation({"team", "gone"})) << "the cache stays as it is";
  server_->intercept(nullptr);
  pass(std::chrono::seconds(60));
  EXPECT_FALSE(store_->find_invocation({"team", "gone"}));
  EXPECT_TRUE(store_->find_invocation({"team", "fresh"}));
  EXPECT_THAT(told_, testing::IsSupersetOf({"invocation team/gone", "invocation team/fresh"}));
}

TEST_F(KubernetesStoreTest, SeesOnlyTheNamespacesItWasGiven) {
  server_->put("/apis/lepton.dev/v1alpha1/namespaces/other/invocations/theirs", kInvocation);
  server_->put("/api/v1/namespaces/other", "{}");
  start({.namespaces = {"team", "third"}});
  EXPECT_TRUE(store_->synced());
  EXPECT_THAT(store_->invocations(), ElementsAre(kInTeam));
  server_->remove("/api/v1/namespaces/other");
  EXPECT_EQ(server_->count(Method::kGet, "/namespaces/other"), 0);
}

TEST_F(KubernetesStoreTest, ANamespaceThatGoesIsKnownAndItsInvocationsAreTold) {
  start();
  EXPECT_FALSE(store_->namespace_deleting("team"));
  told_.clear();
  server_->edit("/api/v1/namespaces/team", [](Json& object) {
    object["metadata"]["finalizers"] = base::to_json({"kubernetes"});
    object["metadata"]["deletionTimestamp"] = Json::string("2026-07-01T12:00:00Z");
  });
  settle();
  EXPECT_TRUE(store_->namespace_deleting("team"));
  EXPECT_THAT(told_, ElementsAre("invocation team/llama"));
  server_->edit("/api/v1/namespaces/team", [](Json& object) { object["metadata"].erase("finalizers"); });
  server_->remove("/api/v1/namespaces/team");
  settle();
  EXPECT_FALSE(store_->namespace_deleting("team"));
}

TEST_F(KubernetesStoreTest, ASecretIsReadOnceAMinuteAndNeverWatched) {
  start();
  for (int i = 0; i < 3; ++i) {
    const auto values = get(store_->read_secret(root_, kSecret));
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at("key"), "value");
  }
  EXPECT_EQ(server_->count(Method::kGet, "/secrets"), 1);
  clock_.advance(std::chrono::seconds(60));
  ASSERT_TRUE(get(store_->read_secret(root_, kSecret)));
  EXPECT_EQ(server_->count(Method::kGet, "/secrets"), 2);
}

TEST_F(KubernetesStoreTest, ASecretThatMayHaveChangedIsReadAgain) {
  start();
  ASSERT_TRUE(get(store_->read_secret(root_, kSecret)));
  server_->edit(kSecretPath, [](Json& object) { object["data"]["key"] = Json::string("bmV3"); });
  store_->expire_secret(kSecret);
  EXPECT_EQ(get(store_->read_secret(root_, kSecret))->at("key"), "new");
}

TEST_F(KubernetesStoreTest, ManyReadersOfOneSecretMakeOneRequest) {
  start();
  server_->hold_next_answer();
  std::vector<base::Running<Result<std::map<std::string, std::string>>>> readers;
  for (int i = 0; i < 5; ++i) readers.emplace_back(io_, store_->read_secret(root_, kSecret));
  settle();
  server_->release();
  settle();
  for (const auto& reader : readers) {
    ASSERT_TRUE(reader.ended() && reader.value());
    EXPECT_EQ(reader.value()->at("key"), "value");
  }
  EXPECT_EQ(server_->count(Method::kGet, "/secrets"), 1);
}

TEST_F(KubernetesStoreTest, AMissingSecretIsAskedForEachTime) {
  start();
  const ObjectKey missing{"team", "missing"};
  EXPECT_EQ(get(store_->read_secret(root_, missing)).error().kind, ErrorKind::kNotFound);
  server_->put("/api/v1/namespaces/team/secrets/missing", "data: {key: dmFsdWU=}\n");
  EXPECT_TRUE(get(store_->read_secret(root_, missing)));
}

TEST_F(KubernetesStoreTest, NothingIsWrittenByOneWhoDoesNotLead) {
  start({.may_write = [] { return false; }});
  EXPECT_EQ(write("1/3").error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(finalizer(true).error().kind, ErrorKind::kCancelled);
  EXPECT_EQ(server_->count(Method::kPut, "") + server_->count(Method::kPatch, ""), 0);
}

TEST_F(KubernetesStoreTest, AWorkspacesStatusIsWrittenLikewise) {
  start();
  invocation::WorkspaceStatus status;
  status.workspace_name = "My team";
  ASSERT_TRUE(get(store_->write_status(root_, store_->find_workspace(kDefault), status)));
  EXPECT_EQ(store_->find_workspace(kDefault)->status.workspace_name, "My team");
}

}  // namespace
}  // namespace lepton_operator::store
