#include "model/rules.h"

#include <algorithm>
#include <set>

namespace lepton_operator::invocation::model {
namespace {

const TaskStatus* find_task(const InvocationStatus& status, const std::string& name) {
  const auto found = std::find_if(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) { return task.name == name; });
  return found == status.tasks.end() ? nullptr : &*found;
}

bool writes(const AbstractJob& job) { return !job.foreign && !job.task.empty() && !over(job); }

// Not on its way out already: one whose removal was accepted before any list showed it goes unseen.
bool stands(const AbstractEndpoint& one) { return one.state != lepton::EndpointState::kDeleting || !one.shows_after; }

bool job_may_come(const State& state) {
  return std::any_of(state.requests.begin(), state.requests.end(), [](const Request& request) {
    const auto* job = std::get_if<CreateJob>(request.action.get());
    return request.fate != Fate::kAnswered && job != nullptr && !job->task.empty();
  });
}

// Rule 5. An earlier attempt stays as it was; a result stays the task's, or becomes an earlier attempt's.
void check_results(const TaskStatus& before, const TaskStatus& now, Broken& broken) {
  const std::size_t known = before.earlier.size();
  if (now.earlier.size() < known) return broken.push_back("an earlier attempt of " + before.name + " is forgotten");
  for (std::size_t i = 0; i < known; ++i) {
    const bool same = now.earlier[i].outcome == before.earlier[i].outcome && now.earlier[i].job.name == before.earlier[i].job.name;
    if (!same) broken.push_back("an earlier attempt of " + before.name + " has changed");
  }
  if (!finished(before.phase) || now.phase == before.phase) return;
  if (now.earlier.size() == known || now.earlier[known].outcome != before.phase) {
    broken.push_back("the result of " + before.name + " is lost");
  }
}

struct RequestRules {
  const State& state;
  const InvocationStatus& written;
  const TaskOfEndpoint& task_of;
  Broken& broken;

  bool deleting() const { return state.deleted.has_value(); }
  void say(std::string what) const { broken.push_back(std::move(what)); }

  void operator()(const CreateEndpoint& action) const {
    const std::string& name = action.endpoint.spec.name;
    if (deleting()) say("an endpoint is created for what is being deleted");
    const TaskStatus* task = find_task(written, action.task);
    if (!task || task->endpoint.name != name || !task->endpoint.intended_at) say("no intent is written for endpoint " + name);
    for (const AbstractEndpoint& other : state.lepton.endpoints) {
      const auto owner = task_of.find(other.name);
      const bool same_task = owner != task_of.end() && owner->second == action.task;
      if (same_task && other.name != name && other.state != lepton::EndpointState::kDeleting) say("a second endpoint for " + action.task);
    }
  }
  void operator()(const CreateJob& action) const {
    const TaskStatus* task = find_task(written, action.task);
    const JobStatus* intent = action.task.empty() ? &written.cleanup : task ? &task->job : nullptr;
    if (!intent || intent->name != action.job.name || !intent->intended_at) say("no intent is written for job " + action.job.name);
    if (action.task.empty()) {
      check_storage();
      if (!deleting()) say("a cleanup job for what is not being deleted");
      return;
    }
    if (deleting()) say("a job is created for what is being deleted");
    for (const AbstractJob& other : state.lepton.jobs) {
      if (writes(other) && other.task == action.task) say("two jobs of " + action.task + " would run at once");
    }
    if (state.begun) return;  // the barrier has been passed
    for (const TaskStatus& each : written.tasks) {
      if (!finished(each.phase) && !each.endpoint.name.empty() && !state.ever_ready.contains(each.endpoint.name))
        say("a job is created before the last endpoint was Ready");
    }
  }
  void operator()(const DeleteEndpoint& action) const {
    if (!task_of.contains(action.name)) say("endpoint " + action.name + " is removed, and is not ours");
    const TaskStatus* task = find_task(written, action.task);
    const bool released = task && (finished(task->phase) || task->endpoint.releasing);
    if (!deleting() && !state.suspended && !released) say("an endpoint is released before its task's result is recorded");
    if (!deleting() && !state.suspended && task && !finished(task->phase) && !task->job.name.empty())
      say("an endpoint is released before its task's result is recorded");
  }
  void operator()(const StopJob& action) const {
    check_ours(action.id);
    const TaskStatus* task = find_task(written, action.task);
    const bool present = task && task->job.id == action.id;
    if (!deleting() && present && !finished(task->phase) && !task->job.stop_requested)
      say("job " + action.id + " is stopped before its task's result is recorded");
  }
  void operator()(const DeleteJob& action) const {
    check_ours(action.id);
    const auto older = [&](const AbstractJob& other) { return !other.foreign && other.name == action.name && other.id != action.id; };
    const bool duplicate = std::any_of(state.lepton.jobs.begin(), state.lepton.jobs.end(), older);
    if (!deleting() && !duplicate) say("job " + action.id + " is removed while its Invocation is there");
  }
  void operator()(const EnsureSecret&) const {
    if (deleting()) say("a secret is made for what is being deleted");
  }
  void operator()(const DeleteSecrets&) const {
    if (!deleting()) say("secrets are removed while the Invocation is there");
    const auto& endpoints = state.lepton.endpoints;
    const bool used =
        std::any_of(endpoints.begin(), endpoints.end(), stands) || std::any_of(state.lepton.jobs.begin(), state.lepton.jobs.end(), writes);
    if (used) say("secrets go before what uses them");
  }
  void operator()(const RemoveDirectory& action) const {
    if (!deleting()) say("the directory is removed while the Invocation is there");
    if (action.directory.path() != written.storage.path) say("another directory than ours is removed: " + action.directory.path());
    check_storage();
  }
  template <class Read>
  void operator()(const Read&) const {}

 private:
  void check_ours(const std::string& id) const {
    const AbstractJob* job = state.lepton.find_job(id);
    if (job != nullptr && job->foreign) say("job " + id + " is not ours");
  }
  void check_storage() const {
    const auto& jobs = state.lepton.jobs;
    if (std::any_of(jobs.begin(), jobs.end(), writes) || job_may_come(state)) say("storage goes while jobs can still write");
  }
};

}  // namespace

bool is_creation(const Action& action) {
  return std::holds_alternative<CreateEndpoint>(action) || std::holds_alternative<CreateJob>(action) ||
         std::holds_alternative<EnsureSecret>(action);
}

bool is_change(const Action& action) {
  return !written_object(action).empty() || std::holds_alternative<DeleteSecrets>(action) ||
         std::holds_alternative<RemoveDirectory>(action);
}

void check_plan(const InvocationStatus& before, const Plan& made, Timestamp now, Broken& broken) {
  for (const TaskStatus& task : before.tasks) {
    if (const TaskStatus* next = find_task(made.status, task.name)) {
      check_results(task, *next, broken);
    } else {
      broken.push_back("task " + task.name + " is lost");
    }
  }
  if (made.wake_at && *made.wake_at <= now) broken.emplace_back("it wakes at a time gone by");
}

void check_request(const State& state, const Action& action, const TaskOfEndpoint& task_of, Broken& broken) {
  std::visit(RequestRules{state, status_of(state), task_of, broken}, action);
}

void check_workspace(const State& state, const TaskOfEndpoint& task_of, Broken& broken) {
  std::set<std::string> tasks;
  for (const AbstractJob& job : state.lepton.jobs) {
    if (!writes(job) || job.state == lepton::JobState::kDeleting || job.state == lepton::JobState::kStopping) continue;
    if (!tasks.insert(job.task).second) broken.push_back("two jobs of " + job.task + " live at once");
  }
  std::set<std::string> served;
  for (const AbstractEndpoint& one : state.lepton.endpoints) {
    const auto task = task_of.find(one.name);
    if (task == task_of.end() || one.state == lepton::EndpointState::kDeleting) continue;
    if (!served.insert(task->second).second) broken.push_back("two endpoints of " + task->second + " stand at once");
  }
  if (!state.removed) return;
  check_end(state, broken);
}

void check_end(const State& state, Broken& broken) {
  for (const AbstractEndpoint& one : state.lepton.endpoints) {
    if (stands(one)) broken.push_back("the finalizer fell, and endpoint " + one.name + " is left");
  }
  for (const AbstractJob& one : state.lepton.jobs) {
    if (!one.foreign) broken.push_back("the finalizer fell, and job " + one.id + " is left");
  }
  for (const std::string& name : state.lepton.secrets) broken.push_back("the finalizer fell, and secret " + name + " is left");
  if (state.lepton.directory) broken.emplace_back("the finalizer fell, and the directory is left");
  for (const Request& request : state.requests) {
    if (request.fate != Fate::kAnswered && is_creation(*request.action))
      broken.push_back("the finalizer fell while a creation is under way: " + request.key);
  }
}

}  // namespace lepton_operator::invocation::model
