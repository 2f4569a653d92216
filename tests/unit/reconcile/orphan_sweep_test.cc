// The orphan sweep in a simulated workspace, with an API server that says what Invocations there are: every condition of a removal has a
// test that fails without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakeapi/api_server.h"
#include "invocation/names.h"
#include "reconcile/cluster_owners.h"
#include "reconcile/operator.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {
namespace {

using base::HttpRequest;
using fakeapi::ApiServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

const ObjectKey kWorkspace{"team", "default"};
constexpr const char* kInstall = "11111111-2222-3333-4444-555555555555";
constexpr const char* kOther = "99999999-2222-3333-4444-555555555555";
constexpr const char* kHome = "/api/v1/namespaces/kube-system";
constexpr const char* kInvocations = "/apis/lepton.dev/v1alpha1/namespaces/team/invocations";

base::HttpResponse status(int code, const std::string& reason) {
  return {code, {}, R"({"kind":"Status","code":)" + std::to_string(code) + R"(,"reason":")" + reason + R"(","message":"so it is"})"};
}

class OrphanSweepTest : public testing::Test {
 protected:
  explicit OrphanSweepTest(simulator::Options options = slow())
      : bench_(std::move(options)),
        server_(std::make_shared<ApiServer>(bench_.io)),
        api_(server_, nullptr, bench_.clock, {}),
        lepton_(bench_.transport, bench_.credentials(), bench_.clock, *bench_.random, {}) {
    bench_.add_workspace(kWorkspace);
    server_->put(kHome, "{}");
    home_ = base::get_string(server_->find(kHome)->at("metadata"), "uid").value();
  }
  ~OrphanSweepTest() override { stop(); }

  static simulator::Options slow() {
    simulator::Options options;
    options.run_delay = 24h;
    return options;
  }

  void start(SweepMode mode = SweepMode::kDelete, std::vector<std::string> namespaces = {}) {
    owners_ = std::make_unique<ClusterOwners>(api_, std::move(namespaces), home_);
    OperatorOptions options;
    options.workers = 4;
    options.orphans.mode = mode;
    Hooks hooks;
    hooks.orphan_deleted = [this](const char* kind) { ++deleted_[kind]; };
    hooks.workspace_transition = [this](const invocation::Workspace&, const invocation::Transition& transition) {
      ++events_[transition.reason];
    };
    OperatorParts parts{.io = bench_.io,
                        .clock = bench_.clock,
                        .random = *bench_.random,
                        .log = bench_.log,
                        .store = bench_.store,
                        .keys = bench_.keys,
                        .snapshot = bench_.snapshot,
                        .catalogue = catalogue_,
                        .make_transport = bench_.transports(),
                        .fallback = {},
                        .install_id = kInstall,
                        .options = options,
                        .hooks = std::move(hooks),
                        .may_write = [this] { return leads_; },
                        .owners = owners_.get()};
    operator_ = std::make_unique<Operator>(std::move(parts));
    stop_ = bench_.root.child();
    ended_ = bench_.start(operator_->run(*stop_));
  }
  void stop() {
    if (!operator_) return;
    stop_->cancel();
    bench_.pass(10s);
    EXPECT_TRUE(ended_->has_value());
    operator_.reset();
  }

  static lepton::Labels marks(const std::string& name = "gone", const std::string& install = kInstall, const std::string& space = "team") {
    invocation::ObjectMeta meta;
    meta.key = {space, name};
    meta.uid = "uid-of-" + name;
    return invocation::owner_labels(install, meta, "gpqa", 0);
  }
  void plant_endpoint(const std::string& name, const lepton::Labels& labels) {
    lepton::EndpointSpec spec;
    spec.name = name;
    spec.labels = labels;
    spec.image = "nim:1";
    spec.resource_shape = "gpu.1xh200";
    const auto made = bench_.get(lepton_.create_endpoint(bench_.root, spec, family_));
    ASSERT_TRUE(made.ok()) << made.error().text();
  }
  void plant_job(const std::string& name, const lepton::Labels& labels) {
    lepton::JobSpec spec;
    spec.name = name;
    spec.labels = labels;
    spec.image = "eval:1";
    spec.command = {"/bin/bash", "-c", "true"};
    spec.resource_shape = "cpu.small";
    const auto made = bench_.get(lepton_.create_job(bench_.root, spec));
    ASSERT_TRUE(made.ok()) << made.error().text();
  }
  void plant_secret(const std::string& name, const lepton::Labels& labels) {
    lepton::NewSecret secret{name, "very-secret", {}};
    for (const auto& [mark, text] : labels) secret.tags.push_back(std::string(mark).append("=").append(text));
    ASSERT_TRUE(bench_.get(lepton_.create_secret(bench_.root, secret)).ok());
  }
  // As the API server answers to every request of that path.
  void answer(const std::string& path, int code, const std::string& reason) {
    server_->intercept([=](const HttpRequest& request) -> ApiServer::Answer {
      if (request.path != path) return std::nullopt;
      return status(code, reason);
    });
  }
  std::string gone_path() const { return std::string(kInvocations) + "/gone"; }

  std::size_t endpoints() { return bench_.simulator.deployments().alive().size(); }
  std::size_t jobs() { return bench_.simulator.jobs().all().size(); }
  std::size_t secrets() { return bench_.simulator.dump().at("secrets").size(); }
  int orphans(OrphanKind kind) const {
    for (const OrphanFigure& figure : operator_->orphans()) {
      if (figure.kind == kind && figure.workspace == kWorkspace) return figure.count;
    }
    return -1;
  }
  int removals() const { return bench_.requests("DELETE", "*"); }
  std::string log() const {
    std::string text;
    for (const std::string& line : bench_.log.lines()) text += line + "\n";
    return text;
  }
  // Half an hour in which nothing is removed, though there is an endpoint to be; with `why` among what people are told.
  void expect_kept(const std::string& why) {
    bench_.pass(30min);
    EXPECT_EQ(removals(), 0) << log();
    EXPECT_EQ(endpoints(), 1U);
    EXPECT_THAT(deleted_, IsEmpty());
    if (!why.empty()) {
      EXPECT_THAT(log(), AllOf(HasSubstr("orphan found and not removed"), HasSubstr(why)));
      EXPECT_EQ(orphans(OrphanKind::kEndpoint), 1);
    }
  }
  // And that nothing but what was taken away held it back.
  void expect_swept() {
    bench_.pass(40min);  // of the longest pause
    EXPECT_EQ(endpoints(), 0U) << log();
    EXPECT_EQ(deleted_["endpoint"], 1);
    EXPECT_EQ(orphans(OrphanKind::kEndpoint), 0);
  }

  Bench bench_;
  std::shared_ptr<ApiServer> server_;
  kube::Api api_;
  lepton::Client lepton_;
  lepton::ApiFamily family_ = lepton::ApiFamily::kDeployments;
  std::string home_;
  bool leads_ = true;
  invocation::Catalogue catalogue_;
  std::unique_ptr<ClusterOwners> owners_;
  std::unique_ptr<Operator> operator_;
  std::optional<base::Context> stop_;
  std::shared_ptr<std::optional<base::Result<>>> ended_;
  std::map<std::string, int> deleted_;
  std::map<std::string, int> events_;
};

TEST_F(OrphanSweepTest, RemovesWhatTwoLooksTenMinutesApartFoundWithoutAnOwnerAndSaysSo) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  plant_job("eval-gpqa-0-gone", marks());
  plant_secret("inv-token-gone", marks());
  start();
  bench_.pass(9min);
  EXPECT_EQ(removals(), 0) << "nine minutes are not ten";
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 0) << "nor an orphan yet";
  bench_.pass(32min);
  EXPECT_EQ(endpoints(), 0U) << log();
  EXPECT_EQ(jobs(), 0U);
  EXPECT_EQ(secrets(), 0U);
  EXPECT_EQ(removals(), 3) << log();
  EXPECT_EQ(deleted_, (std::map<std::string, int>{{"endpoint", 1}, {"job", 1}, {"secret", 1}}));
  EXPECT_EQ(events_["OrphanRemoved"], 3);
  EXPECT_EQ(events_["OrphanFound"], 0);
  EXPECT_THAT(log(), AllOf(HasSubstr("orphan removed"), HasSubstr("nim-gpqa-0-gone"), HasSubstr("team/gone"), HasSubstr("uid-of-gone")));
  for (const OrphanKind kind : kOrphanKinds) EXPECT_EQ(orphans(kind), 0);
}

TEST_F(OrphanSweepTest, AnEndpointIsGoneSoonAfterTenMinutes) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  start();
  bench_.pass(12min);
  EXPECT_EQ(endpoints(), 0U) << log();
  EXPECT_EQ(deleted_["endpoint"], 1);
}

TEST_F(OrphanSweepTest, SecretsGoAfterAllThatMayUseThem) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  plant_secret("inv-token-gone", marks());
  answer(gone_path(), 403, "Forbidden");
  start();
  bench_.pass(40min);
  EXPECT_EQ(orphans(OrphanKind::kSecret), 1) << log();
  server_->intercept({});
  bench_.pass(80min);
  EXPECT_EQ(secrets(), 0U) << log();
  const auto& requests = bench_.simulator.requests();
  std::vector<std::string> removed;
  for (const auto& request : requests) {
    if (request.method == "DELETE") removed.push_back(request.path);
  }
  EXPECT_THAT(removed, testing::ElementsAre("/deployments/nim-gpqa-0-gone", HasSubstr("inv-token-gone")));
}

TEST_F(OrphanSweepTest, SecretsAreListedRarelyWhileNothingIsSuspected) {
  start();
  bench_.pass(std::chrono::hours(5));
  EXPECT_LE(bench_.requests("GET", "/usersecrets"), 6);
  EXPECT_GE(bench_.requests("GET", "/usersecrets"), 4);
}

TEST_F(OrphanSweepTest, WhatIsNotMarkedOrIsAnotherInstallationsStaysForEver) {
  plant_endpoint("somebody", {});
  plant_endpoint("nim-other", marks("gone", kOther));
  plant_job("eval-other", marks("gone", kOther));
  plant_job("a-persons-job", {{"team", "blue"}});
  plant_secret("HF_TOKEN", {});
  plant_secret("inv-other", marks("gone", kOther));
  plant_secret("inv-of-before", {{invocation::kUidLabel, "uid-of-gone"}});  // made by a version that did not mark the installation
  start();
  bench_.pass(3h);
  EXPECT_EQ(removals(), 0) << log();
  EXPECT_EQ(orphans(OrphanKind::kEndpoint) + orphans(OrphanKind::kJob) + orphans(OrphanKind::kSecret), 0);
  EXPECT_GE(bench_.requests("GET", "/usersecrets"), 2) << "the secrets were looked at";
}

TEST_F(OrphanSweepTest, WhatHasItsOwnerIsNeverTouched) {
  bench_.store.put_invocation({"team", "gone"}, "deployment: {type: none}\n");
  plant_endpoint("nim-gpqa-0-gone", marks());
  plant_secret("inv-token-gone", marks());
  start();
  expect_kept("");
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 0);
  EXPECT_EQ(server_->requests().size(), 0U) << "the store knows it; nobody has to be asked";
}

// 403 is not absence, nor is an answer that does not come.
TEST_F(OrphanSweepTest, KeepsWhatItMayNotAskTheOwnerOf) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  answer(gone_path(), 403, "Forbidden");
  start();
  expect_kept("so it is");
  EXPECT_EQ(events_["OrphanFound"], 1) << "once, for one reason";
  server_->intercept({});
  expect_swept();
}

TEST_F(OrphanSweepTest, KeepsWhatTheApiServerCannotTellTheOwnerOf) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  answer(gone_path(), 503, "ServiceUnavailable");
  start();
  expect_kept("so it is");
  server_->intercept([&](const HttpRequest& request) -> ApiServer::Answer {
    if (request.path != gone_path()) return std::nullopt;
    return base::Result<base::HttpResponse>(base::Error{base::ErrorKind::kTimeout, "no answer in time"});
  });
  bench_.pass(1h);
  EXPECT_EQ(removals(), 0);
  server_->intercept({});
  expect_swept();
}

// An API server without the CRD answers 404 for every object of it.
TEST_F(OrphanSweepTest, KeepsEverythingWhileInvocationsAreNotServed) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  answer(kInvocations, 404, "NotFound");
  start();
  expect_kept("Invocations are not served");
  server_->intercept({});
  expect_swept();
}

TEST_F(OrphanSweepTest, KeepsEverythingWhenTheCrdGoesBetweenTwoRequests) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  int lists = 0;
  server_->intercept([&](const HttpRequest& request) -> ApiServer::Answer {
    if (request.path != kInvocations || ++lists % 2 == 1) return std::nullopt;
    return status(404, "NotFound");
  });
  start();
  expect_kept("Invocations are not served");
}

TEST_F(OrphanSweepTest, KeepsEverythingWhenTheCrdComesBetweenTwoRequests) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  bool asked = false;
  server_->intercept([&](const HttpRequest& request) -> ApiServer::Answer {
    asked = asked || request.path == gone_path();
    if (request.path != kInvocations || asked) return std::nullopt;
    return status(404, "NotFound");
  });
  start();
  expect_kept("Invocations are not served");
}

TEST_F(OrphanSweepTest, AnotherInvocationOfTheSameNameIsNotTheOwner) {
  server_->put(gone_path(), "{}");  // its UID is the server's choice
  plant_endpoint("nim-gpqa-0-gone", marks());
  start();
  expect_swept();
}

TEST_F(OrphanSweepTest, AnOwnerThatOnlyTheApiServerKnowsIsOne) {
  server_->put(gone_path(), "{}");
  server_->edit(gone_path(), [](Json& object) { object["metadata"]["uid"] = Json::string("uid-of-gone"); });
  plant_endpoint("nim-gpqa-0-gone", marks());
  start();
  expect_kept("");
  EXPECT_GE(server_->count(base::Method::kGet, gone_path()), 2) << "it was asked for";
}

TEST_F(OrphanSweepTest, InACopyOfTheClusterThingsAreOnlyReported) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  home_ = "uid-of-the-cluster-that-was-backed-up";
  start();
  expect_kept("this installation is a copy");
  EXPECT_EQ(events_["OrphanFound"], 1);
}

TEST_F(OrphanSweepTest, WithoutARecordOfItsClusterThingsAreOnlyReported) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  home_.clear();
  start();
  expect_kept("not recorded");
}

TEST_F(OrphanSweepTest, WhatANamespaceOwnsThatIsNotLookedAfterIsNotItsToJudge) {
  plant_endpoint("nim-gpqa-0-gone", marks("gone", kInstall, "elsewhere"));
  start(SweepMode::kDelete, {"team"});
  expect_kept("");
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 0);
}

TEST_F(OrphanSweepTest, ThatNamespaceIsOneOfThoseLookedAfter) {
  plant_endpoint("nim-gpqa-0-gone", marks("gone", kInstall, "elsewhere"));
  start(SweepMode::kDelete, {"team", "elsewhere"});
  expect_swept();
}

TEST_F(OrphanSweepTest, AMarkThatDoesNotNameItsOwnerIsOnlyReported) {
  lepton::Labels labels = marks();
  labels.erase(invocation::kNameLabel);
  plant_endpoint("nim-gpqa-0-gone", labels);
  start();
  expect_kept("does not say whose it is");
}

TEST_F(OrphanSweepTest, WhoDoesNotLeadRemovesNothing) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  leads_ = false;
  start();
  expect_kept("");
  EXPECT_EQ(server_->requests().size(), 0U) << "nor does it ask";
  leads_ = true;
  expect_swept();
}

TEST_F(OrphanSweepTest, WhoLosesTheLeadWhileItAsksRemovesNothing) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  server_->intercept([&](const HttpRequest& request) -> ApiServer::Answer {
    if (request.path == gone_path()) leads_ = false;
    return std::nullopt;
  });
  start();
  expect_kept("");
  EXPECT_FALSE(leads_);
}

TEST_F(OrphanSweepTest, AStoreThatIsNotReadYetKnowsOfNoAbsence) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  bench_.store.set_synced(false);
  start();
  expect_kept("");
  EXPECT_EQ(server_->requests().size(), 0U) << "nor is it asked";
  bench_.store.set_synced(true);
  expect_swept();
}

TEST_F(OrphanSweepTest, ReportsOncePerObjectWhenItIsOnlyToReport) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  plant_job("eval-gpqa-0-gone", marks());
  start(SweepMode::kReport);
  expect_kept("--orphan-sweep=report");
  EXPECT_EQ(events_["OrphanFound"], 2);
  EXPECT_EQ(events_["OrphanRemoved"], 0);
  EXPECT_EQ(server_->requests().size(), 0U) << "nobody has to be asked";
}

TEST_F(OrphanSweepTest, DoesNothingWhenItIsOff) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  start(SweepMode::kOff);
  expect_kept("");
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(bench_.requests("GET", "/usersecrets"), 0);
}

TEST_F(OrphanSweepTest, ARemovalThatFailsIsTriedAgainLaterAndLater) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  simulator::FaultRule fault;
  fault.method = "DELETE";
  fault.path = "/deployments/*";
  fault.status = 500;
  fault.times = 0;
  bench_.simulator.add_fault(fault);
  start();
  bench_.pass(70min);  // within an hour: after 1, 2, 4, 8, 16 and 30 minutes
  EXPECT_THAT(removals(), AllOf(testing::Ge(5), testing::Le(8))) << log();
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 1);
  EXPECT_THAT(log(), HasSubstr("its removal failed"));
  bench_.simulator.world().scenario.faults.clear();
  expect_swept();
}

TEST_F(OrphanSweepTest, FewAreTakenUpAtOnce) {
  for (int i = 0; i < 12; ++i) plant_endpoint("nim-gpqa-" + std::to_string(i) + "-gone", marks());
  start();
  ASSERT_TRUE(bench_.until([&] { return removals() > 0; }, 15min)) << log();
  bench_.pass(20s);
  EXPECT_EQ(removals(), 5);
  bench_.pass(5min);
  EXPECT_EQ(endpoints(), 0U) << log();
  EXPECT_EQ(deleted_["endpoint"], 12);
}

class OrphanSweepOfSlowRemovals : public OrphanSweepTest {
 protected:
  OrphanSweepOfSlowRemovals() : OrphanSweepTest(slow_to_delete()) {}
  static simulator::Options slow_to_delete() {
    simulator::Options options = slow();
    options.delete_delay = 20min;
    return options;
  }
};

TEST_F(OrphanSweepOfSlowRemovals, IsCountedOnlyWhenALookShowsItGone) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  plant_secret("inv-token-gone", marks());
  start();
  bench_.pass(25min);
  EXPECT_EQ(orphans(OrphanKind::kSecret), 1) << "it waits for the endpoint that may use it";
  EXPECT_EQ(removals(), 1) << "what is going is not asked for again\n" << log();
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 1);
  EXPECT_THAT(deleted_, IsEmpty());
  EXPECT_EQ(events_["OrphanRemoved"], 0);
  bench_.pass(10min);
  EXPECT_EQ(orphans(OrphanKind::kEndpoint), 0);
  EXPECT_EQ(deleted_["endpoint"], 1);
  bench_.pass(15min);
  EXPECT_EQ(secrets(), 0U) << log();
  EXPECT_EQ(events_["OrphanRemoved"], 2);
}

class OrphanSweepOfFinishedJobs : public OrphanSweepTest {
 protected:
  OrphanSweepOfFinishedJobs() : OrphanSweepTest(quick()) {}
  static simulator::Options quick() {
    simulator::Options options;
    options.run_delay = 1s;
    return options;
  }
};

TEST_F(OrphanSweepOfFinishedJobs, TheyGoWithTheirInvocationToo) {
  plant_job("eval-gpqa-0-gone", marks());
  start();
  bench_.pass(15min);
  EXPECT_EQ(jobs(), 0U) << log();
  EXPECT_EQ(deleted_["job"], 1);
}

class OrphanSweepOfComponents : public OrphanSweepTest {
 protected:
  OrphanSweepOfComponents() : OrphanSweepTest(components()) { family_ = lepton::ApiFamily::kEndpoints; }
  static simulator::Options components() {
    simulator::Options options = slow();
    options.api_family = simulator::ApiFamily::kEndpoints;
    return options;
  }
};

TEST_F(OrphanSweepOfComponents, AreKnownByTheMarkInTheirEnvironment) {
  plant_endpoint("nim-gpqa-0-gone", marks());
  start();
  expect_swept();
  EXPECT_EQ(bench_.requests("DELETE", "/endpoints/nim-gpqa-0-gone"), 1);
}

TEST_F(OrphanSweepTest, WhatAnAbandonedDeletionLeavesIsSwept) {
  bench_.store.put_invocation({"team", "llama"}, R"(
deployment: {type: nim, image: "nim:1", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: first, container: "eval:1"}]}
)");
  start();
  ASSERT_TRUE(bench_.until([&] { return jobs() == 1; }, 60s)) << log();
  simulator::FaultRule fault;
  fault.method = "DELETE";
  fault.times = 0;
  bench_.simulator.add_fault(fault);
  bench_.store.delete_invocation({"team", "llama"});
  bench_.pass(10s);
  bench_.store.annotate({"team", "llama"}, invocation::kAbandonAnnotation, "nothing answers");
  ASSERT_TRUE(bench_.until([&] { return !bench_.store.find_invocation({"team", "llama"}); }, 10s)) << log();
  EXPECT_GE(endpoints() + secrets(), 2U) << "something was left, or this proves nothing";
  bench_.simulator.world().scenario.faults.clear();
  bench_.pass(90min);
  EXPECT_EQ(endpoints() + jobs() + secrets(), 0U) << log();
  EXPECT_EQ(deleted_["endpoint"], 1);
  EXPECT_EQ(deleted_["job"], 1);
  EXPECT_GE(deleted_["secret"], 1);
}

TEST_F(OrphanSweepTest, WhatHasNoOwnerTakesPlacesUnderLimitsFromTheLookThatShowsItUntilItIsGone) {
  bench_.store.put_workspace(kWorkspace,
                             "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\", limits: {maxEndpoints: 2}}");
  const std::string spec = R"(
deployment: {type: nim, image: "nim:1", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: first, container: "eval:1"}]}
)";
  start();
  bench_.store.put_invocation({"team", "before"}, spec);
  ASSERT_TRUE(bench_.until([&] { return endpoints() == 1; }, 60s)) << log();
  plant_endpoint("nim-gpqa-0-gone", marks());
  bench_.pass(1min);
  const ObjectKey after{"team", "after"};
  bench_.store.put_invocation(after, spec);
  bench_.pass(7min);
  EXPECT_EQ(endpoints(), 2U) << "one that runs, and one that has no owner any more";
  EXPECT_EQ(bench_.store.find_invocation(after)->status.tasks.front().wave, 0);
  ASSERT_TRUE(bench_.until([&] { return bench_.store.find_invocation(after)->status.tasks.front().wave > 0; }, 10min)) << log();
  EXPECT_EQ(deleted_["endpoint"], 1);
}

// The ledger alone: by which looks something is gone.
TEST(OrphanLedger, BelievesAbsenceOnlyOfALookThatBeganAfterTheLastAndAfterOurRemoval) {
  const base::Timestamp start{1h};
  OrphanLedger ledger(10min);
  const auto seen_at = [](base::Timestamp at) {
    Sighting sighting;
    sighting.endpoints_looked = at;
    sighting.ownerless.push_back({OrphanKind::kEndpoint, "nim", "nim", {"team", "gone", "uid-1"}, {}, false, false, at});
    return sighting;
  };
  const auto nothing_at = [](std::optional<base::Timestamp> at) {
    Sighting sighting;
    sighting.endpoints_looked = at;
    return sighting;
  };
  ledger.note("a", seen_at(start), {});
  ledger.note("a", seen_at(start + 10min), {});
  ASSERT_EQ(ledger.orphans("a").size(), 1U);
  EXPECT_THAT(ledger.note("a", nothing_at(std::nullopt), {}), IsEmpty());  // of a new connection, which has not looked yet
  EXPECT_THAT(ledger.note("a", nothing_at(start + 10min), {}), IsEmpty());
  ASSERT_EQ(ledger.orphans("a").size(), 1U);
  ledger.orphans("a").front()->removed = start + 12min;
  EXPECT_THAT(ledger.note("a", nothing_at(start + 11min), {}), IsEmpty());
  ASSERT_EQ(ledger.orphans("a").size(), 1U);
  EXPECT_EQ(ledger.note("a", nothing_at(start + 13min), {}).size(), 1U);
  EXPECT_THAT(ledger.orphans("a"), IsEmpty());
}

TEST(OrphanLedger, BeginsAnewWithWhatHadAnOwnerOrWasAway) {
  const base::Timestamp start{1h};
  OrphanLedger ledger(10min);
  const auto seen_at = [](base::Timestamp at) {
    Sighting sighting;
    sighting.jobs_looked = at;
    sighting.ownerless.push_back({OrphanKind::kJob, "j-1", "eval", {"team", "gone", "uid-1"}, {}, false, false, at});
    return sighting;
  };
  Sighting away;
  ledger.note("a", seen_at(start), {});
  ledger.note("a", away, {"uid-1"});
  ledger.note("a", seen_at(start + 10min), {});
  EXPECT_THAT(ledger.orphans("a"), IsEmpty());
  away.jobs_looked = start + 15min;
  ledger.note("a", away, {});
  ledger.note("a", seen_at(start + 20min), {});
  EXPECT_THAT(ledger.orphans("a"), IsEmpty());
  ledger.note("a", seen_at(start + 30min), {});
  EXPECT_EQ(ledger.orphans("a").size(), 1U);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
