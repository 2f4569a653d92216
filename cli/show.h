// Invocations as text: rows of a table, a report of one, JSON and YAML. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "cli/session.h"
#include "cli/table.h"
#include "invocation/object.h"

namespace lepton_operator::cli {

using base::Json;

enum class Format { kTable, kWide, kJson, kYaml };

// As `kubectl get inv` shows them: the same columns from the same fields.
Row headings(Format format);
Row row_of(const Json& object, Format format, base::Timestamp now, const Terminal& terminal);
std::string table_of(const std::vector<Json>& objects, Format format, base::Timestamp now, const Terminal& terminal);

// One Invocation with its tasks and what stands in its way.
std::string report_of(const Json& object, Format format, base::Timestamp now, const Terminal& terminal);

// As they are; of several a List. `format` is kJson or kYaml.
std::string dump_of(const Json& value, Format format);
std::string indented_json(const Json& value, std::size_t indent = 0);
Json list_of(const std::vector<Json>& objects);

std::string painted_phase(const Terminal& terminal, const std::string& phase);
// "4m12s" since then, as kubectl tells ages; "<unknown>" without a beginning.
std::string age(const std::optional<base::Timestamp>& since, base::Timestamp now);

// What a person is told of a task beside its phase: how long, and why.
std::string task_elapsed(const invocation::TaskStatus& task, base::Timestamp now);

}  // namespace lepton_operator::cli
