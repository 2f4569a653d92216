// One run of plan(): what its steps share. Private to the planner (plan*.cc).
//
// Each step reads the world and the status as it has become so far, changes the status, and adds actions. An action that is in flight or
// whose time to be retried has not come is silently left out, so that steps simply say what they want.
#pragma once

#include <string>
#include <vector>

#include "invocation/plan.h"
#include "invocation/states.h"

namespace lepton_operator::invocation {

struct Planning {
  const World& world;
  Plan plan;
  InvocationSpec spec;        // effective
  bool spec_readable = true;  // false: this version does not understand the spec of an object that another one accepted
  bool may_intend = true;     // false: an edit of a running Invocation is refused; what exists is followed to its end, nothing new is begun

  explicit Planning(const World& from) : world(from) { plan.status = from.invocation.status; }

  InvocationStatus& status() { return plan.status; }
  RenderInput render_input() { return {world.invocation.meta, spec, *plan.status.resolved, world.install_id}; }
  bool has_endpoints() const { return spec.deployment.type != DeploymentType::kNone; }

  const Outcome* outcome(const std::string& key) const;
  // The latest failure of an action, while it is not yet under way again.
  const base::Error* failure(const std::string& key) const;
  bool in_flight(const std::string& key) const;
  bool done(const std::string& key) const;  // in this process, and its latest run succeeded

  void act(Action action);
  // The same, for a change that has to be seen before it may be asked for once more: not again until a look of `looks` began after it.
  void act_once_per_look(Action action, const lepton::Looks& looks);
  void wake(Timestamp at);
  void look(lepton::Pace pace, bool archive = false);
  void condition(const std::string& type, ConditionStatus state, const std::string& reason, std::string message);
};

// --- plan_accept.cc: is this runnable, and with which inputs? True when status.resolved is complete for every task.
bool accept(Planning& p);
// True when the workspace answers and is the one in status.resolved; else says so in a condition (rule 4).
bool workspace_usable(Planning& p);

// --- plan_secrets.cc
void ensure_secrets(Planning& p);
bool secrets_ready(Planning& p, const std::vector<std::string>& names);
bool all_secrets_ready(Planning& p);
std::string secret_problem(Planning& p);  // why one is not there yet; empty when nothing failed

// --- plan_endpoints.cc
void plan_endpoints(Planning& p);  // of tasks that are not finished
// Removes it and marks it kReleased once that is verified. Returns true then, or if it was never intended.
bool release_endpoint(Planning& p, TaskStatus& task);
// Endpoints that were made through the API family that is not the workspace's (any more) are looked for there too. This says so in a
// condition, and returns true, while that family's routes cannot be read: then nothing shows whether they are still there.
bool tell_out_of_sight(Planning& p);

// --- plan_drift.cc
// At the first sight of an endpoint: what differs already is how this server shows it, and is not compared from now on.
void note_as_served(Planning& p, TaskStatus& task, const lepton::Endpoint& seen);
// Has an endpoint that is seen put back when somebody else changed or stopped it; true while it is not as we made it.
bool put_back(Planning& p, TaskStatus& task, const lepton::SeenEndpoint& seen);
// Counts one time of putting it back; false when it has to wait, or was done too often.
bool may_put_back(Planning& p, EndpointStatus& endpoint);
bool contested(const EndpointStatus& endpoint);  // given up: somebody insists
// The looks that found it in Error did not all begin after our latest update of it.
bool error_is_older_than_our_update(const Planning& p, const EndpointStatus& endpoint);
std::string drift_sentence(const InvocationStatus& status);  // empty: all are as we made them

// --- plan_jobs.cc
void plan_jobs(Planning& p);
// What is known about an intended job whose creation may be uncertain (rule 2).
struct Sighting {
  enum class Kind {
    kSeen,      // `job` is its latest known form
    kCreating,  // under way, or not yet certain: wait
    kRefused,   // Lepton will never take it: `error`
    kNotThere,  // certainly not created: may be intended (again)
    kVanished,  // was there; now 404
  };
  Kind kind = Kind::kCreating;
  lepton::Job job;
  const base::Error* error = nullptr;
};
Sighting sight(Planning& p, const std::string& task, JobStatus& job);
// Stops what still runs; true when nothing of it runs or may still begin to.
bool release_job(Planning& p, TaskStatus& task);
// Removes it; true when it is verified absent (an archived terminal job counts as absent).
bool delete_job(Planning& p, const std::string& task, JobStatus& job);

// --- plan_cleanup.cc
void plan_deletion(Planning& p);
void probe_storage(Planning& p, bool again);

// --- plan_conditions.cc
void finish_task(Planning& p, TaskStatus& task, TaskPhase phase, std::string message);
void conclude(Planning& p);  // conditions, counts, phase, completion

}  // namespace lepton_operator::invocation
