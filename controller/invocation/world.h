// Everything plan() may know: the object, what the observer saw, the workspace's state, the outcomes of what this process did, the time.
//
// Plain values, filled by the reconciler. A fact that is missing (nullopt, absent key) means "not known yet", never "no".
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "invocation/catalogue.h"
#include "invocation/object.h"
#include "invocation/reading.h"
#include "invocation/spec.h"
#include "invocation/usage.h"
#include "lepton/view.h"

namespace lepton_operator::invocation {

enum class WorkspaceState { kUnknown, kReady, kMissing, kInvalid, kSecretMissing, kUnauthorized, kNotFound, kUnreachable };
const char* reason_of(WorkspaceState state);  // the condition's reason: "Authenticated", "Unauthorized", ...

struct WorkspaceFacts {
  WorkspaceState state = WorkspaceState::kUnknown;
  std::string message;  // one sentence, for the condition
  std::string id;
  std::string url;
  base::Json defaults;                                            // the Workspace's spec.defaults
  std::optional<std::map<std::string, std::string>> node_groups;  // id -> name; nothing until they were read
  std::optional<int> max_endpoints;                               // the Workspace's limits
  std::optional<int> max_jobs;
  std::string token_key_id;  // of the key that new generated tokens are made with
};

// How our own attempt at one action went, in this process. A crash forgets it: then only intents in status remain, which count as
// uncertain.
struct Outcome {
  Timestamp began{};
  bool in_flight = false;
  std::optional<base::Error> error;  // nothing: it succeeded
  int failures = 0;                  // consecutive
  Timestamp retry_at{};              // after a failure: not before
};

enum class SecretKeyState { kPresent, kSecretMissing, kKeyMissing };

// A job as read by its id, with the archive.
struct JobRead {
  Timestamp began{};
  std::optional<lepton::Job> job;  // nothing: 404
};

// What a job's stage files said, if there are any of that attempt.
struct StageRead {
  std::optional<int> exit_code;
};

// Why an endpoint was not Ready when we asked. Clean of secrets.
struct Explanation {
  Timestamp began{};
  lepton::EndpointTrouble trouble = lepton::EndpointTrouble::kNone;
  std::string detail;
};

// What this process learned about one Invocation besides the observer's view.
struct Memory {
  Timestamp since{};                                // when this process began to look after the object
  bool met_with_finalizer = false;                  // it was on already then: an earlier process may have made something for it
  std::map<std::string, Outcome> outcomes;          // by action_key()
  std::map<std::string, Timestamp> writes;          // by Lepton object name: when our last changing request ended (or began, if in flight)
  std::map<std::string, lepton::Job> created;       // by job name: the creation's answer
  std::map<std::string, JobRead> reads;             // by job id
  std::map<std::string, StageRead> stages;          // by job id
  std::map<std::string, std::string> diagnoses;     // by endpoint name: why it failed; may be empty
  std::map<std::string, Explanation> explanations;  // by endpoint name
  std::map<SecretKeyRef, SecretKeyState> secret_keys;  // of the spec
  std::optional<bool> secrets_absent;                  // after removal: verified by a list
  std::optional<StorageStatus> storage_probe;          // HEAD on the candidates
  bool directory_removed = false;                      // removal through the storage API, verified
};

// While nothing but the ends of jobs is awaited: whether plan() will say the same without it, once two complete looks of each kind began
// after the last of it (no rule counts more). A failure's time to be tried again would be lost, and a directory that was not there be asked
// for anew; what is read of a job by its id no look shows. What an edit brings in later (keys of Secrets, node groups) is read again.
bool looks_replace(const Memory& memory);

struct World {
  const Invocation& invocation;
  const WorkspaceFacts& workspace;
  const lepton::View& view;
  const Memory& memory;
  const Catalogue& catalogue;
  const std::string& install_id;
  Timestamp now{};
  bool namespace_deleting = false;
  Admission admission = {};
  SpecReading reading = {};  // of `invocation` over these defaults; none: plan() reads it itself, which takes longer
};

}  // namespace lepton_operator::invocation
