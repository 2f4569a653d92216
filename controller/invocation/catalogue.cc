#include "invocation/catalogue.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/yaml.h"
#include "invocation/object_reader.h"

namespace lepton_operator::invocation {

namespace {

// It looks for contamination by a benchmark; whoever asks for the benchmark does not mean it.
constexpr const char* kDetector = "codec";
constexpr std::size_t kMostEntries = 100'000;

std::vector<CatalogueEntry> read_harness(ObjectReader& harness) {
  std::vector<CatalogueEntry> entries;
  harness.require("name", "a harness needs a name");
  const std::string name = harness.text("name").value_or("");
  if (name.find('.') != std::string::npos) harness.error("name", "must not hold a dot, which parts harness and task");
  const std::string container = harness.text("container").value_or("");
  std::set<std::string> seen;
  harness.require("tasks", "a harness needs tasks");
  harness.each("tasks", kMostEntries, [&](ObjectReader& task) {
    CatalogueEntry entry;
    entry.harness = name;
    task.require("name", "a task needs a name");
    entry.task = task.text("name").value_or("");
    entry.config_type = task.text("configType").value_or(entry.task);
    entry.endpoint_types = task.texts("endpointTypes");
    if (entry.endpoint_types.empty()) task.error("endpointTypes", "a task needs at least one endpoint type, e.g. [chat]");
    entry.container = task.text("container").value_or(container);
    if (entry.container.empty()) task.error("container", "neither the task nor its harness has a container");
    if (!entry.task.empty() && !seen.insert(entry.task).second) task.error("name", "the harness has " + entry.task + " twice");
    entries.push_back(std::move(entry));
  });
  return entries;
}

base::Error first_error(const std::vector<FieldError>& errors, const base::YamlDocument& document, std::string_view source) {
  const auto line_of = [&](const FieldError& error) { return document.line_of(error.path); };
  const auto first =
      std::min_element(errors.begin(), errors.end(), [&](const FieldError& a, const FieldError& b) { return line_of(a) < line_of(b); });
  return base::Error{
      .kind = base::ErrorKind::kInvalid, .what = first->text(), .where = std::string(source) + ":" + std::to_string(line_of(*first))};
}

std::string qualified(const CatalogueEntry& entry) { return entry.harness + "." + entry.task; }

}  // namespace

base::Result<Catalogue> Catalogue::parse(std::string_view yaml, std::string_view source) {
  base::Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(yaml, source);
  if (!documents) return documents.error();
  if (documents->size() != 1) {
    return base::Error{
        .kind = base::ErrorKind::kInvalid, .what = "a catalogue is one YAML document with harnesses", .where = std::string(source)};
  }
  const base::YamlDocument& document = documents->front();
  Catalogue catalogue;
  std::vector<FieldError> errors;
  std::set<std::string> harnesses;
  ObjectReader reader(document.value, "", errors);
  reader.require("harnesses", "a catalogue needs harnesses");
  reader.each("harnesses", kMostEntries, [&](ObjectReader& harness) {
    for (CatalogueEntry& entry : read_harness(harness)) catalogue.entries_.push_back(std::move(entry));
    const std::string name = harness.text("name").value_or("");
    if (!name.empty() && !harnesses.insert(name).second) harness.error("name", name + " is written twice");
  });
  for (std::size_t i = 0; i < catalogue.entries_.size(); ++i) catalogue.by_task_.emplace(catalogue.entries_[i].task, i);
  reader.each_text("defaults", [&](const std::string& task, const std::string& harness) {
    const auto [first, last] = catalogue.by_task_.equal_range(task);
    const bool known = std::any_of(first, last, [&](const auto& item) { return catalogue.entries_[item.second].harness == harness; });
    if (!known) reader.error(("defaults." + task).c_str(), "harness " + harness + " has no task " + task);
    catalogue.defaults_[task] = harness;
  });
  reader.check_unknown();
  if (!errors.empty()) return first_error(errors, document, source);
  return catalogue;
}

base::Result<CatalogueEntry> Catalogue::find(std::string_view task) const {
  const auto [first, last] = by_task_.equal_range(task);
  std::vector<const CatalogueEntry*> all;
  for (auto item = first; item != last; ++item) all.push_back(&entries_[item->second]);
  if (all.size() == 1) return *all.front();
  if (!all.empty()) {
    const auto fallback = defaults_.find(task);
    if (fallback != defaults_.end()) {
      for (const CatalogueEntry* entry : all) {
        if (entry->harness == fallback->second) return *entry;
      }
    }
    std::erase_if(all, [](const CatalogueEntry* entry) { return entry->harness == kDetector; });
    if (all.size() == 1) return *all.front();
    std::vector<std::string> names;
    for (const CatalogueEntry* entry : all) names.push_back(qualified(*entry));
    return base::Error{base::ErrorKind::kInvalid,
                       "several harnesses have task \"" + std::string(task) + "\"; write one of " + base::join(names, ", ")};
  }

  std::vector<std::string> known;
  for (const CatalogueEntry& entry : entries_) {
    if (qualified(entry) == task) return entry;
    known.push_back(task.find('.') == std::string_view::npos ? entry.task : qualified(entry));
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const std::vector<std::string> near = base::nearest(task, known);
  return base::Error{base::ErrorKind::kNotFound, "unknown task \"" + base::clipped(task, 80) + "\"" +
                                                     (near.empty() ? "." : "; did you mean " + base::join(near, ", ") + "?") +
                                                     " A task outside the catalogue needs its own container."};
}

}  // namespace lepton_operator::invocation
