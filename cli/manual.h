// What --help prints: a manual page a verb, and an overview without one. Pure.
#pragma once

#include <string>

#include "cli/verb.h"

namespace lepton_operator::cli {

// `app` is the verb's own CLI11 subcommand, with its flags declared.
std::string manual_page(const CLI::App& app, const VerbEntry& entry);

// Of the whole program, or of the verbs that share a first word.
std::string overview(const CLI::App& app);

}  // namespace lepton_operator::cli
