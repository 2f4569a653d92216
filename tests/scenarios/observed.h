// What is to be seen after a scenario, in a short form that a person writes by hand, and how it differs from what was expected. Pure.
//
//   endpoints: {first/0: Ready}                    task/incarnation: Lepton's true state
//   jobs: {first/0: Completed}                     task/attempt; "archived Completed" when it is in the archive
//   secrets: {token: there}                        of the Invocation's own
//   made: {endpoints: 2, jobs: 2}                  ever, whether or not they are there still
//   peak: {endpoints: 2, jobs: 2}                  at once, at most
//   storage: {first: exit 0 results}               every task directory, and attempt-N below it; a directory alone: "empty"
//   phase: Succeeded 2/2
//   conditions: {Accepted: True Valid}
//   tasks: {first: Succeeded attempt 0 endpoint 0 Released}
//   events: {TaskSucceeded: 2}
//   others: {b: {phase: ..., ...}}                 the status and events of further Invocations; their objects are "b:first/0"
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "core/volume.h"
#include "invocation/status.h"

namespace lepton_operator::scenarios {

using base::Json;

std::string label_of(const Json& metadata);  // "first/0", "other:first/0", "cleanup/0"
std::string short_form(const invocation::Condition& condition);

// `secrets`: what secrets are called here, by their names in Lepton.
Json lepton_of(const Json& dump, const std::map<std::string, std::string>& secrets);
Json storage_of(const simulator::Volume& volume, const std::string& invocation_id);
Json status_of(const invocation::InvocationStatus* status);

// `under` with `over` laid upon it; a null takes a member away.
Json overlaid(const Json& under, const Json& over);

// Side by side, one line for each thing; empty when all is as expected. A count may be expected as "2-4".
std::string difference(const Json& expected, const Json& actual);

}  // namespace lepton_operator::scenarios
