// Endpoints in a workspace whose API family is not the one that made them: looked for where they were made, and believed gone only there.
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using lepton::ApiFamily;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// The workspace has gone over to the other family; what the former routes show is what the view already holds.
Scene changed(Scene scene) {
  std::swap(scene.view.endpoint_looks, scene.view.other_endpoint_looks);
  scene.view.family = ApiFamily::kEndpoints;
  scene.view.endpoint_looks = looks_at({98s, 99s});
  return scene;
}

// Nothing shows them any more, and the former routes cannot be read.
Scene hidden(Scene scene) {
  scene = changed(std::move(scene));
  scene.view.endpoints.clear();
  scene.view.other_endpoint_looks = {};
  scene.view.other_error = base::Error{base::ErrorKind::kNotFound, "lepton answered 404 to GET /deployments"};
  return scene;
}

TEST(ApiFamily, OfTheWorkspaceMakesTheEndpointsAndIsWrittenDown) {
  Scene scene = a_pending_invocation();
  for (const SecretStatus& secret : scene.status().secrets) scene.did("ensure-secret " + secret.name, 99s, 100s, secret.name);
  scene.view.family = ApiFamily::kEndpoints;
  const Plan made = plan(scene);
  ASSERT_EQ(count_of<CreateEndpoint>(made.actions), 3U);
  for (const Action& action : made.actions) EXPECT_EQ(std::get<CreateEndpoint>(action).family, ApiFamily::kEndpoints);
  EXPECT_EQ(task_of(made, kGpqa).endpoint.family, ApiFamily::kEndpoints);
  EXPECT_FALSE(made.interest.other_family);
}

TEST(ApiFamily, ThatChangedKeepsTheFormerRoutesInSightWhileTheyHoldSomething) {
  const Plan made = plan(changed(a_running_invocation()));
  EXPECT_TRUE(made.interest.other_family);
  EXPECT_THAT(made.actions, Not(Contains(creates())));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.state, EndpointPhase::kReady);
  EXPECT_THAT(made, has_condition("WorkspaceReady", ConditionStatus::kTrue, "Authenticated"));
  Scene released = changed(a_running_invocation());
  for (TaskStatus& task : released.status().tasks) task.endpoint.state = EndpointPhase::kReleased;
  for (TaskStatus& task : released.status().tasks) task.phase = TaskPhase::kSucceeded;
  EXPECT_FALSE(plan(released).interest.other_family);
}

TEST(ApiFamily, AnEndpointIsRemovedThroughTheRoutesThatShowIt) {
  Scene scene = changed(a_running_invocation());
  scene.deleted_at(95s);
  scene.view.endpoints.at(scene.endpoint_name_of(kHellaswag)).family = ApiFamily::kEndpoints;
  const Plan made = plan(scene);
  std::map<std::string, ApiFamily> removals;
  for (const Action& action : made.actions) {
    if (const auto* removal = std::get_if<DeleteEndpoint>(&action)) removals[removal->task] = removal->family;
  }
  EXPECT_EQ(removals.at(kGpqa), ApiFamily::kDeployments);
  EXPECT_EQ(removals.at(kHellaswag), ApiFamily::kEndpoints);
  EXPECT_EQ(task_of(made, kHellaswag).endpoint.family, ApiFamily::kEndpoints);
}

TEST(ApiFamily, WhatTheNewRoutesDoNotShowIsNotAbsentUntilTheFormerOnesSaySo) {
  Scene scene = hidden(a_running_invocation());
  EXPECT_THAT(plan(scene).actions, Not(Contains(creates())));
  EXPECT_EQ(task_of(plan(scene), kGpqa).endpoint.state, EndpointPhase::kIndeterminate);
  // Now they can be read, and do not show it either.
  scene.view.other_error.reset();
  scene.view.other_endpoint_looks = looks_at({98s, 99s});
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(creates_endpoint(kGpqa)));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.family, ApiFamily::kEndpoints);
}

TEST(ApiFamily, EndpointsOutOfSightAreToldByNameAndTheFinalizerStays) {
  Scene scene = hidden(a_running_invocation());
  EXPECT_THAT(plan(scene), has_condition("WorkspaceReady", kFalse, "ApiFamilyChanged"));
  EXPECT_THAT(message_of(plan(scene), "WorkspaceReady"), HasSubstr(scene.endpoint_name_of(kGpqa)));
  EXPECT_THAT(message_of(plan(scene), "WorkspaceReady"), HasSubstr("lepton answered 404 to GET /deployments"));
  Scene deleting = hidden(a_deleting_invocation());
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    deleting.did("delete-endpoint " + deleting.endpoint_name_of(task), 95s, 96s, deleting.endpoint_name_of(task));
  }
  EXPECT_THAT(plan(deleting), has_condition("WorkspaceReady", kFalse, "ApiFamilyChanged"));
  EXPECT_EQ(plan(deleting).finalizer, FinalizerChange::kNone);
  EXPECT_NE(task_of(plan(deleting), kGpqa).endpoint.state, EndpointPhase::kReleased);
}

TEST(ApiFamily, TellsTheSameASecondTime) {
  Scene scene = hidden(a_running_invocation());
  scene.status() = plan(scene).status;
  EXPECT_TRUE(plan(scene, at(101s)).status == scene.status());
}

// One whose creation may still take effect behind the former routes is not made behind the new ones.
TEST(ApiFamily, AnUncertainCreationIsNotRepeatedElsewhere) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa);
  EndpointStatus& endpoint = scene.task(kGpqa).endpoint;
  endpoint.seen = false;
  endpoint.state = EndpointPhase::kCreating;
  endpoint.intended_at = endpoint.waiting_since = at(90s);
  scene.failed("create-endpoint " + endpoint.name, base::ErrorKind::kTimeout, 90s, 99s, endpoint.name);
  scene = changed(std::move(scene));
  scene.view.other_endpoint_looks = looks_at({118s, 119s});
  EXPECT_THAT(plan(scene, at(119s)).actions, Not(Contains(creates_endpoint(kGpqa))));
  scene.view.endpoint_looks = scene.view.other_endpoint_looks = looks_at({119s, 121s});
  EXPECT_THAT(plan(scene, at(122s)).actions, Contains(creates_endpoint(kGpqa)));
}

// The routes went while it was asked for: they answered that they are not there.
TEST(ApiFamily, ACreationThatWasRefusedIsRepeatedThroughTheNewRoutes) {
  Scene scene = a_deploying_invocation();
  scene.endpoint_gone(kGpqa);
  EndpointStatus& endpoint = scene.task(kGpqa).endpoint;
  endpoint.seen = false;
  endpoint.state = EndpointPhase::kCreating;
  endpoint.intended_at = endpoint.waiting_since = at(97s);
  scene.failed("create-endpoint " + endpoint.name, base::ErrorKind::kNotFound, 97s, 99s, endpoint.name);
  scene = hidden(std::move(scene));
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, Contains(creates_endpoint(kGpqa)));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.family, ApiFamily::kEndpoints);
  EXPECT_THAT(message_of(made, "WorkspaceReady"), Not(HasSubstr(scene.endpoint_name_of(kGpqa))));  // it hides nowhere
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
