// A whole operator on a simulated workspace, told in words what is to happen: the steps of a scenario (tests/scenarios/README.md).
//
// Time is driven, nothing sleeps. What is seen afterwards is observed(): one JSON value with everything that exists in Lepton (read from
// the simulator's own dump), the storage directories, each Invocation's status, and the events that were told. Thread rule: the test's.
// Fails by exceptions whose text says which step could not be done.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "base/time.h"

namespace lepton_operator::scenarios {

using base::Json;

class Stage {
 public:
  // `simulator`: {options: {...}, rules: [...], faults: [...]}, each may be missing. `workspace`: what is merged over the plain Workspace's
  // spec.
  explicit Stage(const Json& simulator, const Json& workspace = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // One step: {apply: {...}}, {until: {...}}, {pass: 10m}, {delete: run}, ...
  void act(const Json& step);
  void act(const std::string& step);  // as YAML: "pass: 10m"
  bool holds(const Json& wanted) const;

  Json observed();

  int changes() const;  // requests so far that would change something in Lepton
  int looks() const;    // of the observer so far, answered or not
  bool gone(const std::string& invocation = "run") const;
  // "status reason: message" of a condition; empty when it is not there.
  std::string condition(const std::string& type, const std::string& invocation = "run") const;
  std::string message(const std::string& task, const std::string& invocation = "run") const;
  // GPU time so far.
  std::int64_t gpu_seconds(const std::string& invocation = "run") const;
  std::int64_t idle_gpu_seconds(const std::string& invocation = "run") const;
  std::string log() const;

  // As if another version of this program had made what exists: other rendering, other hash.
  void make_all_endpoints_of_another_version();

 private:
  struct Parts;

  bool act_on_objects(const std::string& word, const Json& how);
  bool act_on_lepton(const std::string& word, const Json& how);
  bool act_on_time(const std::string& word, const Json& how);
  void move_workspace(const std::string& id);
  void end_namespace();
  Json named(Json body) const;
  bool is_so(const std::string& what, const std::string& text, const std::string& who) const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace lepton_operator::scenarios
