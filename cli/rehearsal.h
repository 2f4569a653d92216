// An Invocation played through against a Lepton of the mind, in which everything goes well at once, to see what would be sent.
//
// It is the operator's own planner that decides, and its own renderings that are sent (invocation/plan.h, rendering.h): nothing of either
// is repeated here. What only a workspace knows has a stand-in in its place: the id of a node group is "<id of NAME>", an endpoint's URL
// "https://NAME.invalid". Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "cli/verdict.h"
#include "invocation/catalogue.h"
#include "invocation/object.h"
#include "lepton/types.h"

namespace lepton_operator::cli {

// Of an object that no API server has named yet.
inline constexpr const char* kNoUid = "00000000-0000-0000-0000-000000000000";

inline constexpr const char* kStandInGroup = "<id of ";
inline constexpr const char* kStandInDomain = ".invalid";  // RFC 2606: never anybody's

struct Rehearsal {
  const invocation::Invocation& invocation;  // without status; its uid makes the names
  base::Json workspace_defaults;             // the Workspace's spec.defaults
  const invocation::Catalogue& catalogue;
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
  std::string install_id;
};

// One request that makes something. Values of tokens and secrets are "***".
struct MadeRequest {
  std::string path;  // below the workspace's URL: "/jobs"
  std::string task;  // empty for a secret, and for an endpoint that tasks share
  base::Json body;
};

// In the order in which they are sent. Trouble when the operator would not run it: its condition's sentence.
Found<std::vector<MadeRequest>> rehearse(const Rehearsal& rehearsal);

}  // namespace lepton_operator::cli
