#include "base/json.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>

namespace lepton_operator::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Json parsed(std::string_view text) { return parse_json(text, "test").value(); }

TEST(JsonText, WritesDoublesInTheirShortestExactForm) {
  EXPECT_EQ(to_text(Json::number(0.6)), "0.6");
  EXPECT_EQ(to_text(Json::number(0.1 + 0.2)), "0.30000000000000004");
  EXPECT_EQ(to_text(Json::number(1e300)), "1.0e+300");
  EXPECT_EQ(to_text(Json::number(1e-7)), "1.0e-07");
  EXPECT_EQ(to_text(Json::number(-2.5e-9)), "-2.5e-09");
}

TEST(JsonText, WritesWholeDoublesAsIntegers) {
  EXPECT_EQ(to_text(Json::number(1.0)), "1");
  EXPECT_EQ(to_text(Json::number(-3600.0)), "-3600");
  EXPECT_EQ(to_text(Json::number(-0.0)), "0");
}

TEST(JsonText, KeepsTheWholeRangeOfIntegers) {
  EXPECT_EQ(to_text(Json::number(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(to_text(Json::number(std::numeric_limits<std::uint64_t>::max())), "18446744073709551615");
}

TEST(JsonText, WritesWhatJsonCannotSayAsNull) { EXPECT_EQ(to_text(Json::number(std::nan(""))), "null"); }

TEST(JsonText, EveryDoubleComesBackAsItWas) {
  std::uint64_t bits = 0x9E3779B97F4A7C15u;
  for (int i = 0; i < 20'000; ++i) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(parsed("[" + to_text(Json::number(value)) + "]").at(0).as_double(), value);
  }
}

TEST(JsonText, EscapesWhatMustBeEscapedAndNothingElse) {
  const std::string text = "a\"b\\c\n\t\r\x01/é$`'";
  EXPECT_EQ(to_text(Json::string(text)), "\"a\\\"b\\\\c\\n\\t\\r\\u0001/é$`'\"");
  EXPECT_EQ(parsed(to_text(Json::string(text))).as_string(), text);
}

TEST(JsonText, IsUtf8WhateverTheStringsHold) {
  EXPECT_EQ(to_text(Json::string("caf\xE9 \u00e9\xE2\x82")), "\"caf\uFFFD \u00e9\uFFFD\uFFFD\"");
  EXPECT_EQ(to_text(Json::object({{"\xFF\"", Json::string("\xED\xA0\x80\n")}})), "{\"\uFFFD\\\"\":\"\uFFFD\uFFFD\uFFFD\\n\"}");
}

TEST(JsonText, IsTheSameForEqualObjectsWhateverTheirOrder) {
  EXPECT_EQ(to_text(parsed(R"({"b":[1,{}],"a":null})")), R"({"a":null,"b":[1,{}]})");
  EXPECT_EQ(to_text(parsed(R"({"a":null,"b":[1,{}]})")), R"({"a":null,"b":[1,{}]})");
}

TEST(ParseJson, SaysWhereAndWhatWasWrong) {
  const auto result = parse_json("{\"a\":", "answer of lepton");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(result.error().text(), StartsWith("answer of lepton: is not JSON: Line 1"));
}

TEST(ParseJson, RefusesWhatIsNotOneDocument) {
  for (const char* text : {"", "  ", "{} {}", "nul", "{'a':1}", "[1,]", "<html>", "\"\xff"}) EXPECT_FALSE(parse_json(text, "t")) << text;
}

TEST(ParseJson, PutsNamesThatAreNoUtf8InTheOrderInWhichTheyAreWritten) {
  const auto once = parse_json("{\"\x89\x90z\":1,\"\xef\xbf\xbd\xef\":2}", "t");
  ASSERT_TRUE(once.ok());
  const auto twice = parse_json(to_text(*once), "t");
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(to_text(*twice), to_text(*once));
}

TEST(ParseJson, RefusesTwoMembersOfOneNameSinceNobodyKnowsWhichIsMeant) {
  for (const char* text : {R"({"a":1,"b":2,"a":1})", R"([{"o":{"a":1,"a":2}}])", R"({"a":1,"\u0061":2})", "{\"\x80\":1,\"\x81\":2}"}) {
    const auto refused = parse_json(text, "answer of lepton");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(refused.error().text(), StartsWith("answer of lepton: is no JSON that can be understood"));
  }
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":1,"b":{"a":1}}])", "t"));
}

TEST(ParseJson, RefusesDepthInsteadOfOverflowingTheStack) { EXPECT_FALSE(parse_json(std::string(1'000'000, '['), "t")); }

TEST(JsonReaders, ReturnNothingForAbsentOrWrongTypes) {
  const Json object = parsed(R"({"s":"x","i":3,"d":1.5,"w":4.0,"b":true,"n":null,"o":{"k":1},"a":["x",1,"y"],"big":18446744073709551615})");
  EXPECT_EQ(get_string(object, "s"), "x");
  EXPECT_EQ(get_string(object, "i"), std::nullopt);
  EXPECT_EQ(get_string(object, "absent"), std::nullopt);
  EXPECT_EQ(get_string(Json::array(), "s"), std::nullopt);
  EXPECT_EQ(get_int(object, "i"), 3);
  EXPECT_EQ(get_int(object, "w"), 4);
  EXPECT_EQ(get_int(object, "d"), std::nullopt);
  EXPECT_EQ(get_int(object, "big"), std::nullopt);
  EXPECT_EQ(get_int(object, "b"), std::nullopt);
  EXPECT_EQ(get_double(object, "i"), 3.0);
  EXPECT_EQ(get_double(object, "d"), 1.5);
  EXPECT_EQ(get_bool(object, "b"), true);
  EXPECT_EQ(get_bool(object, "n"), std::nullopt);
  EXPECT_EQ(get_int(get_object(object, "o"), "k"), 1);
  EXPECT_EQ(get_object(object, "a").size(), 0u);
  EXPECT_THAT(get_strings(object, "a"), ElementsAre("x", "y"));
  EXPECT_EQ(elements(find(object, "a")).size(), 3u);
  EXPECT_TRUE(elements(find(object, "s")).empty());
  EXPECT_TRUE(elements(nullptr).empty());
  EXPECT_EQ(find(object, "n")->is_null(), true);
}

TEST(JsonMerge, OverlaysMemberByMemberButReplacesLists) {
  const Json under = parsed(R"({"a":{"x":1,"y":2},"l":[1,2],"n":1,"kept":true})");
  const Json overlay = parsed(R"({"a":{"y":3,"z":4},"l":[9],"n":null})");
  EXPECT_EQ(to_text(merged(under, overlay)), R"({"a":{"x":1,"y":3,"z":4},"kept":true,"l":[9],"n":null})");
  EXPECT_EQ(to_text(merged(under, Json::string("s"))), R"("s")");
}

TEST(JsonSetIf, LeavesAbsentWhatHasNoValue) {
  Json object = json_object();
  set_if(object, "a", std::optional<std::string>("x"));
  set_if(object, "b", std::optional<std::string>());
  set_if(object, "c", std::optional<std::int64_t>(1'000'000'000'000));
  EXPECT_EQ(to_text(object), R"({"a":"x","c":1000000000000})");
}

}  // namespace
}  // namespace lepton_operator::base
