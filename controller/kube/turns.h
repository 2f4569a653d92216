// The promise that no key is worked twice at once, kept by whoever works and not by the queue that hands the keys out: so a fault of the
// queue, or of how it is used, shows itself instead of making something twice.
//
//   const std::optional<Turn> turn = turns.take(key);
//   if (!turn) ...   // a bug: somebody has it; leave the key alone, and say so
//
// Thread rule: domain thread only. Owner: who works the keys; it outlives every Turn.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace lepton_operator::kube {

class Turns;

// Held while a key is worked.
class Turn {
 public:
  Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), key_(std::move(other.key_)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn& operator=(Turn&&) = delete;
  inline ~Turn();

 private:
  friend class Turns;
  Turn(Turns& turns, std::string key) : turns_(&turns), key_(std::move(key)) {}

  Turns* turns_;
  std::string key_;
};

class Turns {
 public:
  // Nothing while another Turn of this key is held.
  std::optional<Turn> take(const std::string& key) {
    if (!held_.insert(key).second) return std::nullopt;
    return Turn(*this, key);
  }
  std::size_t held() const { return held_.size(); }

 private:
  friend class Turn;
  std::set<std::string> held_;
};

Turn::~Turn() {
  if (turns_ != nullptr) turns_->held_.erase(key_);
}

}  // namespace lepton_operator::kube
