#include "core/scenario.h"

#include "base/yaml.h"
#include "core/message.h"
#include "core/schema.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

std::optional<Outcome> outcome_named(const std::string& name) {
  static const std::map<std::string, Outcome> kOutcomes = {{"normal", Outcome::kNormal},
                                                           {"error", Outcome::kError},
                                                           {"never-ready", Outcome::kNeverReady},
                                                           {"flapping", Outcome::kFlapping},
                                                           {"fail", Outcome::kFail},
                                                           {"queueing", Outcome::kQueueing},
                                                           {"no-capacity", Outcome::kNoCapacity},
                                                           {"image-pull", Outcome::kImagePull},
                                                           {"crash-loop", Outcome::kCrashLoop}};
  const auto found = kOutcomes.find(name);
  return found == kOutcomes.end() ? std::nullopt : std::optional(found->second);
}

Schema duration() {
  return Schema::string().with([](const Json& value) -> std::optional<std::string> {
    if (base::parse_duration(value.as_string())) return std::nullopt;
    return "must be a duration, e.g. 500ms or 20s";
  });
}

Schema fault_schema() {
  return Schema::object({{"method", Schema::string()},
                         {"path", Schema::string()},
                         {"status", Schema::integer(200, 599)},
                         {"times", Schema::integer(0, 1e9)},
                         {"skip", Schema::integer(0, 1e9)},
                         {"retry-after", Schema::anything()},
                         {"after-commit", Schema::boolean()},
                         {"chance", Schema::number(0, 1)},
                         {"silent", Schema::boolean()},
                         {"echo", Schema::boolean()}});
}

Schema scenario_schema() {
  const Schema rule = Schema::object({{"match", Schema::string()},
                                      {"kind", Schema::choice({"endpoint", "job"})},
                                      {"outcome", Schema::choice({"normal", "error", "never-ready", "flapping", "fail", "queueing",
                                                                  "no-capacity", "image-pull", "crash-loop"})},
                                      {"times", Schema::integer(0, 1e9)},
                                      {"ready-delay", duration()},
                                      {"run-delay", duration()},
                                      {"reason", Schema::string()},
                                      {"exit-code", Schema::integer(1, 255)},
                                      {"reveals", Schema::boolean()},
                                      {"needs-endpoints", Schema::boolean()}},
                                     {"match"});
  return Schema::object({{"rules", Schema::list(rule)}, {"faults", Schema::list(fault_schema())}});
}

std::optional<base::Milliseconds> duration_of(const Json& value, const char* member) {
  const auto text = base::get_string(value, member);
  return text ? base::parse_duration(*text) : std::nullopt;
}

OutcomeRule read_rule(const Json& value) {
  OutcomeRule rule;
  rule.match = base::get_string(value, "match").value_or("");
  if (const auto kind = base::get_string(value, "kind")) rule.kind = *kind == "job" ? Kind::kJob : Kind::kEndpoint;
  rule.outcome = outcome_named(base::get_string(value, "outcome").value_or("normal")).value_or(Outcome::kNormal);
  rule.times = static_cast<int>(base::get_int(value, "times").value_or(0));
  rule.ready_delay = duration_of(value, "ready-delay");
  rule.run_delay = duration_of(value, "run-delay");
  rule.reason = base::get_string(value, "reason").value_or("");
  rule.exit_code = static_cast<int>(base::get_int(value, "exit-code").value_or(1));
  rule.reveals = base::get_bool(value, "reveals").value_or(false);
  rule.needs_endpoints = base::get_bool(value, "needs-endpoints").value_or(false);
  return rule;
}

FaultRule read_fault(const Json& value) {
  FaultRule fault;
  fault.method = base::get_string(value, "method").value_or("*");
  fault.path = base::get_string(value, "path").value_or("*");
  fault.status = static_cast<int>(base::get_int(value, "status").value_or(503));
  fault.times = static_cast<int>(base::get_int(value, "times").value_or(1));
  fault.skip = static_cast<int>(base::get_int(value, "skip").value_or(0));
  fault.after_commit = base::get_bool(value, "after-commit").value_or(false);
  fault.chance = base::get_double(value, "chance").value_or(1.0);
  fault.silent = base::get_bool(value, "silent").value_or(false);
  fault.echo = base::get_bool(value, "echo").value_or(false);
  if (const Json* after = base::find(value, "retry-after")) {
    fault.retry_after = after->is_string() ? after->as_string() : base::to_text(*after);
  }
  return fault;
}

bool applies(const OutcomeRule& rule, Kind kind, const std::string& name, const std::string& task) {
  if (rule.kind && *rule.kind != kind) return false;
  return matches(rule.match, name) || (!task.empty() && matches(rule.match, task));
}

}  // namespace

OutcomeRule Scenario::course_of(Kind kind, const std::string& name, const Json& labels) {
  const std::string task = base::get_string(labels, "lepton-operator.task").value_or("");
  const std::string owner = base::get_string(labels, "lepton-operator.uid").value_or("");
  for (OutcomeRule& rule : rules) {
    if (!applies(rule, kind, name, task)) continue;
    int& used = rule.used[(kind == Kind::kJob ? "job/" : "endpoint/") + (task.empty() ? "" : owner + "/" + task)];
    if (rule.times > 0 && used >= rule.times) continue;
    ++used;
    return rule;
  }
  return OutcomeRule{};
}

std::optional<FaultRule> Scenario::fault_for(const std::string& method, const std::string& path, base::Random& random) {
  for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
    if (!glob(fault->method, method) || !glob(fault->path, path)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    if (fault->chance < 1 && random.unit() >= fault->chance) continue;
    const FaultRule met = *fault;
    if (fault->times > 0 && --fault->times == 0) faults.erase(fault);
    return met;
  }
  return std::nullopt;
}

base::Result<FaultRule> parse_fault(const Json& value) {
  if (const auto violation = fault_schema().check(value)) {
    return base::Error{base::ErrorKind::kInvalid, violation->message, violation->field};
  }
  return read_fault(value);
}

base::Result<Scenario> parse_scenario(std::string_view yaml, std::string_view source) {
  auto documents = base::parse_yaml(yaml, source);
  if (!documents) return documents.error();
  Scenario scenario;
  for (const base::YamlDocument& document : *documents) {
    if (const auto violation = scenario_schema().check(document.value)) {
      const std::string line = std::string(source) + ":" + std::to_string(document.line_of(violation->field));
      return base::Error{base::ErrorKind::kInvalid, violation->field + ": " + violation->message, line};
    }
    for (const Json& each : base::elements(base::find(document.value, "rules"))) scenario.rules.push_back(read_rule(each));
    for (const Json& each : base::elements(base::find(document.value, "faults"))) scenario.faults.push_back(read_fault(each));
  }
  return scenario;
}

}  // namespace lepton_operator::simulator
