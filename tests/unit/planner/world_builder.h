// Worlds for the planner's tests: Invocations in every phase, told in the words of the domain. What does not matter to a test is here.
//
// Times are offsets from one start; at(0s) is when everything was intended. A scene is a value: copy it, change it, plan() it.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "invocation/plan.h"

namespace lepton_operator::invocation::planner {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): a test's times

inline constexpr const char* kUid = "6f1f2c9e-6f5d-4f0e-9a44-2a6c1a4ad001";
inline constexpr const char* kGpqa = "gpqa_diamond";
inline constexpr const char* kHellaswag = "hellaswag";
inline constexpr const char* kWinogrande = "winogrande";

Timestamp at(base::Milliseconds since_start);
base::Json yaml(std::string_view text);
const Catalogue& small_catalogue();
lepton::Looks looks_at(std::vector<base::Milliseconds> begun);  // the last two of them, in order
base::Error error_of(base::ErrorKind kind);

struct Scene {
  Invocation object;
  WorkspaceFacts workspace;
  lepton::View view;
  Memory memory;
  std::string install_id = "0b7c9c54-4a1c-4a9e-9a55-5f0d3f3c1a11";
  Timestamp now = at(100s);
  bool namespace_deleting = false;
  Admission admission;

  InvocationStatus& status() { return object.status; }
  TaskStatus& task(const std::string& name);
  const TaskStatus& task(const std::string& name) const { return const_cast<Scene*>(this)->task(name); }
  std::string endpoint_name_of(const std::string& task) const;
  std::string job_name_of(const std::string& task) const;
  static std::string job_id_of(const std::string& task) { return "job-" + task; }

  // --- the manifest
  Scene& with_spec(std::string_view overlay);
  Scene& deleted_at(base::Milliseconds when);
  Scene& with_annotation(const std::string& name, const std::string& value);
  Scene& with_appended_task(const std::string& name);
  Scene& append_task(const std::string& name);  // whatever tasks there are; once
  Scene& raise_run(const std::string& task);

  // --- what was seen
  Scene& looked_at(std::vector<base::Milliseconds> begun);  // complete looks at everything
  Scene& endpoint_is(const std::string& task, std::string_view wire, int error_looks = 2);
  Scene& endpoint_gone(const std::string& task);
  Scene& job_is(const std::string& task, std::string_view wire);
  Scene& job_gone(const std::string& task);
  Scene& another_job(const std::string& task, const std::string& id, std::string_view wire, base::Milliseconds created);
  Scene& job_read(const std::string& task, base::Milliseconds began, std::optional<std::string> wire);  // nothing: 404

  Scene& stage_read(const std::string& task, std::optional<int> exit_code);
  Scene& explained(const std::string& task, base::Milliseconds began, lepton::EndpointTrouble trouble, const std::string& detail = {});

  // --- what this process did
  Scene& did(const std::string& action_key, base::Milliseconds began, base::Milliseconds ended, const std::string& object = {});
  Scene& in_flight(const std::string& action_key, base::Milliseconds began, const std::string& object = {});
  Scene& failed(const std::string& action_key, base::ErrorKind kind, base::Milliseconds began, base::Milliseconds retry,
                const std::string& object = {});
  Scene& restarted();  // memory and view lost

  // The job's creation was intended then, and nothing is known of its end.
  Scene& with_uncertain_job(const std::string& task, Timestamp intended);
  Scene& seen_without_it(const lepton::Looks& looks);  // alive and archived jobs: complete looks that show no job of that task
  Scene& workspace_is(WorkspaceState state, const std::string& message);

  World world(Timestamp when) const;
};

Plan plan(const Scene& scene, Timestamp when);
inline Plan plan(const Scene& scene) { return plan(scene, scene.now); }
const TaskStatus& task_of(const InvocationStatus& status, const std::string& name);
const TaskStatus& task_of(const Plan& plan, const std::string& name);

Scene a_new_invocation();  // nothing recorded yet, workspace ready; a nim with three tasks
Scene a_new_invocation_on_existing_endpoint();
Scene a_pending_invocation();                // resolved; the secrets that its endpoints need are being made
Scene a_deploying_invocation();              // endpoints made at 1 s, seen Starting at 98 s and 99 s
Scene an_invocation_with_ready_endpoints();  // all but intended jobs
Scene a_running_invocation();                // jobs made at 51 s, seen Running at 98 s and 99 s
Scene a_succeeded_invocation();              // endpoints deleted at 91 s, still seen Deleting
Scene a_failed_invocation();                 // the same, but gpqa_diamond's job failed
Scene a_deleting_invocation();               // of a running one: deletions answered at 96 s, seen Deleting at 98 s and 99 s

}  // namespace lepton_operator::invocation::planner
