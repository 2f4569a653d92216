// What the operator's program can do beside being the operator; the chart's hooks use it, since its image has no shell:
//
//   lepton-operator guard [--namespace N]...                              may the operator go?
//   lepton-operator trial --manifest FILE [--until Complete=True] [--timeout 5m]   does it do its work?
//
// Both find the cluster as the operator does. Lines for people go to stdout, what failed to stderr. Exit codes as the operator's.
//
// Main thread; it becomes the domain's. SIGTERM and SIGINT cut waiting short; a trial still removes what it made.
#pragma once

#include <string>
#include <vector>

namespace lepton_operator::app {

bool is_command(const std::string& word);

// `arguments` begin with the command.
int run_command(const std::vector<std::string>& arguments);

}  // namespace lepton_operator::app
