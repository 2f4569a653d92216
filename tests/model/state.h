// One state of the model: the object as the store has it, the operator's process with what it remembers and saw, Lepton, and the requests
// that are under way. A plain value, and finite: normalise() puts every time in relation to the others.
//
// Times are kept as far as anybody can tell them apart. All of the planner's constants are whole seconds, so a time that is compared with
// others by a distance (an intent, a retry) is kept to the second it is in; of those whose mere order counts (looks, writes, readings by
// id) the order is kept as well. A distance longer than every constant is as long as kHorizon. Times by which nothing is decided are not
// kept (status_times.h).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "invocation/plan.h"
#include "model/abstract_workspace.h"

namespace lepton_operator::invocation::model {

inline constexpr std::chrono::seconds kHorizon{33};  // beyond the longest of them, which is rule 2's 30 s and two more
// Of every time by which nothing is decided; it is further back than anything that is measured.
inline constexpr Timestamp kLongAgo{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + std::chrono::hours{12}};
inline constexpr base::Milliseconds kMoment{1};  // from one thing that happens to the next

// The status as the store has it: without the times by which something is decided, which stand in the State beside it.
struct Recorded {
  InvocationStatus status;
  std::string print;  // 32 hex digits of the SHA-256 of what the codec makes of it
};

// What the observer saw: as a lepton::View, in the model's words.
struct Seen {
  struct Endpoint {
    std::string name;
    lepton::EndpointState state{};
    bool edited = false;
    int error_looks = 0;
  };
  std::vector<Endpoint> endpoints;
  std::vector<AbstractJob> jobs;
  lepton::Looks looks;          // at endpoints and at jobs
  lepton::Looks archive_looks;  // at archived ones, too
};

enum class Fate {
  kOpen,      // sent; nothing came of it yet
  kAnswered,  // took effect, and its answer is on its way
  kOrphan,    // nobody waits for its answer, but it may still take effect
};

struct Request {
  std::shared_ptr<const Action> action;
  std::string key;
  Fate fate = Fate::kOpen;
  Timestamp until{};  // an orphan takes effect before that or never
};

struct State {
  // The object.
  std::shared_ptr<const Recorded> recorded;
  std::vector<Timestamp> recorded_times;
  bool finalizer = false;
  bool removed = false;  // the object is gone
  std::optional<Timestamp> deleted;
  bool suspended = false;

  // The operator.
  bool up = true;
  Memory memory;
  Seen seen;
  std::optional<Seen> looking;  // a look that began, and has not ended: what it will show

  // The world.
  WorkspaceState workspace = WorkspaceState::kReady;
  AbstractWorkspace lepton;
  std::set<std::string> ever_ready;  // endpoints, by name
  bool begun = false;                // a task's job was asked for
  std::vector<Request> requests;
  Timestamp now{};

  int faults = 0;  // on the way here
  int edits = 0;   // of `suspend`
};

// The status with its times put back; and taken out again, to be recorded. False: it stands there already.
InvocationStatus status_of(const State& state);
bool record(State& state, InvocationStatus status);

void normalise(State& state);

using Digest = std::array<std::uint64_t, 2>;  // 128 bits of a SHA-256 of all of it but `faults`
Digest digest(const State& state);

}  // namespace lepton_operator::invocation::model
