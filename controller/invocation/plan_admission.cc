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
  int keeps = 0;  // of what it has, until it has finished
  const char* what = "";
};

bool impossible(Planning& p, const Wanted& wanted, const std::optional<int>& limit, const char* field) {
  if (wanted.needs == 0 || !limit || wanted.needs + wanted.keeps <= *limit) return false;
  leave_line(p);  // it must not stand in the way of those that can run
  const bool keeps = wanted.keeps > 0;
  p.condition("Admitted", ConditionStatus::kFalse, "LimitExceeded",
              "can never run: needs " + plural(wanted.needs + wanted.keeps, wanted.what) +
                  (keeps ? ", " + std::to_string(wanted.keeps) + " of which it keeps (endpointRetention)" : "") + ", limit " +
                  std::to_string(*limit) + " (limits." + field + " of Workspace " + p.spec.workspace + "): raise it, or set " +
                  (keeps ? "spec.endpointRetention to UntilTaskFinished." : "spec.parallelism."));
  return true;
}

// Endpoints that make room for nothing before all tasks have finished, those that wait for it included.
int kept_endpoints(const Planning& p) {
  if (p.spec.endpoint_retention == EndpointRetention::kUntilTaskFinished) return 0;
  const auto& tasks = p.plan.status.tasks;
  return static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [](const TaskStatus& task) {
    const EndpointStatus& endpoint = task.endpoint;
    return task.wave > 0 && !endpoint.name.empty() && !endpoint.releasing && endpoint.state != EndpointPhase::kReleased;
  }));
}

bool fits(int needs, int held, const std::optional<int>& limit) { return needs == 0 || !limit || held + needs <= *limit; }

void stand_in_line(Planning& p, const Usage& needs) {
  const int ahead = p.world.admission.ahead;
  if (!p.status().queued_since) p.status().queued_since = p.world.now;
  p.condition("Admitted", ConditionStatus::kFalse, "Queued",
              "waiting: position " + std::to_string(ahead + 1) + " (needs " + plural(needs.endpoints, "endpoint") + " and " +
                  plural(needs.jobs, "job") + " at once under the limits of Workspace " + p.spec.workspace + ").");
  p.wake(p.world.now + kPositionAgain * std::max(1, ahead / 10));
}

}  // namespace

void leave_line(Planning& p) { p.status().queued_since.reset(); }

bool find_room(Planning& p, const Usage& needs) {
  const Admission& admission = p.world.admission;
  const bool told_before = find_condition(p.status().conditions, "Admitted") != nullptr;
  if (impossible(p, {needs.endpoints, kept_endpoints(p), "endpoint"}, admission.max_endpoints, "maxEndpoints")) return false;
  if (impossible(p, {needs.jobs, 0, "job"}, admission.max_jobs, "maxJobs")) return false;
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
