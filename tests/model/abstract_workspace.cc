#include "model/abstract_workspace.h"

#include <algorithm>

namespace lepton_operator::invocation::model {

using lepton::EndpointState;
using lepton::JobState;

bool over(const AbstractJob& job) {
  return job.state == JobState::kCompleted || job.state == JobState::kFailed || job.state == JobState::kStopped;
}

namespace {

bool down(const AbstractEndpoint& one) { return one.state == EndpointState::kStopping || one.state == EndpointState::kStopped; }
bool on_its_way(const AbstractEndpoint& one) { return one.state == EndpointState::kStarting || one.state == EndpointState::kUpdating; }

}  // namespace

AbstractEndpoint* AbstractWorkspace::find_endpoint(const std::string& name) {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(), [&](const AbstractEndpoint& one) { return one.name == name; });
  return found == endpoints.end() ? nullptr : &*found;
}

AbstractJob* AbstractWorkspace::find_job(const std::string& id) {
  const auto found = std::find_if(jobs.begin(), jobs.end(), [&](const AbstractJob& one) { return one.id == id; });
  return found == jobs.end() ? nullptr : &*found;
}

const AbstractJob* AbstractWorkspace::find_job(const std::string& id) const { return const_cast<AbstractWorkspace*>(this)->find_job(id); }

bool AbstractWorkspace::create_endpoint(const std::string& name) {
  if (find_endpoint(name) != nullptr) return false;
  const auto behind = std::find_if(endpoints.begin(), endpoints.end(), [&](const AbstractEndpoint& one) { return one.name > name; });
  endpoints.insert(behind, AbstractEndpoint{.name = name, .shows_after = {}});
  return true;
}

bool AbstractWorkspace::scale_endpoint(const std::string& name, bool up) {
  AbstractEndpoint* one = find_endpoint(name);
  if (one == nullptr || one->state == EndpointState::kDeleting) return false;
  if (up && !down(*one)) return false;  // nothing to update
  if (up) one->state = EndpointState::kStarting;
  if (!up && !down(*one)) one->state = EndpointState::kStopping;
  return true;
}

bool AbstractWorkspace::edit_endpoint(const std::string& name, bool as_it_was) {
  AbstractEndpoint* one = find_endpoint(name);
  if (one == nullptr || one->state == EndpointState::kDeleting) return false;
  const bool same = one->edited == !as_it_was;
  if (same) return down(*one);
  one->edited = !as_it_was;
  if (!down(*one)) one->state = EndpointState::kUpdating;
  return true;
}

bool AbstractWorkspace::delete_endpoint(const std::string& name) {
  AbstractEndpoint* one = find_endpoint(name);
  if (one == nullptr) return false;
  one->state = EndpointState::kDeleting;
  return true;
}

const AbstractJob& AbstractWorkspace::create_job(const std::string& name, const std::string& task) {
  int number = 0;
  auto place = jobs.begin();
  for (auto known = jobs.begin(); known != jobs.end() && known->name <= name; ++known) {
    if (known->name == name) number = known->number + 1;
    place = known + 1;
  }
  AbstractJob one;
  one.id = name + "-" + std::to_string(number);
  one.name = name;
  one.task = task;
  one.number = number;
  return *jobs.insert(place, one);
}

bool AbstractWorkspace::stop_job(const std::string& id) {
  AbstractJob* one = find_job(id);
  if (one == nullptr || one->state == JobState::kCompleted || one->state == JobState::kFailed || one->state == JobState::kDeleting)
    return false;
  if (one->state != JobState::kStopped) one->state = JobState::kStopping;
  return true;
}

bool AbstractWorkspace::delete_job(const std::string& id) {
  AbstractJob* one = find_job(id);
  if (one == nullptr) return false;
  one->state = JobState::kDeleting;
  return true;
}

std::vector<AbstractWorkspace::Step> AbstractWorkspace::steps() const {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const EndpointState state = endpoints[i].state;
    if (on_its_way(endpoints[i])) steps.push_back({false, i, true});
    if (on_its_way(endpoints[i]) || state == EndpointState::kStopping || state == EndpointState::kDeleting)
      steps.push_back({false, i, false});
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].foreign || over(jobs[i])) continue;
    if (jobs[i].state == JobState::kRunning) steps.push_back({true, i, true});
    steps.push_back({true, i, false});
  }
  return steps;
}

std::string AbstractWorkspace::take(const Step& step) { return step.of_job ? take_job(step) : take_endpoint(step); }

std::string AbstractWorkspace::take_endpoint(const Step& step) {
  AbstractEndpoint& one = endpoints[step.index];
  const std::string name = "endpoint " + one.name;
  if (one.state == EndpointState::kDeleting) {
    endpoints.erase(endpoints.begin() + static_cast<std::ptrdiff_t>(step.index));
    return name + " is gone";
  }
  if (one.state == EndpointState::kStopping) {
    one.state = EndpointState::kStopped;
  } else {
    one.state = step.unlucky ? EndpointState::kError : EndpointState::kReady;
  }
  return name + " is " + lepton::to_string(one.state);
}

std::string AbstractWorkspace::take_job(const Step& step) {
  AbstractJob& one = jobs[step.index];
  const std::string name = "job " + one.id;
  if (one.state == JobState::kDeleting) {
    jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(step.index));
    return name + " is gone";
  }
  if (one.state == JobState::kStarting) {
    one.state = JobState::kRunning;
    if (!one.task.empty()) directory = true;
  } else if (one.state == JobState::kStopping) {
    one.state = JobState::kStopped;
  } else {
    one.state = step.unlucky ? JobState::kFailed : JobState::kCompleted;
    if (one.task.empty() && !step.unlucky) directory = false;
  }
  return name + " is " + lepton::to_string(one.state);
}

}  // namespace lepton_operator::invocation::model
