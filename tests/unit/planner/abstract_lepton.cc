#include "unit/planner/abstract_lepton.h"

#include <algorithm>

namespace lepton_operator::invocation::planner {
namespace {

constexpr base::Milliseconds kReadyAfter = 3s;
constexpr base::Milliseconds kRunsAfter = 1s;
constexpr base::Milliseconds kEndsAfter = 4s;

}  // namespace

void AbstractLepton::create_endpoint(const CreateEndpoint& action, Timestamp now) {
  const std::string& name = action.endpoint.spec.name;
  if (endpoints_.contains(name)) return;  // 409
  endpoints_[name] = {action.task, action.endpoint.spec.labels, now};
  ++made_[name];
}

void AbstractLepton::delete_endpoint(const std::string& name, Timestamp) { endpoints_.erase(name); }

lepton::Job AbstractLepton::create_job(const CreateJob& action, Timestamp now) {
  OneJob one;
  one.task = action.task;
  one.created = now;
  one.job.id = action.job.name + "-id" + std::to_string(next_id_++);
  one.job.name = action.job.name;
  one.job.labels = action.job.labels;
  one.job.created_at = now;
  one.job.state = lepton::JobState::kStarting;
  ++made_[action.job.name];
  jobs_[one.job.id] = one;
  return one.job;
}

void AbstractLepton::stop_job(const std::string& id, Timestamp now) {
  if (const auto found = jobs_.find(id); found != jobs_.end() && !found->second.stopped) found->second.stopped = now;
}

void AbstractLepton::delete_job(const std::string& id, Timestamp) { jobs_.erase(id); }

lepton::JobState AbstractLepton::state_of(const OneJob& one, Timestamp now) const {
  if (one.stopped && *one.stopped < one.created + kEndsAfter) return lepton::JobState::kStopped;
  if (now >= one.created + kEndsAfter) return failing_jobs.contains(one.task) ? lepton::JobState::kFailed : lepton::JobState::kCompleted;
  return now >= one.created + kRunsAfter ? lepton::JobState::kRunning : lepton::JobState::kStarting;
}

std::optional<lepton::Job> AbstractLepton::read_job(const std::string& id, Timestamp now) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  lepton::Job job = found->second.job;
  job.state = state_of(found->second, now);
  return job;
}

void AbstractLepton::advance(Timestamp now) {
  for (const auto& [name, one] : endpoints_) {
    if (now >= one.created + kReadyAfter && !failing_endpoints.contains(one.task)) ever_ready_.insert(name);
  }
  for (const auto& [id, one] : jobs_) {
    const lepton::JobState state = state_of(one, now);
    if (!one.task.empty() && state == lepton::JobState::kRunning) directory = true;
    if (one.task.empty() && state == lepton::JobState::kCompleted) directory = false;
  }
}

void AbstractLepton::look(lepton::View& view, Timestamp now) const {
  std::map<std::string, lepton::SeenEndpoint, std::less<>> seen;
  for (const auto& [name, one] : endpoints_) {
    if (one.created + lag > now) continue;
    lepton::SeenEndpoint endpoint;
    endpoint.endpoint.name = name;
    endpoint.endpoint.labels = one.labels;
    endpoint.endpoint.state = lepton::EndpointState::kStarting;
    if (now >= one.created + kReadyAfter) {
      const bool fails = failing_endpoints.contains(one.task);
      endpoint.endpoint.state = fails ? lepton::EndpointState::kError : lepton::EndpointState::kReady;
      if (!fails) endpoint.endpoint.external_url = "https://" + name + ".example";
      const auto before = view.endpoints.find(name);
      if (fails) endpoint.error_looks = 1 + (before == view.endpoints.end() ? 0 : before->second.error_looks);
    }
    seen[name] = endpoint;
  }
  view.endpoints = std::move(seen);
  view.jobs.clear();
  for (const auto& [id, one] : jobs_) {
    if (one.created + lag <= now) view.jobs[one.job.name].push_back(*read_job(id, now));
  }
  for (lepton::Looks* looks : {&view.endpoint_looks, &view.job_looks, &view.archive_looks}) {
    looks->before_last = looks->last;
    looks->last = now;
  }
}

bool AbstractLepton::has_jobs_of_tasks() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& known) { return !known.second.task.empty(); });
}

}  // namespace lepton_operator::invocation::planner
