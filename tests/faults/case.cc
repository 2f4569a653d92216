#include "faults/case.h"

#include <algorithm>

#include "faults/rules.h"
#include "scenarios/observed.h"

namespace lepton_operator::faults {

using namespace std::chrono_literals;

namespace {

constexpr int kMostRests = 12;
constexpr int kReconciles = 100;

std::string differing_lines(const std::string& difference) {
  std::string lines;
  for (std::size_t from = 0; from < difference.size();) {
    const std::size_t end = std::min(difference.find('\n', from), difference.size());
    const std::string line = difference.substr(from, end - from);
    if (line.starts_with(" !!")) lines += "\n    " + line;
    from = end + 1;
  }
  return lines;
}

void allow(Json& made, int fewer, int more) {
  const std::int64_t count = made.as_number().to_int64();
  made = Json::string(std::to_string(count - fewer) + "-" + std::to_string(count + more));
}

bool is_deleted(const Json& end, const std::string& invocation) { return base::get_string(end.at(invocation), "phase") == "gone"; }

// What a fault may change of the end, by a documented rule (docs/reliability.md): an endpoint whose creation takes effect after it was
// asked for again and was released is made, and removed, once more; one whose creation had no effect before the deletion is not made;
// where the storage API is not found a job removes the directory.
Json expected_end(const Clean& clean, Aim aim) {
  Json end = clean.end;
  const Call& call = clean.calls[static_cast<std::size_t>(aim.call) - 1];
  const bool late = aim.fault == Fault::kCrashLateCommit || aim.fault == Fault::kLateCommit;
  if (call.side == Side::kLepton && call.path == "/deployments" && call.changes()) {
    allow(end["made"]["endpoints"], is_deleted(end, "run") ? 1 : 0, late ? 1 : 0);
  }
  if (aim.fault == Fault::kNotFound) allow(end["made"]["jobs"], 0, 1);
  return end;
}

Json without_duplicates(Json end) {
  end.erase("made");
  const Json whole = end;
  for (const auto& [name, value] : whole.as_object()) {
    if (base::find(value, "storage")) end[name].erase("storage");
  }
  return end;
}

class Running {
 public:
  Running(const Scenario& scenario, Aim aim, base::Log& log)
      : world_(scenario.options, scenario.rules, aim, log),
        play_(scenario, world_),
        duplicates_(aim.fault == Fault::kOverdueCommit),
        rules_(world_, play_, duplicates_) {}

  // Until the steps are done and nothing moves. With `wanted`, until it looks like that.
  void play(std::optional<Json> wanted) {
    if (wanted && duplicates_) wanted = without_duplicates(std::move(*wanted));
    play_.begin();
    play_.steps();
    calls_ = world_.wire().calls();
    world_.wire().mend();
    std::string unlike;
    for (int rests = 0; rests < kMostRests; ++rests) {
      play_.rest();
      end_ = play_.end_state();
      unlike = wanted ? scenarios::difference(*wanted, duplicates_ ? without_duplicates(end_) : end_) : "";
      if (unlike.empty()) return;
    }
    wrong_.push_back("it ends otherwise than the clean run (left: clean):" + differing_lines(unlike));
  }
  // Every object is looked at a hundred times more, and nothing is sent.
  void expect_quiet() {
    const auto names = play_.invocations();
    if (std::all_of(names.begin(), names.end(), [this](const std::string& name) { return play_.gone(name); })) return;
    const int writes = world_.wire().writes();
    int made = 0;
    for (int i = 0; i < kReconciles; ++i) made += world_.nudge();
    if (made < kReconciles) wrong_.push_back("of a hundred reconciles " + std::to_string(made) + " were made");
    const int more = world_.wire().writes() - writes;
    if (more != 0) wrong_.push_back("it was over, and " + std::to_string(more) + " more requests were sent");
  }
  void expect_nothing_left() {
    const std::int64_t made = base::get_int(end_.at("made"), "jobs").value_or(0) + base::get_int(end_.at("made"), "endpoints").value_or(0);
    if (made == 0) wrong_.push_back("nothing was ever made");
    play_.remove_all();
    world_.pass(1min);
    for (const std::string& left : play_.left()) wrong_.push_back("left after the deletion: " + left);
  }
  void finish() {
    rules_.at_the_end();
    for (const std::string& sentence : rules_.broken()) wrong_.push_back("rule " + sentence);
  }

  World world_;
  Play play_;
  const bool duplicates_;
  Rules rules_;
  std::vector<Call> calls_;
  Json end_;
  std::vector<std::string> wrong_;
};

}  // namespace

Clean play_clean(const Scenario& scenario, base::Log& log) {
  Running running(scenario, {}, log);
  running.play(std::nullopt);
  running.expect_quiet();
  running.expect_nothing_left();
  running.finish();
  return {std::move(running.calls_), std::move(running.end_), std::move(running.wrong_)};
}

std::vector<std::string> play_case(const Scenario& scenario, const Clean& clean, Aim aim, base::Log& log) {
  Running running(scenario, aim, log);
  try {
    running.play(expected_end(clean, aim));
    const auto at = static_cast<std::size_t>(aim.call) - 1;
    const bool same = at < running.calls_.size() && running.calls_[at].text() == clean.calls[at].text();
    if (!same || !running.world_.wire().met()) running.wrong_.emplace_back("the call was not met: the runs are not alike up to it");
    running.expect_quiet();
    running.expect_nothing_left();
  } catch (const std::exception& error) {
    running.wrong_.emplace_back(error.what());
  }
  running.finish();
  return std::move(running.wrong_);
}

std::vector<Aim> all_aims(const Scenario& scenario, const Clean& clean) {
  const auto& only = scenario.faults;
  const auto left_out = [&only](const Aim& aim) { return !only.empty() && std::find(only.begin(), only.end(), aim.fault) == only.end(); };
  std::vector<Aim> all;
  for (std::size_t i = 0; i < clean.calls.size(); ++i) {
    std::vector<Aim> here = aims_at(static_cast<int>(i) + 1, clean.calls[i], scenario.two);
    std::erase_if(here, left_out);
    all.insert(all.end(), here.begin(), here.end());
  }
  return all;
}

}  // namespace lepton_operator::faults
