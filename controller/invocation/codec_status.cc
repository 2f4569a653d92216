// Status as JSON and back. Encoding leaves out what is empty; decoding takes what it understands and forgives the rest.
#include <array>

#include "invocation/codec_members.h"
#include "invocation/digest.h"

namespace lepton_operator::invocation {

using base::find;
using base::get_int;
using base::get_object;
using base::get_string;
using base::Json;
using base::json_array;
using base::json_object;

namespace {

using namespace codec;

// The value of `all` that is spelt so: `absent` when nothing is, `unknown` for a word of a newer version.
template <class Enum, std::size_t N>
Enum spelt(const Json& object, const char* name, const std::array<Enum, N>& all, Enum absent, Enum unknown) {
  const std::optional<std::string> word = get_string(object, name);
  if (!word) return absent;
  for (const Enum value : all) {
    if (*word == to_string(value)) return value;
  }
  return unknown;
}

constexpr std::array kJobPhases = {JobPhase::kPending, JobPhase::kCreating, JobPhase::kStarting,
                                   JobPhase::kRunning, JobPhase::kStopping, JobPhase::kSucceeded,
                                   JobPhase::kFailed,  JobPhase::kUnknown,  JobPhase::kIndeterminate};

// --- Parts ------------------------------------------------------------------------------------------------------------------------------

const char* condition_word(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue: return "True";
    case ConditionStatus::kFalse: return "False";
    case ConditionStatus::kUnknown: return "Unknown";
  }
  __builtin_unreachable();
}

Json encode_conditions(const std::vector<Condition>& conditions) {
  Json array = json_array();
  for (const Condition& condition : conditions) {
    Json item = json_object();
    item["type"] = Json::string(condition.type);
    item["status"] = Json::string(condition_word(condition.status));
    item["reason"] = Json::string(condition.reason);
    item["message"] = Json::string(condition.message);
    item["lastTransitionTime"] = Json::string(base::format_timestamp(condition.last_transition));
    put(item, "observedGeneration", condition.observed_generation);
    array[array.size()] = std::move(item);
  }
  return array;
}

std::vector<Condition> decode_conditions(const Json& status) {
  std::vector<Condition> conditions;
  for (const Json& item : base::elements(find(status, "conditions"))) {
    Condition condition;
    condition.type = text(item, "type");
    const std::string word = text(item, "status");
    condition.status = word == "True" ? ConditionStatus::kTrue : word == "False" ? ConditionStatus::kFalse : ConditionStatus::kUnknown;
    condition.reason = text(item, "reason");
    condition.message = text(item, "message");
    condition.last_transition = time(item, "lastTransitionTime").value_or(Timestamp{});
    condition.observed_generation = get_int(item, "observedGeneration").value_or(0);
    if (!condition.type.empty()) conditions.push_back(std::move(condition));
  }
  return conditions;
}

Json encode_endpoint(const EndpointStatus& endpoint) {
  if (endpoint == EndpointStatus{}) return json_object();
  Json object = json_object();
  put(object, "name", endpoint.name);
  put(object, "incarnation", endpoint.incarnation);
  if (endpoint.family != lepton::ApiFamily::kDeployments) object["apiFamily"] = Json::string(lepton::to_string(endpoint.family));
  object["state"] = Json::string(to_string(endpoint.state));
  put(object, "url", endpoint.url);
  put(object, "intendedTime", endpoint.intended_at);
  put(object, "waitingSince", endpoint.waiting_since);
  put(object, "capacitySince", endpoint.capacity_since);
  put(object, "reason", endpoint.reason);
  put(object, "unsettledUntil", endpoint.unsettled_until);
  put(object, "readyTime", endpoint.ready_at);
  put_flag(object, "seen", endpoint.seen);
  put_flag(object, "resent", endpoint.resent);
  put(object, "servedOtherwise", endpoint.served_otherwise);
  put(object, "drift", endpoint.drift);
  put(object, "putBack", endpoint.put_back);
  put(object, "putBackTime", endpoint.put_back_at);
  put(object, "billedSince", endpoint.billed_since);
  put(object, "idleSince", endpoint.idle_since);
  put_flag(object, "releasing", endpoint.releasing);
  return object;
}

EndpointStatus decode_endpoint(const Json& object) {
  EndpointStatus endpoint;
  endpoint.name = text(object, "name");
  endpoint.incarnation = number(object, "incarnation");
  endpoint.family = lepton::parse_api_family(text(object, "apiFamily")).value_or(lepton::ApiFamily::kDeployments);
  endpoint.state = spelt(object, "state", kEndpointPhases, EndpointPhase::kPending, EndpointPhase::kIndeterminate);
  endpoint.url = text(object, "url");
  endpoint.intended_at = time(object, "intendedTime");
  endpoint.waiting_since = time(object, "waitingSince");
  endpoint.capacity_since = time(object, "capacitySince");
  endpoint.reason = text(object, "reason");
  endpoint.unsettled_until = time(object, "unsettledUntil");
  endpoint.ready_at = time(object, "readyTime");
  endpoint.seen = flag(object, "seen");
  endpoint.resent = flag(object, "resent");
  endpoint.served_otherwise = text(object, "servedOtherwise");
  endpoint.drift = text(object, "drift");
  endpoint.put_back = number(object, "putBack");
  endpoint.put_back_at = time(object, "putBackTime");
  endpoint.billed_since = time(object, "billedSince");
  endpoint.idle_since = time(object, "idleSince");
  endpoint.releasing = flag(object, "releasing");
  return endpoint;
}

Json encode_job(const JobStatus& job) {
  if (job == JobStatus{}) return json_object();
  Json object = json_object();
  put(object, "name", job.name);
  put(object, "id", job.id);
  put(object, "attempt", job.attempt);
  object["state"] = Json::string(to_string(job.state));
  put(object, "intendedTime", job.intended_at);
  put(object, "startTime", job.started_at);
  put(object, "finishTime", job.finished_at);
  put_flag(object, "stopRequested", job.stop_requested);
  put_flag(object, "released", job.released);
  put(object, "timeoutSeconds", job.timeout.count());
  return object;
}

JobStatus decode_job(const Json& object) {
  JobStatus job;
  job.name = text(object, "name");
  job.id = text(object, "id");
  job.attempt = number(object, "attempt");
  job.state = spelt(object, "state", kJobPhases, JobPhase::kPending, JobPhase::kIndeterminate);
  job.intended_at = time(object, "intendedTime");
  job.started_at = time(object, "startTime");
  job.finished_at = time(object, "finishTime");
  job.stop_requested = flag(object, "stopRequested");
  job.released = flag(object, "released");
  job.timeout = std::chrono::seconds(get_int(object, "timeoutSeconds").value_or(0));
  return job;
}

Json encode_attempts(const std::vector<AttemptStatus>& attempts) {
  Json array = json_array();
  for (const AttemptStatus& attempt : attempts) {
    Json item = json_object();
    item["outcome"] = Json::string(to_string(attempt.outcome));
    put(item, "message", attempt.message);
    put(item, "run", attempt.run);
    put_part(item, "job", encode_job(attempt.job));
    array[array.size()] = std::move(item);
  }
  return array;
}

std::vector<AttemptStatus> decode_attempts(const Json& task) {
  std::vector<AttemptStatus> attempts;
  for (const Json& item : base::elements(find(task, "earlier"))) {
    AttemptStatus attempt;
    attempt.outcome = spelt(item, "outcome", kTaskPhases, TaskPhase::kUnknown, TaskPhase::kUnknown);
    attempt.message = text(item, "message");
    attempt.run = number(item, "run");
    attempt.job = decode_job(get_object(item, "job"));
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

Json encode_tasks(const std::vector<TaskStatus>& tasks) {
  Json array = json_array();
  for (const TaskStatus& task : tasks) {
    Json item = json_object();
    item["name"] = Json::string(task.name);
    item["phase"] = Json::string(to_string(task.phase));
    put(item, "message", task.message);
    put(item, "run", task.run);
    put(item, "retries", task.retries);
    put(item, "wave", task.wave);
    put_part(item, "endpoint", encode_endpoint(task.endpoint));
    put_part(item, "job", encode_job(task.job));
    put_part(item, "earlier", encode_attempts(task.earlier));
    array[array.size()] = std::move(item);
  }
  return array;
}

std::vector<TaskStatus> decode_tasks(const Json& status) {
  std::vector<TaskStatus> tasks;
  for (const Json& item : base::elements(find(status, "tasks"))) {
    TaskStatus task;
    task.name = text(item, "name");
    task.phase = spelt(item, "phase", kTaskPhases, TaskPhase::kPending, TaskPhase::kPending);
    task.message = text(item, "message");
    task.run = number(item, "run");
    task.retries = number(item, "retries");
    task.wave = number(item, "wave");
    task.endpoint = decode_endpoint(get_object(item, "endpoint"));
    task.job = decode_job(get_object(item, "job"));
    task.earlier = decode_attempts(item);
    if (!task.name.empty()) tasks.push_back(std::move(task));
  }
  return tasks;
}

Json encode_counts(const Counts& counts) {
  Json object = json_object();
  object["tasks"] = Json::number(counts.tasks);
  object["endpointsReady"] = Json::number(counts.endpoints_ready);
  object["running"] = Json::number(counts.running);
  object["succeeded"] = Json::number(counts.succeeded);
  object["failed"] = Json::number(counts.failed);
  object["unknown"] = Json::number(counts.unknown);
  return object;
}

Counts decode_counts(const Json& object) {
  Counts counts;
  counts.tasks = number(object, "tasks");
  counts.endpoints_ready = number(object, "endpointsReady");
  counts.running = number(object, "running");
  counts.succeeded = number(object, "succeeded");
  counts.failed = number(object, "failed");
  counts.unknown = number(object, "unknown");
  return counts;
}

Json encode_storage(const StorageStatus& storage) {
  Json object = json_object();
  put(object, "path", storage.path);
  put(object, "fileSystem", storage.file_system);
  put_flag(object, "seen", storage.seen);
  put_flag(object, "removed", storage.removed);
  return object;
}

StorageStatus decode_storage(const Json& object) {
  return StorageStatus{text(object, "path"), text(object, "fileSystem"), flag(object, "seen"), flag(object, "removed")};
}

Json encode_cost(const CostStatus& cost) {
  Json object = json_object();
  put(object, "shape", cost.shape);
  put(object, "gpus", cost.gpus);
  put(object, "gpuSeconds", cost.gpu_seconds);
  put(object, "idleGpuSeconds", cost.idle_gpu_seconds);
  return object;
}

CostStatus decode_cost(const Json& object) {
  return CostStatus{text(object, "shape"), number(object, "gpus"), base::get_int(object, "gpuSeconds").value_or(0),
                    base::get_int(object, "idleGpuSeconds").value_or(0)};
}

Json encode_secrets(const std::vector<SecretStatus>& secrets) {
  Json array = json_array();
  for (const SecretStatus& secret : secrets) {
    Json item = json_object();
    item["name"] = Json::string(secret.name);
    put_flag(item, "ready", secret.ready);
    put(item, "unsettledUntil", secret.unsettled_until);
    array[array.size()] = std::move(item);
  }
  return array;
}

std::vector<SecretStatus> decode_secrets(const Json& status) {
  std::vector<SecretStatus> secrets;
  for (const Json& item : base::elements(find(status, "secrets"))) {
    if (const auto name = get_string(item, "name")) secrets.push_back({*name, flag(item, "ready"), time(item, "unsettledUntil")});
  }
  return secrets;
}

}  // namespace

Json encode(const InvocationStatus& status) {
  Json object = json_object();
  if (status == InvocationStatus{}) return object;  // nothing recorded yet: the object was only just made
  put(object, "observedGeneration", status.observed_generation);
  put(object, "lastHandledReconcileAt", status.reconcile_handled);
  put(object, "invocationId", status.invocation_id);
  object["phase"] = Json::string(to_string(status.phase));
  put_part(object, "conditions", encode_conditions(status.conditions));
  put(object, "startTime", status.start_time);
  put(object, "completionTime", status.completion_time);
  put(object, "activeSince", status.active_since);
  put_flag(object, "expired", status.expired);
  put(object, "queuedSince", status.queued_since);
  if (status.resolved) object["resolved"] = encode_resolved(*status.resolved);
  if (status.counts != Counts{}) object["counts"] = encode_counts(status.counts);
  put(object, "progress", status.progress);
  put_printable(object, status);
  put_part(object, "tasks", encode_tasks(status.tasks));
  put_part(object, "secrets", encode_secrets(status.secrets));
  put_part(object, "storage", encode_storage(status.storage));
  put_part(object, "cost", encode_cost(status.cost));
  put_part(object, "cleanup", encode_job(status.cleanup));
  return object;
}

InvocationStatus decode_invocation_status(const Json& object) {
  InvocationStatus status;
  status.observed_generation = get_int(object, "observedGeneration").value_or(0);
  status.reconcile_handled = text(object, "lastHandledReconcileAt");
  status.invocation_id = text(object, "invocationId");
  status.phase = spelt(object, "phase", kPhases, Phase::kPending, Phase::kPending);
  status.conditions = decode_conditions(object);
  status.start_time = time(object, "startTime");
  status.completion_time = time(object, "completionTime");
  status.active_since = time(object, "activeSince");
  status.expired = flag(object, "expired");
  status.queued_since = time(object, "queuedSince");
  const Json* resolved = find(object, "resolved");
  if (resolved != nullptr && resolved->is_object()) status.resolved = decode_resolved(*resolved);
  status.counts = decode_counts(get_object(object, "counts"));
  status.progress = text(object, "progress");
  status.tasks = decode_tasks(object);
  status.secrets = decode_secrets(object);
  status.storage = decode_storage(get_object(object, "storage"));
  status.cost = decode_cost(get_object(object, "cost"));
  status.cleanup = decode_job(get_object(object, "cleanup"));
  return status;
}

Json encode(const WorkspaceStatus& status) {
  Json object = json_object();
  put(object, "observedGeneration", status.observed_generation);
  put_part(object, "conditions", encode_conditions(status.conditions));
  put(object, "workspaceName", status.workspace_name);
  put(object, "apiFamily", status.api_family);
  return object;
}

WorkspaceStatus decode_workspace_status(const Json& object) {
  WorkspaceStatus status;
  status.observed_generation = get_int(object, "observedGeneration").value_or(0);
  status.conditions = decode_conditions(object);
  status.workspace_name = text(object, "workspaceName");
  status.api_family = text(object, "apiFamily");
  return status;
}

}  // namespace lepton_operator::invocation
