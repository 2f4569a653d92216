// What can go wrong with one call of the operator, and which calls it can go wrong with. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/http.h"

namespace lepton_operator::faults {

enum class Side { kKubernetes, kLepton };
const char* to_string(Side side);

enum class Fault {
  kNone,
  kCrashBefore,      // the process ends before the request leaves it
  kCrashAfter,       // it takes effect; the process ends before it reads the answer
  kCrashLateCommit,  // the process ends; it takes effect 15 s later, when the next process is at work
  kReplyLost,        // it takes effect; the connection breaks, the process lives
  kServerError,      // answered by 500; if it changes something, that took effect
  kConflict,         // answered by 409, without effect
  kThrottled,        // answered by 429, without effect
  kUnauthorized,     // from this call on 401 for a while
  kNotFound,         // from this call on 404 for a while: the workspace is not there, says who stands in front of it
  kTimeout,          // no effect and no answer
  kLateCommit,       // takes effect after 15 s; no answer
  kOverdueCommit,    // takes effect after 45 s, longer than deadline and settling time allow for
  kTruncatedReply,   // takes effect; half of the answer comes
  kStaleList,        // lists show for 10 s what there was before this call; watches are silent for as long
  kDuplicateEvent,   // of a watch
  kCutOff,           // of two leaders: the process loses Kubernetes for a minute; this request takes effect when another one leads
  kDroppedEvents,    // two events of a watch never come; its history is gone
};
const char* to_string(Fault fault);
std::optional<Fault> fault_named(const std::string& name);
const std::vector<Fault>& all_faults();

// One call as it was seen in the clean run.
struct Call {
  Side side = Side::kKubernetes;
  base::Method method = base::Method::kGet;
  std::string path;
  bool watch = false;
  bool list = false;
  bool answered = false;  // with a body
  int events = 0;         // of a watch: how many came

  bool changes() const { return method != base::Method::kGet && method != base::Method::kHead; }
  std::string text() const;
};

// One case: this fault at this call (1-based), of a watch at this of its events (1-based).
struct Aim {
  int call = 0;
  Fault fault = Fault::kNone;
  int event = 0;
};

bool crashes(Fault fault);
// All that makes sense for the call; `two_processes`: another one stands by.
std::vector<Aim> aims_at(int number, const Call& call, bool two_processes);

}  // namespace lepton_operator::faults
