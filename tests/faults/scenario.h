// What is played: the steps of a scenario as words (scenarios.yaml), in a World. Rules and faults are none of its business.
//
// Fails by exceptions whose text says which step could not be done. Thread rule: the World's; a Scenario is shared and never changed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "faults/world.h"
#include "invocation/object.h"

namespace lepton_operator::faults {

struct Scenario {
  std::string name;
  simulator::Options options;
  std::vector<simulator::OutcomeRule> rules;
  Json workspace;  // laid over the plain one's spec
  Json spec;       // of the Invocation
  std::vector<Json> steps;
  bool two = false;           // processes, of which one leads
  std::vector<Fault> faults;  // only these; empty: all
};

std::vector<Scenario> read_scenarios(const std::string& yaml);

class Play {
 public:
  Play(const Scenario& scenario, World& world);

  void begin();  // cluster, Workspace, Secrets, operator
  void steps();  // all
  // After the steps: until nothing moves any more.
  void rest();
  // Deletes what is there still, and waits until it is gone. What may have been left is for others to see.
  void remove_all();

  bool gone(const std::string& name = "run") const;
  std::vector<std::string> invocations() const;  // that were ever applied
  // As it is recorded; nothing when it is gone.
  std::optional<invocation::Invocation> object(const std::string& name = "run") const;
  static std::string path_of(const std::string& invocation);

  // All that can be seen when it is over, in the short form of scenarios/observed.h.
  Json end_state();
  // Everything of ours that is left in Lepton, as sentences.
  std::vector<std::string> left();

 private:
  void act(const std::string& word, const Json& how);
  bool holds(const Json& wanted);
  bool is_so(const std::string& what, const std::string& text);
  void ask_control(const std::string& what, Json body);
  simulator::Deployment& endpoint(const std::string& label);
  std::string phase(const std::string& name) const;

  const Scenario& scenario_;
  World& world_;
  std::map<std::string, Json> specs_;  // as written last, by Invocation
};

}  // namespace lepton_operator::faults
