#include "base/json_member.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

TEST(JsonMember, IsTheTextOfItsValue) {
  EXPECT_EQ(json_member(R"({"a": {"b": 1}, "b" : "x"})", "b"), R"("x")");
  EXPECT_EQ(json_member(R"({"ab":1})", "a"), std::nullopt);
  EXPECT_EQ(json_member("[]", "a"), std::nullopt);
}

TEST(TextPrint, TellsTextsApart) {
  EXPECT_EQ(text_print("abc"), text_print("abc"));
  EXPECT_NE(text_print("abc"), text_print("abd"));
}

}  // namespace
}  // namespace lepton_operator::base
