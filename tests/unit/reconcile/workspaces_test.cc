#include "reconcile/workspaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {
namespace {

using invocation::ConditionStatus;
using invocation::WorkspaceState;
using simulator::Fault;
using testing::HasSubstr;
using testing::Not;

const ObjectKey kKey{"team", "default"};

class Garbling final : public base::HttpTransport {
 public:
  explicit Garbling(std::shared_ptr<base::HttpTransport> inner) : inner_(std::move(inner)) {}
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override {
    const bool list = request.path.ends_with("/deployments");
    base::Result<base::HttpResponse> response = co_await inner_->send(context, std::move(request));
    if (list && response) response->body = "[{}]";
    co_return response;
  }

 private:
  std::shared_ptr<base::HttpTransport> inner_;
};

class Broken final : public base::HttpTransport {
 public:
  explicit Broken(std::string body) : body_(std::move(body)) {}
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context, base::HttpRequest) override {
    co_return base::HttpResponse{500, {}, body_};
  }

 private:
  std::string body_;
};

class WorkspacesTest : public testing::Test {
 protected:
  Bench bench_;
  bool garbled_ = false;
  std::string broken_;

  void start(FallbackCredentials fallback = {}) {
    lepton::ObserverOptions observing;
    observing.job_selector = "lepton-operator.install=i1";
    observing.owner_label = "lepton-operator.uid";
    WorkspacesParts parts{bench_.io,    bench_.clock, *bench_.random,      bench_.log,           bench_.store, bench_.snapshot,
                          bench_.vault, transports(), std::move(fallback), std::move(observing), {},           {}};
    parts.transition = [this](const invocation::Workspace& object, const invocation::Transition& transition) {
      told_.push_back(object.meta.key.text() + " " + (transition.warning ? "Warning " : "Normal ") + transition.reason);
    };
    workspaces_ = std::make_unique<Workspaces>(std::move(parts));
    WorkspacesEvents events;
    events.changed = [this](const ObjectKey&) { ++changes_; };
    events.looked = [this](const ObjectKey&) { ++looks_; };
    workspaces_->on(std::move(events));
    stop_ = bench_.root.child();
    ended_ = bench_.start(workspaces_->run(*stop_));
    // The operator tells of changes in the store; here the test does.
  }
  ~WorkspacesTest() override {
    if (!workspaces_) return;
    stop_->cancel();
    bench_.settle();
    EXPECT_TRUE(*ended_);
  }

  // The bench's; while `garbled_`, the list of endpoints holds something without a name; with `broken_`, every answer is a 500 with that.
  auto transports() -> decltype(bench_.transports()) {
    return [this, plain = bench_.transports()](const std::string& url) -> base::Result<std::shared_ptr<base::HttpTransport>> {
      if (!broken_.empty()) return std::shared_ptr<base::HttpTransport>(std::make_shared<Broken>(broken_));
      const auto inner = plain(url);
      if (!inner || !garbled_) return inner;
      return std::shared_ptr<base::HttpTransport>(std::make_shared<Garbling>(*inner));
    };
  }

  invocation::WorkspaceFacts facts() const { return workspaces_->facts(kKey); }
  const invocation::Condition* condition(const char* type) const {
    const auto object = bench_.store.find_workspace(kKey);
    return invocation::find_condition(object->status.conditions, type);
  }
  const invocation::Condition* ready() const { return condition("Ready"); }
  void break_connection() {
    bench_.transport->on_call([](const base::HttpRequest&) -> std::optional<Fault> { return Fault{Fault::What::kUnreachable}; });
  }
  void mend_connection() { bench_.transport->on_call({}); }

  std::unique_ptr<Workspaces> workspaces_;
  std::optional<base::Context> stop_;
  std::shared_ptr<bool> ended_;
  std::vector<std::string> told_;  // events about Workspaces
  int changes_ = 0;
  int looks_ = 0;
};

TEST_F(WorkspacesTest, AWorkspaceThatAnswersIsReadyAndSaysSoInItsStatus) {
  bench_.add_workspace(kKey);
  start();
  bench_.pass(100ms);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
  EXPECT_EQ(facts().id, "ws-sim");
  EXPECT_EQ(facts().url, bench_.url());
  EXPECT_EQ(facts().token_key_id, "k1");
  ASSERT_NE(ready(), nullptr);
  EXPECT_EQ(ready()->status, ConditionStatus::kTrue);
  EXPECT_EQ(ready()->reason, "Authenticated");
  EXPECT_GE(looks_, 1);
  EXPECT_EQ(bench_.store.workspace_writes(), 2);  // at once; then with what was told of the token
}

TEST_F(WorkspacesTest, AWrongTokenIsUnauthorizedAndCostsFewRequests) {
  bench_.add_workspace(kKey, "ws-sim:wrong-token-0001");
  start();
  bench_.pass(8s);
  EXPECT_EQ(facts().state, WorkspaceState::kUnauthorized);
  EXPECT_LE(bench_.simulator.requests().size(), 12u);
  ASSERT_NE(ready(), nullptr);
  EXPECT_EQ(ready()->reason, "Unauthorized");
  EXPECT_THAT(ready()->message, Not(HasSubstr("wrong-token-0001")));
  EXPECT_EQ(bench_.store.workspace_writes(), 1);
}

TEST_F(WorkspacesTest, ANameInPlaceOfTheIdIsNotFoundAndTheSentenceSaysWhatToWrite) {
  bench_.store.put_secret({"team", "lepton"}, {{"credentials", "my-team:sim-token"}});
  bench_.store.put_workspace(kKey, "{credentialsSecretRef: {name: lepton}, url: \"http://lepton.test/api/v2/workspaces/my-team\"}");
  start();
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kNotFound);
  EXPECT_EQ(ready()->message,
            "lepton answered 404 for workspace \"my-team\": this must be the workspace ID (dashboard, Settings), not its name.");
}

TEST_F(WorkspacesTest, AMissingSecretIsNamedAndItsComingMendsIt) {
  bench_.store.put_workspace(kKey, "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\"}");
  start();
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kSecretMissing);
  EXPECT_THAT(facts().message, HasSubstr("team/lepton"));
  bench_.store.put_secret({"team", "lepton"}, {{"workspaceId", "ws-sim"}, {"token", "sim-token"}});
  workspaces_->secret_changed({"team", "lepton"});
  bench_.pass(100ms);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
}

TEST_F(WorkspacesTest, TheWorkspacesOwnUrlCountsWhereverIdAndTokenCameFrom) {
  bench_.store.put_workspace(kKey, "{url: \"http://elsewhere.test/api/v2/workspaces/ws-sim\"}");
  start([this]() -> std::optional<base::Result<lepton::Credentials>> { return base::Result<lepton::Credentials>(bench_.credentials()); });
  workspaces_->use(kKey, "team/a", {});
  bench_.pass(100ms);
  EXPECT_THAT(facts().message, HasSubstr("http://elsewhere.test"));  // where the bench serves nothing
}

TEST_F(WorkspacesTest, WithoutAWorkspaceOnlyDefaultFallsBackOnTheEnvironment) {
  start([this]() -> std::optional<base::Result<lepton::Credentials>> { return base::Result<lepton::Credentials>(bench_.credentials()); });
  const ObjectKey other{"team", "other"};
  workspaces_->use(kKey, "team/a", {});
  workspaces_->use(other, "team/b", {});
  bench_.pass(100ms);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
  EXPECT_EQ(workspaces_->facts(other).state, WorkspaceState::kMissing);
  EXPECT_THAT(workspaces_->facts(other).message, HasSubstr("team/other"));
}

TEST_F(WorkspacesTest, AnUnreachableWorkspaceIsAskedAgainUntilItAnswers) {
  bench_.add_workspace(kKey);
  break_connection();
  start();
  bench_.pass(5s);
  EXPECT_EQ(facts().state, WorkspaceState::kUnreachable);
  mend_connection();
  EXPECT_TRUE(bench_.until([&] { return facts().state == WorkspaceState::kReady; }, 70s));
}

TEST_F(WorkspacesTest, OneFailedLookProvesNothingTwoDo) {
  bench_.add_workspace(kKey);
  start();
  workspaces_->use(kKey, "team/a", {lepton::Pace::kClose, false});
  bench_.pass(100ms);
  ASSERT_EQ(facts().state, WorkspaceState::kReady);
  break_connection();
  const auto failed_looks = [&] { return workspaces_->find(kKey)->observer().last_error().has_value(); };
  ASSERT_TRUE(bench_.until(failed_looks, 5s));
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
  bench_.pass(2s);
  EXPECT_EQ(facts().state, WorkspaceState::kUnreachable);
  mend_connection();
  bench_.pass(2s);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
  EXPECT_TRUE(bench_.logged("workspace not ready"));
}

TEST_F(WorkspacesTest, ARotatedTokenIsTakenUpWithoutARestart) {
  bench_.add_workspace(kKey, "ws-sim:old-token-0001");
  start();
  bench_.pass(1s);
  ASSERT_EQ(facts().state, WorkspaceState::kUnauthorized);
  bench_.store.put_secret({"team", "lepton"}, {{"credentials", "ws-sim:sim-token"}});  // nobody tells: users' Secrets are not watched
  EXPECT_TRUE(bench_.until([&] { return facts().state == WorkspaceState::kReady; }, 61s));
  EXPECT_EQ(facts().id, "ws-sim");
}

TEST_F(WorkspacesTest, CredentialsThatAreNeededOutliveTheirSecret) {
  bench_.add_workspace(kKey);
  start();
  workspaces_->use(kKey, "team/a", {});
  bench_.pass(1s);
  ASSERT_EQ(bench_.snapshot.kept.size(), 1u);
  bench_.store.remove_secret({"team", "lepton"});
  workspaces_->secret_changed({"team", "lepton"});
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
  workspaces_->release(kKey, "team/a");
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kSecretMissing);
  EXPECT_TRUE(bench_.snapshot.kept.empty());
}

// Workspace, Secret and Invocation were removed together, and the environment means somebody else's account.
TEST_F(WorkspacesTest, CredentialsThatAreNeededComeBeforeThoseThatStandInForAWorkspace) {
  lepton::Credentials other = bench_.credentials();
  other.token = "of-somebody-else";
  bench_.add_workspace(kKey);
  start([other] { return std::optional(base::Result<lepton::Credentials>(other)); });
  workspaces_->use(kKey, "team/a", {});
  bench_.pass(1s);
  ASSERT_EQ(bench_.snapshot.kept.size(), 1U);
  bench_.store.remove_workspace(kKey);
  bench_.store.remove_secret({"team", "lepton"});
  workspaces_->changed(kKey);
  bench_.pass(2min);
  EXPECT_EQ(facts().state, WorkspaceState::kReady) << facts().message;
  workspaces_->release(kKey, "team/a");
  workspaces_->use(kKey, "team/b", {});
  bench_.pass(2min);
  EXPECT_EQ(facts().state, WorkspaceState::kUnauthorized) << "who comes later has what there is now";
}

TEST_F(WorkspacesTest, AfterARestartTheSnapshotServesWhoeverStillNeedsIt) {
  bench_.snapshot.kept[kKey] = bench_.credentials();
  bench_.store.put_invocation({"team", "a"}, "{}");
  ASSERT_TRUE(bench_.get(
      bench_.store.set_finalizer(bench_.root, bench_.store.find_invocation({"team", "a"}), invocation::kCleanupFinalizer, true)));
  start();
  workspaces_->use(kKey, "team/a", {});
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
}

// It went while no process was there to see it, and somebody else has a namespace of that name now.
TEST_F(WorkspacesTest, ASnapshotServesNobodyWhoCameLater) {
  bench_.snapshot.kept[kKey] = bench_.credentials();
  bench_.store.put_invocation({"team", "a"}, "{}");
  start();
  workspaces_->use(kKey, "team/a", {});
  bench_.pass(1s);
  EXPECT_EQ(facts().state, WorkspaceState::kMissing);
  EXPECT_TRUE(bench_.snapshot.kept.empty());
}

TEST_F(WorkspacesTest, ASnapshotThatNobodyNeedsIsForgottenThoughNoWorkspaceIsThere) {
  bench_.snapshot.kept[kKey] = bench_.credentials();
  bench_.store.set_synced(false);
  start();
  bench_.pass(1s);
  EXPECT_EQ(bench_.snapshot.kept.size(), 1U) << "who is there is not known yet";
  bench_.store.set_synced(true);
  bench_.pass(1s);
  EXPECT_TRUE(bench_.snapshot.kept.empty());
}

TEST_F(WorkspacesTest, NodeGroupsAreKnownForFiveMinutesAfterTheyWereRead) {
  bench_.add_workspace(kKey);
  start();
  bench_.pass(100ms);
  EXPECT_FALSE(facts().node_groups.has_value());
  ASSERT_TRUE(bench_.get(workspaces_->find(kKey)->read_node_groups(bench_.root)).ok());
  ASSERT_TRUE(facts().node_groups.has_value());
  EXPECT_FALSE(facts().node_groups->empty());
  bench_.pass(5min);
  EXPECT_FALSE(facts().node_groups.has_value());
}

TEST_F(WorkspacesTest, ASpecThatIsWrongIsInvalidWithItsField) {
  bench_.store.put_workspace(kKey, "{credentialsSecretRef: {nme: lepton}}");
  start();
  bench_.pass(100ms);
  EXPECT_EQ(facts().state, WorkspaceState::kInvalid);
  EXPECT_THAT(facts().message, HasSubstr("spec.credentialsSecretRef"));
}

TEST_F(WorkspacesTest, AWorkspaceThatForbidsItsTokenIsAskedLessAndLessOften) {
  bench_.add_workspace(kKey);
  int probes = 0;
  bench_.transport->on_call([&](const base::HttpRequest&) -> std::optional<Fault> {
    ++probes;
    return Fault{.what = Fault::What::kStatus, .status = 403};
  });
  start();
  bench_.pass(10min);
  EXPECT_EQ(facts().state, WorkspaceState::kUnauthorized);
  EXPECT_LE(probes, 60);  // up to 60 s apart; every 5 s would be 120
  mend_connection();
  EXPECT_TRUE(bench_.until([&] { return facts().state == WorkspaceState::kReady; }, 61s));
}

TEST_F(WorkspacesTest, AnObjectThatCannotBeReadDoesNotMakeItsWorkspaceUnreachable) {
  bench_.add_workspace(kKey);
  garbled_ = true;
  start();
  workspaces_->use(kKey, "team/a", {lepton::Pace::kClose, false});
  bench_.pass(20s);
  ASSERT_TRUE(workspaces_->find(kKey)->observer().last_error().has_value());
  EXPECT_EQ(facts().state, WorkspaceState::kReady);
}

class ATokenThatExpires : public WorkspacesTest {
 protected:
  // Ten days from now.
  void SetUp() override {
    bench_.simulator.world().options.token_expires_in = 10 * 24h;
    bench_.simulator.reset();
    bench_.add_workspace(kKey);
  }
  // Most of it asleep, so that the minutes of days need not be gone through; two hours of it awake.
  void wait(base::Milliseconds by) {
    bench_.sleep(by - 2h);
    bench_.pass(2h);
  }
  std::string reason() const { return condition("TokenExpiring") ? condition("TokenExpiring")->reason : "none"; }
};

TEST_F(ATokenThatExpires, IsWarnedOfAWeekAndADayBeforeAndWhenItHas) {
  const base::Timestamp end = bench_.clock.now() + 10 * 24h;
  start();
  bench_.pass(1s);
  EXPECT_EQ(reason(), "ExpiresLater");
  EXPECT_EQ(condition("TokenExpiring")->status, ConditionStatus::kFalse);
  EXPECT_EQ(workspaces_->token_expires_at(kKey), end);
  EXPECT_TRUE(told_.empty());
  wait(3 * 24h);
  EXPECT_EQ(reason(), "ExpiresWithin7Days");
  EXPECT_EQ(condition("TokenExpiring")->status, ConditionStatus::kTrue);
  EXPECT_THAT(condition("TokenExpiring")->message,
              HasSubstr("\"ws-sim\" expires on " + base::format_timestamp(end) + ": put a new one in"));
  wait(6 * 24h);
  EXPECT_EQ(reason(), "ExpiresWithin1Day");
  wait(24h);
  EXPECT_EQ(reason(), "Expired");
  EXPECT_EQ(told_, std::vector<std::string>(3, "team/default Warning TokenExpiring"));
  int lines = 0;
  for (const std::string& line : bench_.log.lines()) lines += line.find("token expiring") != std::string::npos ? 1 : 0;
  EXPECT_EQ(lines, 3);
}

TEST_F(ATokenThatExpires, IsAskedForOnceAnHour) {
  start();
  bench_.pass(5h + 1min);
  EXPECT_EQ(bench_.requests("GET", "/tokens"), 6);
  EXPECT_EQ(bench_.store.workspace_writes(), 2);
}

TEST_F(ATokenThatExpires, IsNoLongerWarnedOfWhenAnotherTookItsPlace) {
  start();
  wait(4 * 24h);
  ASSERT_EQ(reason(), "ExpiresWithin7Days");
  bench_.simulator.world().options.token = "another-token-0002";
  bench_.simulator.world().options.token_expires_in = 100 * 24h;
  bench_.simulator.reset();
  bench_.store.put_secret({"team", "lepton"}, {{"credentials", "ws-sim:another-token-0002"}});
  workspaces_->secret_changed({"team", "lepton"});
  bench_.pass(1s);
  EXPECT_EQ(reason(), "ExpiresLater");
  EXPECT_EQ(told_.back(), "team/default Normal TokenRenewed");
}

TEST_F(ATokenThatExpires, IsToldOnceThoughTheOperatorRestarts) {
  start();
  wait(4 * 24h);
  ASSERT_EQ(told_.size(), 1u);
  stop_->cancel();
  bench_.settle();
  start();
  bench_.pass(1h);
  EXPECT_EQ(reason(), "ExpiresWithin7Days");
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(ATokenThatExpires, MayBeKeptSecretByLeptonWithoutHarm) {
  for (const int status : {401, 403, 404, 500, 503}) {
    bench_.transport->on_call([status](const base::HttpRequest& request) -> std::optional<Fault> {
      if (!request.path.ends_with("/tokens")) return std::nullopt;
      return Fault{.what = Fault::What::kStatus, .status = status};
    });
    start();
    bench_.pass(3h);
    EXPECT_EQ(facts().state, WorkspaceState::kReady) << status;
    EXPECT_EQ(reason(), "none") << status;
    EXPECT_EQ(workspaces_->token_expires_at(kKey), std::nullopt);
    EXPECT_FALSE(bench_.logged("level=warn")) << status;
    stop_->cancel();
    bench_.settle();
  }
}

TEST_F(WorkspacesTest, AnAnswerThatHoldsASecretIsNotShownInAnyForm) {
  bench_.add_workspace(kKey);
  bench_.vault.keep_secret("hf_0123456789");
  broken_ = "upstream said: hf_0123456789 aGZfMDEyMzQ1Njc4OQ==";
  start();
  bench_.pass(5s);
  EXPECT_EQ(facts().state, WorkspaceState::kUnreachable);
  EXPECT_THAT(ready()->message, HasSubstr("upstream said: *** ***"));
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
