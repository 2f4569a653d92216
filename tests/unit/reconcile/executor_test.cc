#include "reconcile/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {
namespace {

using base::ErrorKind;
using invocation::Action;
using invocation::Outcome;
using simulator::Fault;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() {
    auto object = std::make_shared<Invocation>();
    object->meta.key = {"team", "llama"};
    object->meta.uid = "uid-1";
    object->spec = yaml("{deployment: {apiTokens: [{value: literal-token-1}]}}");
    const Connection::Parts parts{bench_.io, bench_.clock, *bench_.random};
    auto connection = std::make_shared<Connection>(parts, bench_.transport, bench_.credentials(), lepton::ClientOptions{},
                                                   lepton::ObserverOptions{}, [](const std::string&) {});
    errand_ = Errand{object, connection, std::make_shared<invocation::Memory>()};
    executor_ = std::make_unique<Executor>(
        bench_.clock, *bench_.random, bench_.vault, "install-1", [this] { return gate_open_; },
        [this](const Invocation&, const std::string& endpoint) { return wanted_ && endpoint == "nim-gpqa-0"; });
  }

  bool carry_out(const Action& action) { return carry_out(action, bench_.root); }
  bool carry_out(const Action& action, const base::Context& context) {
    executor_->begin(*errand_.memory, action);
    return bench_.get(executor_->carry_out(context, errand_, action));
  }
  const Outcome& outcome(const Action& action) { return errand_.memory->outcomes.at(invocation::action_key(action)); }

  static invocation::CreateEndpoint endpoint(std::vector<invocation::SecretSource> tokens = {}) {
    invocation::CreateEndpoint action;
    action.task = "gpqa";
    action.endpoint.spec.name = "nim-gpqa-0";
    action.endpoint.spec.image = "nvcr.io/nim/x:1";
    action.endpoint.spec.resource_shape = "gpu.1xh200";
    action.endpoint.api_tokens = std::move(tokens);
    return action;
  }
  static invocation::CreateJob job() {
    invocation::CreateJob action;
    action.task = "gpqa";
    action.job.name = "eval-gpqa-0";
    action.job.image = "eval:1";
    action.job.command = {"/bin/true"};
    action.job.resource_shape = "cpu.small";
    return action;
  }
  static invocation::StorageDirectory directory() { return *invocation::StorageDirectory::make("/shared/w", "0123456789abcdef"); }

  void fault_once(const std::string& method, Fault fault) {
    bench_.transport->on_call([method, fault, used = false](const base::HttpRequest& request) mutable -> std::optional<Fault> {
      if (used || base::to_string(request.method) != method) return std::nullopt;
      used = true;
      return fault;
    });
  }
  std::string sent_body(const std::string& path) const {
    for (const auto& request : bench_.simulator.requests()) {
      if (request.method == "POST" && request.path == path) return request.body;
    }
    return "";
  }

  Bench bench_;
  bool gate_open_ = true;
  bool wanted_ = true;
  Errand errand_;
  std::unique_ptr<Executor> executor_;
};

TEST_F(ExecutorTest, AnActionIsInFlightFromBeginToItsEnd) {
  const Action action = job();
  executor_->begin(*errand_.memory, action);
  EXPECT_TRUE(outcome(action).in_flight);
  EXPECT_EQ(errand_.memory->writes.at("eval-gpqa-0"), bench_.clock.now());
  bench_.pass(1s);
  bench_.get(executor_->carry_out(bench_.root, errand_, action));
  EXPECT_FALSE(outcome(action).in_flight);
  EXPECT_EQ(errand_.memory->writes.at("eval-gpqa-0"), bench_.clock.now());
}

TEST_F(ExecutorTest, AFailureIsUnderWayUntilItIsKnownWhatMustNotBeShownOfIt) {
  auto object = std::make_shared<Invocation>(*errand_.object);
  object->spec = yaml("{deployment: {type: nim, envs: [{name: HF, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}}");
  object->status.resolved.emplace();
  object->status.resolved->defaults = base::json_object();
  errand_.object = object;
  fault_once("POST", {Fault::What::kStatus, 403});
  bench_.store.answer_secrets(false);
  executor_->begin(*errand_.memory, job());
  const auto ended = bench_.start(executor_->carry_out(bench_.root, errand_, job()));
  bench_.pass(5s);
  ASSERT_FALSE(ended->has_value());
  EXPECT_TRUE(outcome(job()).in_flight) << "else it looks as if it had succeeded";
  bench_.store.answer_secrets(true);
  bench_.settle();
  ASSERT_TRUE(ended->has_value());
  EXPECT_FALSE(outcome(job()).in_flight);
  EXPECT_TRUE(outcome(job()).error.has_value());
}

// --- an endpoint that is intended together with its secret

class AFollower : public ExecutorTest {
 protected:
  AFollower() {
    errand_.ended = std::make_shared<base::Signal>(bench_.io);
    creation_.after = {"lepop-token"};
    creation_.deadline = bench_.clock.now() + 20s;
    executor_->begin(*errand_.memory, secret_);
    executor_->begin(*errand_.memory, creation_);
    ended_ = bench_.start(executor_->carry_out(bench_.root, errand_, creation_));
    bench_.pass(5s);
  }
  void secret_ends(std::optional<base::Error> error = {}) {
    Outcome& made = errand_.memory->outcomes.at(invocation::action_key(secret_));
    made.in_flight = false;
    made.error = std::move(error);
    errand_.ended->notify();
    bench_.settle();
  }
  int sent() const { return bench_.requests("POST", "/deployments"); }

  const Action secret_ = invocation::EnsureSecret{{"lepop-token", invocation::GeneratedToken{}}};
  invocation::CreateEndpoint creation_ = endpoint();
  std::shared_ptr<std::optional<bool>> ended_;
};

TEST_F(AFollower, IsSentOnceTheSecretIsThere) {
  EXPECT_EQ(sent(), 0);
  EXPECT_TRUE(outcome(creation_).in_flight);
  errand_.ended->notify();  // something else ended
  bench_.settle();
  EXPECT_EQ(sent(), 0);
  secret_ends();
  EXPECT_EQ(sent(), 1);
  EXPECT_EQ(*ended_, true);
}

TEST_F(AFollower, IsNotSentWhenTheSecretCannotBeMade) {
  secret_ends(base::Error{ErrorKind::kServer, "lepton answered 503"});
  EXPECT_EQ(sent(), 0);
  EXPECT_EQ(*ended_, false);
  EXPECT_FALSE(outcome(creation_).error->uncertain());
  EXPECT_THAT(outcome(creation_).error->what, HasSubstr("lepton answered 503"));
}

TEST_F(AFollower, IsNotSentWhenItsInvocationIsBeingDeletedMeanwhile) {
  wanted_ = false;
  secret_ends();
  EXPECT_EQ(sent(), 0);
  EXPECT_EQ(*ended_, false);
  EXPECT_FALSE(outcome(creation_).error->uncertain());
}

TEST_F(AFollower, IsNotSentAfterItsDeadline) {
  bench_.pass(16s);
  EXPECT_EQ(*ended_, false);
  EXPECT_FALSE(outcome(creation_).error->uncertain());
  secret_ends();
  EXPECT_EQ(sent(), 0);
}

TEST_F(ExecutorTest, AFollowerOfWhatNobodyMakesIsNotSent) {
  invocation::CreateEndpoint creation = endpoint();
  creation.after = {"lepop-token"};
  errand_.ended = std::make_shared<base::Signal>(bench_.io);
  EXPECT_FALSE(carry_out(creation));
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 0);
}

TEST_F(ExecutorTest, ACreatedJobsAnswerIsRemembered) {
  EXPECT_TRUE(carry_out(job()));
  ASSERT_TRUE(errand_.memory->created.contains("eval-gpqa-0"));
  EXPECT_FALSE(errand_.memory->created.at("eval-gpqa-0").id.empty());
}

TEST_F(ExecutorTest, ALostReplyIsAnUncertainFailureAndIsNotTriedAgain) {
  fault_once("POST", {Fault::What::kLostReply});
  EXPECT_FALSE(carry_out(job()));
  ASSERT_TRUE(outcome(job()).error.has_value());
  EXPECT_TRUE(outcome(job()).error->uncertain());
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 1);
  EXPECT_TRUE(errand_.memory->created.empty());
}

TEST_F(ExecutorTest, AnUnreachableServerHadCertainlyNoEffect) {
  fault_once("POST", {Fault::What::kUnreachable});
  EXPECT_FALSE(carry_out(job()));
  EXPECT_FALSE(outcome(job()).error->uncertain());
}

TEST_F(ExecutorTest, FailuresAreSpacedFromOneSecondToFiveMinutes) {
  bench_.transport->on_call([](const base::HttpRequest&) -> std::optional<Fault> { return Fault{Fault::What::kUnreachable}; });
  const auto wait = [&] { return std::chrono::duration<double>(outcome(job()).retry_at - bench_.clock.now()).count(); };
  for (const double expected : {1.0, 2.0, 4.0, 8.0}) {
    carry_out(job());
    EXPECT_NEAR(wait(), expected, expected / 10 + 0.001);
  }
  for (int i = 0; i < 12; ++i) carry_out(job());
  EXPECT_NEAR(wait(), 300, 30.001);
  bench_.transport->on_call({});
  carry_out(job());
  EXPECT_EQ(outcome(job()).failures, 0);
  EXPECT_FALSE(outcome(job()).error.has_value());
}

TEST_F(ExecutorTest, RetriesOfManyInAnOutageGetTurnsInsteadOfPilingUp) {
  bench_.transport->on_call([](const base::HttpRequest&) -> std::optional<Fault> { return Fault{Fault::What::kStatus, 503}; });
  std::set<base::Timestamp> turns;
  for (int i = 0; i < 160; ++i) {
    invocation::CreateJob action = job();
    action.job.name = "eval-" + std::to_string(i);
    carry_out(action);
    if (i >= 60) turns.insert(outcome(action).retry_at);  // half of the budget of 100 is gone
  }
  ASSERT_EQ(turns.size(), 100u);
  for (auto turn = std::next(turns.begin()); turn != turns.end(); ++turn) EXPECT_GE(*turn - *std::prev(turn), 500ms);
}

TEST_F(ExecutorTest, AnEndpointsTokensAreFilledInOnlyWhenTheyArePutBack) {
  ASSERT_TRUE(carry_out(endpoint({invocation::LiteralToken{0}})));
  const invocation::CreateEndpoint made = endpoint({invocation::LiteralToken{0}});
  ASSERT_TRUE(carry_out(invocation::UpdateEndpoint{"gpqa", made.endpoint, {lepton::EndpointField::kImage}}));
  EXPECT_THAT(bench_.simulator.requests().back().body, Not(HasSubstr("api_tokens")));
  ASSERT_TRUE(carry_out(invocation::UpdateEndpoint{"gpqa", made.endpoint, {lepton::EndpointField::kApiTokens}}));
  EXPECT_EQ(bench_.simulator.requests().back().method, "PATCH");
  EXPECT_THAT(bench_.simulator.requests().back().body, HasSubstr("literal-token-1"));
}

TEST_F(ExecutorTest, RetryAfterIsHonoured) {
  fault_once("POST", {Fault::What::kStatus, 503, "42"});
  carry_out(job());
  EXPECT_GE(outcome(job()).retry_at - bench_.clock.now(), 42s);
}

TEST_F(ExecutorTest, NothingIsSentWhenAnotherOneLeads) {
  gate_open_ = false;
  for (const Action& action : {Action(job()), Action(endpoint()), Action(invocation::DeleteEndpoint{"gpqa", "nim-gpqa-0"})}) {
    EXPECT_FALSE(carry_out(action));
    EXPECT_EQ(outcome(action).error->kind, ErrorKind::kCancelled);
  }
  EXPECT_TRUE(bench_.simulator.requests().empty());
}

TEST_F(ExecutorTest, NothingIsSentOnceTheContextEnded) {
  const base::Context ended = bench_.root.child();
  ended.cancel();
  EXPECT_FALSE(carry_out(job(), ended));
  EXPECT_TRUE(bench_.simulator.requests().empty());
}

TEST_F(ExecutorTest, ACreationIsNotSentAfterItsDeadline) {
  invocation::CreateJob late = job();
  late.deadline = bench_.clock.now() - 1ms;
  EXPECT_FALSE(carry_out(late));
  EXPECT_TRUE(bench_.simulator.requests().empty());
}

TEST_F(ExecutorTest, TheEndpointGetsItsGeneratedTokenAndTheLogNeverShowsIt) {
  EXPECT_TRUE(carry_out(endpoint({invocation::GeneratedToken{"k1"}})));
  const auto token = bench_.get(bench_.vault.value(bench_.root, errand_.object, invocation::GeneratedToken{"k1"}));
  ASSERT_TRUE(token.ok());
  EXPECT_THAT(sent_body("/deployments"), HasSubstr(*token));
  bench_.log.info("told: " + *token);
  EXPECT_FALSE(bench_.logged(*token));
}

TEST_F(ExecutorTest, AMissingSecretIsNamedAndNothingIsSent) {
  const Action action = endpoint({invocation::SecretKeyRef{"hf", "token"}});
  EXPECT_FALSE(carry_out(action));
  EXPECT_EQ(outcome(action).error->kind, ErrorKind::kNotFound);
  EXPECT_THAT(outcome(action).error->what, HasSubstr("team/hf"));
  EXPECT_TRUE(bench_.simulator.requests().empty());
}

TEST_F(ExecutorTest, AnEndpointOrSecretThatExistsAlreadyIsLeftToTheNextLook) {
  EXPECT_TRUE(carry_out(endpoint()));
  EXPECT_TRUE(carry_out(endpoint()));
  const Action secret = invocation::EnsureSecret{{"lepop-token", invocation::LiteralToken{0}}};
  EXPECT_TRUE(carry_out(secret));
  EXPECT_TRUE(carry_out(secret));
  EXPECT_TRUE(bench_.simulator.secrets().contains("lepop-token"));
}

TEST_F(ExecutorTest, ASecretThatExistsAlreadyIsLookedForInTheList) {
  const Action secret = invocation::EnsureSecret{{"lepop-token", invocation::LiteralToken{0}}};
  fault_once("POST", {Fault::What::kStatus, 409, std::nullopt});
  EXPECT_FALSE(carry_out(secret)) << "nobody made it";
  EXPECT_THAT(outcome(secret).error->what, HasSubstr("lepop-token exists already, but does not list it"));
  EXPECT_EQ(bench_.requests("GET", "/usersecrets"), 1);
  EXPECT_TRUE(carry_out(secret));
  EXPECT_TRUE(bench_.simulator.secrets().contains("lepop-token"));
}

TEST_F(ExecutorTest, DeletingWhatIsNotThereSucceeds) {
  EXPECT_TRUE(carry_out(invocation::DeleteEndpoint{"gpqa", "nim-none"}));
  EXPECT_TRUE(carry_out(invocation::DeleteJob{"gpqa", "eval-none", "eval-none-1", invocation::DeletionReason::kInvocationDeleted}));
}

TEST_F(ExecutorTest, DeletedSecretsAreVerifiedByAList) {
  ASSERT_TRUE(carry_out(invocation::EnsureSecret{{"lepop-a", invocation::LiteralToken{0}}}));
  EXPECT_TRUE(carry_out(invocation::DeleteSecrets{{"lepop-a", "lepop-never-made"}}));
  EXPECT_EQ(errand_.memory->secrets_absent, true);
  EXPECT_EQ(bench_.requests("GET", "/usersecrets"), 1);
}

TEST_F(ExecutorTest, RemovalsAtTheSameTimeShareAListThatBeganAfterThem) {
  SecretList& secrets = errand_.connection->secrets();
  ASSERT_TRUE(carry_out(invocation::EnsureSecret{{"lepop-late", invocation::LiteralToken{0}}}));
  ASSERT_TRUE(bench_.get(secrets.read(bench_.root)).ok());
  std::vector<std::shared_ptr<std::optional<SecretList::Answer>>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(bench_.start(secrets.read(bench_.root)));
  EXPECT_EQ(bench_.requests("GET", "/usersecrets"), 1) << "lists begin five times a second at most";
  ASSERT_TRUE(bench_.get(errand_.connection->client().delete_secret(bench_.root, "lepop-late")).ok());
  ASSERT_TRUE(
      bench_.until([&] { return std::all_of(answers.begin(), answers.end(), [](const auto& one) { return one->has_value(); }); }, 1s));
  for (const auto& answer : answers) {
    ASSERT_TRUE((**answer).ok());
    EXPECT_TRUE((**answer).value()->items.empty()) << "a list from before the question proves nothing";
  }
  EXPECT_EQ(bench_.requests("GET", "/usersecrets"), 2);
}

TEST_F(ExecutorTest, WhoStopsWaitingForAListLeavesItToTheOthers) {
  SecretList& secrets = errand_.connection->secrets();
  ASSERT_TRUE(bench_.get(secrets.read(bench_.root)).ok());
  const base::Context impatient = bench_.root.child();
  const auto given_up = bench_.start(secrets.read(impatient));
  const auto patient = bench_.start(secrets.read(bench_.root));
  impatient.cancel();
  ASSERT_TRUE(bench_.until([&] { return given_up->has_value() && patient->has_value(); }, 1s));
  EXPECT_EQ((**given_up).error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE((**patient).ok());
}

TEST_F(ExecutorTest, OneSecretThatCannotBeDeletedDoesNotKeepTheOthers) {
  ASSERT_TRUE(carry_out(invocation::EnsureSecret{{"lepop-b", invocation::LiteralToken{0}}}));
  fault_once("DELETE", {Fault::What::kStatus, 503, std::nullopt});
  EXPECT_FALSE(carry_out(invocation::DeleteSecrets{{"lepop-a", "lepop-b"}}));
  EXPECT_FALSE(bench_.simulator.secrets().contains("lepop-b"));
  EXPECT_EQ(errand_.memory->secrets_absent, std::nullopt);
}

TEST_F(ExecutorTest, AJobThatIsNotThereIsReadAsAbsent) {
  EXPECT_TRUE(carry_out(invocation::ReadJob{"gpqa", "eval-none-1"}));
  ASSERT_TRUE(errand_.memory->reads.contains("eval-none-1"));
  EXPECT_FALSE(errand_.memory->reads.at("eval-none-1").job.has_value());
}

TEST_F(ExecutorTest, StorageIsFoundInTheFirstFileSystemThatShowsThatVeryDirectory) {
  const Action probe = invocation::ProbeStorage{directory(), {"lepton-shared-fs", "node-nfs:lepton-shared-fs"}};
  EXPECT_TRUE(carry_out(probe));
  EXPECT_FALSE(errand_.memory->storage_probe->seen);
  bench_.simulator.world().volumes["lepton-shared-fs"].make_directory(directory().path());
  EXPECT_TRUE(carry_out(probe));
  EXPECT_TRUE(errand_.memory->storage_probe->seen);
  EXPECT_EQ(errand_.memory->storage_probe->file_system, "lepton-shared-fs");
  EXPECT_EQ(errand_.memory->storage_probe->path, directory().path());
}

TEST_F(ExecutorTest, AStorageThatDoesNotAnswerIsNotTakenForAnAbsentDirectory) {
  fault_once("HEAD", {Fault::What::kStatus, 500, std::nullopt});
  EXPECT_FALSE(carry_out(invocation::ProbeStorage{directory(), {"lepton-shared-fs"}}));
  EXPECT_FALSE(errand_.memory->storage_probe.has_value());
}

TEST_F(ExecutorTest, ADirectoryIsRemovedAndItsAbsenceVerified) {
  auto& volume = bench_.simulator.world().volumes["lepton-shared-fs"];
  volume.write(directory().path() + "/gpqa/results.yml", "x");
  volume.make_directory("/shared/w/other");
  EXPECT_TRUE(carry_out(invocation::RemoveDirectory{directory(), "lepton-shared-fs"}));
  EXPECT_TRUE(errand_.memory->directory_removed);
  EXPECT_FALSE(volume.exists(directory().path()));
  EXPECT_TRUE(volume.exists("/shared/w/other"));
  EXPECT_TRUE(carry_out(invocation::RemoveDirectory{directory(), "lepton-shared-fs"}));  // again: still true
}

TEST_F(ExecutorTest, AFileSystemThatIsGoneProvesNoRemoval) {
  EXPECT_FALSE(carry_out(invocation::RemoveDirectory{directory(), "no-such-fs"}));
  EXPECT_FALSE(errand_.memory->directory_removed);
}

TEST_F(ExecutorTest, SecretKeysAreToldApartFromMissingSecrets) {
  bench_.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});
  const std::vector<invocation::SecretKeyRef> keys{{"hf", "token"}, {"hf", "tokn"}, {"gone", "token"}};
  EXPECT_TRUE(carry_out(invocation::ReadSecretKeys{keys}));
  EXPECT_EQ(errand_.memory->secret_keys.at(keys[0]), invocation::SecretKeyState::kPresent);
  EXPECT_EQ(errand_.memory->secret_keys.at(keys[1]), invocation::SecretKeyState::kKeyMissing);
  EXPECT_EQ(errand_.memory->secret_keys.at(keys[2]), invocation::SecretKeyState::kSecretMissing);
}

TEST_F(ExecutorTest, ADiagnosisHoldsReasonsAndLastLinesButNoSecret) {
  const std::string rule = "{match: nim-gpqa, kind: endpoint, outcome: error, reason: \"no model for literal-token-1\"}";
  auto scenario = simulator::parse_scenario("rules: [" + rule + "]", "t");
  ASSERT_TRUE(scenario.ok());
  bench_.simulator.world().scenario = *scenario;
  ASSERT_TRUE(carry_out(endpoint({invocation::LiteralToken{0}})));
  bench_.pass(10s);
  EXPECT_TRUE(carry_out(invocation::DiagnoseEndpoint{"gpqa", "nim-gpqa-0"}));
  const std::string& text = errand_.memory->diagnoses.at("nim-gpqa-0");
  EXPECT_THAT(text, HasSubstr("no model for ***"));
  EXPECT_THAT(text, Not(HasSubstr("literal-token-1")));
  EXPECT_LE(text.size(), 900u);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
