// tasks [PATTERN]: what the catalogue knows, for whoever writes evaluation.tasks.
#include <fnmatch.h>

#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/table.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

using invocation::CatalogueEntry;

namespace {

// A word without wildcards is sought anywhere in harness.task; with them it is to fit the task, or harness.task, as a whole.
bool fits(const CatalogueEntry& entry, const std::string& pattern) {
  const std::string name = base::lower(entry.harness + "." + entry.task);
  const std::string sought = base::lower(pattern);
  if (sought.find_first_of("*?[") == std::string::npos) return name.find(sought) != std::string::npos;
  return ::fnmatch(sought.c_str(), name.c_str(), 0) == 0 || ::fnmatch(sought.c_str(), base::lower(entry.task).c_str(), 0) == 0;
}

class Tasks final : public Verb {
 public:
  void declare(CLI::App& app) override {
    app.add_option("PATTERN", pattern_, "part of a name, or wildcards: mmlu, 'simple_evals.*', '*_math'");
    app.add_flag("--names", names_, "print nothing but names, as evaluation.tasks takes them");
  }

  boost::asio::awaitable<Verdict> run(Session& session) override {
    const Found<invocation::Catalogue> catalogue = session.catalogue();
    if (const auto* trouble = std::get_if<Trouble>(&catalogue)) co_return *trouble;
    co_return show(session, std::get<invocation::Catalogue>(catalogue));
  }

 private:
  Verdict show(Session& session, const invocation::Catalogue& catalogue) const {
    std::vector<Row> rows;
    for (const CatalogueEntry& entry : catalogue.entries()) {
      if (!pattern_.empty() && !fits(entry, pattern_)) continue;
      const std::string name = name_of(catalogue, entry);
      if (names_) {
        session.out() << name << "\n";
      }
      rows.push_back({name, entry.harness, base::join(entry.endpoint_types, ","), entry.container});
    }
    if (rows.empty()) return nothing(catalogue);
    if (!names_) session.out() << as_table({"TASK", "HARNESS", "ENDPOINT TYPES", "CONTAINER"}, rows);
    return ExitCode::kDone;
  }

  // The shortest name by which the catalogue finds this very entry.
  static std::string name_of(const invocation::Catalogue& catalogue, const CatalogueEntry& entry) {
    const base::Result<CatalogueEntry> found = catalogue.find(entry.task);
    return found && found->harness == entry.harness ? entry.task : entry.harness + "." + entry.task;
  }

  Trouble nothing(const invocation::Catalogue& catalogue) const {
    std::vector<std::string> known;
    for (const CatalogueEntry& entry : catalogue.entries()) known.push_back(entry.task);
    const std::vector<std::string> near = base::nearest(pattern_, known);
    return could_not("no task of the catalogue fits \"" + base::clipped(pattern_, 80) + "\"",
                     near.empty() ? "`kubectl lepton tasks` lists all of them" : "near: " + base::join(near, ", "));
  }

  std::string pattern_;
  bool names_ = false;
};

}  // namespace

const Manual kTasksManual = {
    .summary = "list the benchmarks that the catalogue knows",
    .synopsis = "[PATTERN] [--names] [--catalogue FILE]",
    .description =
        "Lists the benchmarks that evaluation.tasks may name, each with the harness and the container that run it and the types of "
        "endpoint that it can be run against (the first is used unless a task says otherwise).\n\n"
        "PATTERN is a part of a name, or has the wildcards * ? [] and is to fit a whole name. The list is that of this program's "
        "catalogue; an operator that was started with --catalogue has another one: name the same file here.",
    .examples =
        "What is there of MMLU:\n  kubectl lepton tasks mmlu\n\nAll of one harness, names only:\n  kubectl lepton tasks 'simple_evals.*' "
        "--names",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_tasks() { return std::make_unique<Tasks>(); }

}  // namespace lepton_operator::cli
