// The words that there are: CLI11's tree of verbs and flags, and what the flags are read into.
//
// Owner: command_line.cc, for one run; completion.cc looks at one too. Main thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

struct Declared {
  const VerbEntry* entry = nullptr;
  std::unique_ptr<Verb> verb;
};

struct CommandTree {
  CommandTree();
  ~CommandTree();
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  std::unique_ptr<CLI::App> app;
  Globals globals;
  std::map<const CLI::App*, Declared> verbs;
};

// The innermost subcommand that was named; the app itself when there was none.
const CLI::App* chosen(const CLI::App& app);

}  // namespace lepton_operator::cli
