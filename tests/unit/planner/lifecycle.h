// A whole life of one Invocation: plan(), carried out on an abstract Lepton as the reconciler does it (finalizer, status, actions), in
// driven time, one look a second. Every pass is checked against the rules that never bend; what broke one is in `violations`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
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
  bool lazy = false;           // a status that may wait is written as late as it may be
  bool forgetful = false;      // while only jobs run, what looks have replaced is forgotten
  int down_from = 0;           // seconds in which no operator is there
  int down_until = 0;
  std::set<int> crashes = {};                                             // more of such points
  std::map<int, std::function<void(AbstractLepton&)>> disturbances = {};  // by second: what others do in Lepton
  std::map<int, std::function<void(Scene&)>> edits = {};                  // by second: what somebody changes in the manifest
  std::map<int, base::Milliseconds> jumps = {};                           // by second: the clock is put on by so much
};

class Lifecycle {
 public:
  Lifecycle(Scene start, Course course) : scene(std::move(start)), course_(course) {}

  // Until it is removed, or finished and nothing has happened for a while. A life that does not end is a violation.
  void run();
  void run_to(int until);  // whatever happens until then
  void remove() { course_.delete_at = second_; }
  void edit(const std::function<void(Scene&)>& change) { course_.edits[second_ + 1] = change; }
  // Seconds in which nothing may be done any more.
  void stay_quiet(int seconds);

  Scene scene;
  AbstractLepton lepton;
  std::function<void(const Scene& before, const Plan& made)> on_plan;  // may be empty
  std::function<Plan(const Scene& scene)> planner = [](const Scene& seen) { return plan(seen); };
  std::vector<std::string> violations;
  bool removed = false;  // the finalizer fell
  bool crashed = false;
  int settled = 0;    // passes in which it was so
  int forgotten = 0;  // times that something was
  int second() const { return second_; }

 private:
  struct Sent {
    Action action;
    Timestamp when{};  // of its effect
    bool answered = true;
  };
  void tick();
  bool pass();  // true when it did something
  void write(const InvocationStatus& status);
  void check_unwritten(const Plan& made);
  bool dies();
  bool crashes_here() const { return course_.crash_at == points_ || course_.crashes.contains(points_); }
  void restart();
  void begin(const Action& action);
  void carry_out(const Action& action, bool answered);
  void end_what_is_due();
  void check(const Plan& made);
  void check_rest(const Plan& made);
  void check_forgetting(const Plan& made);
  bool looked_twice() const;
  void check_results(const TaskStatus& before, const TaskStatus& now);
  void check_action(const Plan& made, const Action& action);
  void check_barrier(const Plan& made, const std::string& of);
  void check_repetition(const Plan& made);
  void broken(const std::string& what);

  Course course_;
  std::vector<Sent> under_way_;
  int second_ = 0;
  base::Milliseconds put_on_{0};
  base::Milliseconds to_put_on_{0};
  int points_ = 0;
  int written_ = 0;  // second of the latest writing of the status
  int quiet_ = 0;
  std::string done_;  // by the latest pass that did something
};

}  // namespace lepton_operator::invocation::planner
