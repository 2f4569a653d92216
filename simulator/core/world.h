// What all resources of the simulated workspace share: options, time, chance, scenario, file systems, and the record of what happened.
// Thread rule: the Simulator's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/time.h"
#include "core/agenda.h"
#include "core/scenario.h"
#include "core/volume.h"

namespace lepton_operator::simulator {

// How /storage reaches the node group's volume "lepton-shared-fs" (the contract, section 8, leaves it unknown: all of these may be met).
enum class StorageApi {
  kName,         // /storage/lepton-shared-fs
  kLiteral,      // /storage/node-nfs:lepton-shared-fs
  kAbsent,       // there is no /storage
  kOtherVolume,  // /storage/lepton-shared-fs is listed, but is another file system
};
std::optional<StorageApi> storage_api_named(const std::string& name);

// Which routes serve endpoints, as GET /workspace tells (the contract, sections 3 to 5).
enum class ApiFamily { kDeployments, kEndpoints };
std::optional<ApiFamily> api_family_named(const std::string& name);
const char* to_string(ApiFamily family);

// What becomes of the other family's routes and endpoints when a workspace changes its family. The contract leaves it unknown.
enum class FormerFamily {
  kMoved,   // its endpoints are shown by the new routes; its own routes are gone
  kKept,    // its routes go on and show the endpoints that were made there; the new ones do not show them
  kHidden,  // its endpoints go on, but its routes are gone and the new ones do not show them
};
std::optional<FormerFamily> former_family_named(const std::string& name);

struct Options {
  std::string workspace = "ws-sim";
  std::string token = "sim-token";
  base::Milliseconds ready_delay{2000};                                // creation of an endpoint → Ready
  base::Milliseconds start_delay{200};                                 // creation of a job → Running
  base::Milliseconds run_delay{3000};                                  // Running → Completed
  base::Milliseconds delete_delay{300};                                // DELETE → 404, also Stopping → Stopped
  base::Milliseconds token_expires_in = std::chrono::hours(180 * 24);  // from the start on
  StorageApi storage_api = StorageApi::kName;
  ApiFamily api_family = ApiFamily::kDeployments;
  bool omit_phase = false;            // old servers: a stopped deployment shows "Not Ready" and nothing more
  bool mask_tokens = true;            // api_tokens are answered as "***"
  bool archived_state = false;        // archived jobs show "Archived" in place of Completed or Failed
  bool archive_forgets = false;       // archived jobs have no counts of what succeeded or failed
  bool archive_deleted_jobs = false;  // deleted jobs stay in the archive as "Deleted"
  bool stream_logs = false;           // the log of a running job's replica is answered by a stream that ends with the job
  int max_page = 500;                 // a page of jobs holds no more, whatever page_size asks for
  std::uint64_t seed = 1;
};

struct Transition {
  base::Timestamp at;
  std::string kind;  // "deployment", "job", "secret", "directory"
  std::string id;
  std::string from;
  std::string to;
};

struct World {
  Options options;
  Agenda agenda;
  Scenario scenario;
  std::unique_ptr<base::Random> random;
  std::map<std::string, Volume> volumes;       // by the name jobs mount them by
  Volume other_volume;                         // StorageApi::kOtherVolume serves this one
  ApiFamily family = ApiFamily::kDeployments;  // now: options.api_family until it is changed
  FormerFamily former = FormerFamily::kMoved;  // what became of the other one
  bool serves(ApiFamily routes) const { return routes == family || (family != options.api_family && former == FormerFamily::kKept); }
  std::vector<Transition> history;
  std::map<std::string, std::int64_t> counters;

  base::Timestamp now() const { return agenda.now(); }
  void count(const std::string& what) { ++counters[what]; }
  void record(const std::string& kind, const std::string& id, const std::string& from, const std::string& to) {
    history.push_back({now(), kind, id, from, to});
  }
  // "node-nfs:x" is the volume x, anything else is taken as it stands. Null when there is no such volume.
  Volume* mounted(const std::string& from);
  std::string suffix(std::size_t length);  // lower-case hex digits, by chance
};

base::Json unix_ms(base::Timestamp at);
base::Json unix_s(base::Timestamp at);
base::Json text(const std::string& value);

}  // namespace lepton_operator::simulator
