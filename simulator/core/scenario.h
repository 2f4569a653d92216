// What the workspace shall do that is not the plain course of things: outcomes of endpoints and jobs by name, and HTTP faults.
//
//   rules:
//     - {match: "nim-gpqa*", kind: endpoint, outcome: error, reason: "CUDA out of memory"}
//     - {match: hellaswag, kind: job, outcome: fail, times: 2, run-delay: 1s}
//   faults:
//     - {method: DELETE, path: "/deployments/*", status: 503, times: 1, retry-after: 2, after-commit: false}
//     - {chance: 0.01, silent: true, times: 0}   # one request in a hundred takes effect and is never answered
//
// `match` is a glob (with * or ?) or a substring of the object's name, or of its label lepton-operator.task. The first rule that
// matches and is not used up decides. Thread rule: the Simulator's. Fails: parse() returns a sentence with file, line and field.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/time.h"

namespace lepton_operator::simulator {

enum class Kind { kEndpoint, kJob };
enum class Outcome { kNormal, kError, kNeverReady, kFlapping, kFail, kQueueing, kNoCapacity, kImagePull, kCrashLoop };

struct OutcomeRule {
  std::string match;
  std::optional<Kind> kind;  // both when unset
  Outcome outcome = Outcome::kNormal;
  int times = 0;  // 0: always; else for the first `times` objects (of each task, where the label tells)
  std::optional<base::Milliseconds> ready_delay;
  std::optional<base::Milliseconds> run_delay;
  std::string reason;            // shown in readiness, events and termination
  int exit_code = 1;             // of a job that fails, of an endpoint that crashes
  bool reveals = false;          // an endpoint's log shows its environment and tokens, plainly and encoded
  bool needs_endpoints = false;  // a job fails unless every deployment named in its environment was Ready when it was created

  std::map<std::string, int> used = {};
};

struct FaultRule {
  std::string method = "*";
  std::string path = "*";  // glob on the path below the workspace
  int status = 503;
  int times = 1;  // 0: always
  int skip = 0;   // lets that many matching requests pass first
  std::optional<std::string> retry_after;
  bool after_commit = false;
  double chance = 1;    // of meeting a request that matches
  bool silent = false;  // no answer ever: it takes effect, and its reply is held back
  bool echo = false;    // the answer repeats the request: its token and its strings, plainly and encoded, then its body
};

struct Scenario {
  std::vector<OutcomeRule> rules;
  std::vector<FaultRule> faults;

  // The course of a new object; a plain rule when none matches.
  OutcomeRule course_of(Kind kind, const std::string& name, const base::Json& labels);
  // The fault that meets this request, if any; uses it up.
  std::optional<FaultRule> fault_for(const std::string& method, const std::string& path, base::Random& random);
};

base::Result<Scenario> parse_scenario(std::string_view yaml, std::string_view source);
base::Result<FaultRule> parse_fault(const base::Json& value);

}  // namespace lepton_operator::simulator
