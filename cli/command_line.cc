#include "cli/command_line.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

int tell(std::ostream& err, const Trouble& trouble) {
  err << "kubectl-lepton: " << trouble.sentence << "\n";
  if (!trouble.hint.empty()) err << "hint: " << trouble.hint << "\n";
  return static_cast<int>(trouble.code);
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> verbs_below(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* below : app.get_subcommands({})) names.push_back(below->get_name());
  return names;
}

std::string see_help(const CLI::App& app) {
  std::string words;
  for (const CLI::App* at = &app; at->get_parent() != nullptr; at = at->get_parent()) words = at->get_name() + " " + words;
  return "`kubectl lepton " + words + "--help` tells what there is";
}

Trouble unexpected(const CLI::App& app, const std::string& word) {
  const bool flag = word.size() > 1 && word.front() == '-';
  const std::string name = flag ? word.substr(0, word.find('=')) : word;
  const std::vector<std::string> near = base::nearest(name, flag ? flags_of(app) : verbs_below(app), 1);
  const std::string what = flag ? "unknown flag" : verbs_below(app).empty() ? "unexpected argument" : "unknown verb";
  return wrong_usage(base::clipped(name, 80) + ": " + what, near.empty() ? see_help(app) : "did you mean " + near.front() + "?");
}

// CLI11's words, where they are of use to a person, else ours.
Trouble in_our_words(const CLI::App& app, const CLI::ParseError& error) {
  std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) what = what.substr(0, what.find(':')) + ": needs a value";
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) what = what.substr(0, what.find(" is required")) + ": is missing";
  return wrong_usage(what, see_help(app));
}

int run_verb(CommandTree& tree, Declared& declared, const Surroundings& around) {
  Session session(tree.globals, around);
  const Verdict verdict = session.run(declared.verb->run(session));
  around.out.flush();
  const auto* trouble = std::get_if<Trouble>(&verdict);
  if (trouble == nullptr) return static_cast<int>(std::get<ExitCode>(verdict));
  if (session.interrupted()) return static_cast<int>(ExitCode::kInterrupted);  // that it came to nothing is no news
  return tell(around.err, *trouble);
}

// `help VERB` and `version`, as kubectl takes them.
std::vector<std::string> as_flags(std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  if (arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  } else if (arguments.front() == "version") {
    arguments.front() = "--version";
  }
  return arguments;
}

std::string help_of(const CommandTree& tree) {
  const CLI::App* app = chosen(*tree.app);
  const auto verb = tree.verbs.find(app);
  return verb == tree.verbs.end() ? overview(*app) : manual_page(*app, *verb->second.entry);
}

}  // namespace

int run_command_line(std::vector<std::string> arguments, const Surroundings& around) {
  if (!arguments.empty() && arguments.front() == kComplete) return complete({arguments.begin() + 1, arguments.end()}, around);
  CommandTree tree;
  arguments = as_flags(std::move(arguments));
  std::reverse(arguments.begin(), arguments.end());
  try {
    tree.app->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    around.out << help_of(tree);
    return 0;
  } catch (const CLI::CallForVersion& version) {
    around.out << version.what() << "\n";
    return 0;
  } catch (const CLI::RequiredError& error) {
    // A flag that is misspelt is why another one is missing.
    const std::vector<std::string> extras = tree.app->remaining(true);
    const auto flag = std::find_if(extras.begin(), extras.end(), [](const std::string& word) { return word.starts_with("-"); });
    const CLI::App& app = *chosen(*tree.app);
    return tell(around.err, flag == extras.end() ? in_our_words(app, error) : unexpected(app, *flag));
  } catch (const CLI::ParseError& error) {
    return tell(around.err, in_our_words(*chosen(*tree.app), error));
  }
  const CLI::App* app = chosen(*tree.app);
  if (const std::vector<std::string> extras = tree.app->remaining(true); !extras.empty())
    return tell(around.err, unexpected(*app, extras.front()));
  const auto verb = tree.verbs.find(app);
  if (verb == tree.verbs.end()) {
    around.err << overview(*app);
    return static_cast<int>(ExitCode::kWrongUsage);
  }
  return run_verb(tree, verb->second, around);
}

}  // namespace lepton_operator::cli
