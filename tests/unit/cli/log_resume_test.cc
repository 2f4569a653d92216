#include "cli/log_resume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::cli {
namespace {

using ::testing::ElementsAre;
using Lines = std::vector<std::string>;

Lines shown(LogResume& resume, const Lines& lines) {
  Lines out;
  for (const std::string& line : lines) {
    for (const std::string& each : resume.next(line)) out.push_back(each);
  }
  return out;
}

TEST(LogResume, ShowsWhatComesFirstAsItComes) {
  LogResume resume;
  EXPECT_THAT(shown(resume, {"a", "a", "b"}), ElementsAre("a", "a", "b"));
}

TEST(LogResume, ShowsOfALogThatBeginsAnewOnlyWhatIsNew) {
  LogResume resume;
  shown(resume, {"a", "b", "b", "c"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"a", "b", "b", "c", "d", "a"}), ElementsAre("d", "a"));
}

TEST(LogResume, KnowsALogOfWhichTheBeginningIsKeptNoMore) {
  LogResume resume;
  shown(resume, {"a", "b", "c", "d"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"c", "d", "e"}), ElementsAre("e"));
}

TEST(LogResume, ShowsALogThatGoesOnWhereItWas) {
  LogResume resume;
  shown(resume, {"a", "b"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"c", "d"}), ElementsAre("c", "d"));
}

TEST(LogResume, GivesBackWhatOnlySeemedToRepeat) {
  LogResume resume;
  shown(resume, {"step", "a", "b"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"step", "a", "x"}), ElementsAre("step", "a", "x"));
}

TEST(LogResume, IsNotLedAstrayByASecondLossInTheMiddleOfARepetition) {
  LogResume resume;
  shown(resume, {"a", "b", "c"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"a", "b"}), ElementsAre());
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"a", "b", "c", "d"}), ElementsAre("d"));
}

TEST(LogResume, TakesALineWithoutAnEndForPartOfOneWhereTheRepetitionWasCutOff) {
  LogResume resume;
  shown(resume, {"a", "b", "line"});
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"a", "b"}), ElementsAre());
  EXPECT_THAT(resume.rest("li"), ElementsAre());
  resume.reconnected();
  EXPECT_THAT(shown(resume, {"a", "b", "line"}), ElementsAre());
  EXPECT_THAT(resume.rest("last"), ElementsAre("last"));
}

TEST(LogResume, KeepsNoTextOfALongRepetition) {
  LogResume resume;
  Lines lines;
  for (int i = 0; i < 1000; ++i) lines.push_back("line " + std::to_string(i));
  shown(resume, lines);
  resume.reconnected();
  lines.push_back("new");
  EXPECT_THAT(shown(resume, lines), ElementsAre("new"));
  EXPECT_EQ(resume.shown(), 1001u);
}

}  // namespace
}  // namespace lepton_operator::cli
