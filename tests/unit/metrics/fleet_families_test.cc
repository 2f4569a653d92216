#include "metrics/fleet_families.h"

#include <prometheus/text_serializer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::metrics {
namespace {

using invocation::EndpointPhase;
using invocation::Invocation;
using invocation::Phase;
using invocation::TaskPhase;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

InvocationFigure figure(const Invocation& object) { return {object.meta.key, invocation::digest_of(object)}; }

std::string text_of(const Fleet& fleet) { return prometheus::TextSerializer().Serialize(families_of(fleet)); }

invocation::TaskStatus task(const std::string& name, TaskPhase phase, EndpointPhase endpoint) {
  invocation::TaskStatus status;
  status.name = name;
  status.phase = phase;
  status.endpoint.state = endpoint;
  return status;
}

std::shared_ptr<Invocation> llama() {
  auto object = std::make_shared<Invocation>();
  object->meta.key = {"team", "llama"};
  object->meta.created = base::Timestamp(std::chrono::milliseconds(1'700'000'000'250));
  object->status.phase = Phase::kRunning;
  object->status.tasks = {task("a", TaskPhase::kSucceeded, EndpointPhase::kReleased), task("b", TaskPhase::kRunning, EndpointPhase::kReady),
                          task("c", TaskPhase::kRunning, EndpointPhase::kReady)};
  return object;
}

TEST(FleetFamilies, AnEmptyFleetShowsNothing) { EXPECT_THAT(text_of({}), IsEmpty()); }

TEST(FleetFamilies, AnInvocationShowsItsPhaseTasksEndpointsAndProgress) {
  EXPECT_EQ(text_of({.invocations = {figure(*llama())}}),
            R"(# HELP lepton_invocation_status_phase Phase of the Invocation: 1 for the one it is in, 0 for the others.
# TYPE lepton_invocation_status_phase gauge
lepton_invocation_status_phase{namespace="team",name="llama",phase="Pending"} 0
lepton_invocation_status_phase{namespace="team",name="llama",phase="Deploying"} 0
lepton_invocation_status_phase{namespace="team",name="llama",phase="Running"} 1
lepton_invocation_status_phase{namespace="team",name="llama",phase="Suspended"} 0
lepton_invocation_status_phase{namespace="team",name="llama",phase="Succeeded"} 0
lepton_invocation_status_phase{namespace="team",name="llama",phase="Failed"} 0
lepton_invocation_status_phase{namespace="team",name="llama",phase="Deleting"} 0
# HELP lepton_invocation_tasks Tasks of the Invocation by state.
# TYPE lepton_invocation_tasks gauge
lepton_invocation_tasks{namespace="team",name="llama",state="Cancelled"} 0
lepton_invocation_tasks{namespace="team",name="llama",state="Deploying"} 0
lepton_invocation_tasks{namespace="team",name="llama",state="Failed"} 0
lepton_invocation_tasks{namespace="team",name="llama",state="Pending"} 0
lepton_invocation_tasks{namespace="team",name="llama",state="Running"} 2
lepton_invocation_tasks{namespace="team",name="llama",state="Starting"} 0
lepton_invocation_tasks{namespace="team",name="llama",state="Succeeded"} 1
lepton_invocation_tasks{namespace="team",name="llama",state="Unknown"} 0
# HELP lepton_invocation_endpoints Endpoints of the Invocation's tasks by state.
# TYPE lepton_invocation_endpoints gauge
lepton_invocation_endpoints{namespace="team",name="llama",state="Creating"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Deleting"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Down"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Failed"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Indeterminate"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Pending"} 0
lepton_invocation_endpoints{namespace="team",name="llama",state="Ready"} 2
lepton_invocation_endpoints{namespace="team",name="llama",state="Released"} 1
lepton_invocation_endpoints{namespace="team",name="llama",state="Waiting"} 0
# HELP lepton_invocation_progress_ratio Finished tasks of the Invocation, of all its tasks.
# TYPE lepton_invocation_progress_ratio gauge
lepton_invocation_progress_ratio{namespace="team",name="llama"} 0.3333333333333333
# HELP lepton_invocation_created_timestamp_seconds Unix time of the Invocation's creation.
# TYPE lepton_invocation_created_timestamp_seconds gauge
lepton_invocation_created_timestamp_seconds{namespace="team",name="llama"} 1700000000.25
)");
}

TEST(FleetFamilies, TheCompletionTimeAppearsWithTheCompletion) {
  const auto object = llama();
  EXPECT_THAT(text_of({.invocations = {figure(*object)}}), Not(HasSubstr("completed_timestamp")));
  object->status.completion_time = base::Timestamp(std::chrono::seconds(1'700'000'100));
  EXPECT_THAT(text_of({.invocations = {figure(*object)}}),
              HasSubstr("lepton_invocation_completed_timestamp_seconds{namespace=\"team\",name=\"llama\"} 1700000100\n"));
}

TEST(FleetFamilies, AnInvocationWithoutTasksYetHasNoProgress) {
  const auto object = llama();
  object->status.tasks.clear();
  EXPECT_THAT(text_of({.invocations = {figure(*object)}}),
              HasSubstr("lepton_invocation_progress_ratio{namespace=\"team\",name=\"llama\"} 0\n"));
}

TEST(FleetFamilies, AWorkspaceIsUpOrDown) {
  EXPECT_EQ(text_of({.workspaces = {{{"team", "good"}, true}, {{"team", "bad"}, false}}}),
            R"(# HELP lepton_workspace_up Whether the workspace authenticates us and answers.
# TYPE lepton_workspace_up gauge
lepton_workspace_up{namespace="team",workspace="good"} 1
lepton_workspace_up{namespace="team",workspace="bad"} 0
)");
}

TEST(FleetFamilies, AWorkspacesTokenShowsItsEndWhenThatIsKnown) {
  const base::Timestamp end{std::chrono::seconds(1'803'221'876)};
  const std::string text = text_of({.workspaces = {{{"team", "a"}, true, end}, {{"team", "b"}, true}}});
  EXPECT_THAT(text, HasSubstr("# TYPE lepton_workspace_token_expires_timestamp_seconds gauge\n"
                              "lepton_workspace_token_expires_timestamp_seconds{namespace=\"team\",workspace=\"a\"} 1803221876\n"));
  EXPECT_THAT(text, Not(HasSubstr("token_expires_timestamp_seconds{namespace=\"team\",workspace=\"b\"}")));
}

TEST(FleetFamilies, OrphansAreShownByWorkspaceAndKindZeroIncluded) {
  EXPECT_EQ(text_of({.orphans = {{{"team", "default"}, "endpoint", 2}, {{"team", "default"}, "job", 0}}}),
            R"(# HELP lepton_orphans What the workspace has of ours without an Invocation and was not removed yet, by kind.
# TYPE lepton_orphans gauge
lepton_orphans{namespace="team",workspace="default",kind="endpoint"} 2
lepton_orphans{namespace="team",workspace="default",kind="job"} 0
)");
}

TEST(FleetFamilies, AControllersQueueIsShownInControllerRuntimesNames) {
  ControllerFigure controller{.name = "invocation", .queue = {}};
  controller.queue.depth = 3;
  controller.queue.working = 2;
  controller.queue.adds = 40;
  controller.queue.retries = 5;
  EXPECT_EQ(text_of({.controllers = {controller}}), R"(# HELP controller_runtime_active_workers Reconciliations in progress per controller.
# TYPE controller_runtime_active_workers gauge
controller_runtime_active_workers{controller="invocation"} 2
# HELP workqueue_depth Current depth of the work queue.
# TYPE workqueue_depth gauge
workqueue_depth{name="invocation"} 3
# HELP workqueue_adds_total Adds handled by the work queue.
# TYPE workqueue_adds_total counter
workqueue_adds_total{name="invocation"} 40
# HELP workqueue_retries_total Retries handled by the work queue.
# TYPE workqueue_retries_total counter
workqueue_retries_total{name="invocation"} 5
)");
}

TEST(FleetFamilies, EachInvalidManifestIsNamed) {
  const std::string text = text_of({.invalid_manifests = {"a.yaml", "od\"d.yaml"}});
  EXPECT_THAT(text, HasSubstr("lepton_manifest_invalid{file=\"a.yaml\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("lepton_manifest_invalid{file=\"od\\\"d.yaml\"} 1\n"));
}

}  // namespace
}  // namespace lepton_operator::metrics
