#include "invocation/validation.h"

#include <map>
#include <set>

namespace lepton_operator::invocation {

using base::find;
using base::get_object;
using base::Json;

namespace {

using Errors = std::vector<FieldError>;

constexpr const char* kImmutable = "cannot change any more; make another Invocation";

const Json* as_written(const Json& object, const std::string& name) {
  const Json* value = find(object, name);
  return value != nullptr && value->is_null() ? nullptr : value;
}

// Coming and going are changes too.
bool changed(const Json* before, const Json* after) {
  if (before == nullptr || after == nullptr) return before != after;
  return base::to_text(*before) != base::to_text(*after);
}

// Variables are a map by name in the CRD: their order says nothing.
bool member_changed(const std::string& name, const Json* before, const Json* after) {
  if (name != "envs" || before == nullptr || after == nullptr || !before->is_array() || !after->is_array()) return changed(before, after);
  std::multiset<std::string> old_items;
  std::multiset<std::string> new_items;
  for (const Json& item : before->as_array()) old_items.insert(base::to_text(item));
  for (const Json& item : after->as_array()) new_items.insert(base::to_text(item));
  return old_items != new_items;
}

// The CRD has this default: to write it out is no change.
std::string workspace_of(const Json& spec) { return base::get_string(get_object(spec, "workspaceRef"), "name").value_or("default"); }

std::set<std::string> members(const Json& before, const Json& after) {
  std::set<std::string> names;
  for (const Json* object : {&before, &after}) {
    for (const auto& [name, value] : object->as_object()) names.insert(name);
  }
  return names;
}

// Each member by itself, so that the error says which one it is.
void check_section(const Json& before, const Json& after, const std::string& path, const std::set<std::string>& free, Errors& errors) {
  for (const std::string& name : members(before, after)) {
    if (free.contains(name) || !member_changed(name, as_written(before, name), as_written(after, name))) continue;
    errors.push_back({path + "." + name, kImmutable});
  }
}

std::map<std::string, const Json*> tasks_by_name(const Json& spec) {
  std::map<std::string, const Json*> tasks;
  for (const Json& task : base::elements(find(get_object(spec, "evaluation"), "tasks"))) {
    tasks.emplace(base::get_string(task, "name").value_or(""), &task);
  }
  return tasks;
}

void check_task(const Json& before, const Json& after, const std::string& path, Errors& errors) {
  static const std::set<std::string> kFree = {"run"};
  for (const std::string& name : members(before, after)) {
    if (kFree.contains(name) || !member_changed(name, as_written(before, name), as_written(after, name))) continue;
    errors.push_back({path + "." + name, "a task cannot change any more; add another one under its own name"});
  }
  if (base::get_int(after, "run").value_or(0) < base::get_int(before, "run").value_or(0)) {
    errors.push_back({path + ".run", "can only be raised: each run of a task has a number of its own"});
  }
}

void check_tasks(const Json& old_spec, const Json& new_spec, bool finished, Errors& errors) {
  const std::map<std::string, const Json*> before = tasks_by_name(old_spec);
  std::set<std::string> kept;
  std::size_t index = 0;
  for (const Json& task : base::elements(find(get_object(new_spec, "evaluation"), "tasks"))) {
    const std::string path = "spec.evaluation.tasks[" + std::to_string(index++) + "]";
    const std::string name = base::get_string(task, "name").value_or("");
    const auto old = before.find(name);
    if (old != before.end()) {
      kept.insert(name);
      if (task.is_object() && old->second->is_object()) check_task(*old->second, task, path, errors);
    } else if (finished) {
      errors.push_back({path, "the Invocation has finished; run " + name + " in another one"});
    }
  }
  for (const auto& [name, task] : before) {
    if (!kept.contains(name))
      errors.push_back({"spec.evaluation.tasks", "task " + name + " cannot be taken away; delete the Invocation instead"});
  }
}

}  // namespace

std::vector<FieldError> validate_update(const Json& old_spec, const Json& new_spec, bool finished) {
  Errors errors;
  if (workspace_of(old_spec) != workspace_of(new_spec)) errors.push_back({"spec.workspaceRef", kImmutable});
  if (changed(as_written(old_spec, "target"), as_written(new_spec, "target"))) errors.push_back({"spec.target", kImmutable});
  check_section(get_object(old_spec, "deployment"), get_object(new_spec, "deployment"), "spec.deployment",
                {"readinessTimeout", "queueTimeout"}, errors);
  check_section(get_object(old_spec, "storage"), get_object(new_spec, "storage"), "spec.storage", {"deletionPolicy", "cleanup"}, errors);
  check_tasks(old_spec, new_spec, finished, errors);
  return errors;
}

}  // namespace lepton_operator::invocation
