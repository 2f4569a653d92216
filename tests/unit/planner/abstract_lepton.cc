#include "unit/planner/abstract_lepton.h"

#include <algorithm>

#include "invocation/states.h"
#include "lepton/codec.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr base::Milliseconds kReadyAfter = 3s;
constexpr base::Milliseconds kRunsAfter = 1s;
constexpr base::Milliseconds kEndsAfter = 4s;

}  // namespace

void AbstractLepton::create_endpoint(const CreateEndpoint& action, Timestamp now) {
  const std::string& name = action.endpoint.spec.name;
  if (endpoints_.contains(name)) return;  // 409
  const lepton::Endpoint sent = *lepton::decode_endpoint(lepton::encode(action.endpoint.spec));
  endpoints_[name] = {action.task, sent, now, *sent.spec};
  ++made_[name];
}

void AbstractLepton::start_endpoint(const std::string& name) {
  if (const auto found = endpoints_.find(name); found != endpoints_.end()) found->second.stopped = false;
}

void AbstractLepton::update_endpoint(const UpdateEndpoint& action) {
  const auto found = endpoints_.find(action.endpoint.spec.name);
  if (found != endpoints_.end()) found->second.spec = *found->second.sent.spec;
}

void AbstractLepton::delete_endpoint(const std::string& name, Timestamp) {
  if (endpoints_.erase(name) > 0) made_[name] = 0;  // a late request may make it once more: then it must go once more
}

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

bool AbstractLepton::fails(const OneJob& one) const {
  if (failing_jobs.contains(one.task)) return true;
  const auto attempts = failing_attempts.find(one.task);
  return attempts != failing_attempts.end() && std::stoi(std::string(one.job.labels.at("lepton-operator.attempt"))) < attempts->second;
}

lepton::EndpointTrouble AbstractLepton::trouble_of(const std::string& name, Timestamp now) const {
  const auto found = endpoints_.find(name);
  if (found == endpoints_.end()) return lepton::EndpointTrouble::kNone;
  const auto capacity = capacity_after.find(found->second.task);
  const bool lacking = capacity != capacity_after.end() && now < found->second.created + capacity->second;
  return lacking ? lepton::EndpointTrouble::kNoCapacity : lepton::EndpointTrouble::kNone;
}

base::Milliseconds AbstractLepton::readiness_of(const OneEndpoint& one) const {
  const auto known = ready_after.find(one.task);
  return known == ready_after.end() ? kReadyAfter : known->second;
}

lepton::JobState AbstractLepton::state_of(const OneJob& one, Timestamp now) const {
  if (one.stopped && *one.stopped < one.created + kEndsAfter) return lepton::JobState::kStopped;
  if (now >= one.created + kEndsAfter) return fails(one) ? lepton::JobState::kFailed : lepton::JobState::kCompleted;
  return now >= one.created + kRunsAfter ? lepton::JobState::kRunning : lepton::JobState::kStarting;
}

std::optional<lepton::Job> AbstractLepton::read_job(const std::string& id, Timestamp now) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  lepton::Job job = found->second.job;
  job.state = state_of(found->second, now);
  if (!archived(found->second, now)) return job;
  job.archived = true;
  if (archive_tells) (job.state == lepton::JobState::kCompleted ? job.succeeded : job.failed) = 1;
  job.state = lepton::JobState::kArchived;
  return job;
}

bool AbstractLepton::archived(const OneJob& one, Timestamp now) const {
  return archived_after && now >= one.created + kEndsAfter + *archived_after;
}

std::optional<int> AbstractLepton::exit_code_of(const std::string& id, Timestamp now) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end() || !storage_api || !directory) return std::nullopt;
  return state_of(found->second, now) == lepton::JobState::kCompleted ? 0 : 1;
}

void AbstractLepton::lose_endpoint(const std::string& task) {
  for (const auto& [name, one] : endpoints_) {
    if (one.task == task) made_[name] = 0;  // it may be put back
  }
  std::erase_if(endpoints_, [&](const auto& known) { return known.second.task == task; });
}

void AbstractLepton::edit_endpoint(const std::string& task) {
  for (auto& [name, one] : endpoints_) {
    if (one.task == task) one.spec.image = "registry.example/another:2";
  }
}

void AbstractLepton::stop_endpoint(const std::string& task) {
  for (auto& [name, one] : endpoints_) one.stopped = one.stopped || one.task == task;
}

void AbstractLepton::show_endpoint_as(const std::string& task, lepton::EndpointState state, Timestamp until) {
  for (auto& [name, one] : endpoints_) {
    if (one.task == task) one.shown_as = {state, until};
  }
}

void AbstractLepton::show_job_as(const std::string& task, lepton::JobState state, Timestamp until) {
  for (auto& [id, one] : jobs_) {
    if (one.task == task) one.shown_as = {state, until};
  }
}

void AbstractLepton::lose_job(const std::string& task) {
  for (const auto& [id, one] : jobs_) {
    if (one.task == task) made_[one.job.name] = 0;  // who never learned its id cannot tell it from one that never was
  }
  std::erase_if(jobs_, [&](const auto& known) { return known.second.task == task; });
}

void AbstractLepton::advance(Timestamp now) {
  most_endpoints_ = std::max(most_endpoints_, endpoints_.size());
  most_jobs_ =
      std::max(most_jobs_, static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& known) {
                 const lepton::JobState state = state_of(known.second, now);
                 return !known.second.task.empty() && (state == lepton::JobState::kStarting || state == lepton::JobState::kRunning);
               })));
  for (const auto& [name, one] : endpoints_) {
    if (now >= one.created + readiness_of(one) && !failing_endpoints.contains(one.task)) ever_ready_.insert(name);
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
    endpoint.endpoint = one.sent;
    endpoint.endpoint.spec = one.spec;
    endpoint.endpoint.state = one.stopped ? lepton::EndpointState::kStopped : lepton::EndpointState::kStarting;
    if (one.shown_as && now < one.shown_as->second) {
      endpoint.endpoint.state = one.shown_as->first;
    } else if (!one.stopped && now >= one.created + readiness_of(one)) {
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
    if (one.created + lag > now || (!asked_for_archive && archived(one, now))) continue;
    lepton::Job job = *read_job(id, now);
    if (one.shown_as && now < one.shown_as->second && !job.archived) job.state = one.shown_as->first;
    view.jobs[one.job.name].push_back(std::move(job));
  }
  for (lepton::Looks* looks : {&view.endpoint_looks, &view.job_looks, &view.archive_looks}) {
    if (looks == &view.archive_looks && !asked_for_archive) continue;
    looks->before_last = looks->last;
    looks->last = now;
  }
}

bool AbstractLepton::has_jobs_of_tasks() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& known) { return !known.second.task.empty(); });
}

int AbstractLepton::unfinished_jobs(const std::string& task, Timestamp now) const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& known) {
    lepton::Job job = known.second.job;
    job.state = state_of(known.second, now);
    return known.second.task == task && !finished(job_phase(job));
  }));
}

int AbstractLepton::endpoints_of(const std::string& task) const {
  return static_cast<int>(
      std::count_if(endpoints_.begin(), endpoints_.end(), [&](const auto& known) { return known.second.task == task; }));
}

}  // namespace lepton_operator::invocation::planner
