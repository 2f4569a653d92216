// The model: what can happen next in a state. The real planner, carried out as the reconciler does it (finalizer, status, requests), with
// Lepton, the people and the faults around it.
//
// The operator is eager: it plans and acts before anything else happens, as often as there is something to do; what may come between its
// steps (a crash, a deletion) is a move of its own. Lepton makes progress before the clock is put on, unless a fault is spent on a delay.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/state.h"
#include "unit/planner/world_builder.h"

namespace lepton_operator::invocation::model {

using Planner = std::function<Plan(const planner::Scene&)>;

struct Scenario {
  std::string name;
  std::string spec;  // laid over that of a nim with three tasks
  bool storage_api = true;
  bool endpoints = true;       // else an existing one is evaluated
  bool strangers_job = false;  // somebody else's job has our job's name
  int edits = 0;               // how often `suspend` is turned
  bool one_by_one = false;     // requests end in a fixed order, and before anything else goes on
  int faults = 1;              // at most on one path
  int faults_deep = 2;         // likewise, in the deep check
};

enum class Kind {
  kProgress,    // what happens when nothing goes wrong, and has to lead to an end
  kInevitable,  // the same; it may be preceded by other things again and again, but not for ever
  kUser,
  kFault,
};

struct Next {
  State state;
  Kind kind = Kind::kProgress;
  std::string told;  // a line of a trace, when that was asked for
  std::vector<std::string> broken;
};

struct Expansion {
  std::vector<Next> next;
  std::vector<std::string> broken;  // by what is planned in this very state
  bool desired = false;             // nothing is left to be done here, and all is as the spec wants it
};

class Model {
 public:
  Model(Scenario scenario, Planner planner, bool releases_before_it_writes = false);

  const Scenario& scenario() const { return scenario_; }
  State initial();
  Expansion expand(const State& state, int faults_left, bool tell);

 private:
  struct Turn;  // one expansion

  Plan plan(const State& state);
  void see(const State& state);
  bool late(const Plan& made) const;
  void operate(Turn& turn, const Plan& made);
  void write_and_send(Turn& turn, const Plan& made);
  void send_unwritten(Turn& turn, const Plan& made);
  void observe(Turn& turn, const Plan& made);
  void requests(Turn& turn);
  void request_faults(Turn& turn, std::size_t index);
  void orphan(Turn& turn, std::size_t index);
  void lepton_steps(Turn& turn);
  void come_into_view(Turn& turn);
  void others(Turn& turn);
  void users(Turn& turn);
  void crash(Turn& turn);
  void let_time_pass(Turn& turn, const Plan& made);
  bool desired(const State& state) const;

  void send(Next& next, const Action& action);
  std::optional<base::Error> take_effect(State& state, const Action& action, Memory* answered, bool shows_late);
  void answer(State& state, const Action& action, const std::optional<base::Error>& error);
  Seen look(const State& state, bool archive) const;
  lepton::Job shown(const AbstractJob& job) const;

  Scenario scenario_;
  Planner planner_;
  bool releases_before_it_writes_;
  planner::Scene scene_;                          // what plan() is asked with; its other parts never change
  std::map<std::string, lepton::Endpoint> sent_;  // endpoints by name, as a server shows them
  std::map<std::string, lepton::Labels> labels_;  // jobs by name
  std::map<std::string, std::string> task_of_;    // endpoints by name
};

}  // namespace lepton_operator::invocation::model
