#include "app/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::app {
namespace {

using invocation::Transition;

invocation::Invocation llama() {
  invocation::Invocation object;
  object.meta.key = {"team", "llama"};
  object.meta.uid = "u1";
  object.meta.resource_version = "7";
  return object;
}

TEST(Events, TellWhatHappenedToWhichObject) {
  const auto event = event_of(llama(), {.warning = false,
                                        .reason = "EndpointReady",
                                        .message = "endpoint ready",
                                        .fields = {{"task", "gpqa_diamond"}, {"endpoint", "nim-x"}, {"after", "4m12s"}, {"job", ""}}});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->regarding.kind, "Invocation");
  EXPECT_EQ(event->regarding.api_version, "lepton.dev/v1alpha1");
  EXPECT_EQ(event->regarding.namespace_ + "/" + event->regarding.name, "team/llama");
  EXPECT_EQ(event->regarding.uid, "u1");
  EXPECT_FALSE(event->warning);
  EXPECT_EQ(event->reason, "EndpointReady");
  EXPECT_EQ(event->action, "ManageEndpoint");
  EXPECT_EQ(event->note, "endpoint ready (task gpqa_diamond, endpoint nim-x, after 4m12s)");
}

TEST(Events, SayWhy) {
  const auto event = event_of(llama(), {.warning = true,
                                        .reason = "NoCapacity",
                                        .message = "condition EndpointsReady is bad",
                                        .fields = {{"condition", "EndpointsReady"}, {"reason", "NoCapacity"}, {"why", "1 of 3 waits"}}});
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->warning);
  EXPECT_EQ(event->note, "condition EndpointsReady is bad: 1 of 3 waits");
}

TEST(Events, LeaveOutStepsThatOnlyAnnounceTheNext) {
  EXPECT_FALSE(event_of(llama(), {.warning = false, .reason = "JobIntended", .message = "creating job", .fields = {}}));
  EXPECT_TRUE(event_of(llama(), {.warning = false, .reason = "JobCreated", .message = "job created", .fields = {}}));
}

TEST(Events, StayShort) {
  const auto event =
      event_of(llama(), {.warning = true, .reason = "TaskFailed", .message = "task failed", .fields = {{"why", std::string(5'000, 'x')}}});
  EXPECT_LE(event->note.size(), 1'024u);
}

TEST(Events, OfAWorkspaceAreAboutIt) {
  invocation::Workspace object;
  object.meta.key = {"team", "default"};
  object.meta.uid = "u2";
  const auto event =
      event_of(object, {.warning = true,
                        .reason = "TokenExpiring",
                        .message = "token expiring",
                        .fields = {{"reason", "ExpiresWithin1Day"}, {"why", "the token of workspace \"ws\" expires on ..."}}});
  EXPECT_EQ(event.regarding.kind, "Workspace");
  EXPECT_EQ(event.regarding.uid, "u2");
  EXPECT_TRUE(event.warning);
  EXPECT_EQ(event.reason, "TokenExpiring");
  EXPECT_EQ(event.note, "token expiring: the token of workspace \"ws\" expires on ...");
}

}  // namespace
}  // namespace lepton_operator::app
