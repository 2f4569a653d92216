// The Lepton workspace API's objects, as far as we send or read them. One domain type for both API families; the codecs (codec.h) know the
// wire. Plain values: no I/O, any thread. Field sources: docs/lepton-api.md, sections 3 to 10.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "lepton/labels.h"

namespace lepton_operator::lepton {

using base::Json;
using base::Timestamp;

// --- Shared by endpoints and jobs ---------------------------------------------------------------------------------------------------

struct EnvVar {
  std::string name;
  std::optional<std::string> value;        // exactly one of the two is set
  std::optional<std::string> secret_name;  // value_from.secret_name_ref

  bool operator==(const EnvVar&) const = default;
};

struct Mount {
  std::string path;        // below the volume
  std::string from;        // "node-nfs:lepton-shared-fs"
  std::string mount_path;  // in the container

  bool operator==(const Mount&) const = default;
};

struct ApiToken {
  std::optional<std::string> value;       // "***" in answers: unknown, not drift (section 2)
  std::optional<std::string> token_name;  // value_from.token_name_ref

  bool operator==(const ApiToken&) const = default;
};

// --- Endpoints (section 4: LeptonDeployment; section 5: components)
// ------------------------------------------------------------------------------------------

// Which routes serve a workspace's endpoints (section 0): /deployments, the legacy family, or /endpoints. GET /workspace tells.
enum class ApiFamily { kDeployments, kEndpoints };
const char* to_string(ApiFamily family);                           // "deployments", "endpoints": as in the routes
std::optional<ApiFamily> parse_api_family(std::string_view text);  // of such a word

// Carries an endpoint's labels where the API has none: "key=value,key=value".
inline constexpr const char* kOwnerVariable = "LEPTONOP_OWNER";

struct EndpointSpec {
  std::string name;
  Labels labels;
  std::string image;
  std::vector<std::string> command;  // empty: the image's entrypoint serves
  int port = 8000;
  std::string resource_shape;
  int min_replicas = 1;
  int max_replicas = 1;
  std::optional<std::int64_t> shared_memory_mib;
  std::vector<std::string> node_group_ids;
  std::vector<EnvVar> envs;
  std::vector<Mount> mounts;
  std::vector<ApiToken> api_tokens;
  std::vector<std::string> image_pull_secrets;
  Json auto_scaler;  // as on the wire; null when absent
  Json health;       // likewise
  std::string priority_class = "mid-4000";
};

// Section 12, 0.47.1's states; kUnknown stands for "", UNK and every value that is not in the contract.
enum class EndpointState {
  kReady,
  kNotReady,
  kStarting,
  kUpdating,
  kScaling,
  kMigrating,
  kStopping,
  kStopped,
  kDeleting,
  kRestarting,
  kError,
  kUnknown,
};
EndpointState parse_endpoint_state(std::string_view wire);
const char* to_string(EndpointState state);  // the wire's spelling ("Not Ready"); "Unknown"

// What an endpoint's answer says of the fields that we set, to be compared with them (invocation/drift.h): only what the answer carried,
// since what it leaves out proves nothing. No secret's value is kept.
struct SeenToken {
  std::optional<std::string> token_name;
  std::string digest;  // SHA-256 of the value in hex; empty when the server masks it ("***") or there is none

  bool operator==(const SeenToken&) const = default;
};

struct SeenSpec {
  std::optional<std::string> image;
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<int>> ports;
  std::optional<std::string> resource_shape;  // lower case
  std::optional<int> min_replicas;
  std::optional<int> max_replicas;
  std::optional<std::vector<std::string>> node_group_ids;
  std::optional<std::vector<EnvVar>> envs;
  std::optional<std::vector<Mount>> mounts;
  std::optional<std::vector<SeenToken>> api_tokens;
  std::optional<std::vector<std::string>> image_pull_secrets;
  Json auto_scaler;  // null: not carried
  Json health;       // likewise
  std::optional<std::string> priority_class;

  bool operator==(const SeenSpec&) const = default;
};

// One that does not change any more, so that all who show the same may hold the same one (known_specs.h).
class SharedSpec {
 public:
  SharedSpec() : spec_(nothing()) {}
  SharedSpec(SeenSpec spec) : spec_(std::make_shared<const SeenSpec>(std::move(spec))) {}  // NOLINT(google-explicit-constructor): it is one
  explicit SharedSpec(std::shared_ptr<const SeenSpec> spec) : spec_(std::move(spec)) {}

  const SeenSpec& operator*() const { return *spec_; }
  const SeenSpec* operator->() const { return spec_.get(); }
  const std::shared_ptr<const SeenSpec>& held() const { return spec_; }
  bool operator==(const SharedSpec& other) const { return spec_ == other.spec_ || *spec_ == *other.spec_; }

 private:
  static const std::shared_ptr<const SeenSpec>& nothing() {
    static const auto said = std::make_shared<const SeenSpec>();
    return said;
  }

  std::shared_ptr<const SeenSpec> spec_;  // null only of one that was moved from
};

// The parts of an EndpointSpec that can be put back one by one, each as the API's update takes it: an object merges, a list is sent whole.
enum class EndpointField {
  kImage,
  kCommand,
  kPort,
  kResourceShape,
  kReplicas,  // both bounds: one without the other is refused
  kNodeGroup,
  kEnvs,
  kMounts,
  kApiTokens,
  kImagePullSecrets,
  kAutoScaler,
  kHealth,
  kPriorityClass,
};
const char* to_string(EndpointField field);  // as the manifest names it: "image", "apiTokens"

struct Endpoint {
  std::string name;
  Labels labels;  // where the family has none, from LEPTONOP_OWNER
  EndpointState state = EndpointState::kUnknown;
  std::optional<EndpointState> phase;  // absent on old servers (section 4)
  std::string external_url;            // without a trailing slash; empty until there is one
  std::optional<Timestamp> created_at;
  std::string modified_by;  // who changed it last, by the server's word; may be empty
  SharedSpec spec;

  bool operator==(const Endpoint&) const = default;
};

// Why an endpoint is not Ready, as far as Lepton says.
enum class EndpointTrouble { kNone, kNoCapacity, kQueueing, kImagePull, kCrash, kConfig, kApproval, kSystem };
const char* to_string(EndpointTrouble trouble);  // a condition's reason: "NoCapacity", "ImagePullFailed", ...; "" for kNone

// --- Jobs (section 6: LeptonJob) ------------------------------------------------------------------------------------------------------

struct JobSpec {
  std::string name;
  Labels labels;
  std::string image;
  std::vector<std::string> command;
  std::string resource_shape;
  std::vector<std::string> node_group_ids;
  std::vector<EnvVar> envs;
  std::vector<Mount> mounts;
  std::vector<std::string> image_pull_secrets;
  std::int64_t shared_memory_mib = 1024;
  std::chrono::seconds ttl_after_finished{7 * 24 * 3600};  // the server's own default of 600 s loses results (section 6)
};

enum class JobState {
  kStarting,
  kRunning,
  kFailed,
  kCompleted,
  kStopped,
  kStopping,
  kDeleting,
  kDeleted,
  kRestarting,
  kArchived,
  kQueueing,
  kAwaiting,
  kPendingRetry,
  kTerminating,
  kUnknown,
};
JobState parse_job_state(std::string_view wire);
const char* to_string(JobState state);

struct Job {
  std::string id;
  std::string name;
  Labels labels;
  JobState state = JobState::kUnknown;
  int failed = 0;  // status counts: they tell how an Archived job ended
  int succeeded = 0;
  bool archived = false;  // seen only in an archive mode
  std::optional<Timestamp> created_at;
  std::optional<Timestamp> completed_at;

  bool operator==(const Job&) const = default;
};

// --- The rest -------------------------------------------------------------------------------------------------------------------------

struct WorkspaceInfo {
  std::string name;   // display name
  std::string state;  // normal | paused | ...
  ApiFamily family = ApiFamily::kDeployments;
};

struct NodeGroup {
  std::string id;
  std::string name;
};

struct Secret {
  std::string name;
  std::vector<std::string> tags;
};

// One of a workspace's API tokens, as it lets itself be told (section 1).
struct MaskedToken {
  std::string beginning;  // "nvap" of "nvap...ken"
  std::string end;
  Timestamp expires_at{};
};

// When the token expires by the list: the earliest of those it may be, since a mask may fit several. Nothing when it is none of them.
std::optional<Timestamp> expiry_of(const std::string& token, const std::vector<MaskedToken>& known);

struct NewSecret {
  std::string name;
  std::string value;  // never logged
  std::vector<std::string> tags;
};

struct StorageEntry {
  bool directory = false;
  std::string name;
};

}  // namespace lepton_operator::lepton
