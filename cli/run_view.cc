#include "cli/run_view.h"

#include <algorithm>
#include <ostream>

#include "cli/progress_lines.h"
#include "invocation/codec.h"
#include "invocation/progress.h"

namespace lepton_operator::cli {

using invocation::Invocation;
using invocation::Phase;

namespace {

// A manifest that a directory's operator refused, and nothing of it was ever in force.
bool rejected(const Invocation& object) {
  const auto* accepted = invocation::find_condition(object.status.conditions, "Accepted");
  return object.meta.uid.empty() && accepted != nullptr && accepted->status == invocation::ConditionStatus::kFalse;
}

std::string without_fraction(base::Timestamp at) { return base::format_timestamp(std::chrono::floor<std::chrono::seconds>(at)); }

}  // namespace

RunView::RunView(Session& session, const std::map<ObjectKey, std::int64_t>& generations) : session_(session), screen_(session.out()) {
  for (const auto& [key, generation] : generations) seen_[key.name].generation = generation;
}

bool RunView::over(const Seen& seen) const {
  if (seen.gone) return true;
  if (!seen.object) return false;
  if (rejected(*seen.object)) return true;
  return finished(seen.object->status.phase) && seen.object->status.observed_generation >= seen.generation;
}

bool RunView::changed(const std::vector<Json>& objects) {
  std::set<std::string> there;
  for (const Json& json : objects) {
    Invocation object = invocation::decode_invocation(json);
    const auto known = seen_.find(object.meta.key.name);
    if (known == seen_.end() || over(known->second)) continue;
    there.insert(known->first);
    if (!session_.terminal().interactive) tell(known->first, object, known->second);
    known->second.object = std::move(object);
  }
  for (auto& [name, seen] : seen_) {
    if (!seen.object || there.contains(name) || over(seen)) continue;
    seen.gone = true;
    if (!session_.terminal().interactive)
      session_.out() << without_fraction(session_.clock().now()) << " " << name << ": is gone" << std::endl;
  }
  if (session_.terminal().interactive) redraw();
  return std::all_of(seen_.begin(), seen_.end(), [this](const auto& each) { return over(each.second); });
}

void RunView::tell(const std::string& name, const Invocation& now, const Seen& before) {
  Invocation was = now;
  was.status = before.object ? before.object->status : invocation::InvocationStatus{};
  const std::string at = without_fraction(session_.clock().now()) + " " + name + ": ";
  for (const invocation::Transition& transition : invocation::transitions(was, now.status)) {
    std::string line = at + transition.message;
    for (const auto& [field, value] : transition.fields) {
      if (!value.empty()) line += " " + field + "=" + (value.find(' ') == std::string::npos ? value : "\"" + value + "\"");
    }
    session_.out() << line << "\n";
  }
  session_.out() << std::flush;
}

void RunView::trouble(const std::string& sentence) {
  if (sentence == trouble_) return;
  trouble_ = sentence;
  if (session_.terminal().interactive) return redraw();
  if (!sentence.empty()) session_.err() << "kubectl-lepton: " << sentence << std::endl;
}

void RunView::redraw() {
  const Terminal terminal = session_.terminal();
  const base::Timestamp now = session_.clock().now();
  const std::size_t room = terminal.rows > 3 ? terminal.rows - 2 : 2;
  const std::size_t each = std::max<std::size_t>(2, room / std::max<std::size_t>(1, seen_.size()));
  std::vector<std::string> lines;
  for (const auto& [name, seen] : seen_) {
    if (seen.gone || !seen.object) {
      lines.push_back(name + "  " + (seen.gone ? "is gone" : "waiting for the operator to take it up"));
      continue;
    }
    const std::vector<std::string> own = progress_lines(*seen.object, now, terminal, each);
    lines.insert(lines.end(), own.begin(), own.end());
  }
  if (lines.size() > room) lines.resize(room);
  if (!trouble_.empty()) lines.push_back(painted(terminal, Colour::kYellow, trouble_));
  screen_.draw(terminal, lines);
}

void RunView::leave() { screen_.leave(); }

void RunView::summarise() {
  for (const auto& [name, seen] : seen_) {
    if (seen.gone) {
      session_.out() << name << " was deleted while it was waited for\n";
    } else if (seen.object && rejected(*seen.object)) {
      session_.out() << name << " was refused: " << invocation::find_condition(seen.object->status.conditions, "Accepted")->message << "\n";
    } else if (seen.object) {
      for (const std::string& line : summary_of(*seen.object, session_.terminal())) session_.out() << line << "\n";
    }
  }
}

ExitCode RunView::code() const {
  const bool good = std::all_of(seen_.begin(), seen_.end(), [](const auto& each) {
    return !each.second.gone && each.second.object && each.second.object->status.phase == Phase::kSucceeded;
  });
  return good ? ExitCode::kDone : ExitCode::kEndedBadly;
}

std::vector<std::string> RunView::waiting() const {
  std::vector<std::string> names;
  for (const auto& [name, seen] : seen_) {
    if (!over(seen)) names.push_back(name);
  }
  return names;
}

}  // namespace lepton_operator::cli
