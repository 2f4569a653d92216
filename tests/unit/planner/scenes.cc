// The scenes that tests begin with: an Invocation in every phase.
#include "unit/planner/world_builder.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr const char* kNim = R"(
deployment:
  type: nim
  image: registry.example/nim/llama:1.8.6
  servedModelName: meta/llama
  resourceShape: gpu.1xh200
evaluation:
  tasks: [{name: gpqa_diamond}, {name: hellaswag}, {name: winogrande}]
)";

constexpr const char* kExisting = R"(
deployment: {type: none}
target: {url: "https://models.example/v1", modelId: meta/llama}
evaluation:
  tasks: [{name: gpqa_diamond}, {name: hellaswag}, {name: winogrande}]
)";

Scene of(const char* manifest) {
  Scene scene;
  scene.object.meta.key = {"team", "llama"};
  scene.object.meta.uid = kUid;
  scene.object.meta.created = at(0s);
  scene.object.spec = yaml(manifest);
  scene.workspace.state = WorkspaceState::kReady;
  scene.workspace.id = "my-team";
  scene.workspace.url = "https://lepton.example";
  scene.workspace.defaults = base::json_object();
  scene.workspace.token_key_id = "key-1";
  scene.memory.since = at(0s);
  return scene;
}

// Frozen by the planner itself: accept_test.cc says what is in it. Nothing but secrets is intended.
Scene resolved(Scene scene) {
  scene.object.status = plan(scene, at(0s)).status;
  scene.object.meta.finalizers.push_back(kCleanupFinalizer);
  for (TaskStatus& task : scene.object.status.tasks) {
    task.endpoint = {};
    task.phase = TaskPhase::kPending;
  }
  return scene;
}

}  // namespace

Scene a_new_invocation() { return of(kNim); }
Scene a_new_invocation_on_existing_endpoint() { return of(kExisting); }

Scene a_pending_invocation() {
  Scene fresh = a_new_invocation();
  fresh.with_spec("deployment: {envs: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}");
  fresh.memory.secret_keys[{"hf", "token"}] = SecretKeyState::kPresent;
  Scene scene = resolved(fresh);
  scene.looked_at({98s, 99s});
  for (const SecretStatus& secret : scene.status().secrets) scene.in_flight("ensure-secret " + secret.name, 99s, secret.name);
  return scene;
}

Scene a_deploying_invocation() {
  Scene scene = resolved(a_new_invocation());
  scene.looked_at({98s, 99s});
  for (SecretStatus& secret : scene.status().secrets) {
    secret.ready = true;
    scene.did("ensure-secret " + secret.name, 0s, 500ms, secret.name);
  }
  for (TaskStatus& task : scene.status().tasks) {
    task.phase = TaskPhase::kDeploying;
    task.endpoint.name = scene.endpoint_name_of(task.name);
    task.endpoint.intended_at = task.endpoint.waiting_since = at(0s);
    task.endpoint.billed_since = at(0s);
    task.endpoint.state = EndpointPhase::kWaiting;
    task.endpoint.seen = true;
    scene.did("create-endpoint " + task.endpoint.name, 500ms, 1s, task.endpoint.name);
    scene.endpoint_is(task.name, "Starting").explained(task.name, 95s, lepton::EndpointTrouble::kNone);  // nothing to say yet
  }
  scene.status().phase = Phase::kDeploying;
  scene.status().cost = {"gpu.1xh200", 1, 0, 0};
  return scene;
}

Scene an_invocation_with_ready_endpoints() {
  Scene scene = a_deploying_invocation();
  for (TaskStatus& task : scene.status().tasks) {
    scene.endpoint_is(task.name, "Ready");
    task.endpoint.state = EndpointPhase::kReady;
    task.endpoint.ready_at = task.endpoint.idle_since = at(50s);
    task.endpoint.url = "https://" + task.name + ".example";
  }
  return scene;
}

Scene a_running_invocation() {
  Scene scene = an_invocation_with_ready_endpoints();
  scene.status().phase = Phase::kRunning;
  scene.status().storage.path = "/shared/nemo-evaluator-launcher-workspace/" + scene.status().invocation_id;
  scene.memory.storage_probe.emplace();
  for (TaskStatus& task : scene.status().tasks) {
    task.phase = TaskPhase::kRunning;
    task.endpoint.idle_since.reset();
    task.job.name = scene.job_name_of(task.name);
    task.job.id = Scene::job_id_of(task.name);
    task.job.state = JobPhase::kRunning;
    task.job.intended_at = at(50s);
    task.job.started_at = at(60s);
    scene.did("create-job " + task.job.name, 50s, 51s, task.job.name);
    scene.job_is(task.name, "Running");
  }
  return scene;
}

Scene a_succeeded_invocation() {
  Scene scene = a_running_invocation();
  scene.status().phase = Phase::kSucceeded;
  scene.status().completion_time = at(90s);
  for (TaskStatus& task : scene.status().tasks) {
    task.phase = TaskPhase::kSucceeded;
    task.job.state = JobPhase::kSucceeded;
    task.job.finished_at = at(90s);
    task.job.released = true;
    task.endpoint.state = EndpointPhase::kDeleting;
    task.endpoint.releasing = true;
    scene.job_is(task.name, "Completed");
    scene.endpoint_is(task.name, "Deleting");
    scene.did("delete-endpoint " + task.endpoint.name, 90s, 91s, task.endpoint.name);
  }
  return scene;
}

Scene a_failed_invocation() {
  Scene scene = a_succeeded_invocation();
  scene.status().phase = Phase::kFailed;
  scene.task(kGpqa).phase = TaskPhase::kFailed;
  scene.task(kGpqa).message = "job job-gpqa_diamond ended as Failed: its log says why.";
  scene.task(kGpqa).job.state = JobPhase::kFailed;
  scene.job_is(kGpqa, "Failed");
  return scene;
}

Scene a_deleting_invocation() {
  Scene scene = a_running_invocation();
  scene.deleted_at(95s);
  scene.status().phase = Phase::kDeleting;
  for (TaskStatus& task : scene.status().tasks) {
    task.endpoint.state = EndpointPhase::kDeleting;
    task.endpoint.releasing = true;
    scene.endpoint_is(task.name, "Deleting");
    scene.job_is(task.name, "Deleting");
    scene.did("delete-endpoint " + task.endpoint.name, 95s, 96s, task.endpoint.name);
    scene.did("delete-job " + task.job.id, 95s, 96s, task.job.id);
  }
  return scene;
}

}  // namespace lepton_operator::invocation::planner
