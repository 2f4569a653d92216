#include "invocation/progress.h"

#include <algorithm>

#include "base/time.h"

namespace lepton_operator::invocation {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class Collector {
 public:
  void normal(const char* reason, std::string message, Fields fields) { add(false, reason, std::move(message), std::move(fields)); }
  void warning(const char* reason, std::string message, Fields fields) { add(true, reason, std::move(message), std::move(fields)); }
  std::vector<Transition> take() { return std::move(found_); }

 private:
  void add(bool warns, const char* reason, std::string message, Fields fields) {
    found_.push_back({warns, reason, std::move(message), std::move(fields)});
  }
  std::vector<Transition> found_;
};

std::string after(const std::optional<Timestamp>& from, const std::optional<Timestamp>& to) {
  return from && to ? base::format_duration(*to - *from) : std::string{};
}

void endpoint_transition(Collector& out, const TaskStatus& task, const EndpointStatus& was) {
  const EndpointStatus& now = task.endpoint;
  const bool followed_by_another = !was.name.empty() && now.name != was.name;  // which is when it is verified gone
  if (followed_by_another && was.state != EndpointPhase::kReleased) {
    out.normal("EndpointReleased", "endpoint gone", {{"task", task.name}, {"endpoint", was.name}});
  }
  const Fields fields{{"task", task.name}, {"endpoint", now.name}};
  const bool begins = now.releasing && !was.releasing && now.state != EndpointPhase::kReleased;
  if (begins) out.normal("EndpointReleasing", "releasing endpoint", fields);
  if (now.state == was.state && now.name == was.name) return;
  switch (now.state) {
    case EndpointPhase::kCreating: out.normal("EndpointIntended", "creating endpoint", fields); return;
    case EndpointPhase::kReady: {
      Fields timed = fields;
      timed.emplace_back("after", after(now.intended_at, now.ready_at));
      out.normal("EndpointReady", "endpoint ready", std::move(timed));
      return;
    }
    case EndpointPhase::kDown: out.warning("EndpointDown", "endpoint was stopped; starting it again", fields); return;
    case EndpointPhase::kFailed: out.warning("EndpointFailed", "endpoint failed", fields); return;
    case EndpointPhase::kDeleting:  // by somebody else, else it has been told
      if (!now.releasing) out.normal("EndpointReleasing", "releasing endpoint", fields);
      return;
    case EndpointPhase::kReleased: out.normal("EndpointReleased", "endpoint gone", fields); return;
    case EndpointPhase::kWaiting: out.normal("EndpointWaiting", "endpoint is starting", fields); return;
    case EndpointPhase::kIndeterminate:
      out.warning("EndpointIndeterminate", "endpoint is in a state that is not known here", fields);
      return;
    case EndpointPhase::kPending: return;
  }
}

void job_transition(Collector& out, const TaskStatus& task, const JobStatus& was) {
  const JobStatus& now = task.job;
  const Fields fields{{"task", task.name}, {"job", now.id.empty() ? now.name : now.id}};
  if (!now.name.empty() && now.name != was.name) out.normal("JobIntended", "creating job", fields);
  if (!now.id.empty() && now.id != was.id) out.normal("JobCreated", "job created", fields);
}

// An attempt that was followed by another one: a failed one that is retried is worth a warning, a run that was asked for is not.
void attempt_transitions(Collector& out, const TaskStatus& task, const TaskStatus& was) {
  for (std::size_t i = was.earlier.size(); i < task.earlier.size(); ++i) {
    const AttemptStatus& over = task.earlier[i];
    const Fields fields{{"task", task.name}, {"job", over.job.id}, {"outcome", to_string(over.outcome)}, {"why", over.message}};
    if (over.outcome == TaskPhase::kCancelled && over.job.stop_requested) {
      out.normal("TaskSuspended", "task suspended", fields);
    } else if (task.run != over.run) {
      out.normal("TaskRunsAgain", "task runs once more", fields);
    } else {
      out.warning("TaskRetried", "attempt " + std::to_string(over.job.attempt) + " failed; trying again", fields);
    }
  }
}

void task_transition(Collector& out, const TaskStatus& task, const TaskStatus& was) {
  attempt_transitions(out, task, was);
  endpoint_transition(out, task, was.endpoint);
  job_transition(out, task, was.job);
  if (task.phase == was.phase) return;
  Fields fields{{"task", task.name}, {"job", task.job.id}};
  switch (task.phase) {
    case TaskPhase::kRunning: out.normal("TaskRunning", "task running", std::move(fields)); return;
    case TaskPhase::kSucceeded:
      fields.emplace_back("after", after(task.job.started_at, task.job.finished_at));
      out.normal("TaskSucceeded", "task succeeded", std::move(fields));
      return;
    case TaskPhase::kFailed:
      fields.emplace_back("why", task.message);
      out.warning("TaskFailed", "task failed", std::move(fields));
      return;
    case TaskPhase::kCancelled:
      fields.emplace_back("why", task.message);
      out.warning("TaskCancelled", "task cancelled", std::move(fields));
      return;
    case TaskPhase::kUnknown:
      fields.emplace_back("why", task.message);
      out.warning("TaskOutcomeUnknown", "task's outcome is unknown", std::move(fields));
      return;
    case TaskPhase::kPending:
    case TaskPhase::kDeploying:
    case TaskPhase::kStarting: return;
  }
}

// Conditions whose False (or, for Failed, True) a person has to know about.
void condition_transition(Collector& out, const Condition& condition, const Condition* was) {
  if (was && was->status == condition.status && was->reason == condition.reason && was->message == condition.message) return;
  const bool bad = condition.type == "Failed" ? condition.status == ConditionStatus::kTrue : condition.status == ConditionStatus::kFalse;
  const Fields fields{{"condition", condition.type}, {"reason", condition.reason}, {"why", condition.message}};
  if (condition.type == "EndpointsReady" && bad && condition.reason == "Waiting") return;  // told endpoint by endpoint
  const bool same_reason = was && was->status == condition.status && was->reason == condition.reason;
  // Their sentence changes as time goes by.
  if (same_reason && bad && (condition.type == "EndpointsReady" || condition.type == "Admitted")) return;
  if (condition.type == "Admitted" && condition.reason == "Queued") {
    out.normal("Queued", "waiting for places", fields);
    return;
  }
  if (condition.reason == "RunAgain" || condition.reason == "Suspended" || condition.type == "Suspended") return;  // the phase tells
  if (condition.reason == kAbandonedReason) {
    out.warning(kAbandonedReason, "deletion abandoned", fields);
  } else if (condition.type == "CleanedUp" && bad) {
    out.normal("CleaningUp", "cleaning up", fields);
  } else if (bad) {
    out.warning(condition.reason.c_str(), "condition " + condition.type + " is bad", fields);
  } else if (was && was->status != condition.status && condition.status != ConditionStatus::kUnknown) {
    out.normal(condition.reason.c_str(), "condition " + condition.type + " is good", fields);
  }
}

void phase_transition(Collector& out, const InvocationStatus& was, const InvocationStatus& now) {
  if (was.phase == now.phase) return;
  Fields fields{{"phase", to_string(now.phase)}, {"progress", now.progress}};
  if (finished(now.phase)) fields.emplace_back("after", after(now.start_time, now.completion_time));
  if (now.phase == Phase::kFailed) {
    out.warning("Failed", "invocation failed", std::move(fields));
  } else {
    out.normal(to_string(now.phase), "invocation " + std::string(to_string(now.phase)), std::move(fields));
  }
}

void storage_transition(Collector& out, const InvocationStatus& was, const InvocationStatus& now) {
  if (now.cleanup.name != was.cleanup.name) {
    out.normal("CleanupJobIntended", "creating cleanup job", {{"job", now.cleanup.name}, {"directory", now.storage.path}});
  }
  if (now.storage.seen && !was.storage.seen) {
    out.normal("StorageSeen", "storage API shows the directory",
               {{"fileSystem", now.storage.file_system}, {"directory", now.storage.path}});
  }
  if (now.storage.removed && !was.storage.removed) {
    out.normal("StorageRemoved", "storage directory gone", {{"directory", now.storage.path}});
  }
}

}  // namespace

std::vector<Left> left_behind(const InvocationStatus& status) {
  std::vector<Left> left;
  const auto note_job = [&](const JobStatus& job) {
    if (!job.name.empty()) left.push_back({"job", job.id.empty() ? job.name : job.id});
  };
  for (const TaskStatus& task : status.tasks) {
    const bool gone = task.endpoint.name.empty() || task.endpoint.state == EndpointPhase::kReleased;
    if (!gone) left.push_back({"endpoint", task.endpoint.name});
    note_job(task.job);
    for (const AttemptStatus& attempt : task.earlier) note_job(attempt.job);
  }
  note_job(status.cleanup);
  for (const SecretStatus& secret : status.secrets) left.push_back({"secret", secret.name});
  if (!status.storage.path.empty() && !status.storage.removed) left.push_back({"directory", status.storage.path});
  return left;
}

std::vector<Transition> transitions(const Invocation& object, const InvocationStatus& now) {
  const InvocationStatus& was = object.status;
  Collector out;
  for (const TaskStatus& task : now.tasks) {
    TaskStatus none;
    none.name = task.name;
    const TaskStatus* before = &none;
    for (const TaskStatus& known : was.tasks) {
      if (known.name == task.name) before = &known;
    }
    task_transition(out, task, *before);
  }
  for (const Condition& condition : now.conditions) {
    condition_transition(out, condition, find_condition(was.conditions, condition.type));
  }
  storage_transition(out, was, now);
  phase_transition(out, was, now);
  return out.take();
}

// That one was made may be written later: until then another process would ask for it again, which changes nothing.
static bool same_but_ready(const std::vector<SecretStatus>& before, const std::vector<SecretStatus>& now) {
  return std::equal(before.begin(), before.end(), now.begin(), now.end(), [](const SecretStatus& was, const SecretStatus& is) {
    return was.name == is.name && was.unsettled_until == is.unsettled_until && (!was.ready || is.ready);
  });
}

// The steps of a cleanup that goes on; what stands in its way is no step.
static bool same_but_step(const Condition& before, const Condition& now) {
  const bool step = now.type == "CleanedUp" && now.status == ConditionStatus::kFalse && now.reason.rfind("Removing", 0) == 0;
  return before.status == now.status && (before.reason == now.reason || step);
}

// That the directory has gone may be written later in a cleanup: until then another process would find it so.
static bool same_storage(const InvocationStatus& before, const InvocationStatus& now) {
  StorageStatus was = before.storage;
  if (now.phase == Phase::kDeleting && now.storage.removed) was.removed = true;
  return was == now.storage;
}

static bool holds_endpoints(const InvocationStatus& status) {
  return std::any_of(status.tasks.begin(), status.tasks.end(),
                     [](const TaskStatus& task) { return !task.endpoint.name.empty() && task.endpoint.state != EndpointPhase::kReleased; });
}

// Places are free and no GPU is paid for any more: should the cleanup come to a halt after that, it stands there.
static bool let_go(const InvocationStatus& before, const InvocationStatus& now) {
  return now.phase == Phase::kDeleting && holds_endpoints(before) && !holds_endpoints(now);
}

bool progress_only(const InvocationStatus& before, const InvocationStatus& now) {
  // Waited for: a phase, a result, a condition's status, an intent, storage facts. The rest may lag, a new job's id too: it is found by its
  // name.
  if (before.phase != now.phase || before.queued_since != now.queued_since || before.reconcile_handled != now.reconcile_handled ||
      before.expired != now.expired || before.active_since != now.active_since || before.resolved != now.resolved ||
      !same_but_ready(before.secrets, now.secrets) || !same_storage(before, now) || let_go(before, now) ||
      !(before.cleanup == now.cleanup) || before.tasks.size() != now.tasks.size() || before.conditions.size() != now.conditions.size()) {
    return false;
  }
  for (std::size_t i = 0; i < now.conditions.size(); ++i) {
    if (!same_but_step(before.conditions[i], now.conditions[i])) return false;
  }
  for (std::size_t i = 0; i < now.tasks.size(); ++i) {
    const TaskStatus& was = before.tasks[i];
    const TaskStatus& is = now.tasks[i];
    const bool same_id = was.job.id == is.job.id || was.job.id.empty();
    const bool same_job = was.job.name == is.job.name && same_id && was.job.intended_at == is.job.intended_at &&
                          was.job.released == is.job.released && was.job.stop_requested == is.job.stop_requested &&
                          was.earlier == is.earlier && was.endpoint.releasing == is.endpoint.releasing;
    const bool same_result = was.phase == is.phase || (!finished(was.phase) && !finished(is.phase));
    const bool same_times = was.endpoint.ready_at.has_value() == is.endpoint.ready_at.has_value() &&
                            was.job.started_at.has_value() == is.job.started_at.has_value();  // a time that is written late is wrong
    if (was.name != is.name || was.wave != is.wave || !same_times || !same_job || !same_result ||
        was.endpoint.intended_at != is.endpoint.intended_at || was.endpoint.family != is.endpoint.family)
      return false;
  }
  return true;
}

}  // namespace lepton_operator::invocation
