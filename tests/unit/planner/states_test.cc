// The design's state table, from the wire's spelling to ours: every state of the contract, the empty one and unknown ones.
#include "invocation/states.h"

#include <gmock/gmock.h>

#include <set>

#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

EndpointPhase phase_of(std::string_view state, int error_looks = 0, std::optional<std::string> phase = std::nullopt) {
  lepton::SeenEndpoint seen;
  seen.endpoint.state = lepton::parse_endpoint_state(state);
  if (phase) seen.endpoint.phase = lepton::parse_endpoint_state(*phase);
  seen.error_looks = error_looks;
  return endpoint_phase(seen);
}

struct EndpointRow {
  std::string wire;
  EndpointPhase ours;
};
const std::vector<EndpointRow> kEndpointTable{
    {"Ready", EndpointPhase::kReady},        {"Not Ready", EndpointPhase::kWaiting}, {"Starting", EndpointPhase::kWaiting},
    {"Updating", EndpointPhase::kWaiting},   {"Scaling", EndpointPhase::kWaiting},   {"Migrating", EndpointPhase::kWaiting},
    {"Stopping", EndpointPhase::kDown},      {"Stopped", EndpointPhase::kDown},      {"Deleting", EndpointPhase::kDeleting},
    {"Restarting", EndpointPhase::kWaiting}, {"Error", EndpointPhase::kFailed},
};
const std::vector<std::string> kUnknownSpellings{"",         "UNK",       "ready",   "READY",  " Ready",
                                                 "NotReady", "Not ready", "Running", "Paused", "\xC3\xA9"};

TEST(EndpointStates, TheTableIsTheDesigns) {
  for (const EndpointRow& row : kEndpointTable) EXPECT_EQ(phase_of(row.wire, 2), row.ours) << row.wire;
}

TEST(EndpointStates, TheTableHasEveryStateOfTheContract) {
  std::set<std::string> spelled;
  std::set<lepton::EndpointState> parsed;
  for (const EndpointRow& row : kEndpointTable) {
    spelled.insert(row.wire);
    parsed.insert(lepton::parse_endpoint_state(row.wire));
  }
  EXPECT_EQ(spelled.size(), 11U);
  EXPECT_EQ(parsed.size(), 11U);
  EXPECT_FALSE(parsed.contains(lepton::EndpointState::kUnknown));
}

TEST(EndpointStates, WhatIsEmptyOrUnknownIsWaitedFor) {
  for (const std::string& wire : kUnknownSpellings) EXPECT_EQ(phase_of(wire, 9), EndpointPhase::kIndeterminate) << wire;
}

TEST(EndpointStates, ErrorIsBelievedAtTheSecondLook) {
  EXPECT_EQ(phase_of("Error", 0), EndpointPhase::kWaiting);
  EXPECT_EQ(phase_of("Error", 1), EndpointPhase::kWaiting);
  EXPECT_EQ(phase_of("Error", 2), EndpointPhase::kFailed);
  EXPECT_EQ(phase_of("Error", 3), EndpointPhase::kFailed);
}

TEST(EndpointStates, NotReadyIsDownOnlyWhenThePhaseSaysSo) {
  for (const EndpointRow& row : kEndpointTable) {
    const bool down = row.wire == "Stopping" || row.wire == "Stopped";
    EXPECT_EQ(phase_of("Not Ready", 0, row.wire), down ? EndpointPhase::kDown : EndpointPhase::kWaiting) << row.wire;
  }
  EXPECT_EQ(phase_of("Not Ready", 0, "UNK"), EndpointPhase::kWaiting);
}

JobPhase job_of(std::string_view state, int failed = 0, int succeeded = 0) {
  lepton::Job job;
  job.state = lepton::parse_job_state(state);
  job.failed = failed;
  job.succeeded = succeeded;
  return job_phase(job);
}

struct JobRow {
  std::string wire;
  JobPhase ours;
};
const std::vector<JobRow> kJobTable{
    {"Starting", JobPhase::kStarting},     {"Queueing", JobPhase::kStarting},    {"Awaiting", JobPhase::kStarting},
    {"PendingRetry", JobPhase::kStarting}, {"Restarting", JobPhase::kStarting},  {"Running", JobPhase::kRunning},
    {"Stopping", JobPhase::kStopping},     {"Terminating", JobPhase::kStopping}, {"Deleting", JobPhase::kStopping},
    {"Completed", JobPhase::kSucceeded},   {"Failed", JobPhase::kFailed},        {"Stopped", JobPhase::kFailed},
    {"Deleted", JobPhase::kFailed},        {"Archived", JobPhase::kUnknown},
};

TEST(JobStates, TheTableIsTheDesigns) {
  for (const JobRow& row : kJobTable) EXPECT_EQ(job_of(row.wire), row.ours) << row.wire;
}

TEST(JobStates, TheTableHasEveryStateOfTheContract) {
  std::set<lepton::JobState> parsed;
  for (const JobRow& row : kJobTable) parsed.insert(lepton::parse_job_state(row.wire));
  EXPECT_EQ(kJobTable.size(), 14U);
  EXPECT_EQ(parsed.size(), 14U);
  EXPECT_FALSE(parsed.contains(lepton::JobState::kUnknown));
}

TEST(JobStates, WhatIsEmptyOrUnknownIsWaitedForWhateverTheCountsSay) {
  for (const std::string wire : {"", "UNK", "running", "Ready", "Succeeded", "Pending Retry"}) {
    EXPECT_EQ(job_of(wire), JobPhase::kIndeterminate) << wire;
    EXPECT_EQ(job_of(wire, 1, 1), JobPhase::kIndeterminate) << wire;
  }
}

TEST(JobStates, CountsTellHowAnArchivedJobEnded) {
  EXPECT_EQ(job_of("Archived", 1, 0), JobPhase::kFailed);
  EXPECT_EQ(job_of("Archived", 0, 1), JobPhase::kSucceeded);
  EXPECT_EQ(job_of("Archived", 0, 0), JobPhase::kUnknown);
}

TEST(JobStates, CountsDoNotOverruleAStateThatTells) {
  EXPECT_EQ(job_of("Completed", 3, 0), JobPhase::kSucceeded);
  EXPECT_EQ(job_of("Failed", 0, 3), JobPhase::kFailed);
  EXPECT_EQ(job_of("Running", 1, 1), JobPhase::kRunning);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
