// What changed between two statuses, as sentences; and which changes may be written late.
#include "invocation/progress.h"

#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> told(const Scene& before, const InvocationStatus& now) {
  std::vector<std::string> reasons;
  for (const Transition& transition : transitions(before.object, now))
    reasons.push_back((transition.warning ? "!" : "") + transition.reason);
  return reasons;
}

std::string field(const Transition& transition, const std::string& name) {
  for (const auto& [key, value] : transition.fields) {
    if (key == name) return value;
  }
  return "no such field";
}

TEST(Transitions, OfNothingAreNone) {
  const Scene scene = a_running_invocation();
  EXPECT_THAT(told(scene, scene.object.status), IsEmpty());
}

TEST(Transitions, TellOfEveryEndpointThatIsReadyAndHowLongThatTook) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_is(kGpqa, "Ready");
  const auto found = transitions(scene.object, plan(scene, at(72s)).status);
  const auto ready = std::find_if(found.begin(), found.end(), [](const Transition& t) { return t.reason == "EndpointReady"; });
  ASSERT_NE(ready, found.end());
  EXPECT_FALSE(ready->warning);
  EXPECT_EQ(field(*ready, "task"), kGpqa);
  EXPECT_EQ(field(*ready, "endpoint"), scene.endpoint_name_of(kGpqa));
  EXPECT_EQ(field(*ready, "after"), "1m12s");
}

TEST(Transitions, TellOfEveryStateOfAnEndpoint) {
  const std::map<EndpointPhase, std::string> table{
      {EndpointPhase::kCreating, "EndpointIntended"},  {EndpointPhase::kReady, "EndpointReady"},
      {EndpointPhase::kDown, "!EndpointDown"},         {EndpointPhase::kFailed, "!EndpointFailed"},
      {EndpointPhase::kDeleting, "EndpointReleasing"}, {EndpointPhase::kIndeterminate, "!EndpointIndeterminate"},
      {EndpointPhase::kReleased, "EndpointReleased"}};
  for (const auto& [phase, reason] : table) {
    Scene scene = a_deploying_invocation();
    InvocationStatus now = scene.object.status;
    now.tasks.front().endpoint.state = phase;
    EXPECT_THAT(told(scene, now), ElementsAre(reason));
  }
}

// Whether or not a status ever said in between that it is being deleted.
TEST(Transitions, TellOnceThatAnEndpointIsLetGo) {
  Scene scene = a_deploying_invocation();
  InvocationStatus begun = scene.object.status;
  begun.tasks.front().endpoint.releasing = true;
  EXPECT_THAT(told(scene, begun), ElementsAre("EndpointReleasing"));
  InvocationStatus at_once = begun;
  at_once.tasks.front().endpoint.state = EndpointPhase::kDeleting;
  EXPECT_THAT(told(scene, at_once), ElementsAre("EndpointReleasing"));
  scene.status() = begun;
  EXPECT_THAT(told(scene, at_once), IsEmpty());
  at_once.tasks.front().endpoint.state = EndpointPhase::kReleased;
  EXPECT_THAT(told(scene, at_once), ElementsAre("EndpointReleased"));
}

TEST(Transitions, TellOfAnEndpointThatIsNotReadyInTimeThatItFailed) {
  Scene scene = a_deploying_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_is(task, task == std::string(kGpqa) ? "Starting" : "Ready");
  scene.status() = plan(scene).status;
  scene.explained(kGpqa, 21min, lepton::EndpointTrouble::kNone).looked_at({21min, 21min + 1s});
  const Plan asked = plan(scene, at(21min + 2s));
  ASSERT_THAT(asked.actions, Contains(diagnoses_endpoint(kGpqa)));
  EXPECT_THAT(told(scene, asked.status), Contains("!EndpointFailed"));
  scene.status() = asked.status;
  scene.in_flight("diagnose-endpoint " + scene.endpoint_name_of(kGpqa), 21min + 2s);
  EXPECT_THAT(told(scene, plan(scene, at(21min + 3s)).status), IsEmpty()) << "once is enough";
  scene.failed("diagnose-endpoint " + scene.endpoint_name_of(kGpqa), base::ErrorKind::kServer, 21min + 2s, 22min);
  const InvocationStatus failed = plan(scene, at(21min + 4s)).status;
  EXPECT_THAT(told(scene, failed), Contains("!TaskFailed"));
  EXPECT_THAT(told(scene, failed), Contains("EndpointReleasing"));
}

TEST(Transitions, TellOfAnEndpointThatIsGoneAlsoWhenTheNextFollowsAtOnce) {
  Scene scene = a_deploying_invocation();
  InvocationStatus now = scene.object.status;
  for (const EndpointPhase before : {EndpointPhase::kDeleting, EndpointPhase::kReleased}) {
    scene.task(kGpqa).endpoint.state = before;
    EndpointStatus next;
    next.name = "nim-gpqa-d-1-0123456789";
    next.incarnation = 1;
    next.state = EndpointPhase::kCreating;
    now.tasks.front().endpoint = next;
    if (before == EndpointPhase::kReleased) {
      EXPECT_THAT(told(scene, now), ElementsAre("EndpointIntended")) << "it was told then";
      continue;
    }
    const auto found = transitions(scene.object, now);
    EXPECT_THAT(told(scene, now), ElementsAre("EndpointReleased", "EndpointIntended"));
    EXPECT_EQ(field(found.front(), "endpoint"), scene.endpoint_name_of(kGpqa)) << "the one that is gone";
  }
}

TEST(Transitions, TellOfEveryResultOfATask) {
  const std::map<TaskPhase, std::string> table{{TaskPhase::kSucceeded, "TaskSucceeded"},
                                               {TaskPhase::kFailed, "!TaskFailed"},
                                               {TaskPhase::kCancelled, "!TaskCancelled"},
                                               {TaskPhase::kUnknown, "!TaskOutcomeUnknown"}};
  for (const auto& [phase, reason] : table) {
    Scene scene = a_running_invocation();
    InvocationStatus now = scene.object.status;
    now.tasks.front().phase = phase;
    EXPECT_THAT(told(scene, now), ElementsAre(reason));
  }
}

TEST(Transitions, OfATaskThatFailedSayWhy) {
  Scene scene = a_running_invocation();
  InvocationStatus now = scene.object.status;
  now.tasks.front().phase = TaskPhase::kFailed;
  now.tasks.front().message = "it did not work";
  EXPECT_EQ(field(transitions(scene.object, now).front(), "why"), "it did not work");
}

TEST(Transitions, TellOfAJobWhenItIsIntendedAndWhenItIsMade) {
  Scene scene = an_invocation_with_ready_endpoints();
  const InvocationStatus intended = plan(scene).status;
  EXPECT_THAT(told(scene, intended), Contains("JobIntended"));
  EXPECT_THAT(told(scene, intended), Not(Contains("JobCreated")));
  scene.status() = intended;
  scene.job_is(kGpqa, "Running");
  EXPECT_THAT(told(scene, plan(scene).status), Contains("JobCreated"));
}

TEST(Transitions, TellOfNoJobWhenAnAttemptIsOverAndTheNextHasNone) {
  Scene scene = a_running_invocation();
  scene.with_spec("execution: {retries: 1}").job_is(kGpqa, "Failed").endpoint_gone(kGpqa);
  const InvocationStatus retried = plan(scene).status;
  ASSERT_TRUE(task_of(retried, kGpqa).job.name.empty());
  EXPECT_THAT(told(scene, retried), Contains("!TaskRetried"));
  EXPECT_THAT(told(scene, retried), Not(Contains("JobIntended")));
}

TEST(Transitions, TellOfTheEnd) {
  Scene scene = a_running_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.job_is(task, "Completed");
  EXPECT_THAT(told(scene, plan(scene).status), Contains("Succeeded"));
  scene.job_is(kGpqa, "Failed");
  EXPECT_THAT(told(scene, plan(scene).status), Contains("!Failed"));
}

TEST(Transitions, WarnOfAConditionThatIsBadAndTellThatItIsGoodAgain) {
  Scene scene = a_running_invocation();
  scene.status() = plan(scene).status;
  scene.workspace_is(WorkspaceState::kUnauthorized, "401");
  const InvocationStatus bad = plan(scene).status;
  EXPECT_THAT(told(scene, bad), ElementsAre("!Unauthorized"));
  scene.status() = bad;
  EXPECT_THAT(told(scene, plan(scene).status), IsEmpty()) << "once is enough";
  scene.workspace_is(WorkspaceState::kReady, "");
  EXPECT_THAT(told(scene, plan(scene).status), ElementsAre("Authenticated"));
}

// What anybody waits for is written at once; each line breaks progress_only by one change.
TEST(ProgressOnly, IsNoChangeThatAnybodyWaitsFor) {
  const InvocationStatus before = plan(a_running_invocation()).status;
  using Change = void (*)(InvocationStatus&);
  const std::map<std::string, Change> awaited{
      {"phase", [](InvocationStatus& s) { s.phase = Phase::kFailed; }},
      {"a result", [](InvocationStatus& s) { s.tasks[0].phase = TaskPhase::kSucceeded; }},
      {"an endpoint's intent", [](InvocationStatus& s) { s.tasks[0].endpoint.intended_at = at(99s); }},
      {"an endpoint's routes", [](InvocationStatus& s) { s.tasks[0].endpoint.family = lepton::ApiFamily::kEndpoints; }},
      {"a job's name", [](InvocationStatus& s) { s.tasks[0].job.name = "other"; }},
      {"a job's intent", [](InvocationStatus& s) { s.tasks[0].job.intended_at = at(99s); }},
      {"a job's id", [](InvocationStatus& s) { s.tasks[0].job.id = "other"; }},
      {"a job's release", [](InvocationStatus& s) { s.tasks[0].job.released = true; }},
      {"the cleanup job's intent", [](InvocationStatus& s) { s.cleanup.intended_at = at(99s); }},
      {"the storage", [](InvocationStatus& s) { s.storage.seen = true; }},
      {"a secret's name",
       [](InvocationStatus& s) {
         s.secrets.push_back({"another", false, std::nullopt});
       }},
      {"a secret that is not there any more", [](InvocationStatus& s) { s.secrets.front().ready = false; }},
      {"a secret's settling", [](InvocationStatus& s) { s.secrets.front().unsettled_until = at(99s); }},
      {"what is frozen", [](InvocationStatus& s) { s.resolved->workspace_id = "other"; }},
      {"a task", [](InvocationStatus& s) { s.tasks.emplace_back(); }},
      {"a condition's status", [](InvocationStatus& s) { s.conditions[0].status = ConditionStatus::kFalse; }},
      {"a condition's reason", [](InvocationStatus& s) { s.conditions[0].reason = "Other"; }},
      {"a condition", [](InvocationStatus& s) { s.conditions.emplace_back(); }},
  };
  for (const auto& [what, change] : awaited) {
    InvocationStatus now = before;
    change(now);
    EXPECT_FALSE(progress_only(before, now)) << what;
  }
}

TEST(ProgressOnly, IsAStateOrAMessage) {
  InvocationStatus before = plan(a_running_invocation()).status;
  before.tasks[0].job.id.clear();
  before.secrets.front().ready = false;
  using Change = void (*)(InvocationStatus&);
  const std::map<std::string, Change> late{
      {"that a secret was made", [](InvocationStatus& s) { s.secrets.front().ready = true; }},
      {"a job's id, once it has one", [](InvocationStatus& s) { s.tasks[0].job.id = "job-1"; }},
      {"an endpoint's state", [](InvocationStatus& s) { s.tasks[0].endpoint.state = EndpointPhase::kDown; }},
      {"a job's state", [](InvocationStatus& s) { s.tasks[0].job.state = JobPhase::kStarting; }},
      {"a message", [](InvocationStatus& s) { s.tasks[0].message = "waits"; }},
      {"a condition's message", [](InvocationStatus& s) { s.conditions[0].message = "other"; }},
      {"counts", [](InvocationStatus& s) { ++s.counts.running; }},
  };
  for (const auto& [what, change] : late) {
    InvocationStatus now = before;
    change(now);
    EXPECT_TRUE(progress_only(before, now)) << what;
  }
}

TEST(ProgressOnly, IsAStepOfACleanupButNotWhatStandsInItsWay) {
  const InvocationStatus before = plan(a_deleting_invocation()).status;
  ASSERT_EQ(before.conditions.back().type, "CleanedUp");
  const auto with_reason = [&](const char* reason) {
    InvocationStatus now = before;
    now.conditions.back().reason = reason;
    return now;
  };
  for (const char* step : {"RemovingSecrets", "RemovingStorage"}) EXPECT_TRUE(progress_only(before, with_reason(step))) << step;
  for (const char* trouble : {"StorageNotVisible", "StorageRefused", "CleanupJobFailed", "WorkspaceNotReady"})
    EXPECT_FALSE(progress_only(before, with_reason(trouble))) << trouble;
  InvocationStatus over = before;
  over.conditions.back().status = ConditionStatus::kTrue;
  EXPECT_FALSE(progress_only(before, over));
  InvocationStatus removed = before;
  removed.storage.removed = true;
  EXPECT_TRUE(progress_only(before, removed));
  removed.storage.seen = !before.storage.seen;
  EXPECT_FALSE(progress_only(before, removed));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
