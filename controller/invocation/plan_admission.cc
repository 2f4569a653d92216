// Workspace limits: all or nothing for an Invocation or a wave of it, first come first served, and the impossible says so (rule 12).
//
// Who waits writes into status since when; the reconciler counts who waits longer, and what all others hold. The first in line waits until
// there is room for the whole of it, and nobody overtakes it: so nobody starves.
#include <algorithm>

#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// The first in line is told when places come free; the others' positions are brought up to date now and then.
constexpr std::chrono::seconds kPositionAgain{30};

std::string plural(int count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

struct Wanted {
  int needs = 0;
  const char* what = "";
  const char* field = "";
  std::string remedy = "set spec.parallelism";
};

bool impossible(Planning& p, const Wanted& wanted, const std::optional<int>& limit) {
  if (!limit || wanted.needs <= *limit) return false;
  leave_line(p);  // it must not stand in the way of those that can run
  p.condition("Admitted", ConditionStatus::kFalse, "LimitExceeded",
              "can never run: needs " + plural(wanted.needs, wanted.what) + ", limit " + std::to_string(*limit) + " (limits." +
                  wanted.field + " of Workspace " + p.spec().workspace + "): raise it, or " + wanted.remedy + ".");
  return true;
}

bool is_kept(const TaskStatus& task) {
  const EndpointStatus& endpoint = task.endpoint;
  return task.wave > 0 && !endpoint.name.empty() && !endpoint.releasing && endpoint.state != EndpointPhase::kReleased;
}

// Endpoints of its own that are kept make room for no later wave: then all of them are needed at once in the end.
Wanted endpoints_wanted(const Planning& p, int now) {
  Wanted wanted{now, "endpoint", "maxEndpoints"};
  if (now == 0 || p.shared() || p.spec().endpoint_retention == EndpointRetention::kUntilTaskFinished) return wanted;
  const auto& tasks = p.plan.status.tasks;
  wanted.needs = static_cast<int>(std::count_if(
      tasks.begin(), tasks.end(), [](const TaskStatus& task) { return is_kept(task) || (task.wave == 0 && !finished(task.phase)); }));
  wanted.remedy = std::string("set ") + (p.spec().parallelism ? "" : "spec.parallelism, and ") +
                  "spec.endpointRetention to UntilTaskFinished, since it keeps them all";
  return wanted;
}

bool fits(int needs, int held, const std::optional<int>& limit) { return needs == 0 || !limit || held + needs <= *limit; }

void stand_in_line(Planning& p, const Usage& needs) {
  const int ahead = p.world.admission.ahead;
  if (!p.status().queued_since) p.status().queued_since = p.world.now;
  p.condition("Admitted", ConditionStatus::kFalse, "Queued",
              "waiting: position " + std::to_string(ahead + 1) + " (needs " + plural(needs.endpoints, "endpoint") + " and " +
                  plural(needs.jobs, "job") + " at once under the limits of Workspace " + p.spec().workspace + ").");
  p.wake(p.world.now + kPositionAgain * std::max(1, ahead / 10));
}

}  // namespace

void leave_line(Planning& p) { p.status().queued_since.reset(); }

bool find_room(Planning& p, const Usage& needs) {
  const Admission& admission = p.world.admission;
  const bool told_before = find_condition(p.status().conditions, "Admitted") != nullptr;
  if (impossible(p, endpoints_wanted(p, needs.endpoints), admission.max_endpoints)) return false;
  if (impossible(p, {needs.jobs, "job", "maxJobs"}, admission.max_jobs)) return false;
  const Usage own = usage_of(p.world.invocation, p.status());
  const bool room = fits(needs.endpoints, own.endpoints + admission.used.endpoints, admission.max_endpoints) &&
                    fits(needs.jobs, own.jobs + admission.used.jobs, admission.max_jobs);
  if (admission.limited() && (!room || admission.ahead > 0)) {
    stand_in_line(p, needs);
    return false;
  }
  leave_line(p);
  if (admission.limited() || told_before) p.condition("Admitted", ConditionStatus::kTrue, "Admitted", "");
  return true;
}

}  // namespace lepton_operator::invocation
