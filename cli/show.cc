#include "cli/show.h"

#include "base/yaml.h"
#include "cli/terminal.h"
#include "invocation/codec.h"

namespace lepton_operator::cli {

using invocation::Condition;
using invocation::ConditionStatus;
using invocation::Invocation;
using invocation::TaskStatus;

namespace {

std::string status_text(const Json& object, const char* member) {
  return base::get_string(base::get_object(object, "status"), member).value_or("");
}

std::string type_of(const Json& object) {
  return base::get_string(base::get_object(base::get_object(object, "spec"), "deployment"), "type").value_or("");
}

std::string workspace_name(const Json& object) {
  return base::get_string(base::get_object(base::get_object(object, "spec"), "workspaceRef"), "name").value_or("default");
}

// Conditions that a person has to know about.
bool tells(const Condition& condition) {
  if (condition.message.empty()) return false;
  if (condition.type == "Failed" || condition.type == "Complete" || condition.type == "Suspended" || condition.type == "TokenExpiring") {
    return condition.status == ConditionStatus::kTrue;
  }
  if (condition.type == "Accepted" && condition.reason == "UpdateRefused") return true;
  return condition.status != ConditionStatus::kTrue;
}

std::string dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string tasks_of(const Invocation& object, Format format, base::Timestamp now, const Terminal& terminal) {
  Row heads = {"TASK", "PHASE", "ENDPOINT", "JOB", "ELAPSED"};
  if (format == Format::kWide) heads.insert(heads.end(), {"ENDPOINT NAME", "URL", "JOB ID"});
  heads.push_back("MESSAGE");
  std::vector<Row> rows;
  for (const TaskStatus& task : object.status.tasks) {
    const bool endpoint = !task.endpoint.name.empty();
    const bool job = !task.job.name.empty();
    Row row = {task.name, painted_phase(terminal, to_string(task.phase)), endpoint ? to_string(task.endpoint.state) : "-",
               job ? to_string(task.job.state) : "-", task_elapsed(task, now)};
    if (format == Format::kWide) row.insert(row.end(), {dash(task.endpoint.name), dash(task.endpoint.url), dash(task.job.id)});
    row.push_back(task.message);
    rows.push_back(std::move(row));
  }
  return rows.empty() ? "" : "\n" + as_table(heads, rows);
}

}  // namespace

std::string age(const std::optional<base::Timestamp>& since, base::Timestamp now) {
  if (!since) return "<unknown>";
  const auto passed = std::chrono::floor<std::chrono::seconds>(now - *since);
  return base::format_duration(std::max<base::Milliseconds>(passed, base::Milliseconds(0)));
}

std::string task_elapsed(const TaskStatus& task, base::Timestamp now) {
  if (task.job.started_at) return age(task.job.started_at, task.job.finished_at.value_or(now));
  if (finished(task.phase)) return "-";
  if (task.job.intended_at) return age(task.job.intended_at, now);
  if (task.endpoint.waiting_since) return age(task.endpoint.waiting_since, task.endpoint.ready_at.value_or(now));
  return "-";
}

std::string painted_phase(const Terminal& terminal, const std::string& phase) {
  if (phase == "Succeeded") return painted(terminal, Colour::kGreen, phase);
  if (phase == "Failed" || phase == "Unknown") return painted(terminal, Colour::kRed, phase);
  if (phase == "Cancelled" || phase == "Suspended" || phase == "Deleting") return painted(terminal, Colour::kYellow, phase);
  if (phase == "Running") return painted(terminal, Colour::kBlue, phase);
  return phase;
}

Row headings(Format format) {
  if (format == Format::kWide) return {"NAME", "PHASE", "TYPE", "ENDPOINTS", "TASKS", "AGE", "WORKSPACE", "ID", "MESSAGE"};
  return {"NAME", "PHASE", "TYPE", "ENDPOINTS", "TASKS", "AGE"};
}

Row row_of(const Json& object, Format format, base::Timestamp now, const Terminal& terminal) {
  const Json& metadata = base::get_object(object, "metadata");
  const auto created = base::parse_timestamp(base::get_string(metadata, "creationTimestamp").value_or(""));
  Row row = {base::get_string(metadata, "name").value_or(""),
             painted_phase(terminal, status_text(object, "phase")),
             type_of(object),
             status_text(object, "endpoints"),
             status_text(object, "progress"),
             age(created, now)};
  if (format == Format::kWide) {
    row.insert(row.end(), {workspace_name(object), status_text(object, "invocationId"), status_text(object, "message")});
  }
  return row;
}

std::string table_of(const std::vector<Json>& objects, Format format, base::Timestamp now, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const Json& object : objects) rows.push_back(row_of(object, format, now, terminal));
  return as_table(headings(format), rows);
}

std::string report_of(const Json& object, Format format, base::Timestamp now, const Terminal& terminal) {
  const Invocation typed = invocation::decode_invocation(object);
  std::string text = table_of({object}, format, now, terminal) + tasks_of(typed, format, now, terminal);
  std::string conditions;
  for (const Condition& condition : typed.status.conditions) {
    if (!tells(condition)) continue;
    const std::string state = condition.status == ConditionStatus::kTrue    ? ""
                              : condition.status == ConditionStatus::kFalse ? "=False"
                                                                            : "=Unknown";
    conditions += painted(terminal, Colour::kBold, condition.type + state) + " (" + condition.reason + "): " + condition.message + "\n";
  }
  return conditions.empty() ? text : text + "\n" + conditions;
}

// As kubectl and jq lay it out: four spaces a level, empty ones in one line.
std::string indented_json(const Json& value, std::size_t indent) {
  const std::string inner(indent + 4, ' ');
  std::string text;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : ",\n") + inner + line; };
  if (value.is_object() && value.size() > 0) {
    for (const auto& [name, member] : value.as_object()) add(base::to_text(Json::string(name)) + ": " + indented_json(member, indent + 4));
    return "{\n" + text + "\n" + std::string(indent, ' ') + "}";
  }
  if (value.is_array() && value.size() > 0) {
    for (const Json& element : value.as_array()) add(indented_json(element, indent + 4));
    return "[\n" + text + "\n" + std::string(indent, ' ') + "]";
  }
  return base::to_text(value);
}

std::string dump_of(const Json& value, Format format) {
  return format == Format::kYaml ? base::to_yaml(value) : indented_json(value) + "\n";
}

Json list_of(const std::vector<Json>& objects) {
  Json list = base::json_object();
  list["apiVersion"] = Json::string("v1");
  list["kind"] = Json::string("List");
  list["items"] = Json::array(objects);
  return list;
}

}  // namespace lepton_operator::cli
