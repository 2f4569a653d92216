// Lepton as the model check has it: each object's states and the steps that it takes by itself, without time and without a wire.
//
// What it does is what assumptions.h lists, and nothing more; assumptions_test.cc holds each of these to the simulator. A plain value.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "lepton/types.h"

namespace lepton_operator::invocation::model {

using base::Timestamp;

struct AbstractEndpoint {
  std::string name;
  lepton::EndpointState state = lepton::EndpointState::kStarting;
  bool edited = false;                   // by somebody else
  std::optional<Timestamp> shows_after;  // until then no list shows it
};

struct AbstractJob {
  std::string id;
  std::string name;
  std::string task;  // empty: the cleanup job
  int number = 0;    // of all jobs of that name, in the order of their making
  bool foreign = false;
  lepton::JobState state = lepton::JobState::kStarting;
  std::optional<Timestamp> shows_after;
};

bool over(const AbstractJob& job);  // writes nothing any more, and never will

class AbstractWorkspace {
 public:
  std::vector<AbstractEndpoint> endpoints;  // by name
  std::vector<AbstractJob> jobs;            // by name and number
  std::set<std::string> secrets;
  bool directory = false;

  AbstractEndpoint* find_endpoint(const std::string& name);
  AbstractJob* find_job(const std::string& id);
  const AbstractJob* find_job(const std::string& id) const;

  // The effects of requests. False: refused, and nothing changed.
  bool create_endpoint(const std::string& name);
  bool scale_endpoint(const std::string& name, bool up);
  bool edit_endpoint(const std::string& name, bool as_it_was);
  bool delete_endpoint(const std::string& name);
  const AbstractJob& create_job(const std::string& name, const std::string& task);
  bool stop_job(const std::string& id);
  bool delete_job(const std::string& id);
  bool create_secret(const std::string& name) { return secrets.insert(name).second; }
  bool delete_secret(const std::string& name) { return secrets.erase(name) > 0; }

  // What may happen by itself.
  struct Step {
    bool of_job = false;
    std::size_t index = 0;
    bool unlucky = false;  // it fails
  };
  std::vector<Step> steps() const;
  std::string take(const Step& step);  // says what happened

 private:
  std::string take_endpoint(const Step& step);
  std::string take_job(const Step& step);
};

}  // namespace lepton_operator::invocation::model
