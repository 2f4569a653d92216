#include "base/yaml.h"

#include <gmock/gmock.h>

namespace lepton_operator::base {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<YamlDocument> documents(std::string_view text) { return parse_yaml(text, "a.yaml").value(); }
std::string as_json(std::string_view text) { return to_text(documents(text).at(0).value); }
std::string refusal(std::string_view text) {
  const auto result = parse_yaml(text, "a.yaml");
  return result ? "accepted: " + std::to_string(result->size()) : result.error().text();
}

TEST(YamlReading, TakesScalarsByTheCoreSchema) {
  EXPECT_EQ(as_json("[true, False, TRUE, null, ~, Null, ]"), "[true,false,true,null,null,null]");
  EXPECT_EQ(as_json("[1, -2, +3, 0x1F, 0o17, 007, 0]"), "[1,-2,3,31,15,7,0]");
  EXPECT_EQ(as_json("[0.6, 1., .5, -1e3, 1E-7, 6.02e+23]"), "[0.6,1,0.5,-1000,1.0e-07,6.02e+23]");
  EXPECT_EQ(as_json("[9223372036854775807, -9223372036854775808, 18446744073709551615]"),
            "[9223372036854775807,-9223372036854775808,18446744073709551615]");
}

TEST(YamlReading, DoesNotTakeWordsOfYaml11ForBooleansOrNumbers) {
  EXPECT_EQ(as_json("[yes, no, on, off, y, n, 1_000, 1:30, 0b1, 2026-07-01, 1.2.3, 20m, -, e5, 1e, +, .]"),
            R"(["yes","no","on","off","y","n","1_000","1:30","0b1","2026-07-01","1.2.3","20m","-","e5","1e","+","."])");
}

TEST(YamlReading, KeepsWhatWasQuotedAString) {
  EXPECT_EQ(as_json("['123', \"on\", 'null', \"\", '~', \"true\", !!str 5]"), R"(["123","on","null","","~","true","5"])");
  EXPECT_EQ(as_json("a: |\n  1\nb: >-\n  2\n"), R"({"a":"1\n","b":"2"})");
}

TEST(YamlReading, ObeysStandardTagsAndRefusesOthers) {
  EXPECT_EQ(as_json("[!!int 5, !!float 5, !!bool true, !!null ~, !!map {a: 1}, !!seq [1]]"), R"([5,5,true,null,{"a":1},[1]])");
  EXPECT_EQ(refusal("a: 1\nb: !env HOME"), "a.yaml:2: unknown tag; put the value in quotes if it is text");
  EXPECT_THAT(refusal("a: !!python/object {}"), StartsWith("a.yaml:1: unknown tag"));
  EXPECT_THAT(refusal("a: !!int x"), HasSubstr("not of the type that its tag says"));
}

TEST(YamlReading, RefusesNumbersThatWouldLoseDigitsOrHaveNoJson) {
  EXPECT_EQ(refusal("a:\n  id: 123456789012345678901"), "a.yaml:2: a number that is too large; quote it if it is text");
  EXPECT_THAT(refusal("1e999"), HasSubstr("too large"));
  EXPECT_THAT(refusal("a: .nan"), HasSubstr(".nan cannot be carried in JSON"));
}

// They may be a token that looks like a number, a tag or an alias.
TEST(YamlReading, TellsNoValueInAComplaint) {
  for (const char* value :
       {"31415926535897932384626433", "!s3cret-word", "!!int s3cret-word", "*s3cret-word", "1e99999", "\"s3cret-word"}) {
    const std::string complaint = refusal("token: " + std::string(value));
    EXPECT_THAT(complaint, StartsWith("a.yaml:1: "));
    EXPECT_THAT(complaint, Not(AnyOf(HasSubstr("s3cret"), HasSubstr("3141"), HasSubstr("99999"))));
  }
}

TEST(YamlReading, NamesNoLineAfterTheLast) {
  EXPECT_THAT(refusal("a: [1,? # b"), StartsWith("a.yaml:1: "));
  EXPECT_THAT(refusal("a:\n- [1,? # b\n\n"), StartsWith("a.yaml:2: "));
}

TEST(YamlReading, TakesSeveralDocumentsAndSkipsEmptyOnes) {
  const auto all = documents("# only a comment\n---\na: 1\n---\n---\n# nothing\n...\n---\nb: 2\n...\nc: 3\n");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(to_text(all[0].value), R"({"a":1})");
  EXPECT_EQ(all[0].line, 3);
  EXPECT_EQ(to_text(all[1].value), R"({"b":2})");
  EXPECT_EQ(all[1].line, 9);
  EXPECT_EQ(to_text(all[2].value), R"({"c":3})");
  EXPECT_TRUE(documents("").empty());
  EXPECT_TRUE(documents("---\n---\n").empty());
  EXPECT_TRUE(documents("\xEF\xBB\xBF").empty());
}

TEST(YamlReading, RemembersTheLineOfEachField) {
  const auto all =
      documents("kind: Invocation\nspec:\n  evaluation:\n    tasks:\n    - name: one\n    - name: two\n      config:\n        a.b: 1\n");
  const YamlDocument& document = all.at(0);
  EXPECT_EQ(document.line_of(""), 1);
  EXPECT_EQ(document.line_of("spec"), 2);
  EXPECT_EQ(document.line_of("spec.evaluation.tasks[1]"), 6);
  EXPECT_EQ(document.line_of("spec.evaluation.tasks[1].name"), 6);
  EXPECT_EQ(document.line_of("spec.evaluation.tasks[1].config.a.b"), 8);
  EXPECT_EQ(document.line_of("spec.evaluation.tasks[1].absent.deeper[3]"), 6);
  EXPECT_EQ(document.line_of("spec.absent"), 2);
  EXPECT_EQ(document.line_of("absent"), 1);
}

TEST(YamlReading, RefusesDuplicateKeysWithBothLines) {
  EXPECT_EQ(refusal("spec:\n  image: a\n  port: 1\n  image: b\n"), "a.yaml:4: \"image\" is written twice (first in line 2)");
  EXPECT_THAT(refusal("{a: 1, 'a': 2}"), HasSubstr("written twice"));
  EXPECT_EQ(as_json("- a: 1\n- a: 2\n"), R"([{"a":1},{"a":2}])");
}

TEST(YamlReading, SaysWhereTheTextIsBroken) {
  EXPECT_THAT(refusal("a: 1\nb: [1, 2\nc: 3\n"), StartsWith("a.yaml:"));
  EXPECT_THAT(refusal("a: 1\n\tb: 2\n"), StartsWith("a.yaml:2: "));
  EXPECT_THAT(refusal("a: b: c\n"), StartsWith("a.yaml:1: "));
  EXPECT_THAT(refusal("a: \"x\" y\n"), StartsWith("a.yaml:1: "));
}

TEST(YamlReading, RefusesAQuoteThatIsNeverClosed) {
  for (const char* text : {"a: 1\nb: \"x\n", "a: 1\nb: 'x\n", "a: 1\nb: &k !!str \"x\n\n", "a: 1\nb: \"x\\\"\n", "a: 1\nb: 'it''s\n",
                           "a: 1\n\"b\n", "a: 1\nb: \""}) {
    EXPECT_THAT(refusal(text), StartsWith("a.yaml:")) << text;
  }
  EXPECT_EQ(refusal("a: 1\nb: \"x\n"), "a.yaml:2: a quote that is never closed");
  EXPECT_EQ(as_json("\xEF\xBB\xBF\"\u00e9\": \"x\\\"y\"\n# \"\n"), "{\"\u00e9\":\"x\\\"y\"}");
  EXPECT_EQ(as_json("\u00e9: &k 'it''s'"), "{\"\u00e9\":\"it's\"}");
  EXPECT_EQ(as_json("a: |\n  \"x\n"), "{\"a\":\"\\\"x\\n\"}");
}

TEST(YamlReading, EndsOnWhatFollowsADocumentWithoutAMarker) {
  for (const char* text : {"]", "a: 1\n]", "{a: 1} {b: 2}", "- a\nb: 1\n", "a: 1\n}\n", "[1] x", "'a' 'b'"}) {
    EXPECT_THAT(refusal(text), StartsWith("a.yaml:")) << text;
  }
}

// yaml-cpp gives an empty document at such a place, again and again.
TEST(YamlReading, EndsOnWhatStandsBesideAMarkerAndBeginsNothing) {
  for (const char* text : {"--- ,\n", "a: 1\n--- ,\nb: 2\n", "--- ,", "---\n--- , {}\n"}) {
    EXPECT_THAT(refusal(text), HasSubstr("unexpected content after the end of the document")) << text;
  }
  for (const char* first : {"---", "...", "--- ,", "---\n"}) {
    for (const char* second : {",", "]", "}", ":", "?", "-", "&a", "*a", "!", "|", ">", "%", "@", "`", "#", "\"", "'", "<<", "[", "{"}) {
      for (const char* third : {"", "\n", " ,", "\n---", "\n...", " a: b", "\n,"}) {
        (void)parse_yaml(std::string(first) + " " + second + third, "a.yaml");  // ends
      }
    }
  }
}

TEST(YamlReading, ExpandsAliasesWithinReason) {
  EXPECT_EQ(as_json("a: &x {k: [1]}\nb: *x\nc: *x\n"), R"({"a":{"k":[1]},"b":{"k":[1]},"c":{"k":[1]}})");
  EXPECT_EQ(as_json("&k key: *k\n"), R"({"key":"key"})");
  EXPECT_THAT(refusal("a: &x [*x]\n"), HasSubstr("alias inside"));
  EXPECT_THAT(refusal("a: *nobody\n"), StartsWith("a.yaml:1: "));
  EXPECT_THAT(refusal("base: &b {a: 1}\nother:\n  <<: *b\n"), StartsWith("a.yaml:3: merge keys"));
}

TEST(YamlReading, RefusesTheBillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(refusal(text), HasSubstr("aliases expand to more than"));
  std::string many = "a: &x 1\nb:\n";
  for (int i = 0; i < 1'001; ++i) many += "- *x\n";
  EXPECT_THAT(refusal(many), HasSubstr("more than 1000 aliases"));
}

TEST(YamlReading, RefusesDepthInsteadOfOverflowingTheStack) {
  EXPECT_EQ(as_json(std::string(64, '[') + std::string(64, ']')), std::string(64, '[') + std::string(64, ']'));
  EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')), "a.yaml:1: more than 64 levels");
  EXPECT_THAT(refusal(std::string(1'000'000, '[')), StartsWith("a.yaml:1: "));
  EXPECT_THAT(refusal(std::string(100'000, '{')), StartsWith("a.yaml:1: "));
  std::string dashes;
  for (int i = 0; i < 2'000; ++i) dashes += "- ";
  EXPECT_EQ(refusal(dashes), "a.yaml:1: more than 64 levels");
  std::string nested;
  for (std::size_t i = 0; i < 500; ++i) nested += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(refusal(nested), "a.yaml:65: more than 64 levels");
}

TEST(YamlReading, RefusesWhatIsTooLargeOrNotText) {
  EXPECT_EQ(refusal(std::string((3u << 20) + 1, ' ')), "a.yaml:1: is larger than 3 MiB");
  EXPECT_EQ(refusal(std::string_view("a: 1\nb\0: 2", 10)), "a.yaml:2: is not text (a control character, byte 0)");
  EXPECT_EQ(refusal("a: 1\n\nb: \"x\x14y\""), "a.yaml:3: is not text (a control character, byte 20)");
  EXPECT_EQ(refusal("a: \x7F"), "a.yaml:1: is not text (a control character, byte 127)");
  EXPECT_EQ(as_json("a:\t\"1\"\r\nb: \"\\x14\"\r\n"), R"({"a":"1","b":"\u0014"})");
}

TEST(YamlReading, RefusesKeysThatAreNotText) {
  EXPECT_THAT(refusal("{[a]: 1}"), HasSubstr("a key must be plain text"));
  EXPECT_THAT(refusal("? {a: 1}\n: 2\n"), HasSubstr("a key must be plain text"));
  EXPECT_THAT(refusal("~: 1"), HasSubstr("a key must be plain text"));
  EXPECT_EQ(as_json("1: a\ntrue: b\n'': c\n"), R"({"":"c","1":"a","true":"b"})");
}

TEST(YamlWriting, IsBlockStyleWithOrderedKeys) {
  const Json value = parse_json(R"({"b":{"l":[1,{"k":"v","m":[]},[2,3]],"e":{}},"a":null,"t":true,"d":0.6})", "t").value();
  EXPECT_EQ(to_yaml(value),
            "a: null\n"
            "b:\n"
            "  e: {}\n"
            "  l:\n"
            "  - 1\n"
            "  - k: v\n"
            "    m: []\n"
            "  -\n"
            "    - 2\n"
            "    - 3\n"
            "d: 0.6\n"
            "t: true\n");
}

TEST(YamlWriting, QuotesStringsThatWouldReadAsSomethingElse) {
  for (const char* text : {"true", "False", "null",  "~",    "",     "123",        "-5",
                           "0x1f", "1e3",   ".5",    ".inf", "yes",  "No",         "ON",
                           "off",  "y",     "1_000", "1:30", "0o17", "2026-07-01", "2026-07-01T12:00:00Z",
                           "=",    "<<",    "0b11",  "+1",   "1."}) {
    EXPECT_EQ(to_yaml(Json::object({{"k", Json::string(text)}})), "k: \"" + std::string(text) + "\"\n");
  }
  for (const char* text :
       {"team/llama", "20m", "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6", "a b", "https://x.y/z", "gpu.1xh200", "node-nfs:lepton"}) {
    EXPECT_EQ(to_yaml(Json::object({{"k", Json::string(text)}})), "k: " + std::string(text) + "\n");
  }
}

TEST(YamlWriting, UsesLiteralBlocksForScripts) {
  EXPECT_EQ(to_yaml(Json::object({{"s", Json::string("set -e\n\n  echo \"$X\" # no\n")}})), "s: |\n  set -e\n\n    echo \"$X\" # no\n");
  EXPECT_EQ(to_yaml(Json::object({{"s", Json::string("a\nb")}})), "s: |-\n  a\n  b\n");
}

TEST(YamlWriting, WhateverIsWrittenIsReadBackTheSame) {
  const std::vector<std::string> strings{"a\nb",
                                         "a\n",
                                         "\na",
                                         " a\nb",
                                         "a\n b\n",
                                         "a\n\n",
                                         "\n",
                                         "a\n\nb\n",
                                         "\ta\nb",
                                         "a\tb\n c",
                                         "a\r\nb",
                                         "- a\n- b\n",
                                         "#x",
                                         "a #b",
                                         "a: b",
                                         "a:",
                                         ":a",
                                         "'a'",
                                         "\"a\"",
                                         "{a}",
                                         "[a]",
                                         "a, b",
                                         "!x",
                                         "&x",
                                         "*x",
                                         "%x",
                                         "@x",
                                         "`x`",
                                         "? a",
                                         "- a",
                                         "-",
                                         "---",
                                         "...",
                                         "...x",
                                         "|",
                                         ">",
                                         "a\x01z",
                                         "\x7f",
                                         "é",
                                         "\u0085x",
                                         "\u2028x",
                                         "\uFEFFx",
                                         "a ",
                                         " a",
                                         "a\\b",
                                         "$x",
                                         "a\"b'c",
                                         "0bad",
                                         "none",
                                         "1e",
                                         "--- a\nb\n",
                                         "a\n--- b\n",
                                         "a\n...\n",
                                         "a\n   \nb\n",
                                         "a\n \n",
                                         "\xF0\x9F\x98\x80",
                                         std::string(5'000, 'x'),
                                         std::string(200, 'y') + "\n" + std::string(200, 'z')};
  std::vector<std::pair<std::string, Json>> members;
  std::vector<Json> items;
  for (const std::string& text : strings) {
    members.emplace_back("k" + text, Json::string(text));
    items.push_back(Json::string(text));
  }
  // A reader looks for the colon in 1,024 characters, and these are 1,200 once they are escaped.
  const std::string long_key(200, '\x0F');
  for (const Json& below : {Json::string("a"), Json::string("a\nb\n"), Json::object({{"c", Json::string("d")}}),
                            Json::array({Json::string("e"), Json::object({{long_key, Json::array({Json::string("f")})}})})}) {
    members.emplace_back(long_key + std::to_string(members.size()), below);
    items.push_back(Json::object({{long_key, below}, {"after", below}}));
  }
  const Json value = Json::object({{"m", Json::object(members)}, {"l", Json::array(items)}, {"n", Json::array({Json::array(items)})}});
  const auto back = parse_yaml(to_yaml(value), "back");
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(to_text(back->at(0).value), to_text(value));
  for (const std::string& text : strings) {
    const auto alone = parse_yaml(to_yaml(Json::string(text)), "alone");
    ASSERT_TRUE(alone) << alone.error().text();
    EXPECT_EQ(alone->at(0).value.as_string(), text);
  }
}

TEST(YamlWriting, WhatIsNoUtf8IsReplacedAndAllIsReadBack) {
  for (const std::string bad : {"\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    std::string replaced;
    for (std::size_t i = 0; i < bad.size(); ++i) replaced += "\uFFFD";
    const Json value = Json::object({{"line", Json::string("caf" + bad + "s \u00e9")},
                                     {"block", Json::string("a\nb " + bad + "\n")},
                                     {"key-" + bad, Json::string(bad)},
                                     {"after", Json::string("all")}});
    const auto back = parse_yaml(to_yaml(value), "back");
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(get_string(back->at(0).value, "line"), "caf" + replaced + "s \u00e9");
    EXPECT_EQ(get_string(back->at(0).value, "block"), "a\nb " + replaced + "\n");
    EXPECT_EQ(get_string(back->at(0).value, "key-" + replaced), replaced);
    EXPECT_EQ(get_string(back->at(0).value, "after"), "all");
    EXPECT_TRUE(parse_yaml(to_yaml(Json::string(bad)), "alone"));
  }
}

TEST(Yaml, WhatIsNotUtf8IsRefusedWithItsLine) {
  for (const char* bad : {"\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const auto parsed = parse_yaml("a: b\nc: \"" + std::string(bad) + "\"\n", "x.yaml");
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().where, "x.yaml:2");
  }
  EXPECT_TRUE(parse_yaml("a: \"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"\n", "x.yaml"));
}

}  // namespace
}  // namespace lepton_operator::base
