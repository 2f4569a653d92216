// From a manifest to inputs that can be acted on: defaults merged, catalogue entries, node group ids and the workspace frozen in
// status.resolved (docs/design.md, "Status"), or a condition that says what is missing.
#include <algorithm>

#include "base/strings.h"
#include "invocation/defaults.h"
#include "invocation/names.h"
#include "invocation/planning.h"
#include "invocation/validation.h"

namespace lepton_operator::invocation {
namespace {

// How often something that a person must mend (a missing Secret, a node group) is looked at again.
constexpr std::chrono::seconds kRecheck{10};

bool refuse(Planning& p, const std::string& reason, std::string message) {
  p.condition("Accepted", ConditionStatus::kFalse, reason, std::move(message));
  return false;
}

std::string joined(const std::vector<FieldError>& errors) {
  std::vector<std::string> texts;
  for (const FieldError& error : errors) texts.push_back(error.text());
  return base::join(texts, "; ");
}

bool decode(Planning& p) {
  const InvocationStatus& status = p.status();
  p.read();
  if (!p.reading->ok()) return refuse(p, "Invalid", joined(p.reading->errors));
  // What is missing may come from the Workspace's defaults, once there is one.
  const bool defaults_known = status.resolved || p.world.workspace.state == WorkspaceState::kReady;
  const std::vector<FieldError> missing = defaults_known ? validate_effective(p.spec()) : std::vector<FieldError>{};
  if (!missing.empty()) return refuse(p, "Invalid", joined(missing));
  if (!StorageDirectory::make(p.spec().storage.path, status.invocation_id)) {
    return refuse(p, "Invalid",
                  "spec.storage.path: must be an absolute directory below the root, without \"..\", e.g. /shared/evaluations.");
  }
  return true;
}

// What a user wrote, and where: a node group's name, or its id.
struct GroupName {
  const char* field;
  std::string written;
};

// All groups, for a sentence: "h200-eu (h200-eu-a1b2c3d4), cpu-eu (...)".
std::string listed(const std::map<std::string, std::string>& groups) {
  std::vector<std::string> texts;
  for (const auto& [id, name] : groups) texts.push_back(name.empty() || name == id ? id : name + " (" + id + ")");
  return texts.empty() ? "the workspace has none" : "the workspace has " + base::join(texts, ", ");
}

// The id for a name or an id; empty for none. Nothing, and why, when no group or more than one is called so.
std::optional<std::string> node_group_id(const std::map<std::string, std::string>& groups, const GroupName& name, std::string& problem) {
  if (name.written.empty() || groups.contains(name.written)) return name.written;
  std::vector<std::string> ids;
  for (const auto& [id, other] : groups) {
    if (other == name.written) ids.push_back(id);
  }
  if (ids.size() == 1) return ids.front();
  const std::string lead = std::string(name.field) + ": ";
  problem = ids.empty() ? lead + "no node group \"" + name.written + "\"; " + listed(groups)
                        : lead + "several node groups are called \"" + name.written + "\": write the id of one, " + base::join(ids, " or ");
  return std::nullopt;
}

// Their ids, in order. Asks for the groups only if any is named.
std::optional<std::vector<std::string>> resolve_node_groups(Planning& p, const std::vector<GroupName>& names) {
  const auto is_empty = [](const GroupName& name) { return name.written.empty(); };
  if (std::all_of(names.begin(), names.end(), is_empty)) return std::vector<std::string>(names.size());
  const auto& groups = p.world.workspace.node_groups;
  if (!groups) {
    if (const base::Error* error = p.failure(key::kReadNodeGroups)) {
      p.condition("Accepted", ConditionStatus::kUnknown, "NodeGroupsUnknown", "the node groups cannot be read: " + error->what);
    }
    p.act(ReadNodeGroups{});
    return std::nullopt;
  }
  std::vector<std::string> ids;
  std::vector<std::string> problems;
  for (const GroupName& name : names) {
    std::string problem;
    ids.push_back(node_group_id(*groups, name, problem).value_or(""));
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  if (problems.empty()) return ids;
  refuse(p, "UnknownNodeGroup", base::join(problems, "; ") + ".");
  p.wake(p.world.now + kRecheck);
  const Outcome* read = p.outcome(key::kReadNodeGroups);
  if (!read || p.world.now - read->began >= kRecheck) p.act(ReadNodeGroups{});
  return std::nullopt;
}

// What the catalogue and the task's own fields say; nothing when the task is unknown and brings no container.
std::optional<ResolvedTask> resolve_task(Planning& p, const TaskSpec& task, std::string& problem) {
  ResolvedTask resolved;
  resolved.container = task.container;
  resolved.endpoint_type = task.endpoint_type;
  resolved.config_type = task.task;
  const base::Result<CatalogueEntry> entry = p.world.catalogue.find(task.task);
  if (entry) {
    resolved.harness = entry->harness;
    resolved.config_type = entry->config_type;
    if (resolved.container.empty()) resolved.container = entry->container;
    if (resolved.endpoint_type.empty() && !entry->endpoint_types.empty()) resolved.endpoint_type = entry->endpoint_types.front();
  } else if (task.container.empty()) {
    problem = "spec.evaluation.tasks." + task.name + ": " + entry.error().what;
    return std::nullopt;
  }
  if (resolved.endpoint_type.empty()) resolved.endpoint_type = "chat";
  return resolved;
}

// Every task of the spec that is not resolved yet; the problems of those that cannot be.
std::vector<std::string> resolve_tasks(Planning& p, std::map<std::string, ResolvedTask>& tasks) {
  std::vector<std::string> problems;
  for (const TaskSpec& task : p.spec().evaluation.tasks) {
    if (tasks.contains(task.name)) continue;
    std::string problem;
    if (auto resolved = resolve_task(p, task, problem)) {
      tasks.emplace(task.name, std::move(*resolved));
    } else {
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

bool secret_keys_present(Planning& p) {
  const std::vector<SecretKeyRef> keys = secret_keys(p.spec());
  bool unknown = false;
  for (const SecretKeyRef& key : keys) {
    const auto state = p.world.memory.secret_keys.find(key);
    if (state == p.world.memory.secret_keys.end()) {
      unknown = true;
      continue;
    }
    if (state->second == SecretKeyState::kPresent) continue;
    const std::string secret = p.world.invocation.meta.key.namespace_ + "/" + key.name;
    refuse(p, "SecretMissing",
           state->second == SecretKeyState::kSecretMissing
               ? "there is no Secret " + secret + ", which the spec refers to (key " + key.key + "): create it."
               : "Secret " + secret + " has no key " + key.key + ", which the spec refers to: add it.");
    p.wake(p.world.now + kRecheck);
    const Outcome* read = p.outcome(key::kReadSecretKeys);
    if (!read || p.world.now - read->began >= kRecheck) p.act(ReadSecretKeys{keys});
    return false;
  }
  if (!unknown) return true;
  if (const base::Error* error = p.failure(key::kReadSecretKeys)) {
    p.condition("Accepted", ConditionStatus::kUnknown, "SecretsUnknown", "the Secrets cannot be read: " + error->what);
  }
  p.act(ReadSecretKeys{keys});
  return false;
}

void add_task_statuses(Planning& p) {
  auto& tasks = p.status().tasks;
  for (const TaskSpec& task : p.spec().evaluation.tasks) {
    const auto same = [&](const TaskStatus& known) { return known.name == task.name; };
    if (std::any_of(tasks.begin(), tasks.end(), same) || !p.status().resolved->tasks.contains(task.name)) continue;
    TaskStatus added;
    added.name = task.name;
    added.run = task.run;
    tasks.push_back(std::move(added));
  }
}

bool freeze(Planning& p, std::map<std::string, ResolvedTask> tasks) {
  const auto groups = resolve_node_groups(
      p, {{"spec.deployment.nodeGroup", p.spec().deployment.node_group}, {"spec.execution.nodeGroup", p.spec().execution.node_group}});
  if (!groups) return false;
  if (!secret_keys_present(p)) return false;
  Resolved resolved;
  resolved.workspace_id = p.world.workspace.id;
  resolved.workspace_url = p.world.workspace.url;
  resolved.defaults = resolved_defaults(p.world.workspace.defaults);
  resolved.endpoint_node_group_id = groups->front();
  resolved.token_key_id = p.world.workspace.token_key_id;
  for (auto& [name, task] : tasks) {
    task.node_group_id = groups->back();
    task.node_group = p.spec().execution.node_group;
  }
  resolved.tasks = std::move(tasks);
  p.status().resolved = std::move(resolved);
  p.status().start_time = p.world.now;
  return true;
}

bool all_intended(const InvocationStatus& status, const std::map<std::string, ResolvedTask>& tasks) {
  const auto intended = [](const TaskStatus& task) { return !task.job.name.empty() || finished(task.phase); };
  return status.tasks.size() >= tasks.size() && std::all_of(status.tasks.begin(), status.tasks.end(), intended);
}

// The group of jobs, once resolved, is not looked up again under the same name: it may be renamed, or out of reach for a while.
std::optional<std::string> job_group_again(Planning& p) {
  const std::string& written = p.spec().execution.node_group;
  for (const auto& [name, task] : p.status().resolved->tasks) {
    if (!written.empty() && task.node_group == written) return task.node_group_id;
  }
  const auto groups = resolve_node_groups(p, {{"spec.execution.nodeGroup", written}});
  return groups ? std::optional(groups->front()) : std::nullopt;
}

// While the Invocation runs tasks may be appended, and execution edited: that reaches jobs that are not intended yet.
bool resolve_again(Planning& p, std::map<std::string, ResolvedTask> tasks) {
  InvocationStatus& status = p.status();
  if (all_intended(status, tasks)) return true;
  const auto group = job_group_again(p);
  if (!group) return false;
  std::map<std::string, ResolvedTask>& known = status.resolved->tasks;
  for (auto& [name, task] : tasks) {
    const auto same = [&task_name = name](const TaskStatus& other) { return other.name == task_name && !other.job.name.empty(); };
    const bool intended = std::any_of(status.tasks.begin(), status.tasks.end(), same);
    if (intended) continue;
    task.node_group_id = *group;
    task.node_group = p.spec().execution.node_group;
  }
  known = std::move(tasks);
  return true;
}

// A task that was appended and that nobody knows: it can neither run nor be taken back, so it has failed.
void fail_unknown_tasks(Planning& p) {
  auto& tasks = p.status().tasks;
  for (const TaskSpec& task : p.spec().evaluation.tasks) {
    const auto same = [&](const TaskStatus& known) { return known.name == task.name; };
    if (std::any_of(tasks.begin(), tasks.end(), same)) continue;
    std::string problem;
    if (resolve_task(p, task, problem)) continue;
    TaskStatus failed;
    failed.name = task.name;
    failed.run = task.run;
    tasks.push_back(std::move(failed));
    finish_task(p, tasks.back(), TaskPhase::kFailed, std::move(problem));
  }
}

// Of an Invocation that runs already: a spec that can no longer be accepted begins nothing new, but what exists is followed to its end.
void accept_again(Planning& p, std::map<std::string, ResolvedTask> tasks) {
  if (p.may_intend) p.may_intend = resolve_again(p, std::move(tasks));
  if (p.may_intend) add_task_statuses(p);
  fail_unknown_tasks(p);
}

}  // namespace

bool workspace_usable(Planning& p) {
  const WorkspaceFacts& facts = p.world.workspace;
  if (facts.state == WorkspaceState::kUnknown) {
    // After a restart what was last known stays said until there is an answer.
    if (find_condition(p.status().conditions, "WorkspaceReady")) return false;
    p.condition("WorkspaceReady", ConditionStatus::kUnknown, reason_of(facts.state), facts.message);
    return false;
  }
  if (facts.state != WorkspaceState::kReady) {
    p.condition("WorkspaceReady", ConditionStatus::kFalse, reason_of(facts.state), facts.message);
    return false;
  }
  const auto& resolved = p.status().resolved;
  if (resolved && (resolved->workspace_id != facts.id || resolved->workspace_url != facts.url)) {
    leave_line(p);  // of the other workspace, where it stands in everybody's way
    p.condition("WorkspaceReady", ConditionStatus::kFalse, "WorkspaceChanged",
                "this Invocation lives in workspace \"" + resolved->workspace_id + "\" at " + resolved->workspace_url +
                    ", but its Workspace now means \"" + facts.id + "\" at " + facts.url + ": put the former back.");
    return false;
  }
  if (!tell_out_of_sight(p)) p.condition("WorkspaceReady", ConditionStatus::kTrue, reason_of(facts.state), facts.message);
  return true;
}

bool accept(Planning& p) {
  p.status().invocation_id = invocation_id(p.world.invocation.meta.uid);
  p.status().observed_generation = p.world.invocation.meta.generation;
  const bool running = p.status().resolved.has_value();
  p.may_intend = decode(p);
  p.spec_refused = !p.may_intend;
  if (!p.may_intend && !running) return false;

  std::map<std::string, ResolvedTask> tasks;
  if (running) tasks = p.status().resolved->tasks;
  const std::vector<std::string> problems = resolve_tasks(p, tasks);
  if (!problems.empty() && !running) return refuse(p, "UnknownTask", base::join(problems, "; "));

  if (!workspace_usable(p)) return false;
  if (running) {
    accept_again(p, std::move(tasks));
  } else if (p.spec().suspend) {  // nothing is frozen before it starts
    p.condition("Accepted", ConditionStatus::kTrue, "Valid", "");
    return false;
  } else {
    if (!freeze(p, std::move(tasks))) return false;
    add_task_statuses(p);
  }
  if (!problems.empty()) {
    refuse(p, "UnknownTask", base::join(problems, "; "));  // the appended ones; the others go on
  } else if (p.may_intend) {
    p.condition("Accepted", ConditionStatus::kTrue, "Valid", "");
  }
  return true;
}

}  // namespace lepton_operator::invocation
