// The whole operator on a simulated workspace and a store in memory: what the reconciler promises, seen from outside.
#include "base/hash.h"
#include "unit/reconcile/operator_fixture.h"

namespace lepton_operator::reconcile::test {
namespace {

using base::ErrorKind;
using simulator::Fault;
using testing::HasSubstr;
using testing::Not;

TEST_F(OperatorTest, AnInvocationRunsToItsEndAndItsDeletionLeavesNothing) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 2);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
  EXPECT_EQ(jobs_finished_, 2);
  EXPECT_THAT(outcomes_, testing::ElementsAre("Succeeded"));
  ASSERT_FALSE(bench_.simulator.world().volumes["lepton-shared-fs"].paths().empty());

  const std::string token = base::hmac_sha256_hex("0123456789abcdef", "uid-of-llama");
  bench_.log.info("before " + token);
  EXPECT_FALSE(bench_.logged(token));
  bench_.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  bench_.pass(10s);
  bench_.log.info("after " + token);
  EXPECT_TRUE(bench_.logged(token)) << "what is gone has no secrets: remembered, those of all that ever ran would fill the memory";
  EXPECT_TRUE(bench_.simulator.secrets().all().empty());
  EXPECT_EQ(directories_removed_, 1);
  EXPECT_FALSE(bench_.simulator.world().volumes["lepton-shared-fs"].exists("/shared/nemo-evaluator-launcher-workspace/" +
                                                                           base::sha256_hex("uid-of-llama").substr(0, 16)));
}

TEST_F(OperatorTest, EveryIntentStandsInStatusBeforeItsRequestLeaves) {
  std::set<std::string> intended;
  bench_.store.on_status([&](const InvocationStatus& status) {
    for (const auto& task : status.tasks) {
      intended.insert(task.endpoint.name);
      intended.insert(task.job.name);
    }
    for (const auto& secret : status.secrets) intended.insert(secret.name);
  });
  int creations = 0;
  bench_.transport->on_call([&](const base::HttpRequest& request) -> std::optional<Fault> {
    if (request.method != base::Method::kPost) return std::nullopt;
    ++creations;
    const bool announced = std::any_of(intended.begin(), intended.end(), [&](const std::string& name) {
      return !name.empty() && request.body.find("\"" + name + "\"") != std::string::npos;
    });
    EXPECT_TRUE(announced) << request.path;
    return std::nullopt;
  });
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  EXPECT_EQ(creations, 5);  // the token's secret, two endpoints, two jobs
}

class QuickOperatorTest : public OperatorTest {
 protected:
  QuickOperatorTest() : OperatorTest(quick()) {}
  static simulator::Options quick() {
    simulator::Options options;
    options.ready_delay = 1s;
    options.start_delay = options.run_delay = 50ms;  // no look falls between
    return options;
  }
};

// The intents of secret and endpoints, those of jobs, results: no more until it has ended. The finalizer is another one.
TEST_F(QuickOperatorTest, UntilItsEndAnInvocationTakesThreeWritesOfStatus) {
  int writes = 0;
  std::optional<int> until_its_end;
  bench_.store.on_status([&](const InvocationStatus& status) {
    ++writes;
    if (invocation::finished(status.phase) && !until_its_end) until_its_end = writes;
  });
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  EXPECT_EQ(until_its_end, 3) << problems();
  bench_.pass(30s);
  EXPECT_EQ(writes, 4) << "what was released\n" << problems();
}

TEST_F(OperatorTest, NothingIsCreatedWhileStatusCannotBeWritten) {
  for (int i = 0; i < 20; ++i) bench_.store.fail_next_status_write({ErrorKind::kServer, "the disk is full"});  // backoff alone: an hour
  bench_.store.put_invocation(kLlama, kNim);
  bench_.pass(500ms);
  EXPECT_EQ(bench_.requests("POST", "*"), 0);
  EXPECT_TRUE(bench_.logged("the disk is full"));
  EXPECT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
}

TEST_F(OperatorTest, AResultStandsAlthoughNobodyAnsweredThatItWasWrittenAndItIsDeletedThen) {
  const auto has_result = [](const InvocationStatus& status) {
    return !status.tasks.empty() && status.tasks.front().phase == invocation::TaskPhase::kSucceeded;
  };
  bool recorded = false;
  bench_.store.lose_answer_to_status(has_result, [this] { bench_.store.delete_invocation(kLlama); });
  bench_.store.on_status([&](const InvocationStatus& status) {
    recorded = recorded || has_result(status);
    EXPECT_EQ(has_result(status), recorded) << "a result never regresses";
  });
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return gone() && recorded; }, 2min)) << problems();
  EXPECT_EQ(outcomes_.size(), 1U) << "it is told once";
}

TEST_F(OperatorTest, AConflictIsPlannedAgainAtOnce) {
  bench_.store.fail_next_status_write({ErrorKind::kConflict, "changed since"});
  bench_.store.put_invocation(kLlama, kNim);
  bench_.pass(300ms);
  EXPECT_GT(bench_.store.status_writes(), 0);
  EXPECT_FALSE(bench_.logged("changed since"));
}

TEST_F(OperatorTest, AFinalizerThatMayNotBeTakenOffIsTriedWithPausesAndThatIsSaid) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  bench_.store.refuse_finalizers({ErrorKind::kConflict, "denied by a policy"});
  const int before = bench_.store.finalizer_writes();
  bench_.store.delete_invocation(kLlama);
  bench_.pass(10min);
  EXPECT_GT(bench_.store.finalizer_writes(), before + 10);
  EXPECT_LT(bench_.store.finalizer_writes(), before + 400) << "with each look, which come every two seconds";
  EXPECT_TRUE(bench_.logged("denied by a policy"));
  const auto* cleaned = invocation::find_condition(bench_.store.find_invocation(kLlama)->status.conditions, "CleanedUp");
  EXPECT_EQ(cleaned->status, invocation::ConditionStatus::kTrue) << cleaned->reason << ": " << cleaned->message;
}

// What would have been written with the finalizer on is told all the same.
TEST_F(OperatorTest, AFinalizerThatFellWithoutAnAnswerIsTold) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  bench_.pass(20s);
  bench_.store.lose_answers_to_finalizers();
  bench_.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  bench_.pass(1min);
  EXPECT_TRUE(bench_.logged("condition CleanedUp is good")) << problems();
  EXPECT_EQ(directories_removed_, 1);
}

// Should the cleanup come to a halt there, nobody is billed for them meanwhile, and their places are free.
TEST_F(OperatorTest, ThatEndpointsHaveGoneIsWrittenBeforeTheRestOfACleanup) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kRunning; }, 60s)) << problems();
  std::optional<bool> written;
  bench_.transport->on_call([&](const base::HttpRequest& request) -> std::optional<Fault> {
    const bool removes_secret = request.method == base::Method::kDelete && request.path.find("/usersecrets/") != std::string::npos;
    if (!removes_secret || written) return std::nullopt;
    const auto& tasks = bench_.store.find_invocation(kLlama)->status.tasks;
    written = std::all_of(tasks.begin(), tasks.end(), [](const invocation::TaskStatus& task) {
      return task.endpoint.state == invocation::EndpointPhase::kReleased && !task.endpoint.billed_since;
    });
    return std::nullopt;
  });
  bench_.store.delete_invocation(kLlama);
  ASSERT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
  EXPECT_EQ(written, true);
}

TEST_F(OperatorTest, AFinishedInvocationIsLeftAlone) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  bench_.pass(20s);
  const int writes = bench_.store.status_writes();
  bench_.pass(10min);
  EXPECT_EQ(bench_.store.status_writes(), writes);
}

TEST_F(OperatorTest, AFinishedInvocationPutsRightWhatSomebodyElseMadeOfItsStatus) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  bench_.pass(20s);
  const invocation::InvocationStatus recorded = bench_.store.find_invocation(kLlama)->status;
  const std::size_t lines = bench_.log.lines().size();
  const auto made = bench_.requests("POST", "*");
  bench_.store.edit_status(kLlama, [](invocation::InvocationStatus& status) {
    status.phase = Phase::kRunning;
    status.tasks.front().phase = invocation::TaskPhase::kPending;
    status.tasks.front().job = {};
    status.tasks.pop_back();
    status.resolved.reset();
    status.completion_time.reset();
  });
  bench_.pass(6s);
  EXPECT_EQ(bench_.store.find_invocation(kLlama)->status, recorded);
  bench_.pass(1min);
  EXPECT_EQ(bench_.store.find_invocation(kLlama)->status, recorded);
  EXPECT_EQ(bench_.requests("POST", "*"), made) << "nothing is made twice";
  EXPECT_EQ(bench_.log.lines().size(), lines) << "nothing happened once more: " << problems();
  EXPECT_EQ(jobs_finished_, 2);
}

TEST_F(OperatorTest, ARunningInvocationIsPlannedByWhatWasRecordedWhateverSomebodyElseWrites) {
  bench_.store.put_invocation(kLlama, kNim);
  for (int i = 0; i < 600 && outcomes_.empty(); ++i) {
    bench_.pass(100ms);
    bench_.store.edit_status(kLlama, [](invocation::InvocationStatus& status) { status = {}; });
  }
  ASSERT_FALSE(outcomes_.empty()) << problems();
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 10s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 2);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
  EXPECT_EQ(outcomes_.size(), 1u);
}

TEST_F(OperatorTest, SomebodyWhoNeverStopsWritingOurStatusIsOverwrittenNowAndThenAndNotInARace) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  bench_.pass(20s);
  const int writes = bench_.store.status_writes();
  for (int i = 0; i < 600; ++i) {
    bench_.store.edit_status(kLlama, [](invocation::InvocationStatus& status) { status.phase = Phase::kFailed; });
    bench_.pass(100ms);
  }
  EXPECT_GE(bench_.store.status_writes() - writes, 10);
  EXPECT_LE(bench_.store.status_writes() - writes, 13);
}

TEST_F(OperatorTest, AStatusThatWasLostWhileNobodyLookedMakesNoSecondJob) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("POST", "/jobs") == 2; }, 60s)) << problems();
  bench_.pass(500ms);
  stop();
  bench_.store.edit_status(kLlama, [](invocation::InvocationStatus& status) { status = {}; });
  start();
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
  const auto tasks = bench_.store.find_invocation(kLlama)->status.tasks;
  for (const auto& task : tasks) EXPECT_FALSE(task.job.id.empty());
  bench_.store.delete_invocation(kLlama);
  EXPECT_TRUE(bench_.until([&] { return gone(); }, 60s)) << problems();
}

TEST_F(OperatorTest, ARestartInMidFlightCarriesOnWithoutASecondOfAnything) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("POST", "/jobs") > 0; }, 60s)) << problems();
  stop();
  start();
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 90s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/deployments"), 2);
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
}

TEST_F(OperatorTest, ALostReplyToAJobsCreationMakesNoSecondJob) {
  bench_.transport->on_call([lost = false](const base::HttpRequest& request) mutable -> std::optional<Fault> {
    if (lost || request.method != base::Method::kPost || !request.path.ends_with("/jobs")) return std::nullopt;
    lost = true;
    return Fault{Fault::What::kLostReply};
  });
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 120s)) << problems();
  EXPECT_EQ(bench_.requests("POST", "/jobs"), 2);
}

// Somebody else with the same token.
TEST_F(OperatorTest, AnEndpointEditedStoppedOrRemovedByHandUnderItsJobIsPutBackAndSaidSo) {
  simulator::OutcomeRule slow;
  slow.match = "first";
  slow.kind = simulator::Kind::kJob;
  slow.run_delay = 10min;
  bench_.simulator.world().scenario.rules.push_back(slow);
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("POST", "/jobs") == 2; }, 60s)) << problems();
  bench_.pass(10s);
  const std::string name = bench_.store.find_invocation(kLlama)->status.tasks.front().endpoint.name;
  const auto by_hand = [&](const std::string& method, const std::string& body) {
    const std::map<std::string, std::string> headers{{"authorization", "Bearer sim-token"}, {"content-type", "application/json"}};
    return bench_.simulator.handle({method, bench_.simulator.base_path() + "/deployments/" + name, {}, headers, body}).status;
  };
  const auto spec = [&] { return base::to_text(bench_.simulator.deployments().alive().at(name).spec); };
  const std::string as_made = spec();

  ASSERT_EQ(by_hand("PATCH", R"({"spec":{"container":{"image":"other:2"},"envs":[{"name":"X","value":"1"}]}})"), 200);
  ASSERT_NE(spec(), as_made);
  EXPECT_TRUE(bench_.until([&] { return spec() == as_made; }, 15s)) << spec();
  EXPECT_TRUE(bench_.logged("image, envs, last changed by sim-user"));
  bench_.pass(30s);
  ASSERT_EQ(by_hand("PATCH", R"({"spec":{"resource_requirement":{"min_replicas":0}}})"), 200);
  EXPECT_TRUE(bench_.until([&] { return spec() == as_made; }, 45s)) << spec();
  bench_.pass(60s);
  const auto made = bench_.requests("POST", "/deployments");
  ASSERT_EQ(by_hand("DELETE", ""), 200);
  EXPECT_TRUE(bench_.until([&] { return bench_.requests("POST", "/deployments") == made + 1; }, 150s)) << problems();
  EXPECT_TRUE(bench_.until([&] { return bench_.simulator.deployments().alive().contains(name); }, 5s)) << problems();
  EXPECT_EQ(spec(), as_made);
  EXPECT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 15min)) << problems();
}

TEST_F(OperatorTest, AnEndpointThatIsAsItWasMadeIsNeverUpdated) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  EXPECT_EQ(bench_.requests("PATCH", "/deployments/*"), 0);
}

TEST_F(OperatorTest, WithoutTheLeadNothingIsBegun) {
  leads_ = false;
  bench_.store.put_invocation(kLlama, kNim);
  bench_.pass(10s);
  EXPECT_EQ(bench_.store.status_writes(), 0);
  EXPECT_EQ(bench_.requests("POST", "*"), 0);
  leads_ = true;
  EXPECT_TRUE(bench_.until([&] { return bench_.requests("POST", "/deployments") == 2; }, 5s)) << problems();
}

TEST_F(OperatorTest, AMissingSecretOfAnEnvironmentVariableIsToldAndItsComingMendsIt) {
  const std::string with_secret = "execution: {envs: [{name: HF, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}\n";
  bench_.store.put_invocation(kLlama, kNim + with_secret);
  bench_.pass(2s);
  const auto* accepted = invocation::find_condition(bench_.store.find_invocation(kLlama)->status.conditions, "Accepted");
  ASSERT_NE(accepted, nullptr) << problems();
  EXPECT_THAT(accepted->message, HasSubstr("team/hf"));
  EXPECT_EQ(bench_.requests("POST", "*"), 0);
  bench_.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});
  EXPECT_TRUE(bench_.until([&] { return bench_.requests("POST", "/deployments") == 2; }, 2s)) << problems();
  EXPECT_THAT(problems(), Not(HasSubstr("hf_0123456789")));
}

TEST_F(OperatorTest, TransitionsAreLoggedOnceWithTheirInvocationFirst) {
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 60s)) << problems();
  std::map<std::string, int> lines;
  for (const std::string& line : bench_.log.lines()) ++lines[line];
  for (const auto& [line, count] : lines) EXPECT_EQ(count, 1) << line;
  EXPECT_TRUE(bench_.logged("invocation=team/llama"));
  EXPECT_THAT(problems(), Not(HasSubstr("sim-token")));
  EXPECT_THAT(problems(), Not(HasSubstr(base::hmac_sha256_hex("0123456789abcdef", "uid-of-llama"))));
}

TEST_F(OperatorTest, ARequestThatIsOutAtShutdownGetsItsTimeToEnd) {
  bench_.simulator.add_hold({"POST", "/deployments", 1, false});
  bench_.store.put_invocation(kLlama, kNim);
  ASSERT_TRUE(bench_.until([&] { return bench_.requests("POST", "/deployments") == 2; }, 5s)) << problems();
  stop_->cancel();
  bench_.pass(1s);
  EXPECT_FALSE(ended_->has_value());
  bench_.transport->release();
  bench_.pass(100ms);
  EXPECT_TRUE(ended_->has_value());
}

TEST_F(OperatorTest, AWaitForCapacityIsExplainedSparinglyAndCountsNotAsStarting) {
  simulator::OutcomeRule rule;
  rule.match = "first";
  rule.kind = simulator::Kind::kEndpoint;
  rule.outcome = simulator::Outcome::kNoCapacity;
  rule.ready_delay = 30min;
  bench_.simulator.world().scenario.rules.push_back(rule);
  bench_.store.put_invocation(kLlama, kNim);  // 20 minutes to become ready
  const auto explained = [&] {
    const auto* condition = invocation::find_condition(bench_.store.find_invocation(kLlama)->status.conditions, "EndpointsReady");
    return condition && condition->reason == "NoCapacity" && condition->message.find("1 of 2 endpoints waits for capacity (first, ") == 0;
  };
  ASSERT_TRUE(bench_.until(explained, 20s)) << problems();
  bench_.pass(25min);
  EXPECT_TRUE(explained());
  EXPECT_EQ(phase(), Phase::kDeploying);
  EXPECT_LE(bench_.requests("GET", "/deployments/*/readiness"), 25 * 2 + 2);
  EXPECT_EQ(bench_.requests("GET", "/deployments/*/events"), 0);
  ASSERT_TRUE(bench_.until([&] { return phase() == Phase::kSucceeded; }, 10min)) << problems();
}

TEST_F(OperatorTest, LimitsAreNeverExceededAndEverybodyHasATurnInOrder) {
  const std::string limited =
      "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\", limits: {maxEndpoints: 5, maxJobs: 4}}";
  bench_.store.put_workspace(kWorkspace, limited);
  bench_.pass(2s);
  std::vector<ObjectKey> keys;
  for (int i = 0; i < 6; ++i) {  // of two endpoints and jobs each: two at a time
    keys.push_back({"team", "inv-" + std::to_string(i)});
    bench_.store.put_invocation(keys.back(), kNim);
    bench_.pass(100ms);
  }
  std::vector<std::string> order;
  std::size_t most = 0;
  bool waited = false;
  const auto all_over = [&] {
    most = std::max(most, bench_.simulator.deployments().alive().size());
    std::size_t over = 0;
    for (const ObjectKey& key : keys) {
      const auto object = bench_.store.find_invocation(key);
      const auto* admitted = invocation::find_condition(object->status.conditions, "Admitted");
      waited = waited || (admitted && admitted->message.find("waiting: position 3") == 0);
      const bool begun = !object->status.tasks.empty() && object->status.tasks.front().wave > 0;
      if (begun && std::find(order.begin(), order.end(), key.name) == order.end()) order.push_back(key.name);
      over += invocation::finished(object->status.phase) ? 1 : 0;
    }
    return over == keys.size();
  };
  ASSERT_FALSE(bench_.until(all_over, 3s));
  stop();  // a restart gives no place away twice
  start();
  ASSERT_TRUE(bench_.until(all_over, 300s)) << problems();
  EXPECT_EQ(most, 4U);
  EXPECT_TRUE(waited);
  EXPECT_THAT(order, testing::ElementsAre("inv-0", "inv-1", "inv-2", "inv-3", "inv-4", "inv-5"));
}

TEST_F(OperatorTest, WhatIsPlannedHoldsItsPlacesWhileItIsBeingWritten) {
  const std::string limited = "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\", limits: {maxEndpoints: 2}}";
  bench_.store.put_workspace(kWorkspace, limited);
  const ObjectKey second{"team", "second"};
  bench_.store.put_invocation(kLlama, kNim);
  bench_.store.put_invocation(second, kNim);
  const auto finished = [this](const ObjectKey& key) { return invocation::finished(bench_.store.find_invocation(key)->status.phase); };
  const auto living = [this] { return bench_.simulator.deployments().alive().size(); };
  ASSERT_TRUE(bench_.until([&] { return finished(kLlama) && finished(second) && living() == 0; }, 300s)) << problems();
  bench_.pass(10s);  // that all is released is written, too
  bench_.store.delay_status_writes(300ms);
  std::string again = kNim;
  for (const char* task : {"{name: first", "{name: second"}) again.insert(again.find(task) + 1, "run: 1, ");
  bench_.store.edit_invocation(kLlama, again);  // wants both places; and before that is written,
  bench_.store.edit_invocation(second, again);  // so does this one
  std::size_t most = 0;
  const auto over = [&] {
    most = std::max(most, living());
    const auto ran_again = [&](const ObjectKey& key) {
      return finished(key) && bench_.store.find_invocation(key)->status.tasks.front().earlier.size() == 1;
    };
    return ran_again(kLlama) && ran_again(second);
  };
  ASSERT_TRUE(bench_.until(over, 300s)) << problems();
  EXPECT_EQ(most, 2U);
}

// A walk over all at each plan of one is a walk over N² in the end.
TEST_F(OperatorTest, WhileHundredsQueueUpNobodyWalksOverThemAgain) {
  const std::string limited = "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\", limits: {maxEndpoints: 2}}";
  bench_.store.put_workspace(kWorkspace, limited);
  bench_.store.put_invocation({"team", "inv-0"}, kNim);
  bench_.pass(2s);
  const int walks = bench_.store.walks();
  ASSERT_GT(walks, 0) << "the first plan under limits looks at what there is, or this counts nothing";
  constexpr int kAll = 300;
  for (int i = 1; i < kAll; ++i) {
    bench_.store.put_invocation({"team", "inv-" + std::to_string(i)}, kNim);
    bench_.pass(1ms);
  }
  bench_.pass(2s);
  const auto says = [this](int number) {
    const auto object = bench_.store.find_invocation({"team", "inv-" + std::to_string(number)});
    const auto* admitted = object ? invocation::find_condition(object->status.conditions, "Admitted") : nullptr;
    return admitted ? admitted->message : "";
  };
  EXPECT_THAT(says(1), HasSubstr("waiting: position 1 "));
  std::set<std::string> positions;
  for (int i = 1; i < kAll; ++i) positions.insert(says(i).substr(0, says(i).find(" (")));
  EXPECT_EQ(positions.size(), kAll - 1U) << "each has one of its own";
  EXPECT_THAT(positions, testing::Contains("waiting: position 299"));
  for (int i = 2; i < kAll; ++i) bench_.store.delete_invocation({"team", "inv-" + std::to_string(i)});
  const auto ended = [this](int number) {
    return invocation::finished(bench_.store.find_invocation({"team", "inv-" + std::to_string(number)})->status.phase);
  };
  ASSERT_TRUE(bench_.until([&] { return ended(0) && ended(1); }, 300s)) << problems();
  EXPECT_EQ(bench_.store.invocations().size(), 2U);
  EXPECT_EQ(bench_.store.walks(), walks);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
