// What will happen in the workspace, in order of time: the simulator has no threads, so the future is a list that every request first
// catches up on. Thread rule: the Simulator's (one caller at a time).
#pragma once

#include <algorithm>
#include <functional>
#include <map>

#include "base/time.h"

namespace lepton_operator::simulator {

class Agenda {
 public:
  base::Timestamp now() const { return now_; }
  void at(base::Timestamp when, std::function<void()> what) { pending_.emplace(std::max(when, now_), std::move(what)); }
  void in(base::Milliseconds delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // Runs what falls due, each at its own time; what that adds runs as well when it is due.
  void run_until(base::Timestamp when) {
    while (!pending_.empty() && pending_.begin()->first <= when) {
      auto next = pending_.extract(pending_.begin());
      now_ = std::max(now_, next.key());
      next.mapped()();
    }
    now_ = std::max(now_, when);
  }
  void clear() { pending_.clear(); }

 private:
  base::Timestamp now_{};
  std::multimap<base::Timestamp, std::function<void()>> pending_;
};

}  // namespace lepton_operator::simulator
