// One run of plan(): what its steps share. Private to the planner (plan*.cc).
//
// Each step reads the world and the status as it has become so far, changes the status, and adds actions. An action that is in flight or
// whose time to be retried has not come is silently left out, so that steps simply say what they want.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "invocation/plan.h"
#include "invocation/states.h"

namespace lepton_operator::invocation {

struct Planning {
  const World& world;
  Plan plan;
  std::set<std::string> asked;     // keys of its actions
  std::set<std::string> follow;    // secrets that it asks for, and that endpoints may be intended together with
  mutable SpecReading reading;     // nothing asked for, until a step needed to know
  mutable bool unread = false;     // a step that asks for the spec has it read
  bool spec_refused = false;       // by this version, or for an edit of it
  std::optional<bool> at_rest;     // of a suspended one: nothing of it is left that runs; nothing: that was not looked into
  bool deadline_exceeded = false;  // in this run of plan() it ended tasks
  bool may_intend = true;  // false: an edit of a running Invocation is refused; what exists is followed to its end, nothing new is begun

  explicit Planning(const World& from);

  InvocationStatus& status() { return plan.status; }
  void read() const {
    reading = world.reading ? world.reading : read_spec(world.invocation, world.workspace.defaults);
    unread = false;
  }
  const InvocationSpec& spec() const {  // effective
    if (unread) read();
    return reading->value;
  }
  // False: this version does not understand the spec of an object that another one accepted.
  bool spec_readable() const {
    if (unread) read();
    return !spec_refused && reading->ok();
  }
  RenderInput render_input() { return {world.invocation.meta, spec(), *plan.status.resolved, world.install_id}; }
  bool shared() const { return has_endpoints() && spec().deployment.sharing == Sharing::kShared; }
  bool has_endpoints() const { return spec().deployment.type != DeploymentType::kNone; }

  const Outcome* outcome(const std::string& key) const;
  // The latest failure of an action, while it is not yet under way again.
  const base::Error* failure(const std::string& key) const;
  bool in_flight(const std::string& key) const;
  bool done(const std::string& key) const;  // in this process, and its latest run succeeded

  void act(Action action);
  // The same, for a change that has to be seen before it may be asked for once more: not again until a look of `looks` began after it.
  void act_once_per_look(Action action, const lepton::Looks& looks);
  // Takes back what this very plan asked for: what it was for ended in it. False when it did not ask for it.
  bool withdraw(const std::string& key);
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
// Those that are not yet; nothing when there is one for which nothing may be intended yet: no GPU waits for a secret that may never come.
std::optional<std::vector<std::string>> secrets_to_follow(Planning& p);
std::string secret_problem(Planning& p);  // why one is not there yet; empty when nothing failed

// --- plan_endpoints.cc
void plan_endpoints(Planning& p, int from_wave);  // of tasks that are not finished, of this wave and later ones
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
// Mirrors what is kept after its task's end; it is neither put back nor started again. False when it is on its way out already.
bool keep_endpoint(Planning& p, TaskStatus& task);

// An endpoint that will not come any more: its reason and last log lines are asked for first (rule 5).
void fail_with_diagnosis(Planning& p, TaskStatus& task, const std::string& why);

// --- plan_readiness.cc: how long an endpoint may take, and why it takes so long
void begin_wait(EndpointStatus& endpoint, Timestamp now);
void end_wait(EndpointStatus& endpoint);  // it is Ready
// Asks Lepton, sparingly, why it is not Ready; what it said goes into reason and message.
void explain_wait(Planning& p, TaskStatus& task);
void check_readiness_deadline(Planning& p, TaskStatus& task);

// --- plan_endpoints_condition.cc
void endpoints_condition(Planning& p);

// Does any task still wait for the endpoint in this one's status? Once all have a job, the jobs decide.
bool awaited(const Planning& p, const TaskStatus& task);
// To the tasks that wait for it.
void say_of_endpoint(Planning& p, TaskStatus& task, const std::string& message);

// --- plan_admission.cc: is there room under the Workspace's limits for all of it (rule 12)? If not, it stands in line and says so.
bool find_room(Planning& p, const Usage& needs);
void leave_line(Planning& p);

// --- plan_waves.cc: whose turn it is
bool admit_tasks(Planning& p);                     // true when the turn of some came now
int current_wave(const InvocationStatus& status);  // 0: none yet

// --- plan_policies.cc: when tasks may start, what a failed endpoint costs, how long endpoints are kept
// The endpoint that serves a task: its own, or with sharing the first task's.
const EndpointStatus& endpoint_for(const Planning& p, const TaskStatus& task);
EndpointStatus& endpoint_for(Planning& p, TaskStatus& task);
bool any_job_intended(const InvocationStatus& status);
bool wave_began(const InvocationStatus& status, int wave);  // a job of it was intended
bool all_finished(const InvocationStatus& status);
bool failed_before_its_job(const TaskStatus& task);
// May the jobs of a wave's tasks whose endpoint is Ready begin? Once they might, they may until the end.
bool barrier_passed(const Planning& p, int wave);
// Before any job of the wave a failed endpoint may end it all.
void cancel_others_of_a_failed_endpoint(Planning& p);
// Of a finished task: is its endpoint to stay for now?
bool keeps_endpoint(const Planning& p, const TaskStatus& task);

// --- plan_jobs.cc
void plan_jobs(Planning& p, int from_wave);
// Of an attempt that has a job: mirrors it, ends the attempt when it is over. With `stop_requested`, has it stopped.
void follow_attempt(Planning& p, TaskStatus& task, const TaskSpec& spec);
// It was certainly never made, and need not be any more.
void forget_intent(TaskStatus& task);

// --- plan_sighting.cc
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
std::vector<lepton::Job> known_jobs(const Planning& p, const std::string& name);  // ours of this name that a look shows, oldest first
Sighting sight(Planning& p, const std::string& task, JobStatus& job);
// It was let go of, and no duplicate of it came later than any request may take.
bool job_released(const Planning& p, const JobStatus& job);
// Stops what still runs; true when nothing of it runs or may still begin to.
bool release_job(Planning& p, const std::string& task, JobStatus& job);
// Removes it; true when it is verified absent (an archived terminal job counts as absent).
bool delete_job(Planning& p, const std::string& task, JobStatus& job);

// --- plan_attempts.cc
// The present attempt is over: the task's result, or the next attempt is to begin.
void end_attempt(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase outcome, std::string message);
// The same of one that would fail again: no retry, but another run if that was asked for meanwhile.
void end_without_retry(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase outcome, std::string message);
// While jobs ran, nobody waited for an endpoint that is down: of a task that begins to wait for it now it gets its whole time.
void wait_anew(Planning& p, TaskStatus& task);
bool earlier_attempts_over(Planning& p, TaskStatus& task);     // true when nothing of them runs any more
void take_raised_run(TaskStatus& task, const TaskSpec& spec);  // the attempt that begins now is of that run
bool runs_again(const Planning& p);                            // `run` was raised for a task that is finished
void begin_raised_runs(Planning& p);

// --- plan_outcome.cc
// The attempt's job is over and nobody says how it ended: its stage files do, else `otherwise`.
void end_by_stage_files(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase otherwise, std::string why);
std::vector<std::string> file_system_candidates(const std::string& from);

// --- plan_suspend.cc
void plan_suspended(Planning& p);

// --- plan_deadlines.cc
void check_active_deadline(Planning& p);
void check_time_to_live(Planning& p);

// --- plan_cost.cc
void keep_account(Planning& p);

// --- plan_cleanup.cc
void plan_deletion(Planning& p);
void probe_storage(Planning& p, const StorageSpec& storage, bool again);

// --- plan_conditions.cc
void finish_task(Planning& p, TaskStatus& task, TaskPhase phase, std::string message);
void run_again(Planning& p);  // the Invocation was finished, maybe; now it is not
void count_ready_endpoints(Planning& p);
void conclude(Planning& p);  // conditions, counts, phase, completion

}  // namespace lepton_operator::invocation
