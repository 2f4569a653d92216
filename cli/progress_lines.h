// How far Invocations are, as lines for a terminal: a bar for each task, which moves from stage to stage. Pure.
//
// A bar tells stages and not time: nobody knows how long a benchmark takes, and Lepton tells no more than a job's state.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/session.h"
#include "invocation/object.h"

namespace lepton_operator::cli {

// From 0 to 1: nothing made yet … finished.
double stage_of(const invocation::TaskStatus& task, bool has_endpoint);

// One heading and a line a task; no more lines than `most`, the rest counted in the last one.
std::vector<std::string> progress_lines(const invocation::Invocation& object, base::Timestamp now, const Terminal& terminal,
                                        std::size_t most);

// "2 of 3 tasks succeeded, 1 failed (winogrande: exit code 3) after 12m3s", and where results are.
std::vector<std::string> summary_of(const invocation::Invocation& object, const Terminal& terminal);

}  // namespace lepton_operator::cli
