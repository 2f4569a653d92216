#include "unit/planner/world_builder.h"

#include <algorithm>
#include <stdexcept>

#include "base/yaml.h"
#include "invocation/defaults.h"
#include "invocation/names.h"
#include "invocation/validation.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr const char* kCatalogue = R"(
harnesses:
  - name: a
    container: registry.example/a:1
    tasks: [{name: gpqa_diamond, endpointTypes: [chat]}, {name: hellaswag, endpointTypes: [completions]}, {name: mmlu, endpointTypes: [chat]}]
  - {name: b, container: "registry.example/b:1", tasks: [{name: winogrande, endpointTypes: [completions]}]}
)";

lepton::Labels labels_of(const Scene& scene, const std::string& task) { return owner_labels(scene.install_id, scene.object.meta, task, 0); }

}  // namespace

Timestamp at(base::Milliseconds since_start) {
  return Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 7 / 1)) + 12h + since_start;
}

base::Json yaml(std::string_view text) {
  auto documents = base::parse_yaml(text, "test.yaml");
  if (!documents) throw std::runtime_error(documents.error().text());
  return documents->at(0).value;
}

const Catalogue& small_catalogue() {
  static const Catalogue catalogue = [] {
    auto parsed = Catalogue::parse(kCatalogue, "small.yaml");
    if (!parsed) throw std::runtime_error(parsed.error().text());
    return *parsed;
  }();
  return catalogue;
}

lepton::Looks looks_at(std::vector<base::Milliseconds> begun) {
  lepton::Looks looks;
  for (const base::Milliseconds when : begun) {
    looks.before_last = looks.last;
    looks.last = at(when);
  }
  return looks;
}

base::Error error_of(base::ErrorKind kind) { return base::Error{kind, std::string("lepton answered: ") + base::to_string(kind)}; }

TaskStatus& Scene::task(const std::string& name) {
  for (TaskStatus& known : object.status.tasks) {
    if (known.name == name) return known;
  }
  throw std::runtime_error("the scene has no task " + name);
}

std::string Scene::endpoint_name_of(const std::string& task) const { return endpoint_name(DeploymentType::kNim, kUid, task, 0); }
std::string Scene::job_name_of(const std::string& task) const { return job_name(kUid, task, 0); }

Scene& Scene::with_spec(std::string_view overlay) {
  object.spec = base::merged(object.spec, yaml(overlay));
  return *this;
}

Scene& Scene::deleted_at(base::Milliseconds when) {
  object.meta.deleted = at(when);
  return *this;
}

Scene& Scene::with_annotation(const std::string& name, const std::string& value) {
  object.meta.annotations[name] = value;
  return *this;
}

Scene& Scene::with_appended_task(const std::string& name) {
  ++object.meta.generation;
  return with_spec("evaluation: {tasks: [{name: gpqa_diamond}, {name: hellaswag}, {name: winogrande}, {name: " + name + "}]}");
}

Scene& Scene::append_task(const std::string& name) {
  base::Json& tasks = object.spec["evaluation"]["tasks"];
  for (const base::Json& known : tasks.as_array()) {
    if (base::get_string(known, "name") == name) return *this;
  }
  tasks[tasks.size()] = yaml("{name: " + name + "}");
  ++object.meta.generation;
  return *this;
}

Scene& Scene::raise_run(const std::string& name) {
  for (base::Json& known : object.spec["evaluation"]["tasks"].as_array()) {
    if (base::get_string(known, "name") == name)
      known["run"] = base::Json::number(static_cast<int>(base::get_int(known, "run").value_or(0)) + 1);
  }
  ++object.meta.generation;
  return *this;
}

Scene& Scene::looked_at(std::vector<base::Milliseconds> begun) {
  view.endpoint_looks = view.job_looks = view.archive_looks = looks_at(std::move(begun));
  return *this;
}

Scene& Scene::endpoint_is(const std::string& task, std::string_view wire, int error_looks) {
  lepton::SeenEndpoint seen;
  seen.endpoint.name = endpoint_name_of(task);
  seen.endpoint.labels = labels_of(*this, task);
  seen.endpoint.state = lepton::parse_endpoint_state(wire);
  if (seen.endpoint.state == lepton::EndpointState::kReady) seen.endpoint.external_url = "https://" + task + ".example";
  if (seen.endpoint.state == lepton::EndpointState::kError) seen.error_looks = error_looks;
  view.endpoints[seen.endpoint.name] = seen;
  return *this;
}

Scene& Scene::endpoint_gone(const std::string& task) {
  view.endpoints.erase(endpoint_name_of(task));
  return *this;
}

Scene& Scene::job_is(const std::string& task, std::string_view wire) {
  view.jobs.erase(job_name_of(task));
  return another_job(task, job_id_of(task), wire, 51s);
}

Scene& Scene::job_gone(const std::string& task) {
  view.jobs.erase(job_name_of(task));
  return *this;
}

Scene& Scene::another_job(const std::string& task, const std::string& id, std::string_view wire, base::Milliseconds created) {
  lepton::Job job;
  job.id = id;
  job.name = job_name_of(task);
  job.labels = labels_of(*this, task);
  job.state = lepton::parse_job_state(wire);
  job.archived = job.state == lepton::JobState::kArchived;
  job.created_at = at(created);
  view.jobs[job.name].push_back(job);
  return *this;
}

Scene& Scene::job_read(const std::string& task, base::Milliseconds began, std::optional<std::string> wire) {
  JobRead read;
  read.began = at(began);
  if (wire) {
    read.job.emplace();
    read.job->id = job_id_of(task);
    read.job->name = job_name_of(task);
    read.job->state = lepton::parse_job_state(*wire);
  }
  memory.reads[job_id_of(task)] = read;
  return *this;
}

Scene& Scene::stage_read(const std::string& task, std::optional<int> exit_code) {
  memory.stages[job_id_of(task)] = {exit_code};
  return *this;
}

Scene& Scene::explained(const std::string& task, base::Milliseconds began, lepton::EndpointTrouble trouble, const std::string& detail) {
  memory.explanations[endpoint_name_of(task)] = {at(began), trouble, detail};
  return did("explain-endpoint " + endpoint_name_of(task), began, began);
}

Scene& Scene::did(const std::string& action_key, base::Milliseconds began, base::Milliseconds ended, const std::string& object_name) {
  memory.outcomes[action_key] = {};
  memory.outcomes[action_key].began = at(began);
  if (!object_name.empty()) memory.writes[object_name] = at(ended);
  return *this;
}

Scene& Scene::in_flight(const std::string& action_key, base::Milliseconds began, const std::string& object_name) {
  did(action_key, began, began, object_name);
  memory.outcomes[action_key].in_flight = true;
  return *this;
}

Scene& Scene::failed(const std::string& action_key, base::ErrorKind kind, base::Milliseconds began, base::Milliseconds retry,
                     const std::string& object_name) {
  did(action_key, began, began + 100ms, object_name);
  Outcome& outcome = memory.outcomes[action_key];
  outcome.error = error_of(kind);
  outcome.failures = 1;
  outcome.retry_at = at(retry);
  return *this;
}

Scene& Scene::restarted() {
  memory = {};
  memory.since = now;
  memory.met_with_finalizer = object.meta.has_finalizer(kCleanupFinalizer);
  view = {};
  return *this;
}

Scene& Scene::with_uncertain_job(const std::string& task_name, Timestamp intended) {
  TaskStatus& uncertain = task(task_name);
  uncertain.phase = TaskPhase::kStarting;
  uncertain.job = {};
  uncertain.job.name = job_name_of(task_name);
  uncertain.job.intended_at = intended;
  uncertain.job.state = JobPhase::kCreating;
  memory.outcomes.erase("create-job " + uncertain.job.name);
  memory.writes.erase(uncertain.job.name);
  return job_gone(task_name);
}

Scene& Scene::seen_without_it(const lepton::Looks& looks) {
  view.job_looks = view.archive_looks = looks;
  return *this;
}

Scene& Scene::workspace_is(WorkspaceState state, const std::string& message) {
  workspace.state = state;
  workspace.message = message;
  return *this;
}

World Scene::world(Timestamp when) const {
  return World{.invocation = object,
               .workspace = workspace,
               .view = view,
               .memory = memory,
               .catalogue = small_catalogue(),
               .install_id = install_id,
               .now = when,
               .namespace_deleting = namespace_deleting,
               .admission = admission};
}

// Tests plan with the same few specs hundreds of thousands of times, and change them without making a generation of it.
SpecReading read_once(const Scene& scene) {
  thread_local base::Json spec;
  thread_local base::Json defaults;
  thread_local SpecReading reading;
  const auto& resolved = scene.object.status.resolved;
  const base::Json& now = resolved ? resolved->defaults : scene.workspace.defaults;
  if (reading && spec == scene.object.spec && defaults == now) return reading;
  spec = scene.object.spec;
  defaults = now;
  return reading = read_spec(scene.object, scene.workspace.defaults);
}

Plan plan(const Scene& scene, Timestamp when) {
  World world = scene.world(when);
  if (!scene.object.meta.deleted) world.reading = read_once(scene);  // as the Reconciler does
  return invocation::plan(world);
}

const TaskStatus& task_of(const Plan& plan, const std::string& name) { return task_of(plan.status, name); }

const TaskStatus& task_of(const InvocationStatus& status, const std::string& name) {
  for (const TaskStatus& known : status.tasks) {
    if (known.name == name) return known;
  }
  throw std::runtime_error("the plan has no task " + name);
}

}  // namespace lepton_operator::invocation::planner
