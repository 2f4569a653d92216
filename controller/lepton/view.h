// What the observer saw of a workspace, and when it began to look: the only thing the planner believes about Lepton.
//
// A look that began before our own last write proves nothing about what we wrote (design, rule 3); a look that lost an item, or did not ask
// the archive, proves no absence there. Plain value; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lepton/types.h"

namespace lepton_operator::lepton {

struct SeenEndpoint {
  Endpoint endpoint;
  int error_looks = 0;                         // consecutive looks, this one included, that found state Error
  ApiFamily family = ApiFamily::kDeployments;  // whose routes showed it
};

// When the last two complete looks at a kind of object began.
struct Looks {
  std::optional<Timestamp> last;
  std::optional<Timestamp> before_last;

  // Complete looks, of the last two, that began strictly after `at`.
  int begun_after(Timestamp at) const { return (last && *last > at ? 1 : 0) + (before_last && *before_last > at ? 1 : 0); }
};

struct View {
  std::map<std::string, SeenEndpoint, std::less<>> endpoints;  // by name
  std::map<std::string, std::vector<Job>, std::less<>> jobs;   // by name, oldest first: names are not unique
  ApiFamily family = ApiFamily::kDeployments;                  // of the workspace, as it says now
  Looks endpoint_looks;                                        // at that family's routes
  Looks other_endpoint_looks;                                  // at the other's: only while an endpoint that was made through them is left
  std::optional<base::Error> other_error;                      // why the latest of these was not complete
  Looks job_looks;                                             // alive jobs of ours
  Looks archive_looks;                                         // alive and archived jobs of ours

  const Looks& looks_at(ApiFamily routes) const { return routes == family ? endpoint_looks : other_endpoint_looks; }
};

// How closely somebody needs the observer to look.
enum class Pace : std::uint8_t { kIdle, kJobs, kClose };

struct Interest {
  Pace pace = Pace::kIdle;
  bool archive = false;       // archived jobs must be looked at too
  bool other_family = false;  // so must the routes of the family that is not the workspace's (any more)
  bool operator==(const Interest&) const = default;
};

}  // namespace lepton_operator::lepton
