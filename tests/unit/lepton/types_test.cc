#include "lepton/types.h"

#include <gtest/gtest.h>

namespace lepton_operator::lepton {
namespace {

TEST(EndpointStates, AllElevenOfTheContractAreReadAndSpelledBack) {
  const std::vector<std::pair<const char*, EndpointState>> contract = {
      {"Ready", EndpointState::kReady},           {"Not Ready", EndpointState::kNotReady}, {"Starting", EndpointState::kStarting},
      {"Updating", EndpointState::kUpdating},     {"Scaling", EndpointState::kScaling},    {"Migrating", EndpointState::kMigrating},
      {"Stopping", EndpointState::kStopping},     {"Stopped", EndpointState::kStopped},    {"Deleting", EndpointState::kDeleting},
      {"Restarting", EndpointState::kRestarting}, {"Error", EndpointState::kError}};
  ASSERT_EQ(contract.size(), 11u);
  for (const auto& [wire, state] : contract) {
    EXPECT_EQ(parse_endpoint_state(wire), state) << wire;
    EXPECT_STREQ(to_string(state), wire);
  }
}

TEST(EndpointStates, WhateverElseIsWrittenIsUnknown) {
  for (const char* wire : {"", "UNK", "Unknown", "ready", "NotReady", "Ready ", "Running", "Failed"}) {
    EXPECT_EQ(parse_endpoint_state(wire), EndpointState::kUnknown) << '"' << wire << '"';
  }
  EXPECT_STREQ(to_string(EndpointState::kUnknown), "Unknown");
}

TEST(JobStates, AllFourteenOfTheContractAreReadAndSpelledBack) {
  const std::vector<std::pair<const char*, JobState>> contract = {
      {"Starting", JobState::kStarting},         {"Running", JobState::kRunning},        {"Failed", JobState::kFailed},
      {"Completed", JobState::kCompleted},       {"Stopped", JobState::kStopped},        {"Stopping", JobState::kStopping},
      {"Deleting", JobState::kDeleting},         {"Deleted", JobState::kDeleted},        {"Restarting", JobState::kRestarting},
      {"Archived", JobState::kArchived},         {"Queueing", JobState::kQueueing},      {"Awaiting", JobState::kAwaiting},
      {"PendingRetry", JobState::kPendingRetry}, {"Terminating", JobState::kTerminating}};
  ASSERT_EQ(contract.size(), 14u);
  for (const auto& [wire, state] : contract) {
    EXPECT_EQ(parse_job_state(wire), state) << wire;
    EXPECT_STREQ(to_string(state), wire);
  }
}

TEST(JobStates, WhateverElseIsWrittenIsUnknown) {
  for (const char* wire : {"", "UNK", "Succeeded", "Cancelled", "Pending", "completed"}) {
    EXPECT_EQ(parse_job_state(wire), JobState::kUnknown) << '"' << wire << '"';
  }
  EXPECT_STREQ(to_string(JobState::kUnknown), "Unknown");
}

}  // namespace
}  // namespace lepton_operator::lepton
