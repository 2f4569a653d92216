#include "cli/log_tail.h"

#include <gmock/gmock.h>

namespace lepton_operator::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LogTail, WithoutANumberHoldsNothingBack) {
  LogTail tail(std::nullopt);
  EXPECT_FALSE(tail.behind());
  EXPECT_THAT(tail.next("a"), ElementsAre("a"));
  EXPECT_THAT(tail.caught_up(), IsEmpty());
}

TEST(LogTail, KeepsTheLastLinesUntilItHasCaughtUp) {
  LogTail tail(2);
  for (const char* line : {"a", "b", "c"}) EXPECT_THAT(tail.next(line), IsEmpty());
  EXPECT_TRUE(tail.behind());
  EXPECT_THAT(tail.caught_up(), ElementsAre("b", "c"));
  EXPECT_FALSE(tail.behind());
  EXPECT_THAT(tail.next("d"), ElementsAre("d"));
  EXPECT_THAT(tail.caught_up(), IsEmpty());
}

TEST(LogTail, OfNoLinesShowsOnlyWhatComes) {
  LogTail tail(0);
  EXPECT_THAT(tail.next("a"), IsEmpty());
  EXPECT_THAT(tail.caught_up(), IsEmpty());
  EXPECT_THAT(tail.next("b"), ElementsAre("b"));
}

TEST(LogTail, ShowsFewerWhereThereAreFewer) {
  LogTail tail(5);
  tail.next("a");
  EXPECT_THAT(tail.caught_up(), ElementsAre("a"));
}

}  // namespace
}  // namespace lepton_operator::cli
