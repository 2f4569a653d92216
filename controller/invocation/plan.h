// plan(): what to do next for one Invocation. All of the domain's rules live here and nowhere else.
//
// Pure and total: no I/O, no clock, no exceptions for any input. Call it whenever something may have changed; calling it again without
// change gives no actions and the same status. The caller must (1) add the finalizer if that is asked for, (2) write `status` if it
// differs, before it carries out any action, since intents and results stand in it (rules 2 and 5), unless it may wait, (3) remove the
// finalizer or delete the object if that is asked for, (4) carry the actions out, concurrently, and record each outcome in the Memory, (5)
// call again at wake_at at the latest.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "invocation/rendering.h"
#include "invocation/world.h"
#include "lepton/view.h"

namespace lepton_operator::invocation {

// Rule 2's figures: how long a creating request may live after its intent, and how much longer its effect may stay invisible.
inline constexpr std::chrono::seconds kCreateDeadline{20};
inline constexpr std::chrono::seconds kSettling{10};

struct CreateEndpoint {
  std::string task;
  RenderedEndpoint endpoint;
  Timestamp deadline{};  // nothing may be sent, and nothing waited for, after it: intent + kCreateDeadline
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;  // of the routes that are asked; likewise below
  std::vector<std::string> after = {};  // secrets that the same plan has made: not sent before they are, nor when one cannot be
};
struct StartEndpoint {  // scale up again what was stopped
  std::string task;
  std::string name;
  int min_replicas = 1;
  int max_replicas = 1;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};
struct UpdateEndpoint {  // put these fields of it back, which somebody else changed
  std::string task;
  RenderedEndpoint endpoint;
  std::vector<lepton::EndpointField> fields;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};
struct DeleteEndpoint {
  std::string task;
  std::string name;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};
struct DiagnoseEndpoint {  // why it failed, with its last log lines, before it is released (rule 5)
  std::string task;
  std::string name;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};
struct ExplainEndpoint {  // why it is not Ready yet
  std::string task;
  std::string name;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};
struct CreateJob {
  std::string task;  // empty: the cleanup job
  lepton::JobSpec job;
  Timestamp deadline{};  // as above; what was not sent by then certainly had no effect
};
struct ReadJob {
  std::string task;
  std::string id;
};
struct ReadStage {  // what the script of a job says of its end, in the first of these file systems that has it
  std::string task;
  std::string id;
  int attempt = 0;
  std::string directory;  // of its stage files, on the volume
  std::vector<std::string> file_systems;
};
struct StopJob {
  std::string task;
  std::string id;
};
enum class DeletionReason { kInvocationDeleted, kDuplicate };
struct DeleteJob {
  std::string task;
  std::string name;
  std::string id;
  DeletionReason reason = DeletionReason::kInvocationDeleted;
};
struct EnsureSecret {
  WantedSecret secret;
};
struct DeleteSecrets {  // and verify by a list
  std::vector<std::string> names;
};
struct ProbeStorage {  // HEAD in each candidate file system
  StorageDirectory directory;
  std::vector<std::string> file_systems;
};
struct RemoveDirectory {  // and verify by HEAD
  StorageDirectory directory;
  std::string file_system;
};
struct ReadNodeGroups {};
struct ReadSecretKeys {  // do these Kubernetes Secrets have these keys?
  std::vector<SecretKeyRef> keys;
};

using Action =
    std::variant<CreateEndpoint, StartEndpoint, UpdateEndpoint, DeleteEndpoint, DiagnoseEndpoint, ExplainEndpoint, CreateJob, ReadJob,
                 ReadStage, StopJob, DeleteJob, EnsureSecret, DeleteSecrets, ProbeStorage, RemoveDirectory, ReadNodeGroups, ReadSecretKeys>;

// What identifies an action in Memory::outcomes, and a word for logs: "create-endpoint nim-gpqa-d-0-k3v9x2m1qa".
std::string action_key(const Action& action);
// The same of an action that a rule asks after and does not make. Of endpoints and secrets by name, of jobs by name while there is no id.
namespace key {
std::string create_endpoint(const std::string& name);
std::string update_endpoint(const std::string& name);
std::string delete_endpoint(const std::string& name);
std::string create_job(const std::string& name);
std::string read_job(const std::string& id);
std::string read_stage(const std::string& id);
std::string delete_job(const std::string& id);
std::string ensure_secret(const std::string& name);
inline constexpr const char* kDeleteSecrets = "delete-secrets";
inline constexpr const char* kReadNodeGroups = "read-node-groups";
inline constexpr const char* kReadSecretKeys = "read-secret-keys";
}  // namespace key
// The Lepton object that a changing action writes to, for Memory::writes; empty for those that only read.
std::string written_object(const Action& action);
// Only a list of Lepton's that does not show it any more proves what it did.
bool removes_workload(const Action& action);

enum class FinalizerChange { kNone, kAdd, kRemove };

struct Plan {
  InvocationStatus status;
  // It differs from the recorded one in nothing that somebody waits for, or that has to stand there before the actions are sent: it may be
  // written late, every 5 s to 1 min. With kRemove: not at all, since the object goes, and its status with it.
  bool status_may_wait = false;
  FinalizerChange finalizer = FinalizerChange::kNone;
  bool remove_object = false;  // after its status was written: delete the Invocation itself, which then is cleaned up like any other
  std::vector<Action> actions;
  lepton::Interest interest;
  std::optional<Timestamp> wake_at;
  // It ended and nothing of it is held: neither what happens to its workspace nor a look that shows nothing of it changes anything, and a
  // Memory that knows no more than after a restart will do, once looks began after the last of its writes.
  bool at_rest = false;
};

Plan plan(const World& world);

}  // namespace lepton_operator::invocation
