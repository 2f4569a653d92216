// /jobs (contract, section 6): ids made by the server, names not unique, an archive.
//
// A job goes Starting → Running → Completed or Failed, and after its TTL from the alive set to the archive. While it runs it writes:
// into the directory that its EVAL_OUTPUT_DIR means on the mounted volume (job_files.cc), at its end too when it is deleted or stopped
// while running, as a real one does that gets SIGTERM. A job with CLEANUP_DIRECTORY removes that directory instead.
//
// Thread rule: the Simulator's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/deployments.h"
#include "core/message.h"
#include "core/secrets.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct Job {
  std::string id;
  std::string name;
  base::Json metadata;
  base::Json spec;
  std::string state = "Starting";
  bool archived = false;
  OutcomeRule course;
  std::string reason;                // of a failure
  std::vector<std::string> said;     // lines of its log, by hand (POST /sim/say)
  base::Json endpoints_at_creation;  // true states, at that moment, of the deployments that it talks to
  base::Timestamp created_at;
  std::optional<base::Timestamp> running_at;
  std::optional<base::Timestamp> finished_at;
  std::optional<base::Timestamp> deleted_at;
  std::uint64_t order = 0;
  std::uint64_t plan = 0;

  bool finished() const { return state == "Completed" || state == "Failed"; }
  bool writes_log() const { return state == "Running" || state == "Stopping"; }
};

class Jobs {
 public:
  Jobs(World& world, const Secrets& secrets, const Deployments& deployments)
      : world_(world), secrets_(secrets), deployments_(deployments) {}

  Response handle(const Request& request, const std::vector<std::string>& rest);

  const std::map<std::string, Job>& all() const { return jobs_; }  // alive and archived, by id
  const std::vector<Job>& gone() const { return gone_; }
  const Job* find(const std::string& id_or_name) const;  // of several with one name the newest

  bool force_state(const std::string& id_or_name, const std::string& state, const std::string& reason);
  bool say(const std::string& id_or_name, const std::string& line);
  bool erase(const std::string& id_or_name);  // at once
  void clear();

  std::vector<std::string> log_lines(const Job& job) const;
  base::Json shown(const Job& job) const;

 private:
  base::Json status(const Job& job) const;
  std::string text_of(const Job& job) const;  // shown(), without a copy of what it holds: lists are long and asked for all the time
  Response list(const Request& request) const;
  Response create(const Request& request);
  Response patch(Job& job, const Request& request);
  Response remove(Job& job);
  Response below(const Job& job, const std::vector<std::string>& rest) const;
  base::Json events(const Job& job) const;
  base::Json replicas(const Job& job) const;

  void enter(Job& job, const std::string& state);
  void plan(Job& job, base::Milliseconds delay, void (Jobs::*step)(Job&));
  void begin(Job& job);
  void run(Job& job);
  void finish(Job& job);
  void fail(Job& job, const std::string& reason, int exit_code);
  void over(Job& job, const std::string& state);
  void wind_down(Job& job);
  void stopped(Job& job);
  void archive(Job& job);
  void vanish(Job& job);
  void note_endpoints(Job& job) const;
  std::optional<std::string> why_no_endpoint(const Job& job) const;

  World& world_;
  const Secrets& secrets_;
  const Deployments& deployments_;
  std::map<std::string, Job> jobs_;
  std::vector<Job> gone_;
  std::uint64_t next_order_ = 1;
};

// The list's filters (job_list.cc): a 400 when one of them is malformed.
enum class QueryMode { kAliveOnly, kArchiveOnly, kAliveAndArchive };
std::optional<QueryMode> query_mode(const Request& request);  // alive_only when it is not given
bool in_mode(const Job& job, QueryMode mode);

}  // namespace lepton_operator::simulator
