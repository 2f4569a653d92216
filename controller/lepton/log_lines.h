// Logs in Lepton's two forms: the answer of a search (contract, section 11), and the names of the replicas that have one of their own.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace lepton_operator::lepton {

struct LogLine {
  std::int64_t at = 0;  // nanoseconds since the epoch
  std::string text;     // without its end

  bool operator==(const LogLine&) const = default;
};

// {data: {result: [{values: [["<nanoseconds>", "<line>"], ...]}, ...]}}, one stream for each replica, in whatever order: by time.
std::vector<LogLine> log_lines_of(const base::Json& body);

// [{metadata: {id}}], or the older [{id}].
std::vector<std::string> replica_ids_of(const base::Json& body);

}  // namespace lepton_operator::lepton
