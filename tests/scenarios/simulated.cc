#include "scenarios/simulated.h"

#include <stdexcept>
#include <string>

#include "base/yaml.h"

namespace lepton_operator::scenarios {

using base::Milliseconds;

Milliseconds duration(const Json& value, const char* member, Milliseconds otherwise) {
  const auto text = base::get_string(value, member);
  if (!text) return otherwise;
  const auto parsed = base::parse_duration(*text);
  if (!parsed) throw std::invalid_argument(std::string(member) + ": no duration: " + *text);
  return *parsed;
}

simulator::Options options_of(const Json& value) {
  simulator::Options options;
  options.ready_delay = duration(value, "ready", options.ready_delay);
  options.start_delay = duration(value, "start", options.start_delay);
  options.run_delay = duration(value, "run", options.run_delay);
  options.delete_delay = duration(value, "delete", options.delete_delay);
  if (const auto api = base::get_string(value, "storage")) options.storage_api = simulator::storage_api_named(*api).value();
  options.archived_state = base::get_bool(value, "archivedState").value_or(false);
  options.archive_forgets = base::get_bool(value, "archiveForgets").value_or(false);
  options.archive_deleted_jobs = base::get_bool(value, "archiveDeletedJobs").value_or(false);
  return options;
}

std::vector<simulator::OutcomeRule> rules_of(const Json& rules) {
  Json scenario = base::json_object();
  scenario["rules"] = rules;
  const auto parsed = simulator::parse_scenario(base::to_yaml(scenario), "rules");
  if (!parsed) throw std::invalid_argument(parsed.error().text());
  return parsed->rules;
}

Json without_nulls(const Json& value) {
  if (!value.is_object()) return value;
  Json kept = base::json_object();
  for (const auto& [name, member] : value.as_object()) {
    if (!member.is_null()) kept[name] = without_nulls(member);
  }
  return kept;
}

}  // namespace lepton_operator::scenarios
