#include "cli/table.h"

#include <gtest/gtest.h>

namespace lepton_operator::cli {
namespace {

TEST(Table, HasColumnsAsWideAsTheirWidestEntryAndNoSpaceAtTheEnd) {
  EXPECT_EQ(as_table({"NAME", "PHASE"}, {{"a", ""}, {"longer", "Running"}}), "NAME     PHASE\na\nlonger   Running\n");
}

TEST(Table, CountsCharactersAndNotBytes) { EXPECT_EQ(as_table({"N", "P"}, {{"é", "x"}, {"模", "y"}}), "N    P\né    x\n模   y\n"); }

TEST(Table, TakesBrokenTextForWhatItIs) { EXPECT_EQ(width_of("a\xE6"), 2u); }

}  // namespace
}  // namespace lepton_operator::cli
