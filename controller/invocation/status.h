// What we record of an Invocation and of a Workspace: the status subresource, typed. Field meanings: docs/design.md, "API".
//
// This is the operator's only memory across restarts: intents are written here before the request that they announce (rule 2), results
// before anything is released (rule 5). Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "lepton/types.h"

namespace lepton_operator::invocation {

using base::Timestamp;

enum class Phase { kPending, kDeploying, kRunning, kSuspended, kSucceeded, kFailed, kDeleting };
enum class TaskPhase { kPending, kDeploying, kStarting, kRunning, kSucceeded, kFailed, kCancelled, kUnknown };
// kPending: not intended yet. kReleased: verified gone after we removed it. The rest: the design's state table.
enum class EndpointPhase { kPending, kCreating, kWaiting, kReady, kDown, kFailed, kDeleting, kIndeterminate, kReleased };
enum class JobPhase { kPending, kCreating, kStarting, kRunning, kStopping, kSucceeded, kFailed, kUnknown, kIndeterminate };

const char* to_string(Phase phase);
const char* to_string(TaskPhase phase);
const char* to_string(EndpointPhase phase);
const char* to_string(JobPhase phase);
bool finished(TaskPhase phase);
bool finished(Phase phase);  // kSucceeded, kFailed
bool finished(JobPhase phase);

enum class ConditionStatus { kTrue, kFalse, kUnknown };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;   // CamelCase
  std::string message;  // one sentence, at most 1,024 bytes
  Timestamp last_transition{};
  std::int64_t observed_generation = 0;

  bool operator==(const Condition&) const = default;
};

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
// Sets or replaces by type; the transition time changes only with the status.
void set_condition(std::vector<Condition>& conditions, Condition condition);

struct EndpointStatus {
  std::string name;  // empty until intended
  int incarnation = 0;
  EndpointPhase state = EndpointPhase::kPending;
  std::string url;
  std::optional<Timestamp> intended_at;      // of the latest creating request
  std::optional<Timestamp> waiting_since;    // the readiness timeout counts from here; moved on by what was waited for capacity
  std::optional<Timestamp> capacity_since;   // waits for capacity or in a queue since then: its readiness timeout stands still
  std::string reason;                        // why it is not Ready, as Lepton said last: "NoCapacity"; the task's message has the sentence
  std::optional<Timestamp> ready_at;         // first time Ready
  bool seen = false;                         // existed at some look: its creation is no longer uncertain
  std::optional<Timestamp> unsettled_until;  // an earlier creating request, sent again since, may take effect until then
  bool resent = false;                       // asked for more than once: that it is seen does not tell which request made it
  std::string served_otherwise;              // fields that the server shows in words of its own: never compared ("command health")
  std::string drift;                         // what of it is not as we made it, and who changed it: "image, envs, last changed by x"
  int put_back = 0;                          // times in a row that we put it back
  std::optional<Timestamp> put_back_at;      // the latest of them
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;  // whose routes made it, or showed it since
  std::optional<Timestamp> billed_since;  // its GPUs are held since then; what was before stands in the Invocation's CostStatus
  std::optional<Timestamp> idle_since;    // likewise: Ready, and no job runs
  bool releasing = false;                 // its removal has begun: it is never taken back, whatever the task needs next

  bool operator==(const EndpointStatus&) const = default;
};

struct JobStatus {
  std::string name;  // empty until intended
  std::string id;    // empty until the server's answer or a look told it
  int attempt = 0;
  JobPhase state = JobPhase::kPending;
  std::optional<Timestamp> intended_at;
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
  bool stop_requested = false;      // suspended: its end is ours, unless it succeeds first
  bool released = false;            // stopped or gone, verified
  std::chrono::seconds timeout{0};  // as its script has it, whatever the spec says since; 0: it was not intended by us

  bool operator==(const JobStatus&) const = default;
};

// An attempt that is over and was followed by another one.
struct AttemptStatus {
  TaskPhase outcome = TaskPhase::kFailed;
  std::string message;
  int run = 0;
  JobStatus job;  // may have no name: the attempt never came to have one

  bool operator==(const AttemptStatus&) const = default;
};

struct TaskStatus {
  std::string name;
  TaskPhase phase = TaskPhase::kPending;
  std::string message;
  int run = 0;                         // spec's `run` that the present attempt belongs to
  int retries = 0;                     // how many of this run were begun
  int wave = 0;                        // 1-based; 0: its turn has not come
  EndpointStatus endpoint;             // with sharing, that of the first task serves all
  JobStatus job;                       // of the present attempt
  std::vector<AttemptStatus> earlier;  // oldest first

  // Of this attempt or an earlier one.
  bool job_ever_intended() const;

  bool operator==(const TaskStatus&) const = default;
};

// A catalogue entry as it was when the task was first planned.
struct ResolvedTask {
  std::string harness;      // empty for a task with its own command
  std::string config_type;  // run configuration's config.type
  std::string container;
  std::string endpoint_type;    // chat, completions, ...
  std::string node_group_id;    // of its job; empty: none
  std::string node_group = {};  // as the spec named it when it was looked up

  bool operator==(const ResolvedTask&) const = default;
};

// Every input that does not come from the spec itself, frozen before the first request that creates (design, "Status").
struct Resolved {
  std::string workspace_id;
  std::string workspace_url;
  base::Json defaults;  // {deployment, execution, storage}: the Workspace's over the built-in ones
  std::string endpoint_node_group_id;
  std::string token_key_id;  // of the key that the generated endpoint token was made with
  std::map<std::string, ResolvedTask> tasks;

  bool operator==(const Resolved&) const;
};

struct StorageStatus {
  std::string path;         // the per-invocation directory on the volume; empty until a job was intended
  std::string file_system;  // where the storage API showed that very directory
  bool seen = false;        // HEAD answered 200 there once
  bool removed = false;     // verified gone

  bool operator==(const StorageStatus&) const = default;
};

struct SecretStatus {
  std::string name;                          // in Lepton
  bool ready = false;                        // seen or made
  std::optional<Timestamp> unsettled_until;  // a creating request that ended uncertainly may take effect until then

  bool operator==(const SecretStatus&) const = default;
};

struct Counts {
  int tasks = 0;
  int endpoints_ready = 0;
  int running = 0;
  int succeeded = 0;
  int failed = 0;
  int unknown = 0;

  bool operator==(const Counts&) const = default;
};

// GPU time of the endpoints, as far as it is over. What goes on is in their billed_since and idle_since (cost.h adds it up).
struct CostStatus {
  std::string shape;
  int gpus = 0;  // of one endpoint: those of its shape, times its replicas
  std::int64_t gpu_seconds = 0;
  std::int64_t idle_gpu_seconds = 0;  // of these

  bool operator==(const CostStatus&) const = default;
};

struct InvocationStatus {
  std::int64_t observed_generation = 0;
  std::string reconcile_handled;  // the last value of lepton.dev/reconcile-requested-at that was acted upon
  std::string invocation_id;
  Phase phase = Phase::kPending;
  std::vector<Condition> conditions;
  std::optional<Timestamp> start_time;
  std::optional<Timestamp> completion_time;
  std::optional<Timestamp> active_since;  // started, resumed, or run again: activeDeadlineSeconds counts from here
  std::optional<Timestamp> queued_since;  // waits since then for places under the Workspace's limits; first come, first served
  std::optional<Resolved> resolved;
  Counts counts;
  std::string progress;  // "2/3"
  std::vector<TaskStatus> tasks;
  std::vector<SecretStatus> secrets;
  StorageStatus storage;
  CostStatus cost;
  bool expired = false;  // its time to live after the end is over: the operator itself deletes it
  JobStatus cleanup;     // the cleanup job, if the storage API could not serve

  bool operator==(const InvocationStatus&) const = default;
};

struct WorkspaceStatus {
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;  // Ready
  std::string workspace_name;
  std::string api_family;

  bool operator==(const WorkspaceStatus&) const = default;
};

}  // namespace lepton_operator::invocation
