// What is at the other end of stdout: a person's terminal, of some size, or a file or pipe.
//
// Colours are off without a terminal, with NO_COLOR set to anything (no-color.org) and on TERM=dumb. Values; the size is asked anew each
// time, since windows change.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/session.h"

namespace lepton_operator::cli {

enum class Colour { kNone, kGreen, kRed, kYellow, kBlue, kFaint, kBold };

// `text` in that colour; as it is when the terminal shows none.
std::string painted(const Terminal& terminal, Colour colour, const std::string& text);

// As many of its columns as fit, with "…" when something was cut; colours count for nothing and are closed.
std::string fitted(const std::string& text, std::size_t columns);

// The real stdout, as the environment lets us see it.
Terminal real_terminal(const Environment& environment);

// Lines that are drawn again and again at the same place, the last ones of the terminal.
//
// Whatever was drawn before is wiped, also when the window became narrower meanwhile and the lines broke. Owner: a view; leave() before
// anything else is written.
class Screen {
 public:
  explicit Screen(std::ostream& out) : out_(out) {}
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() { leave(); }

  void draw(const Terminal& terminal, const std::vector<std::string>& lines);
  void wipe(const Terminal& terminal);  // nothing is drawn now
  void leave();                         // what was drawn stays, and the cursor is below it

 private:
  std::string rewind(const Terminal& terminal) const;

  std::ostream& out_;
  std::vector<std::size_t> widths_;  // of the lines that are there now
  bool drawing_ = false;
};

}  // namespace lepton_operator::cli
