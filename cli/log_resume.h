// Which lines of a log that was asked for again have been shown before.
//
// A replica's log begins anew with each connection: from its beginning, or, if the server keeps no more, somewhere later. So what comes is
// compared with what was shown, from the first line that agrees on; when it turns out to be no repetition after all, what was held back
// comes out. Pure. Keeps a hash of each line shown.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace lepton_operator::cli {

class LogResume {
 public:
  // A new connection begins.
  void reconnected();
  // The next line of this connection; returns those that are to be shown now.
  std::vector<std::string> next(std::string line);
  // What comes last and has no end: part of a line, if the repetition was cut off there, else a line like others.
  std::vector<std::string> rest(std::string line);
  std::size_t shown() const { return shown_.size(); }

 private:
  enum class Mode { kNew, kFirst, kRepeating };

  std::vector<std::string> show(std::vector<std::string> lines);
  std::optional<std::size_t> place_of(std::size_t hash) const;

  Mode mode_ = Mode::kNew;
  std::vector<std::size_t> shown_;  // hashes, in order
  std::size_t at_ = 0;              // of the next line that would repeat
  std::vector<std::string> held_;   // lines that repeat so far; no longer kept once that is beyond doubt
  std::size_t repeated_ = 0;
};

}  // namespace lepton_operator::cli
