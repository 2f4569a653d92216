#include "base/json_elements.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace lepton_operator::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(JsonElements, AreTheTextsBetweenTheCommas) {
  EXPECT_THAT(json_elements(R"( [ {"a": [1, 2]} , "x,]" ,3,null] )", "items"),
              Optional(ElementsAre(R"({"a": [1, 2]})", R"("x,]")", "3", "null")));
  EXPECT_THAT(json_elements("[]", ""), Optional(IsEmpty()));
  EXPECT_THAT(json_elements(" [ ] ", ""), Optional(IsEmpty()));
}

TEST(JsonElements, AreFoundInTheNamedMemberOfAnObject) {
  EXPECT_THAT(json_elements(R"({"kind":"List","other":["items"],"items":[{"a":1},{}],"metadata":{}})", "items"),
              Optional(ElementsAre(R"({"a":1})", "{}")));
  EXPECT_EQ(json_elements(R"({"kind":"List","inner":{"items":[1]}})", "items"), std::nullopt);
  EXPECT_EQ(json_elements(R"({"items":{"a":1}})", "items"), std::nullopt);
}

TEST(JsonElements, BracketsAndQuotesWithinStringsAreNoStructure) {
  const std::string tricky = R"([{"a":"}]\"{[\\"},"\\\\",{"b\"]":"\\\""}])";
  EXPECT_THAT(json_elements(tricky, ""), Optional(ElementsAre(R"({"a":"}]\"{[\\"})", R"("\\\\")", R"({"b\"]":"\\\""})")));
}

// Cut anywhere, a list is none: what was cut off must not look as if it were absent.
TEST(JsonElements, ATextThatEndsTooSoonIsNoList) {
  const std::string whole = R"([{"a":"x\"y"},{"b":[1,{"c":2}]},"z"])";
  ASSERT_TRUE(json_elements(whole, ""));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(json_elements(whole.substr(0, length), ""), std::nullopt) << whole.substr(0, length);
  }
  EXPECT_EQ(json_elements(whole + "]", ""), std::nullopt);
  EXPECT_EQ(json_elements("[1 2]", ""), std::nullopt);
  EXPECT_EQ(json_elements("[1,,2]", ""), std::nullopt);
  EXPECT_EQ(json_elements("[1,]", ""), std::nullopt);
}

TEST(JsonElements, EachParsesToWhatTheWholeHolds) {
  const std::string text = R"([{"name":"a","spec":{"envs":[{"n":"x"}]}},[],{"é\n":"\u00e9"},-1.5e3,true])";
  const Json whole = parse_json(text, "test").value();
  const auto parts = json_elements(text, "");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), whole.size());
  for (std::size_t i = 0; i < parts->size(); ++i) EXPECT_EQ(parse_json((*parts)[i], "test").value(), whole.at(i));
}

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
