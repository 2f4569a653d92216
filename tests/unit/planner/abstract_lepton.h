// Lepton as the planner's rules see it: named endpoints, jobs with ids, secrets and one directory, all in driven time. No wire, no
// transport; what the wire is like is the simulator's part. Lists lag behind the truth by a settable time, reading by id does not.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "unit/planner/world_builder.h"

namespace lepton_operator::invocation::planner {

class AbstractLepton {
 public:
  // What shall happen. Tasks by name.
  std::set<std::string> failing_endpoints;
  std::set<std::string> failing_jobs;
  std::map<std::string, int> failing_attempts;               // so many, from the first
  std::map<std::string, base::Milliseconds> ready_after;     // of an endpoint's task; 3 s for the others
  std::map<std::string, base::Milliseconds> capacity_after;  // of an endpoint's task: until then Lepton has no room for it
  bool storage_api = true;
  std::optional<base::Milliseconds> archived_after;  // a job is over; until then it is listed
  bool archive_tells = true;                         // how the job ended
  base::Milliseconds lag{0};
  bool asked_for_archive = false;  // looks show archived jobs, too

  void create_endpoint(const CreateEndpoint& action, Timestamp now);
  void start_endpoint(const std::string& name);
  void update_endpoint(const UpdateEndpoint& action);
  void delete_endpoint(const std::string& name, Timestamp now);
  lepton::Job create_job(const CreateJob& action, Timestamp now);
  void stop_job(const std::string& id, Timestamp now);
  void delete_job(const std::string& id, Timestamp now);
  std::optional<int> exit_code_of(const std::string& id, Timestamp now) const;  // as its stage files have it
  std::optional<lepton::Job> read_job(const std::string& id, Timestamp now) const;

  // Somebody else removes it, edits it, or scales it to zero.
  void lose_endpoint(const std::string& task);
  void lose_job(const std::string& task);
  void edit_endpoint(const std::string& task);
  void stop_endpoint(const std::string& task);
  // Lepton says so of it until then, whatever it was.
  void show_endpoint_as(const std::string& task, lepton::EndpointState state, Timestamp until);
  void show_job_as(const std::string& task, lepton::JobState state, Timestamp until);

  lepton::EndpointTrouble trouble_of(const std::string& endpoint, Timestamp now) const;
  void advance(Timestamp now);                         // what happens by itself
  void look(lepton::View& view, Timestamp now) const;  // a complete look that begins now

  std::set<std::string> secrets;
  bool directory = false;

  bool empty() const { return endpoints_.empty() && jobs_.empty() && secrets.empty() && !directory; }
  bool has_jobs_of_tasks() const;
  // Of a task, that may still write to its directory.
  int unfinished_jobs(const std::string& task, Timestamp now) const;
  int endpoints_of(const std::string& task) const;
  std::size_t endpoints() const { return endpoints_.size(); }
  std::size_t most_endpoints() const { return most_endpoints_; }  // at a time, ever
  std::size_t most_jobs() const { return most_jobs_; }            // of tasks, that had not ended
  bool was_ready(const std::string& name) const { return ever_ready_.contains(name); }
  // How often a request made something: more than one for a name is a duplicate.
  const std::map<std::string, int>& made() const { return made_; }

 private:
  struct OneEndpoint {
    std::string task;
    lepton::Endpoint sent;  // as a server answers it
    Timestamp created{};
    lepton::SeenSpec spec = {};
    bool stopped = false;
    std::optional<std::pair<lepton::EndpointState, Timestamp>> shown_as = {};
  };
  struct OneJob {
    std::string task;  // empty: the cleanup job
    lepton::Job job;
    Timestamp created{};
    std::optional<Timestamp> stopped;
    std::optional<std::pair<lepton::JobState, Timestamp>> shown_as = {};
  };
  bool fails(const OneJob& job) const;
  bool archived(const OneJob& job, Timestamp now) const;
  base::Milliseconds readiness_of(const OneEndpoint& one) const;
  lepton::JobState state_of(const OneJob& job, Timestamp now) const;

  std::map<std::string, OneEndpoint> endpoints_;
  std::map<std::string, OneJob> jobs_;  // by id
  std::set<std::string> ever_ready_;
  std::map<std::string, int> made_;
  std::size_t most_endpoints_ = 0;
  std::size_t most_jobs_ = 0;
  int next_id_ = 1;
};

}  // namespace lepton_operator::invocation::planner
