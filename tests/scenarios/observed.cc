#include "scenarios/observed.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "invocation/names.h"

namespace lepton_operator::scenarios {
namespace {

constexpr const char* kAbove = "/shared/nemo-evaluator-launcher-workspace/";
constexpr std::size_t kColumn = 58;

void add(Json& object, std::string name, const std::string& value) {
  while (base::find(object, name)) name += "'";  // never two of one name: that would be seen
  object[name] = Json::string(value);
}

// "stage.exit" and results of a task's directory, or of an attempt's.
std::string content(const simulator::Volume& volume, const std::string& directory) {
  std::vector<std::string> words;
  if (const std::string* exit = volume.read(directory + "/logs/stage.exit")) {
    std::string code = *exit;
    code.erase(std::remove(code.begin(), code.end(), '\n'), code.end());
    words.push_back("exit" + code.substr(code.find(' ')));
  } else if (volume.exists(directory + "/logs/stage.running")) {
    words.emplace_back("running");
  }
  if (volume.exists(directory + "/results.yml")) words.emplace_back("results");
  return words.empty() ? "empty" : base::join(words, " ");
}

std::string described(const invocation::TaskStatus& task) {
  std::string text = std::string(invocation::to_string(task.phase)) + " attempt " + std::to_string(task.job.attempt);
  if (task.run != 0) text += " run " + std::to_string(task.run);
  if (task.retries != 0) text += " retries " + std::to_string(task.retries);
  const auto& endpoint = task.endpoint;
  if (endpoint.name.empty() && endpoint.state == invocation::EndpointPhase::kPending) {
    text += " no endpoint";
  } else {
    text += " endpoint " + std::to_string(endpoint.incarnation) + " " + invocation::to_string(endpoint.state);
  }
  std::vector<std::string> earlier;
  for (const auto& attempt : task.earlier) earlier.emplace_back(invocation::to_string(attempt.outcome));
  if (!earlier.empty()) text += " after " + base::join(earlier, ", ");
  return text;
}

// How many of these were there at once, at most: {from, to} of each.
struct Span {
  base::Timestamp from;
  std::optional<base::Timestamp> to;
};
int peak(const std::vector<Span>& spans) {
  int most = 0;
  for (const Span& one : spans) {
    const auto there = [&](const Span& other) { return other.from <= one.from && (!other.to || *other.to > one.from); };
    most = std::max(most, static_cast<int>(std::count_if(spans.begin(), spans.end(), there)));
  }
  return most;
}

std::optional<base::Timestamp> time_of(const Json& object, const char* member) {
  const auto text = base::get_string(object, member);
  return text ? base::parse_timestamp(*text) : std::nullopt;
}

void add_spans(const Json& dump, const char* list, std::vector<Span>& spans) {
  for (const Json& each : base::elements(base::find(dump, list))) {
    const auto finished = time_of(each, "finished_at");
    spans.push_back({time_of(each, "created_at").value(), finished ? finished : time_of(each, "deleted_at")});
  }
}

using Lines = std::map<std::string, std::string>;

void flatten(const Json& value, const std::string& at, Lines& lines) {
  if (!value.is_object()) {
    if (!value.is_null()) lines[at] = value.is_string() ? value.as_string() : base::to_text(value);
    return;
  }
  for (const auto& [name, member] : value.as_object()) flatten(member, at.empty() ? name : at + "." + name, lines);
}

// "2-4" is any of 2, 3, 4; "0-2" also nothing.
bool fits(const std::optional<std::string>& expected, const std::optional<std::string>& actual) {
  if (expected == actual) return true;
  const std::size_t dash = expected ? expected->find('-') : std::string::npos;
  if (dash == std::string::npos || dash == 0 || expected->find_first_not_of("0123456789-") != std::string::npos) return false;
  const std::string count = actual.value_or("0");
  if (count.empty() || count.find_first_not_of("0123456789") != std::string::npos) return false;
  return std::stoi(count) >= std::stoi(expected->substr(0, dash)) && std::stoi(count) <= std::stoi(expected->substr(dash + 1));
}

std::optional<std::string> at(const Lines& lines, const std::string& name) {
  const auto found = lines.find(name);
  return found == lines.end() ? std::nullopt : std::optional(found->second);
}

std::string padded(std::string text) {
  if (text.size() < kColumn) text.resize(kColumn, ' ');
  return text;
}

}  // namespace

std::string label_of(const Json& metadata) {
  const Json& labels = base::get_object(metadata, "labels");
  const std::string owner = base::get_string(labels, invocation::kNameLabel).value_or("nobody");
  const std::string task = base::get_string(labels, invocation::kTaskLabel).value_or("cleanup");
  const std::string number = base::get_string(labels, invocation::kAttemptLabel).value_or("?");
  return (owner == "run" ? "" : owner + ":") + task + "/" + number;
}

std::string short_form(const invocation::Condition& condition) {
  const char* status = condition.status == invocation::ConditionStatus::kTrue    ? "True"
                       : condition.status == invocation::ConditionStatus::kFalse ? "False"
                                                                                 : "Unknown";
  return std::string(status) + " " + condition.reason;
}

Json lepton_of(const Json& dump, const std::map<std::string, std::string>& secrets) {
  Json all = base::json_object();
  for (const char* part : {"endpoints", "jobs", "secrets", "made"}) all[part] = base::json_object();
  for (const Json& each : base::elements(base::find(dump, "deployments"))) {
    add(all["endpoints"], label_of(each.at("metadata")), base::get_string(each, "true_state").value_or("?"));
  }
  for (const Json& each : base::elements(base::find(dump, "jobs"))) {
    add(all["jobs"], label_of(each.at("metadata")), base::get_string(each.at("status"), "state").value_or("?"));
  }
  for (const Json& each : base::elements(base::find(dump, "archived_jobs"))) {
    add(all["jobs"], label_of(each.at("metadata")), "archived " + base::get_string(each.at("status"), "state").value_or("?"));
  }
  for (const Json& each : base::elements(base::find(dump, "secrets"))) {
    const std::string name = base::get_string(each, "name").value_or("?");
    const auto known = secrets.find(name);
    add(all["secrets"], known == secrets.end() ? name : known->second, "there");
  }
  const auto size = [&](const char* list) { return static_cast<std::int64_t>(base::elements(base::find(dump, list)).size()); };
  all["made"]["endpoints"] = Json::number(size("deployments") + size("deleted_deployments"));
  all["made"]["jobs"] = Json::number(size("jobs") + size("archived_jobs") + size("deleted_jobs"));
  std::vector<Span> endpoints;
  std::vector<Span> jobs;
  for (const char* list : {"deployments", "deleted_deployments"}) add_spans(dump, list, endpoints);
  for (const char* list : {"jobs", "archived_jobs", "deleted_jobs"}) add_spans(dump, list, jobs);
  all["peak"] = base::json_object();
  all["peak"]["endpoints"] = Json::number(peak(endpoints));
  all["peak"]["jobs"] = Json::number(peak(jobs));
  return all;
}

Json storage_of(const simulator::Volume& volume, const std::string& invocation_id) {
  Json all = base::json_object();
  const std::string directory = kAbove + invocation_id;
  if (!volume.exists(directory)) return all;
  for (const auto& task : volume.list(directory)) {
    const std::string path = directory + "/" + task.name;
    all[task.name] = Json::string(content(volume, path));
    for (const auto& below : volume.list(path)) {
      if (below.name.rfind("attempt-", 0) == 0) all[task.name + "/" + below.name] = Json::string(content(volume, path + "/" + below.name));
    }
  }
  if (all.size() == 0) all["(directory)"] = Json::string("empty");
  return all;
}

Json status_of(const invocation::InvocationStatus* status) {
  Json all = base::json_object();
  all["phase"] = Json::string(status ? std::string(invocation::to_string(status->phase)) + " " + status->progress : "gone");
  all["conditions"] = base::json_object();
  all["tasks"] = base::json_object();
  if (!status) return all;
  for (const auto& condition : status->conditions) all["conditions"][condition.type] = Json::string(short_form(condition));
  for (const auto& task : status->tasks) all["tasks"][task.name] = Json::string(described(task));
  return all;
}

Json overlaid(const Json& under, const Json& over) {
  if (!under.is_object() || !over.is_object()) return over;
  Json result = under;
  for (const auto& [name, value] : over.as_object()) {
    const Json* below = base::find(under, name);
    result[name] = below ? overlaid(*below, value) : value;
  }
  return result;
}

std::string difference(const Json& expected, const Json& actual) {
  Lines wanted;
  Lines seen;
  flatten(expected, "", wanted);
  flatten(actual, "", seen);
  std::set<std::string> names;
  for (const auto& [name, value] : wanted) names.insert(name);
  for (const auto& [name, value] : seen) names.insert(name);
  std::string text;
  bool same = true;
  for (const std::string& name : names) {
    const auto want = at(wanted, name);
    const auto have = at(seen, name);
    const bool fit = fits(want, have);
    same = same && fit;
    const auto line = [&](const std::optional<std::string>& value) { return value ? name + ": " + *value : std::string("-"); };
    text += std::string(fit ? "    " : " !! ") + padded(line(want)) + " | " + line(have) + "\n";
  }
  return same ? "" : "    " + padded("EXPECTED") + " | ACTUAL\n" + text;
}

}  // namespace lepton_operator::scenarios
