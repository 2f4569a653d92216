// Every phase × every event, one cell each: what one plan makes of it for gpqa_diamond.
//
// A cell reads "<phase> <task phase> e:<endpoint> j:<job> [actions]"; "+" when a task was added, "!Reason" when the workspace is of no use.
// Actions are those for gpqa_diamond and those for no task. In Pending nothing but secrets is intended yet; in Succeeded and Failed the
// endpoints' removal was answered; in Deleting all removals were. What is intended by nobody, or released already, changes nothing.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;

std::string task_in(const Action& action) {
  return std::visit(
      [](const auto& a) -> std::string {
        if constexpr (requires { a.task; }) return a.task;
        return {};
      },
      action);
}

std::string cell(const Plan& made) {
  const TaskStatus& task = task_of(made, kGpqa);
  std::set<std::string> verbs;
  for (const Action& action : made.actions) {
    const std::string key = action_key(action);
    if (task_in(action).empty() || task_in(action) == kGpqa) verbs.insert(key.substr(0, key.find(' ')));
  }
  std::string text = std::string(to_string(made.status.phase)) + " " + to_string(task.phase) + (made.status.tasks.size() > 3 ? "+" : "");
  text += std::string(" e:") + to_string(task.endpoint.state) + " j:" + to_string(task.job.state) + " [";
  for (const std::string& verb : verbs) text += (text.back() == '[' ? "" : " ") + verb;
  text += "]";
  const Condition* workspace = find_condition(made.status.conditions, "WorkspaceReady");
  if (workspace && workspace->status != ConditionStatus::kTrue) text += " !" + workspace->reason;
  return text + (made.finalizer == FinalizerChange::kRemove ? " -finalizer" : "");
}

struct PhaseColumn {
  std::string name;
  Scene (*start)();
};
const std::vector<PhaseColumn> kPhases{{"Pending", a_pending_invocation}, {"Deploying", a_deploying_invocation},
                                       {"Running", a_running_invocation}, {"Succeeded", a_succeeded_invocation},
                                       {"Failed", a_failed_invocation},   {"Deleting", a_deleting_invocation}};

// The creation that is open in that phase ends so: a secret's, gpqa_diamond's endpoint's, or else its job's.
void creation_ends(Scene& scene, ErrorKind kind, base::Milliseconds retry) {
  if (scene.status().phase == Phase::kPending) {
    for (const SecretStatus& secret : scene.status().secrets) scene.failed("ensure-secret " + secret.name, kind, 99s, retry, secret.name);
    return;
  }
  if (scene.status().phase == Phase::kDeploying) {
    const std::string name = scene.endpoint_name_of(kGpqa);
    scene.endpoint_gone(kGpqa).failed("create-endpoint " + name, kind, 90s, retry, name);
    EndpointStatus& endpoint = scene.task(kGpqa).endpoint;
    endpoint.seen = false;
    endpoint.state = EndpointPhase::kCreating;
    endpoint.intended_at = endpoint.waiting_since = at(90s);
    return;
  }
  if (!finished(scene.status().phase)) scene.with_uncertain_job(kGpqa, at(90s));
  scene.failed("create-job " + scene.job_name_of(kGpqa), kind, 91s, retry, scene.job_name_of(kGpqa));
}

struct EventRow {
  std::string name;
  void (*happen)(Scene&);
};
const std::vector<EventRow> kEvents{
    {"nothing", [](Scene&) {}},
    {"endpoint Ready", [](Scene& s) { s.endpoint_is(kGpqa, "Ready"); }},
    {"endpoint Error", [](Scene& s) { s.endpoint_is(kGpqa, "Error"); }},
    {"endpoint Stopped", [](Scene& s) { s.endpoint_is(kGpqa, "Stopped"); }},
    {"endpoint vanished", [](Scene& s) { s.endpoint_gone(kGpqa); }},
    {"endpoint unknown state", [](Scene& s) { s.endpoint_is(kGpqa, "Levitating"); }},
    {"endpoint Deleting", [](Scene& s) { s.endpoint_is(kGpqa, "Deleting"); }},
    {"job Running", [](Scene& s) { s.job_is(kGpqa, "Running"); }},
    {"job Completed", [](Scene& s) { s.job_is(kGpqa, "Completed"); }},
    {"job Failed", [](Scene& s) { s.job_is(kGpqa, "Failed"); }},
    {"job Stopped", [](Scene& s) { s.job_is(kGpqa, "Stopped"); }},
    {"job Archived", [](Scene& s) { s.job_is(kGpqa, "Archived"); }},
    {"job Archived, stage files say 0", [](Scene& s) { s.job_is(kGpqa, "Archived").stage_read(kGpqa, 0); }},
    {"job Archived, no stage files", [](Scene& s) { s.job_is(kGpqa, "Archived").stage_read(kGpqa, std::nullopt); }},
    {"job vanished", [](Scene& s) { s.job_gone(kGpqa); }},
    {"job vanished for certain", [](Scene& s) { s.job_gone(kGpqa).job_read(kGpqa, 99s, std::nullopt); }},
    {"job vanished for certain, no stage files",
     [](Scene& s) { s.job_gone(kGpqa).job_read(kGpqa, 99s, std::nullopt).stage_read(kGpqa, std::nullopt); }},
    {"job Failed, retries", [](Scene& s) { s.job_is(kGpqa, "Failed").with_spec("execution: {retries: 1}"); }},
    {"suspended", [](Scene& s) { s.with_spec("suspend: true"); }},
    {"run raised",
     [](Scene& s) { s.with_spec("evaluation: {tasks: [{name: gpqa_diamond, run: 1}, {name: hellaswag}, {name: winogrande}]}"); }},
    {"deadline passed",
     [](Scene& s) {
       s.with_spec("activeDeadlineSeconds: 60");
       s.status().active_since = at(0s);
     }},
    {"job unknown state", [](Scene& s) { s.job_is(kGpqa, "Levitating"); }},
    {"creation refused", [](Scene& s) { creation_ends(s, ErrorKind::kInvalid, 400s); }},
    {"creation throttled", [](Scene& s) { creation_ends(s, ErrorKind::kThrottled, 400s); }},
    {"creation uncertain", [](Scene& s) { creation_ends(s, ErrorKind::kTimeout, 99s); }},
    {"workspace unauthorized", [](Scene& s) { s.workspace_is(WorkspaceState::kUnauthorized, "401"); }},
    {"workspace unreachable", [](Scene& s) { s.workspace_is(WorkspaceState::kUnreachable, "no answer"); }},
    {"workspace 404", [](Scene& s) { s.workspace_is(WorkspaceState::kNotFound, "404"); }},
    {"workspace changed", [](Scene& s) { s.workspace.id = "another"; }},
    {"deletion",
     [](Scene& s) {
       if (!s.object.meta.deleted) s.deleted_at(100s);
     }},
    {"restart", [](Scene& s) { s.restarted(); }},
    {"task appended", [](Scene& s) { s.with_appended_task("mmlu"); }},
};

const std::string kPending = "Pending Pending e:Pending j:Pending []";
const std::string kDeploying = "Deploying Deploying e:Waiting j:Pending []";
const std::string kRunning = "Running Running e:Ready j:Running []";
const std::string kSucceeded = "Succeeded Succeeded e:Deleting j:Succeeded []";
const std::string kFailed = "Failed Failed e:Deleting j:Failed []";
const std::string kDeleting = "Deleting Running e:Deleting j:Running []";
const std::string kReleaseOnce = " e:Deleting j:Succeeded [delete-endpoint]";
const std::string kReleaseFailed = "Failed Failed e:Deleting j:Failed [delete-endpoint]";
const std::string kDeleteEndpoint = "Deleting Running e:Deleting j:Running [delete-endpoint]";
const std::string kDeleteJob = "Deleting Running e:Deleting j:Running [delete-job]";
const std::string kRunningEnded = "e:Deleting j:Failed [delete-endpoint]";

using Row = std::map<std::string, std::string>;

Row unchanged() {
  return {{"Pending", kPending},     {"Deploying", kDeploying}, {"Running", kRunning},
          {"Succeeded", kSucceeded}, {"Failed", kFailed},       {"Deleting", kDeleting}};
}

// The row in which nothing happens, but for the cells that are given.
Row row(const Row& cells) {
  Row whole = unchanged();
  for (const auto& [phase, text] : cells) whole[phase] = text;
  return whole;
}

Row everywhere(const std::string& suffix) {
  Row whole = unchanged();
  for (auto& [phase, text] : whole) text += suffix;
  return whole;
}

// An endpoint that shows itself in `wire` although its removal was answered is asked away once more.
Row endpoint_row(const std::string& deploying, const std::string& running) {
  return row({{"Deploying", "Deploying Deploying " + deploying},
              {"Running", "Running Running " + running},
              {"Succeeded", "Succeeded Succeeded" + kReleaseOnce},
              {"Failed", kReleaseFailed},
              {"Deleting", kDeleteEndpoint}});
}

const std::map<std::string, Row>& table() {
  static const std::map<std::string, Row> cells{
      {"nothing", unchanged()},
      {"endpoint Ready", endpoint_row("e:Ready j:Pending []", "e:Ready j:Running []")},
      {"endpoint Error", endpoint_row("e:Failed j:Pending [diagnose-endpoint]", "e:Failed j:Running [diagnose-endpoint]")},
      {"endpoint Stopped", endpoint_row("e:Down j:Pending [start-endpoint]", "e:Down j:Running [start-endpoint]")},
      {"endpoint unknown state", endpoint_row("e:Indeterminate j:Pending []", "e:Indeterminate j:Running []")},
      {"endpoint vanished", row({{"Deploying", "Deploying Deploying e:Creating j:Pending [create-endpoint]"},
                                 {"Running", "Running Running e:Creating j:Running [create-endpoint]"},
                                 {"Succeeded", "Succeeded Succeeded e:Released j:Succeeded []"},
                                 {"Failed", "Failed Failed e:Released j:Failed []"},
                                 {"Deleting", "Deleting Running e:Released j:Running []"}})},
      {"endpoint Deleting",
       row({{"Deploying", "Deploying Deploying e:Deleting j:Pending []"}, {"Running", "Running Running e:Deleting j:Running []"}})},
      {"job Running", row({{"Deleting", kDeleteJob}})},
      {"job Completed", row({{"Running", "Running Succeeded e:Deleting j:Succeeded [delete-endpoint]"}, {"Deleting", kDeleteJob}})},
      {"job Failed", row({{"Running", "Running Failed " + kRunningEnded}, {"Deleting", kDeleteJob}})},
      {"job Stopped", row({{"Running", "Running Failed " + kRunningEnded}, {"Deleting", kDeleteJob}})},
      {"job Archived", row({{"Running", "Running Running e:Ready j:Indeterminate [read-stage]"}})},
      {"job Archived, stage files say 0", row({{"Running", "Running Succeeded e:Deleting j:Succeeded [delete-endpoint]"}})},
      {"job Archived, no stage files", row({{"Running", "Running Unknown e:Deleting j:Unknown [delete-endpoint]"}})},
      {"job vanished", row({{"Running", "Running Running e:Ready j:Running [read-job]"},
                            {"Deleting", "Deleting Running e:Deleting j:Running [read-job]"}})},
      {"job vanished for certain", row({{"Running", "Running Running e:Ready j:Indeterminate [read-stage]"}})},
      {"job vanished for certain, no stage files", row({{"Running", "Running Failed " + kRunningEnded}})},
      {"job Failed, retries", row({{"Running", "Running Starting e:Ready j:Creating [create-job]"}, {"Deleting", kDeleteJob}})},
      {"suspended", row({{"Pending", "Suspended Pending e:Pending j:Pending []"},
                         {"Deploying", "Deploying Deploying e:Deleting j:Pending [delete-endpoint]"},
                         {"Running", "Running Running e:Deleting j:Running [delete-endpoint stop-job]"}})},
      {"run raised", unchanged()},  // of what is over already it waits until its endpoint is gone
      {"deadline passed", row({{"Pending", "Failed Cancelled e:Pending j:Pending []"},
                               {"Deploying", "Failed Cancelled e:Deleting j:Pending [delete-endpoint]"},
                               {"Running", "Failed Failed e:Deleting j:Running [delete-endpoint stop-job]"}})},
      {"job unknown state", row({{"Running", "Running Running e:Ready j:Indeterminate []"}, {"Deleting", kDeleteJob}})},
      {"creation refused", row({{"Pending", "Failed Failed e:Pending j:Pending []"},
                                {"Deploying", "Failed Failed e:Failed j:Pending [delete-endpoint]"},
                                {"Running", "Running Failed " + kRunningEnded},
                                {"Deleting", "Deleting Starting e:Deleting j:Creating []"}})},
      {"creation throttled", row({{"Deploying", "Deploying Deploying e:Creating j:Pending []"},
                                  {"Running", "Running Starting e:Ready j:Creating []"},
                                  {"Deleting", "Deleting Starting e:Deleting j:Creating []"}})},
      {"creation uncertain", row({{"Pending", "Pending Pending e:Pending j:Pending [ensure-secret]"},
                                  {"Deploying", "Deploying Deploying e:Creating j:Pending [create-endpoint]"},
                                  {"Running", "Running Starting e:Ready j:Creating []"},
                                  {"Deleting", "Deleting Starting e:Deleting j:Creating []"}})},
      {"workspace unauthorized", everywhere(" !Unauthorized")},
      {"workspace unreachable", everywhere(" !Unreachable")},
      {"workspace 404", everywhere(" !NotFound")},
      {"workspace changed", everywhere(" !WorkspaceChanged")},
      {"deletion", row({{"Pending", "Deleting Pending e:Pending j:Pending []"},
                        {"Deploying", "Deleting Deploying e:Deleting j:Pending [delete-endpoint]"},
                        {"Running", "Deleting Running e:Deleting j:Running [delete-endpoint delete-job]"},
                        {"Succeeded", "Deleting Succeeded e:Deleting j:Succeeded [delete-job]"},
                        {"Failed", "Deleting Failed e:Deleting j:Failed [delete-job]"}})},
      {"restart", row({{"Pending", "Pending Pending e:Pending j:Pending [ensure-secret]"},
                       {"Succeeded", "Succeeded Succeeded" + kReleaseOnce},
                       {"Failed", kReleaseFailed},
                       {"Deleting", "Deleting Running e:Deleting j:Running [delete-endpoint delete-job]"}})},
      {"task appended", row({{"Pending", "Pending Pending+ e:Pending j:Pending []"},
                             {"Deploying", "Deploying Deploying+ e:Waiting j:Pending []"},
                             {"Running", "Running Running+ e:Ready j:Running []"}})},
  };
  return cells;
}

TEST(PhaseByEvent, NoCellIsMissingOrSuperfluous) {
  EXPECT_EQ(table().size(), kEvents.size());
  for (const EventRow& event : kEvents) {
    ASSERT_TRUE(table().contains(event.name)) << event.name;
    EXPECT_EQ(table().at(event.name).size(), kPhases.size()) << event.name;
    for (const PhaseColumn& phase : kPhases) EXPECT_TRUE(table().at(event.name).contains(phase.name)) << event.name << " " << phase.name;
  }
}

TEST(PhaseByEvent, EachCellIsAsTheDesignSays) {
  for (const EventRow& event : kEvents) {
    for (const PhaseColumn& phase : kPhases) {
      Scene scene = phase.start();
      ASSERT_EQ(to_string(scene.status().phase), phase.name);
      event.happen(scene);
      EXPECT_EQ(cell(plan(scene)), table().at(event.name).at(phase.name)) << phase.name << " × " << event.name;
    }
  }
}

TEST(PhaseByEvent, NoCellLosesAResult) {
  for (const EventRow& event : kEvents) {
    for (const PhaseColumn& phase : kPhases) {
      Scene scene = phase.start();
      event.happen(scene);
      for (const TaskStatus& before : scene.object.status.tasks) {
        if (!finished(before.phase)) continue;
        EXPECT_EQ(task_of(plan(scene), before.name).phase, before.phase) << phase.name << " × " << event.name;
      }
    }
  }
}

TEST(PhaseByEvent, NoCellWakesAtATimeGoneBy) {
  for (const EventRow& event : kEvents) {
    for (const PhaseColumn& phase : kPhases) {
      Scene scene = phase.start();
      event.happen(scene);
      const Plan made = plan(scene);
      EXPECT_FALSE(made.wake_at && *made.wake_at <= scene.now) << phase.name << " × " << event.name;
    }
  }
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
