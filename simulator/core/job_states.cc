// What happens to jobs over time.
#include "core/job_files.h"
#include "core/jobs.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

constexpr int kTerminated = 143;

// The names of our deployments that a job's spec mentions by their external host.
std::vector<std::string> endpoints_named(const std::string& workspace, const std::string& spec) {
  std::vector<std::string> names;
  const std::string begin = "https://" + workspace + "-";
  for (std::size_t at = spec.find(begin); at != std::string::npos; at = spec.find(begin, at + 1)) {
    const std::size_t first = at + begin.size();
    const std::size_t end = spec.find(".xenon.lepton.run", first);
    if (end != std::string::npos) names.push_back(spec.substr(first, end - first));
  }
  return names;
}

}  // namespace

const Job* Jobs::find(const std::string& id_or_name) const {
  const auto by_id = jobs_.find(id_or_name);
  if (by_id != jobs_.end()) return &by_id->second;
  const Job* newest = nullptr;
  for (const auto& [id, job] : jobs_) {
    if (job.name == id_or_name && (newest == nullptr || job.order > newest->order)) newest = &job;
  }
  return newest;
}

void Jobs::enter(Job& job, const std::string& state) {
  if (job.state == state) return;
  world_.record("job", job.id, job.state, state);
  job.state = state;
  ++job.plan;
}

void Jobs::plan(Job& job, base::Milliseconds delay, void (Jobs::*step)(Job&)) {
  const std::uint64_t plan = ++job.plan;
  world_.agenda.in(delay, [this, id = job.id, order = job.order, plan, step] {
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && found->second.order == order && found->second.plan == plan) (this->*step)(found->second);
  });
}

void Jobs::begin(Job& job) {
  job.running_at.reset();
  job.finished_at.reset();
  enter(job, job.course.outcome == Outcome::kQueueing ? "Queueing" : "Starting");
  switch (job.course.outcome) {
    case Outcome::kNeverReady: return;
    case Outcome::kQueueing:
      // Waits for ever, unless the rule says for how long.
      if (job.course.ready_delay) plan(job, *job.course.ready_delay, &Jobs::run);
      return;
    case Outcome::kNormal:
    case Outcome::kError:
    case Outcome::kFail:
    case Outcome::kNoCapacity:  // what is said of endpoints only
    case Outcome::kImagePull:
    case Outcome::kCrashLoop:
    case Outcome::kFlapping: plan(job, job.course.ready_delay.value_or(world_.options.start_delay), &Jobs::run); return;
  }
  __builtin_unreachable();
}

void Jobs::run(Job& job) {
  job.running_at = world_.now();
  enter(job, "Running");
  make_mounts(world_, job.spec);
  const auto output_dir = env_value(job.spec, "EVAL_OUTPUT_DIR");
  if (output_dir) {
    if (const auto output = map_path(world_, job.spec, *output_dir)) {
      write_started(*output, base::get_string(base::get_object(job.metadata, "labels"), "lepton-operator.attempt"));
    }
  }
  plan(job, job.course.run_delay.value_or(world_.options.run_delay), &Jobs::finish);
}

void Jobs::finish(Job& job) {
  const bool meant_to_fail = job.course.outcome == Outcome::kFail || job.course.outcome == Outcome::kError;
  if (meant_to_fail) return fail(job, job.course.reason, job.course.exit_code);
  if (const auto directory = env_value(job.spec, "CLEANUP_DIRECTORY")) {
    if (const auto wrong = clean_up(world_, job.spec, *directory)) return fail(job, *wrong, 1);
    return over(job, "Completed");
  }
  if (const auto wrong = why_no_endpoint(job)) return fail(job, *wrong, 1);
  const auto output_dir = env_value(job.spec, "EVAL_OUTPUT_DIR");
  if (output_dir) {
    const auto output = map_path(world_, job.spec, *output_dir);
    if (!output) return fail(job, "EVAL_OUTPUT_DIR is outside of every writable mount", 1);
    write_results(*output, job.name);
    write_exit(*output, 0);
  }
  over(job, "Completed");
}

void Jobs::fail(Job& job, const std::string& reason, int exit_code) {
  job.reason = reason.empty() ? "exit code " + std::to_string(exit_code) : reason;
  if (const auto output_dir = env_value(job.spec, "EVAL_OUTPUT_DIR")) {
    if (const auto output = map_path(world_, job.spec, *output_dir)) write_exit(*output, exit_code);
  }
  over(job, "Failed");
}

void Jobs::over(Job& job, const std::string& state) {
  job.finished_at = world_.now();
  enter(job, state);
  const auto ttl = base::get_int(job.spec, "ttl_seconds_after_finished").value_or(600);
  plan(job, std::chrono::seconds(ttl), &Jobs::archive);
}

void Jobs::archive(Job& job) {
  job.archived = true;
  world_.record("job", job.id, job.state, "archived");
}

// A running job that is told to end writes its last stage file before it is gone.
void Jobs::wind_down(Job& job) {
  if (!job.running_at || job.finished_at) return;
  if (const auto output_dir = env_value(job.spec, "EVAL_OUTPUT_DIR")) {
    if (const auto output = map_path(world_, job.spec, *output_dir)) write_exit(*output, kTerminated);
  }
  job.finished_at = world_.now();
}

void Jobs::stopped(Job& job) {
  wind_down(job);
  enter(job, "Stopped");
}

void Jobs::vanish(Job& job) {
  wind_down(job);
  world_.record("job", job.id, "Deleting", "gone");
  job.deleted_at = world_.now();
  job.state = "Deleted";
  if (world_.options.archive_deleted_jobs && !job.archived) {
    job.archived = true;
    return;
  }
  const auto node = jobs_.extract(job.id);
  gone_.push_back(node.mapped());
}

void Jobs::note_endpoints(Job& job) const {
  job.endpoints_at_creation = base::json_object();
  for (const std::string& name : endpoints_named(world_.options.workspace, base::to_text(job.spec))) {
    if (const Deployment* deployment = deployments_.find(name)) job.endpoints_at_creation[name] = text(deployment->state);
  }
}

// With needs-endpoints: the deployments that the job talks to must have been Ready when it was created, and be there still.
std::optional<std::string> Jobs::why_no_endpoint(const Job& job) const {
  if (!job.course.needs_endpoints) return std::nullopt;
  for (const std::string& name : endpoints_named(world_.options.workspace, base::to_text(job.spec))) {
    if (base::get_string(job.endpoints_at_creation, name) != "Ready") return "endpoint " + name + " was not Ready when the job was created";
    if (deployments_.find(name) == nullptr) return "endpoint " + name + " is gone";
  }
  return std::nullopt;
}

bool Jobs::force_state(const std::string& id_or_name, const std::string& state, const std::string& reason) {
  const Job* found = find(id_or_name);
  if (found == nullptr) return false;
  Job& job = jobs_.at(found->id);
  if (!reason.empty()) job.reason = reason;
  if (state == "Completed" || state == "Failed") {
    over(job, state);
  } else {
    enter(job, state);
    ++job.plan;
  }
  return true;
}

bool Jobs::erase(const std::string& id_or_name) {
  const Job* found = find(id_or_name);
  if (found == nullptr) return false;
  Job& job = jobs_.at(found->id);
  job.deleted_at = world_.now();
  world_.record("job", job.id, job.state, "gone");
  const auto node = jobs_.extract(found->id);
  gone_.push_back(node.mapped());
  return true;
}

void Jobs::clear() {
  jobs_.clear();
  gone_.clear();
}

}  // namespace lepton_operator::simulator
