#include "cli/manual.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/paragraph.h"

namespace lepton_operator::cli {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 4;
constexpr std::size_t kHelpColumn = 28;

// Paragraphs are filled; lines that begin with two spaces stay.
std::string section(const std::string& heading, const std::string& text) {
  if (text.empty()) return "";
  std::string page = heading + "\n";
  std::string paragraph;
  const auto flush = [&] {
    if (!paragraph.empty()) page += filled(paragraph, kWidth, kIndent);
    paragraph.clear();
  };
  for (const std::string& line : lines_of(text)) {
    if (line.rfind("  ", 0) == 0 || line.empty()) {
      flush();
      page += line.empty() ? "\n" : std::string(kIndent, ' ') + line + "\n";
    } else {
      paragraph += line + " ";
    }
  }
  flush();
  return page + "\n";
}

std::string flag_line(const CLI::Option& option) {
  std::string names = option.get_positional() ? option.get_name(true) : option.get_name(false, true);
  if (option.get_positional()) return std::string(kIndent, ' ') + names;
  const std::size_t comma = names.find(',');
  if (comma != std::string::npos) names.insert(comma + 1, " ");
  const std::string type = option.get_option_text();
  return std::string(kIndent, ' ') + names + (type.empty() ? "" : " " + type);
}

std::string flag(const CLI::Option& option) {
  std::string line = flag_line(option);
  if (line.size() + 2 > kHelpColumn) {
    line += "\n" + std::string(kHelpColumn, ' ');
  } else {
    line.append(kHelpColumn - line.size(), ' ');
  }
  return line + filled(option.get_description(), kWidth, kHelpColumn, kHelpColumn);
}

std::string flags(const std::string& heading, const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) text += flag(*option);
  }
  return text.empty() ? "" : heading + "\n" + text + "\n";
}

const CLI::App& root_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (at->get_parent() != nullptr) at = at->get_parent();
  return *at;
}

constexpr const char* kExitCodes =
    "  0    done; with --wait: the Invocation succeeded\n"
    "  1    what was waited for or checked ended badly\n"
    "  2    a flag, an override or a manifest is wrong; nothing was sent\n"
    "  3    the cluster, the directory or Lepton refused or could not be asked\n"
    "  130  interrupted; what runs in Lepton goes on";

constexpr const char* kEnvironment =
    "  KUBECONFIG               how to reach the cluster, as kubectl reads it\n"
    "  NO_COLOR                 set to anything: no colours\n"
    "  LEPTON_WORKSPACE_ID, LEPTON_WORKSPACE_TOKEN, LEPTON_WORKSPACE_URL\n"
    "                           with --state-dir: the workspace, where no\n"
    "                           Workspace tells; else the file of `lep login`\n"
    "  HTTPS_PROXY, HTTP_PROXY, NO_PROXY";

std::string verb_list(const CLI::App& app, const std::string& prefix) {
  std::string text;
  for (const VerbEntry& entry : all_verbs()) {
    const std::string name = entry.name;
    if (name.rfind(prefix, 0) != 0) continue;
    std::string line = std::string(kIndent, ' ') + name;
    line.append(line.size() + 2 > 20 ? 2 : 20 - line.size(), ' ');
    text += line + entry.manual.summary + "\n";
  }
  (void)app;
  return "VERBS\n" + text + "\n";
}

}  // namespace

std::string manual_page(const CLI::App& app, const VerbEntry& entry) {
  const std::string name = entry.name;
  return section("NAME", "kubectl lepton " + name + " - " + entry.manual.summary) +
         section("SYNOPSIS", "  kubectl lepton " + name + " " + entry.manual.synopsis).replace(9, 2, "") +
         section("DESCRIPTION", entry.manual.description) + flags("FLAGS", app) + section("EXAMPLES", entry.manual.examples) +
         flags("SHARED FLAGS", root_of(app)) +
         section("EXIT CODES", entry.manual.exit_codes[0] == '\0' ? kExitCodes : entry.manual.exit_codes) +
         section("ENVIRONMENT", kEnvironment) + "All of it, with the grammar of overrides: docs/cli.md\n";
}

std::string overview(const CLI::App& app) {
  const bool root = app.get_parent() == nullptr;
  const std::string prefix = root ? "" : app.get_name() + " ";
  return section("NAME", "kubectl lepton - run evaluations of models on Lepton, watch them, read their logs") +
         section("SYNOPSIS", "kubectl lepton " + prefix + "VERB [ARGUMENTS] [FLAGS]") +
         section("DESCRIPTION",
                 "Works on the Invocations of a cluster, through kubeconfig as kubectl does, or of an operator that follows a directory on "
                 "this "
                 "machine (--manifests, --state-dir). It can be run by itself as kubectl-lepton.\n\n"
                 "`kubectl lepton VERB --help` is the manual page of a verb.") +
         verb_list(app, prefix) + flags("SHARED FLAGS", root_of(app)) + section("EXIT CODES", kExitCodes) +
         section("ENVIRONMENT", kEnvironment);
}

}  // namespace lepton_operator::cli
