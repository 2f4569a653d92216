// The catalogue of benchmarks: which harness, container and endpoint types a task has. Read once from YAML (manifests/catalogue.yaml or
// --catalogue FILE) and immutable after. Pure, but for load's text coming from outside.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lepton_operator::invocation {

struct CatalogueEntry {
  std::string harness;
  std::string task;
  std::string config_type;
  std::vector<std::string> endpoint_types;  // the first is the default
  std::string container;
};

class Catalogue {
 public:
  // The error names the line of the first entry that is wrong.
  static base::Result<Catalogue> parse(std::string_view yaml, std::string_view source);

  // "gpqa_diamond" (its default harness, or the only one that is not codec) or "simple_evals.gpqa_diamond". The error (kNotFound, or
  // kInvalid when several harnesses have it and none is the default) says which names are near or which harnesses have it.
  base::Result<CatalogueEntry> find(std::string_view task) const;

  std::size_t size() const { return entries_.size(); }
  const std::vector<CatalogueEntry>& entries() const { return entries_; }

 private:
  std::vector<CatalogueEntry> entries_;
  std::multimap<std::string, std::size_t, std::less<>> by_task_;
  std::map<std::string, std::string, std::less<>> defaults_;  // task -> harness
};

}  // namespace lepton_operator::invocation
