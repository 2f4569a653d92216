// A whole life of one Invocation: plan(), carried out on an abstract Lepton as the reconciler does it (finalizer, status, actions), in
// driven time, one look a second. Every pass is checked against the rules that never bend; what broke one is in `violations`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "unit/planner/abstract_lepton.h"

namespace lepton_operator::invocation::planner {

struct Course {
  std::optional<int> delete_at = {};  // second
  // The process dies at this point and a new one begins with what was written. There are three in every pass that does something: before
  // its status is written, after that, and after its requests were sent, none of whose answers arrived.
  std::optional<int> crash_at = {};
  base::Milliseconds late{0};  // a creating request whose answer was lost takes effect so much later
  bool slow = false;           // requests take a second; else they are answered at once
};

class Lifecycle {
 public:
  Lifecycle(Scene start, Course course) : scene(std::move(start)), course_(course) {}

  // Until it is removed, or finished and nothing has happened for a while. A life that does not end is a violation.
  void run();
  void remove() { course_.delete_at = second_; }
  // Seconds in which nothing may be done any more.
  void stay_quiet(int seconds);

  Scene scene;
  AbstractLepton lepton;
  std::vector<std::string> violations;
  bool removed = false;  // the finalizer fell
  bool crashed = false;
  int second() const { return second_; }

 private:
  struct Sent {
    Action action;
    Timestamp when{};  // of its effect
    bool answered = true;
  };
  void tick();
  bool pass();  // true when it did something
  bool dies();
  void restart();
  void begin(const Action& action);
  void carry_out(const Action& action, bool answered);
  void end_what_is_due();
  void check(const Plan& made);
  void check_action(const Plan& made, const Action& action);
  void check_repetition(const Plan& made);
  void broken(const std::string& what);

  Course course_;
  std::vector<Sent> under_way_;
  int second_ = 0;
  int points_ = 0;
  int quiet_ = 0;
};

}  // namespace lepton_operator::invocation::planner
