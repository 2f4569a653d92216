// What an Invocation holds of its workspace's endpoints and jobs, and whose turn is first: for Workspace limits (rule 12).
//
// Counted from what stands in status, where a task's turn (its wave) is written before anything of it is asked for: so a restart forgets no
// place that was given away. What exists counts until it is verified gone, whoever it waits for. Pure.
#pragma once

#include <optional>

#include "invocation/object.h"

namespace lepton_operator::invocation {

struct Usage {
  int endpoints = 0;
  int jobs = 0;

  bool operator==(const Usage&) const = default;
};

// Of `object` as its status would be `status`.
Usage usage_of(const Invocation& object, const InvocationStatus& status);
bool in_line(const Invocation& object);  // it waits for places
bool shares_endpoint(const Invocation& object, const InvocationStatus& status);

// What the Workspace allows, and what the others have of it.
struct Admission {
  std::optional<int> max_endpoints;
  std::optional<int> max_jobs;
  Usage used;     // by everybody else
  int ahead = 0;  // Invocations that asked before this one and wait

  bool limited() const { return max_endpoints || max_jobs; }
};

}  // namespace lepton_operator::invocation
