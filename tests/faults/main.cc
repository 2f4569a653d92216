// fault_runner: every scenario under every fault at every call. README.md says what it prints and how one case is run alone.
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "faults/case.h"
#include "faults/planted.h"
#include "faults/pool.h"
#include "support/source_tree.h"

namespace lepton_operator::faults {
namespace {

class StderrLog final : public base::Log {
 public:
  void write(base::LogLevel level, std::string_view message, const base::LogFields& fields) override {
    std::cerr << base::format_log_line(base::LogFormat::kText, level, "", message, fields) << "\n";
  }
  void redact(std::string) override {}
};

class NoLog final : public base::Log {
 public:
  void write(base::LogLevel, std::string_view, const base::LogFields&) override {}
  void redact(std::string) override {}
};

constexpr std::size_t kStride = 7919;  // prime

struct Wishes {
  std::vector<std::string> scenarios;
  std::vector<std::string> faults;
  int call = 0;
  int event = 0;
  int processes = 0;
  std::size_t cases = 0;
  std::string planted;
  bool log = false;
  bool calls = false;
};

struct Case {
  std::size_t scenario;
  Aim aim;
};

std::string command(const Scenario& scenario, const Aim& aim) {
  std::string line =
      "fault_runner --scenario " + scenario.name + " --call " + std::to_string(aim.call) + " --fault " + to_string(aim.fault);
  if (aim.event > 0) line += " --event " + std::to_string(aim.event);
  return line;
}

bool wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

class Runner {
 public:
  explicit Runner(Wishes wishes) : wishes_(std::move(wishes)) {
    for (Scenario& scenario : read_scenarios(base::read_file(support::in_source_tree("tests/faults/scenarios.yaml")).value())) {
      if (wanted(wishes_.scenarios, scenario.name)) scenarios_.push_back(std::move(scenario));
    }
  }

  int run() {
    if (scenarios_.empty()) return std::cerr << "there is no such scenario\n", 2;
    const auto begun = std::chrono::steady_clock::now();
    for (const Scenario& scenario : scenarios_) play_clean_run(scenario);
    if (cases_.empty()) return std::cerr << "there is no such case\n", 2;
    const int processes = wishes_.processes > 0 ? wishes_.processes : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const std::size_t all = cases_.size();
    if (wishes_.cases > 0 && wishes_.cases < all) choose_some();
    if (!wishes_.planted.empty()) return catch_planted(processes);
    if (cases_.size() < all) std::cout << "of " << all << " cases " << cases_.size() << " are played, evenly chosen\n";
    work_on_all(
        cases_.size(), wishes_.log ? 1 : processes, [this](std::size_t piece) { return play(piece); },
        [this](const Outcome& outcome) { return tell("VIOLATION", outcome), true; });
    summarize(std::chrono::steady_clock::now() - begun);
    return violations_ == 0 ? 0 : 1;
  }

 private:
  base::Log& log() { return wishes_.log ? static_cast<base::Log&>(loud_) : static_cast<base::Log&>(silent_); }

  void play_clean_run(const Scenario& scenario) {
    Clean clean = faults::play_clean(scenario, silent_);
    for (const std::string& sentence : clean.broken) {
      ++violations_;
      std::cout << "VIOLATION fault_runner --scenario " << scenario.name << " (without a fault): " << sentence << "\n";
    }
    for (std::size_t i = 0; wishes_.calls && i < clean.calls.size(); ++i) {
      std::cout << scenario.name << " " << i + 1 << ": " << clean.calls[i].text() << "\n";
    }
    calls_ += clean.calls.size();
    for (const Aim& aim : all_aims(scenario, clean)) {
      const bool chosen = (wishes_.call == 0 || aim.call == wishes_.call) && (wishes_.event == 0 || aim.event == wishes_.event) &&
                          wanted(wishes_.faults, to_string(aim.fault));
      if (chosen) cases_.push_back({clean_.size(), aim});
    }
    clean_.push_back(std::move(clean));
  }
  std::vector<std::string> play(std::size_t piece) {
    const Case& one = cases_[piece];
    return play_case(scenarios_[one.scenario], clean_[one.scenario], one.aim, log());
  }
  // Always the same ones, of all scenarios, calls and faults.
  void choose_some() {
    std::vector<Case> some;
    for (std::size_t i = 0; i < wishes_.cases; ++i) some.push_back(cases_[i * kStride % cases_.size()]);
    cases_ = std::move(some);
  }
  // Each bug has to be caught by some case; they are tried in an order that soon comes by all scenarios and faults.
  int catch_planted(int processes) {
    const bool all = wishes_.planted == "all";
    const std::vector<std::string> bugs = all ? planted_bugs() : std::vector<std::string>{wishes_.planted};
    const auto shuffled = [this](std::size_t piece) { return piece * kStride % cases_.size(); };
    std::size_t caught = 0;
    for (const std::string& bug : bugs) {
      if (!plant(bug)) return std::cerr << "this program has no planted bug " << bug << "\n", 2;
      bool found = false;
      const std::size_t played = work_on_all(
          cases_.size(), processes, [&](std::size_t piece) { return wrong_by(bug, shuffled(piece)); },
          [&](const Outcome& outcome) {
            if (!found) tell("CAUGHT --planted " + bug + ":", {shuffled(outcome.piece), outcome.lines});
            found = true;
            return false;
          });
      if (!found) std::cout << "NOT CAUGHT: " << bug << ", in " << played << " cases\n";
      caught += found ? 1 : 0;
    }
    std::cout << "faults: " << caught << " of " << bugs.size() << " planted bugs caught\n";
    return caught == bugs.size() && !bugs.empty() ? 0 : 1;
  }
  // What is wrong with the case, if it is the bug's doing: without it nothing is.
  std::vector<std::string> wrong_by(const std::string& bug, std::size_t piece) {
    std::vector<std::string> wrong = play(piece);
    if (wrong.empty()) return wrong;
    plant("");
    const bool by_bug = play(piece).empty();
    plant(bug);
    return by_bug ? wrong : std::vector<std::string>{};
  }
  void tell(const std::string& what, const Outcome& outcome) {
    const Case& one = cases_[outcome.piece];
    ++violations_;
    std::cout << what << " " << command(scenarios_[one.scenario], one.aim) << " ("
              << clean_[one.scenario].calls[static_cast<std::size_t>(one.aim.call) - 1].text() << ")\n";
    for (const std::string& line : outcome.lines) std::cout << "  " << line << "\n";
    std::cout << std::flush;
  }
  void summarize(std::chrono::steady_clock::duration took) const {
    std::map<std::string, int> by_fault;
    for (const Case& one : cases_) ++by_fault[to_string(one.aim.fault)];
    for (const Fault fault : all_faults()) std::cout << to_string(fault) << " " << by_fault[to_string(fault)] << "  ";
    const double seconds = std::chrono::duration<double>(took).count();
    std::cout << "\nfaults: " << scenarios_.size() << " scenarios, " << calls_ << " calls, " << cases_.size() << " cases, violations "
              << violations_ << " (" << static_cast<int>(seconds) << " s, "
              << static_cast<int>(static_cast<double>(cases_.size()) / seconds * 60) << " cases a minute)\n";
  }

  Wishes wishes_;
  std::vector<Scenario> scenarios_;
  std::vector<Clean> clean_;
  std::vector<Case> cases_;
  std::size_t calls_ = 0;
  int violations_ = 0;
  StderrLog loud_;
  NoLog silent_;
};

int run(int argc, char** argv) {
  CLI::App cli("Plays scenarios of the operator with a fault at each of its calls.", "fault_runner");
  Wishes wishes;
  cli.add_option("--scenario", wishes.scenarios, "only these; several may be named");
  cli.add_option("--fault", wishes.faults, "only these");
  cli.add_option("--call", wishes.call, "only at this call of the clean run, from 1");
  cli.add_option("--event", wishes.event, "only at this event of that watch, from 1");
  cli.add_option("--processes", wishes.processes, "at a time; as many as there are processors unless written");
  cli.add_option("--cases", wishes.cases, "so many of them, evenly chosen; all unless written");
  cli.add_option("--planted", wishes.planted, "with this bug in the planner, or with each (all): it has to be caught");
  cli.add_flag("--log", wishes.log, "the operator's log to stderr, one case after another");
  cli.add_flag("--calls", wishes.calls, "list the calls of the clean runs");
  CLI11_PARSE(cli, argc, argv);
  return Runner(std::move(wishes)).run();
}

}  // namespace
}  // namespace lepton_operator::faults

int main(int argc, char** argv) { return lepton_operator::faults::run(argc, argv); }
