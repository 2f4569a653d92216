#include <gmock/gmock.h>

#include "base/random.h"
#include "support/repeats.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

// Any status at all, empty parts included.
class RandomStatus {
 public:
  explicit RandomStatus(std::uint64_t seed) : random_(base::make_seeded_random(seed)) {}

  InvocationStatus invocation() {
    InvocationStatus status;
    status.observed_generation = number();
    status.reconcile_handled = text();
    status.invocation_id = text();
    status.phase = static_cast<Phase>(below(7));
    fill(status.conditions, [&] { return condition(); });
    status.start_time = time();
    status.completion_time = time();
    if (below(2) == 0) status.resolved = resolved();
    status.counts = {number(), number(), number(), number(), number(), number()};
    status.progress = text();
    status.active_since = time();
    status.expired = below(2) == 0;
    fill(status.tasks, [&] { return task(); });
    fill(status.secrets, [&] { return SecretStatus{name(), below(2) == 0, time()}; });
    status.cost = {text(), number(), number(), number()};
    status.storage = {text(), text(), below(2) == 0, below(2) == 0};
    status.cleanup = job();
    return status;
  }

  WorkspaceStatus workspace() {
    WorkspaceStatus status{number(), {}, text(), text()};
    fill(status.conditions, [&] { return condition(); });
    return status;
  }

 private:
  int below(int limit) { return static_cast<int>(random_->next() % static_cast<std::uint64_t>(limit)); }
  int number() { return below(3) == 0 ? 0 : below(1'000'000); }
  std::string name() { return random_->hex(4); }
  std::string text() { return below(3) == 0 ? std::string() : "it's \"" + random_->hex(3) + "\"\n"; }
  Timestamp moment() { return Timestamp(Milliseconds(static_cast<std::int64_t>(random_->next() % 4'000'000'000'000))); }
  std::optional<Timestamp> time() { return below(2) == 0 ? std::optional(moment()) : std::nullopt; }
  template <class T, class Make>
  void fill(std::vector<T>& items, Make make) {
    for (int i = below(4); i > 0; --i) items.push_back(make());
  }
  Condition condition() { return {name(), static_cast<ConditionStatus>(below(3)), text(), text(), moment(), number()}; }
  EndpointStatus endpoint() {
    EndpointStatus endpoint;
    endpoint.name = text();
    endpoint.incarnation = number();
    endpoint.state = static_cast<EndpointPhase>(below(9));
    endpoint.url = text();
    endpoint.intended_at = time();
    endpoint.waiting_since = time();
    endpoint.ready_at = time();
    endpoint.seen = below(2) == 0;
    endpoint.unsettled_until = time();
    endpoint.served_otherwise = text();
    endpoint.drift = text();
    endpoint.put_back = number();
    endpoint.put_back_at = time();
    endpoint.family = static_cast<lepton::ApiFamily>(below(2));
    endpoint.billed_since = time();
    endpoint.idle_since = time();
    endpoint.resent = below(2) == 0;
    endpoint.releasing = below(2) == 0;
    return endpoint;
  }
  JobStatus job() {
    return {text(), text(),        number(),      static_cast<JobPhase>(below(9)), time(), time(),
            time(), below(2) == 0, below(2) == 0, std::chrono::seconds(number())};
  }
  TaskStatus task() {
    TaskStatus task;
    task.name = name();
    task.phase = static_cast<TaskPhase>(below(8));
    task.message = text();
    task.run = number();
    task.retries = number();
    task.endpoint = endpoint();
    task.job = job();
    fill(task.earlier, [&] { return AttemptStatus{static_cast<TaskPhase>(below(8)), text(), number(), job()}; });
    return task;
  }
  Resolved resolved() {
    Resolved result;
    result.workspace_id = text();
    result.workspace_url = text();
    if (below(2) == 0) result.defaults = built_in_defaults();
    result.endpoint_node_group_id = text();
    result.token_key_id = text();
    for (int i = below(4); i > 0; --i) result.tasks[name()] = {text(), text(), text(), text(), text(), text()};
    return result;
  }

  std::unique_ptr<base::Random> random_;
};

TEST(StatusCodec, ReadsBackWhatItWrote) {
  const auto seeds = static_cast<std::uint64_t>(support::repeats(2000));
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    RandomStatus random(seed);
    const InvocationStatus status = random.invocation();
    const std::string text = base::to_text(encode(status));
    const auto parsed = base::parse_json(text, "status");
    ASSERT_TRUE(parsed.ok());
    ASSERT_EQ(decode_invocation_status(*parsed), status) << "seed " << seed << "\n" << text;
    ASSERT_EQ(base::to_text(encode(decode_invocation_status(*parsed))), text) << "seed " << seed;
    const WorkspaceStatus workspace = random.workspace();
    ASSERT_EQ(decode_workspace_status(encode(workspace)), workspace) << "seed " << seed;
  }
}

TEST(StatusCodec, ReadsBackThroughYamlAsTheStateFilesHoldIt) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const InvocationStatus status = RandomStatus(seed).invocation();
    ASSERT_EQ(decode_invocation_status(samples::yaml(base::to_yaml(encode(status)) + "\n")), status) << "seed " << seed;
  }
}

TEST(StatusCodec, WritesNothingForAnEmptyStatus) {
  EXPECT_EQ(base::to_text(encode(InvocationStatus{})), "{}");
  EXPECT_EQ(base::to_text(encode(WorkspaceStatus{})), "{}");
}

TEST(StatusCodec, TakesWordsOfANewerVersionForUndecided) {
  const InvocationStatus status = decode_invocation_status(samples::yaml(R"(
phase: Hibernating
tasks: [{name: a, phase: Dreaming, endpoint: {state: Melting}, job: {state: Levitating}}, {phase: Running}, 7]
conditions: 5
counts: [1]
cleanup: {attempt: -1}
)"));
  EXPECT_EQ(status.phase, Phase::kPending);
  ASSERT_EQ(status.tasks.size(), 1U);
  EXPECT_EQ(status.tasks[0].phase, TaskPhase::kPending);
  EXPECT_EQ(status.tasks[0].endpoint.state, EndpointPhase::kIndeterminate);
  EXPECT_EQ(status.tasks[0].job.state, JobPhase::kIndeterminate);
  EXPECT_EQ(status.cleanup.attempt, 0);
}

// What kubectl prints, and no more than prints.
base::Json printed(const InvocationStatus& status) { return encode(status); }

TEST(Printable, CountsEndpointsOnceThereAreAny) {
  InvocationStatus status;
  status.tasks.resize(2);
  status.counts.tasks = 2;
  status.counts.endpoints_ready = 1;
  EXPECT_FALSE(base::get_string(printed(status), "endpoints"));
  status.tasks[0].endpoint.name = "nim-a-0-x";
  EXPECT_EQ(base::get_string(printed(status), "endpoints"), "1/1") << "the other's turn has not come";
  status.tasks[1].endpoint.name = "nim-b-0-x";
  EXPECT_EQ(base::get_string(printed(status), "endpoints"), "1/2");
}

TEST(Printable, TellsTheConditionThatMattersMost) {
  InvocationStatus status;
  const auto set = [&](const char* type, ConditionStatus to, const char* message) {
    set_condition(status.conditions, {type, to, "Reason", message, Timestamp{}, 1});
  };
  set("Accepted", ConditionStatus::kTrue, "well");
  EXPECT_FALSE(base::get_string(printed(status), "message"));
  set("EndpointsReady", ConditionStatus::kFalse, "1 of 3 endpoints not ready");
  EXPECT_EQ(base::get_string(printed(status), "message"), "1 of 3 endpoints not ready");
  set("WorkspaceReady", ConditionStatus::kFalse, "401");
  EXPECT_EQ(base::get_string(printed(status), "message"), "401");
  set("Failed", ConditionStatus::kTrue, "1 of 3 tasks did not succeed");
  EXPECT_EQ(base::get_string(printed(status), "message"), "1 of 3 tasks did not succeed");
  status.phase = Phase::kDeleting;
  set("CleanedUp", ConditionStatus::kFalse, "2 jobs are left");
  EXPECT_EQ(base::get_string(printed(status), "message"), "2 jobs are left");
}

TEST(ObjectCodec, ReadsBackWhatItWrote) {
  Invocation object;
  object.meta.key = {"team", "llama"};
  object.meta.uid = samples::kUid;
  object.meta.generation = 3;
  object.meta.resource_version = "12";
  object.meta.created = Timestamp(Milliseconds(1'750'000'000'250));
  object.meta.deleted = Timestamp(Milliseconds(1'750'000'100'000));
  object.meta.finalizers = {kCleanupFinalizer};
  object.meta.annotations = {{kAbandonAnnotation, "the workspace is gone"}};
  object.spec = samples::nim();
  object.status = RandomStatus(1).invocation();
  const base::Json json = encode(object);
  EXPECT_EQ(json.at("apiVersion").as_string(), "lepton.dev/v1alpha1");
  EXPECT_EQ(json.at("kind").as_string(), "Invocation");
  const Invocation back = decode_invocation(json);
  EXPECT_EQ(base::to_text(encode(back)), base::to_text(json));
  EXPECT_EQ(back.meta.key, object.meta.key);
  EXPECT_EQ(back.meta.deleted, object.meta.deleted);
  EXPECT_TRUE(back.meta.has_finalizer(kCleanupFinalizer));
  EXPECT_EQ(back.meta.annotations, object.meta.annotations);
}

TEST(ObjectCodec, ReadsAnythingAtAll) {
  for (const char* text :
       {"1", "[]", "{}", "{metadata: 3, spec: 4, status: 5}", "{metadata: {name: [1], annotations: {a: 1}, finalizers: x}}"}) {
    EXPECT_NO_THROW(decode_invocation(samples::yaml(text)));
    EXPECT_NO_THROW(decode_workspace(samples::yaml(text)));
  }
}

TEST(Conditions, KeepTheirTransitionTimeWhileTheirStatusStays) {
  std::vector<Condition> conditions;
  const auto at = [](int seconds) { return Timestamp(std::chrono::seconds(seconds)); };
  set_condition(conditions, {"Accepted", ConditionStatus::kFalse, "UnknownTask", "a", at(1), 1});
  set_condition(conditions, {"Accepted", ConditionStatus::kFalse, "Invalid", "b", at(2), 2});
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(find_condition(conditions, "Accepted")->last_transition, at(1));
  EXPECT_EQ(find_condition(conditions, "Accepted")->reason, "Invalid");
  set_condition(conditions, {"Accepted", ConditionStatus::kTrue, "Valid", std::string(5000, 'x'), at(3), 3});
  EXPECT_EQ(find_condition(conditions, "Accepted")->last_transition, at(3));
  EXPECT_LE(find_condition(conditions, "Accepted")->message.size(), 1024U);
  EXPECT_EQ(find_condition(conditions, "Complete"), nullptr);
}

}  // namespace
}  // namespace lepton_operator::invocation
