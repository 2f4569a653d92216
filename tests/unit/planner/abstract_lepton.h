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
  bool storage_api = true;
  base::Milliseconds lag{0};

  void create_endpoint(const CreateEndpoint& action, Timestamp now);
  void delete_endpoint(const std::string& name, Timestamp now);
  lepton::Job create_job(const CreateJob& action, Timestamp now);
  void stop_job(const std::string& id, Timestamp now);
  void delete_job(const std::string& id, Timestamp now);
  std::optional<lepton::Job> read_job(const std::string& id, Timestamp now) const;

  void advance(Timestamp now);                         // what happens by itself
  void look(lepton::View& view, Timestamp now) const;  // a complete look that begins now

  std::set<std::string> secrets;
  bool directory = false;

  bool empty() const { return endpoints_.empty() && jobs_.empty() && secrets.empty() && !directory; }
  bool has_jobs_of_tasks() const;
  std::size_t endpoints() const { return endpoints_.size(); }
  bool was_ready(const std::string& name) const { return ever_ready_.contains(name); }
  // How often a request made something: more than one for a name is a duplicate.
  const std::map<std::string, int>& made() const { return made_; }

 private:
  struct OneEndpoint {
    std::string task;
    lepton::Labels labels;
    Timestamp created{};
  };
  struct OneJob {
    std::string task;  // empty: the cleanup job
    lepton::Job job;
    Timestamp created{};
    std::optional<Timestamp> stopped;
  };
  lepton::JobState state_of(const OneJob& job, Timestamp now) const;

  std::map<std::string, OneEndpoint> endpoints_;
  std::map<std::string, OneJob> jobs_;  // by id
  std::set<std::string> ever_ready_;
  std::map<std::string, int> made_;
  int next_id_ = 1;
};

}  // namespace lepton_operator::invocation::planner
