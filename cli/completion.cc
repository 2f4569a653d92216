#include "cli/completion.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/backend.h"
#include "cli/command_tree.h"
#include "cli/workspace_access.h"

namespace lepton_operator::cli {

namespace {

constexpr base::Milliseconds kListingPatience{2'000};

enum class Else { kNothing = 4, kFiles = 0, kDirectories = 16 };

struct Candidate {
  std::string word;
  std::string about = {};
};

struct Answered {
  std::vector<Candidate> candidates = {};
  Else other = Else::kNothing;
};

// The command line so far, as far as it can be understood.
struct Place {
  const CLI::App* app = nullptr;            // the verb, or the program
  const CLI::Option* awaiting = nullptr;    // the flag whose value comes next
  std::vector<std::string> arguments = {};  // that are no flags
};

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (!option->get_positional() && option->check_name(word)) return option;
    }
  }
  return nullptr;
}

const CLI::App* find_verb(const CLI::App& app, const std::string& word) {
  for (const CLI::App* below : app.get_subcommands({})) {
    if (below->get_name() == word) return below;
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

Place place_of(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{.app = &root};
  for (const std::string& word : words) {
    if (place.awaiting != nullptr) {
      place.awaiting = nullptr;
    } else if (word.size() > 1 && word.front() == '-') {
      const CLI::Option* option = find_option(*place.app, word.substr(0, word.find('=')));
      if (option != nullptr && takes_value(*option) && word.find('=') == std::string::npos) place.awaiting = option;
    } else if (const CLI::App* verb = find_verb(*place.app, word)) {
      place.app = verb;
    } else {
      place.arguments.push_back(word);
    }
  }
  return place;
}

std::string first_sentence(const std::string& text) { return text.substr(0, text.find(';')); }

std::vector<Candidate> flag_candidates(const CLI::App& app) {
  std::vector<Candidate> flags;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back({"--" + name, first_sentence(option->get_description())});
    }
  }
  return flags;
}

std::vector<Candidate> words_of(std::initializer_list<const char*> words) {
  std::vector<Candidate> candidates;
  for (const char* word : words) candidates.push_back({word});
  return candidates;
}

class Completer {
 public:
  Completer(CommandTree& tree, const Surroundings& around) : tree_(tree), session_(tree.globals, around) {}

  Answered next(const Place& place, const std::string& word) {
    if (place.awaiting != nullptr) return value_of(*place.awaiting, place);
    if (word.starts_with("--") && word.find('=') != std::string::npos) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = find_option(*place.app, name);
      if (option == nullptr) return {};
      Answered values = value_of(*option, place);
      for (Candidate& candidate : values.candidates) candidate.word = name + "=" + candidate.word;
      return values;
    }
    if (word.starts_with('-')) return {flag_candidates(*place.app)};
    if (const auto verbs = verbs_below(*place.app); !verbs.empty()) return {verbs};
    return argument_of(place);
  }

 private:
  static std::vector<Candidate> verbs_below(const CLI::App& app) {
    std::vector<Candidate> verbs;
    for (const CLI::App* below : app.get_subcommands({})) verbs.push_back({below->get_name(), below->get_description()});
    return verbs;
  }

  Answered argument_of(const Place& place) {
    const auto verb = tree_.verbs.find(place.app);
    if (verb == tree_.verbs.end() || !place.arguments.empty()) return {};
    switch (verb->second.entry->argument) {
      case Argument::kNone: return {};
      case Argument::kWorkspace: return {workspaces()};
      case Argument::kInvocation: return {names()};
      case Argument::kBenchmark: return {benchmarks()};
      case Argument::kShell: return {words_of({"bash", "zsh", "fish", "kubectl"})};
    }
    __builtin_unreachable();
  }

  Answered value_of(const CLI::Option& option, const Place& place) {
    const std::string name = option.get_lnames().empty() ? "" : option.get_lnames().front();
    const std::string verb = place.app->get_name();
    if (name == "filename" || name == "kubeconfig" || name == "catalogue" || name == "lepton-ca-file") return {{}, Else::kFiles};
    if (name == "manifests" || name == "state-dir") return {{}, Else::kDirectories};
    if (name == "output" && verb == "status") return {words_of({"table", "wide", "json", "yaml"})};
    if (name == "output" && verb == "check") return {words_of({"text", "json"})};
    if (name == "output") return {words_of({"yaml", "json"})};
    if (name == "api-family") return {words_of({"deployments", "endpoints"})};
    if (name == "dry-run") return {words_of({"client", "server"})};
    if (name == "task") return {tasks(place)};
    return {};
  }

  std::vector<Candidate> names() {
    std::vector<Candidate> found;
    for (const Json& object : invocations()) {
      found.push_back({base::get_string(base::get_object(object, "metadata"), "name").value_or(""),
                       base::get_string(base::get_object(object, "status"), "phase").value_or("")});
    }
    return found;
  }

  // Those that are in use.
  std::vector<Candidate> workspaces() {
    std::vector<Candidate> found;
    for (const Json& object : invocations()) found.push_back({workspace_of(object).name});
    return found;
  }

  std::vector<Candidate> tasks(const Place& place) {
    std::vector<Candidate> found;
    for (const Json& object : invocations()) {
      const std::string name = base::get_string(base::get_object(object, "metadata"), "name").value_or("");
      if (!place.arguments.empty() && place.arguments.front() != name) continue;
      const Json& evaluation = base::get_object(base::get_object(object, "spec"), "evaluation");
      for (const Json& task : base::elements(base::find(evaluation, "tasks")))
        found.push_back({base::get_string(task, "name").value_or("")});
    }
    return found;
  }

  std::vector<Candidate> benchmarks() const {
    const auto catalogue = session_.catalogue();
    std::vector<Candidate> found;
    if (const auto* known = std::get_if<invocation::Catalogue>(&catalogue)) {
      for (const auto& entry : known->entries()) found.push_back({entry.task, entry.harness});
    }
    return found;
  }

  std::vector<Json> invocations() {
    Found<std::unique_ptr<Backend>> opened = open_backend(session_);
    auto* backend = std::get_if<std::unique_ptr<Backend>>(&opened);
    if (backend == nullptr) return {};
    std::vector<Json> found;
    session_.run(list(session_.context().with_timeout(kListingPatience), backend->get(), &found));
    return found;
  }

  static boost::asio::awaitable<Verdict> list(Context context, Backend* backend, std::vector<Json>* found) {
    Result<std::vector<Json>> listed = co_await backend->invocations(context);
    if (listed) *found = std::move(listed).value();
    co_return ExitCode::kDone;
  }

  CommandTree& tree_;
  Session session_;
};

// So that --namespace and the like count; what is not complete yet is no matter.
void read_shared_flags(CommandTree& tree, std::vector<std::string> words, bool awaiting) {
  if (awaiting) words.pop_back();
  std::reverse(words.begin(), words.end());
  try {
    tree.app->parse(std::move(words));
  } catch (const CLI::Error&) {
  }
}

}  // namespace

int complete(std::vector<std::string> words, const Surroundings& around) {
  const std::string last = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  CommandTree tree;
  const Place place = place_of(*tree.app, words);
  read_shared_flags(tree, words, place.awaiting != nullptr);
  const Answered answer = Completer(tree, around).next(place, last);
  std::map<std::string, std::string> sorted;  // a flag of a verb goes before a shared one of the same name
  for (const Candidate& candidate : answer.candidates) {
    if (candidate.word.starts_with(last)) sorted.emplace(candidate.word, candidate.about);
  }
  for (const auto& [word, about] : sorted) around.out << word << (about.empty() ? "" : "\t" + about) << "\n";
  around.out << ":" << static_cast<int>(answer.other) << "\n";
  return 0;
}

}  // namespace lepton_operator::cli
