#include "cli/log_resume.h"

#include <functional>

namespace lepton_operator::cli {

namespace {

// So many lines in a row do not agree by chance.
constexpr std::size_t kBeyondDoubt = 200;

std::size_t hash_of(const std::string& line) { return std::hash<std::string>{}(line); }

}  // namespace

void LogResume::reconnected() {
  mode_ = shown_.empty() ? Mode::kNew : Mode::kFirst;
  held_.clear();
  repeated_ = 0;
}

std::optional<std::size_t> LogResume::place_of(std::size_t hash) const {
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    if (shown_[i] == hash) return i;
  }
  return std::nullopt;
}

std::vector<std::string> LogResume::show(std::vector<std::string> lines) {
  mode_ = Mode::kNew;
  held_.clear();
  for (const std::string& line : lines) shown_.push_back(hash_of(line));
  return lines;
}

std::vector<std::string> LogResume::next(std::string line) {
  const std::size_t hash = hash_of(line);
  if (mode_ == Mode::kFirst) {
    const std::optional<std::size_t> place = place_of(hash);
    if (!place) return show({std::move(line)});
    mode_ = Mode::kRepeating;
    at_ = *place;
  }
  if (mode_ == Mode::kNew || at_ == shown_.size()) return show({std::move(line)});
  if (shown_[at_] == hash) {
    ++at_;
    if (++repeated_ < kBeyondDoubt) {
      held_.push_back(std::move(line));
    } else {
      held_.clear();
    }
    return {};
  }
  std::vector<std::string> lines = std::move(held_);
  lines.push_back(std::move(line));
  return show(std::move(lines));
}

std::vector<std::string> LogResume::rest(std::string line) {
  if (mode_ == Mode::kRepeating && at_ < shown_.size()) return {};
  return next(std::move(line));
}

}  // namespace lepton_operator::cli
