#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/table.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Terminal kWide{.interactive = true, .colours = true, .utf8 = true, .columns = 40, .rows = 10};

TEST(Terminal, PaintsOnlyWhereColoursAreShown) {
  EXPECT_EQ(painted(kWide, Colour::kGreen, "ok"), "\x1b[32mok\x1b[0m");
  EXPECT_EQ(painted(Terminal{}, Colour::kGreen, "ok"), "ok");
}

TEST(Terminal, ColoursHaveNoWidth) { EXPECT_EQ(width_of(painted(kWide, Colour::kRed, "four")), 4u); }

TEST(Terminal, CutsWhatDoesNotFitAndClosesItsColour) {
  EXPECT_EQ(fitted("abcdef", 6), "abcdef");
  EXPECT_EQ(fitted("abcdef", 4), "abc…");
  EXPECT_EQ(fitted(painted(kWide, Colour::kRed, "abcdef"), 4), "\x1b[31mabc…\x1b[0m");
  EXPECT_EQ(fitted("模型評價", 5), "模型…");
}

TEST(Screen, GoesBackOverWhatItDrew) {
  std::ostringstream out;
  Screen screen(out);
  screen.draw(kWide, {"one", "two"});
  EXPECT_THAT(out.str(), HasSubstr("one\r\ntwo\r\n"));
  out.str("");
  screen.draw(kWide, {"three"});
  EXPECT_THAT(out.str(), HasSubstr("\x1b[2A\x1b[J"));
  screen.leave();
}

TEST(Screen, GoesBackOverLinesThatANarrowerWindowBroke) {
  std::ostringstream out;
  Screen screen(out);
  screen.draw(kWide, {std::string(39, 'x')});
  out.str("");
  Terminal narrow = kWide;
  narrow.columns = 10;
  screen.draw(narrow, {"y"});
  EXPECT_THAT(out.str(), HasSubstr("\x1b[4A"));
  screen.leave();
}

TEST(Screen, NeverDrawsALineThatTheWindowWouldBreak) {
  std::ostringstream out;
  Screen screen(out);
  screen.draw(kWide, {std::string(100, 'x')});
  const std::string kept(38, 'x');
  EXPECT_THAT(out.str(), HasSubstr(kept + "…\r\n"));
  EXPECT_THAT(out.str(), Not(HasSubstr(kept + "x")));
  screen.leave();
}

TEST(Screen, HidesTheCursorWhileItDrawsAndGivesItBack) {
  std::ostringstream out;
  {
    Screen screen(out);
    screen.draw(kWide, {"one"});
    EXPECT_THAT(out.str(), HasSubstr("\x1b[?25l"));
    EXPECT_THAT(out.str(), Not(HasSubstr("\x1b[?25h")));
  }
  EXPECT_THAT(out.str(), HasSubstr("\x1b[?25h"));
}

}  // namespace
}  // namespace lepton_operator::cli
