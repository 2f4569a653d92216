// Which fields an Invocation's manifest may have: the CRD's own schema (crds/, built in), and below evaluation.config and a task's config,
// where the CRD takes anything, the fields of nemo-evaluator's run configuration.
//
// The CRD is the one home of the manifest's fields; those of the run configuration stand in kRunConfigFields, which a conformance test
// holds to nemo-evaluator's own types. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lepton_operator::cli {

extern const std::string_view kRunConfigFields;  // JSON, of the form of an OpenAPI schema

// What is known of one place of the manifest. Cheap to copy; lives as long as the program.
class FieldSchema {
 public:
  // The manifest itself: spec, and of metadata what a user may write.
  static FieldSchema manifest();

  enum class Membership {
    kKnown,    // a field of the schema
    kFree,     // not known, but anything may stand there
    kUnknown,  // may not stand there
  };
  Membership membership(const std::string& name) const;
  FieldSchema member(const std::string& name) const;  // of what is free, or unknown: a schema that takes anything
  FieldSchema element() const;                        // of a list
  bool is_list() const;
  bool is_map_by_name() const;  // a list whose elements are told apart by their `name`
  bool is_run_config() const;   // there a bare `params` stands for config.params
  std::vector<std::string> known() const;

  // Dotted paths of all fields called `name`, wherever they are; elements of lists as "tasks.NAME.".
  std::vector<std::string> paths_to(const std::string& name) const;

 private:
  explicit FieldSchema(const base::Json* json) : json_(json) {}
  const base::Json* json_;  // nullptr: takes anything
};

}  // namespace lepton_operator::cli
