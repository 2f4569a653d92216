// What has to be known of each of all Invocations, so that nobody has to have all of them whole in memory: its place in line and what it
// holds, whether it is settled, the figures of a scrape, its GPU time. Plain values; made of an object alone. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "invocation/cost.h"
#include "invocation/object.h"
#include "invocation/usage.h"

namespace lepton_operator::invocation {

inline constexpr std::array kPhases = {Phase::kPending,   Phase::kDeploying, Phase::kRunning, Phase::kSuspended,
                                       Phase::kSucceeded, Phase::kFailed,    Phase::kDeleting};
inline constexpr std::array kTaskPhases = {TaskPhase::kPending,   TaskPhase::kDeploying, TaskPhase::kStarting,  TaskPhase::kRunning,
                                           TaskPhase::kSucceeded, TaskPhase::kFailed,    TaskPhase::kCancelled, TaskPhase::kUnknown};
inline constexpr std::array kEndpointPhases = {EndpointPhase::kPending,  EndpointPhase::kCreating,      EndpointPhase::kWaiting,
                                               EndpointPhase::kReady,    EndpointPhase::kDown,          EndpointPhase::kFailed,
                                               EndpointPhase::kDeleting, EndpointPhase::kIndeterminate, EndpointPhase::kReleased};

struct Digest {
  std::string uid;
  std::string workspace;  // the name that it refers to
  Phase phase = Phase::kPending;
  bool waits = false;    // for places under the Workspace's limits
  bool held = false;     // by our finalizer: something may have been made for it
  bool settled = false;  // see settled.h
  std::optional<Timestamp> started;
  std::optional<Timestamp> created;
  std::optional<Timestamp> completed;
  std::optional<Timestamp> queued_since;
  Usage usage;
  // How many tasks are in each phase, in the order of kTaskPhases, and of their endpoints in that of kEndpointPhases.
  std::array<std::uint16_t, kTaskPhases.size()> tasks{};
  std::array<std::uint16_t, kEndpointPhases.size()> endpoints{};
  std::uint16_t done = 0;  // tasks that are finished
  std::uint16_t all = 0;
  OpenAccount account;
};

Digest digest_of(const Invocation& object);

// Who is first in line: who asked first. Of two who wait, or of whom one is about to, the lesser is before the other.
struct PlaceInLine {
  Timestamp asked;
  Timestamp created;
  std::string uid;

  auto operator<=>(const PlaceInLine&) const = default;
};
PlaceInLine place_in_line(const Digest& digest);

// The Workspace that an Invocation names.
std::string workspace_name(const Invocation& object);

}  // namespace lepton_operator::invocation
