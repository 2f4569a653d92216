#include "cli/command_line.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/version.h"
#include "base/strings.h"
#include "cli/manual.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

struct Declared {
  const VerbEntry* entry = nullptr;
  std::unique_ptr<Verb> verb;
};

// One line of work: CLI11's tree, and what its flags are read into.
struct CommandLine {
  CLI::App app{"", "kubectl-lepton"};
  Globals globals;
  std::map<const CLI::App*, Declared> verbs;
};

// The option of the shared flags. Empty values are refused: an unset shell variable must not mean "the default".
template <class T>
void add_shared(CLI::App& app, const char* name, T& value, const char* type, const char* help) {
  app.add_option_function<std::string>(name,
                                       [&value, name](const std::string& given) {
                                         if (given.empty()) throw CLI::ValidationError(std::string(name) + ": needs a value");
                                         value = given;
                                       })
      ->option_text(type)
      ->description(help)
      ->take_last();
}

void declare_shared(CLI::App& app, Globals& globals) {
  add_shared(app, "--kubeconfig", globals.kubeconfig, "FILE", "how to reach the cluster (KUBECONFIG, else ~/.kube/config)");
  add_shared(app, "--context", globals.context, "NAME", "context of the kubeconfig in place of its current one");
  add_shared(app, "-n,--namespace", globals.namespace_, "NAME", "namespace of the objects (the context's; with --manifests: default)");
  add_shared(app, "--manifests", globals.manifests, "DIR",
             "no cluster: the directory of manifests that an operator on this machine follows");
  add_shared(app, "--state-dir", globals.state_dir, "DIR", "its state directory, where status is");
  add_shared(app, "--catalogue", globals.catalogue, "FILE", "catalogue of benchmarks in place of the built-in one");
  add_shared(app, "--lepton-ca-file", globals.lepton_ca_file, "FILE", "certificates (PEM) to trust for Lepton in place of the system's");
}

CLI::App* subcommand(CLI::App& parent, const std::string& name, const std::string& summary) {
  for (CLI::App* there : parent.get_subcommands({})) {
    if (there->get_name() == name) return there;
  }
  CLI::App* made = parent.add_subcommand(name, summary);
  made->fallthrough();
  made->set_help_flag("-h,--help", "print this and exit");
  return made;
}

void declare_verb(CommandLine& line, const VerbEntry& entry) {
  const std::string name = entry.name;
  const std::size_t space = name.find(' ');
  CLI::App* parent = &line.app;
  if (space != std::string::npos) {
    parent = subcommand(line.app, name.substr(0, space), "");
    parent->require_subcommand(0, 1);
  }
  CLI::App* app = subcommand(*parent, name.substr(space == std::string::npos ? 0 : space + 1), entry.manual.summary);
  Declared& declared = line.verbs[app];
  declared = {&entry, entry.make()};
  declared.verb->declare(*app);
}

void declare(CommandLine& line) {
  line.app.set_help_flag("-h,--help", "print this and exit");
  line.app.set_version_flag("--version", std::string("kubectl-lepton ") + app::kVersion, "print the version and exit");
  line.app.require_subcommand(0, 1);
  declare_shared(line.app, line.globals);
  for (const VerbEntry& entry : all_verbs()) declare_verb(line, entry);
}

// The innermost subcommand that was named; the app itself when there was none.
const CLI::App* chosen(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

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

int run_verb(CommandLine& line, Declared& declared, const Surroundings& around) {
  Session session(line.globals, around);
  const Verdict verdict = session.run(declared.verb->run(session));
  around.out.flush();
  if (const auto* trouble = std::get_if<Trouble>(&verdict)) return tell(around.err, *trouble);
  return static_cast<int>(std::get<ExitCode>(verdict));
}

std::string help_of(const CommandLine& line) {
  const CLI::App* app = chosen(line.app);
  const auto verb = line.verbs.find(app);
  return verb == line.verbs.end() ? overview(*app) : manual_page(*app, *verb->second.entry);
}

}  // namespace

int run_command_line(std::vector<std::string> arguments, const Surroundings& around) {
  CommandLine line;
  declare(line);
  line.app.allow_extras();
  for (auto& [app, declared] : line.verbs) const_cast<CLI::App*>(app)->allow_extras();
  std::reverse(arguments.begin(), arguments.end());
  try {
    line.app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    around.out << help_of(line);
    return 0;
  } catch (const CLI::CallForVersion& version) {
    around.out << version.what() << "\n";
    return 0;
  } catch (const CLI::ParseError& error) {
    return tell(around.err, in_our_words(*chosen(line.app), error));
  }
  const CLI::App* app = chosen(line.app);
  if (const std::vector<std::string> extras = line.app.remaining(true); !extras.empty())
    return tell(around.err, unexpected(*app, extras.front()));
  const auto verb = line.verbs.find(app);
  if (verb == line.verbs.end()) {
    around.err << overview(*app);
    return static_cast<int>(ExitCode::kWrongUsage);
  }
  return run_verb(line, verb->second, around);
}

}  // namespace lepton_operator::cli
