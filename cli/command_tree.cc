#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

#include "app/version.h"

namespace lepton_operator::cli {

namespace {

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

void declare_verb(CommandTree& tree, const VerbEntry& entry) {
  const std::string name = entry.name;
  const std::size_t space = name.find(' ');
  CLI::App* parent = tree.app.get();
  if (space != std::string::npos) {
    parent = subcommand(*tree.app, name.substr(0, space), "");
    parent->require_subcommand(0, 1);
  }
  CLI::App* app = subcommand(*parent, name.substr(space == std::string::npos ? 0 : space + 1), entry.manual.summary);
  Declared& declared = tree.verbs[app];
  declared = {&entry, entry.make()};
  declared.verb->declare(*app);
  app->allow_extras();
}

}  // namespace

CommandTree::CommandTree() : app(std::make_unique<CLI::App>("", "kubectl-lepton")) {
  app->set_help_flag("-h,--help", "print this and exit");
  app->set_version_flag("--version", std::string("kubectl-lepton ") + app::kVersion, "print the version and exit");
  app->require_subcommand(0, 1);
  app->allow_extras();
  declare_shared(*app, globals);
  for (const VerbEntry& entry : all_verbs()) declare_verb(*this, entry);
}

CommandTree::~CommandTree() = default;

const CLI::App* chosen(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

}  // namespace lepton_operator::cli
