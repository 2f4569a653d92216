#include "base/json_list.h"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/json.h"

namespace lepton_operator::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Collected final : public JsonListReader {
 public:
  using JsonListReader::JsonListReader;
  std::vector<std::string> elements;

  bool whole() const { return found() && parse_json(rest(), "test").ok(); }

 private:
  void element(std::string_view text) override { elements.emplace_back(text); }
};

Collected read(const std::string& text, const std::string& member, std::size_t piece = std::string::npos) {
  Collected list(member);
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) list.take(std::string_view(text).substr(at, piece));
  return list;
}

const std::vector<std::string> kTexts = {
    R"( [ {"a": [1, 2]} , "x,]" ,3,null] )",
    "[]",
    " [ ] ",
    R"({"kind":"List","other":["items"],"items":[{"a":1},{}],"metadata":{"continue":"x"}})",
    R"({"inner":{"items":[1]},"items" : [2, -3.5e1 ,true]})",
    R"([{"a":"}]\"{[\\"},"\\\\",{"b\"]":"\\\""},"\\\\\"",[],[[]],{"é\n":"\u00e9"}])",
    R"({"x,\"items":[1],"items":["only"]})",
    R"({"a":"\"items\":[1]","items":[{"command":"echo \"a\\\\\" | sed 's/\\\\//'\n"}]})",
};

TEST(JsonListReader, GivesTheTextsBetweenTheCommas) {
  const Collected list = read(kTexts[0], "items");
  EXPECT_TRUE(list.whole());
  EXPECT_THAT(list.elements, ElementsAre(R"({"a": [1, 2]})", R"("x,]")", "3", "null"));
  EXPECT_EQ(list.rest(), " [] ");
}

TEST(JsonListReader, GivesWhatTheNamedMemberHoldsAndLeavesTheRest) {
  const Collected list = read(kTexts[3], "items");
  EXPECT_TRUE(list.whole());
  EXPECT_THAT(list.elements, ElementsAre(R"({"a":1})", "{}"));
  EXPECT_EQ(list.rest(), R"({"kind":"List","other":["items"],"items":[],"metadata":{"continue":"x"}})");
}

TEST(JsonListReader, LeavesWhatIsNoSuchListWhole) {
  for (const std::string text :
       {R"({"kind":"List","inner":{"items":[1]}})", R"({"items":{"a":1}})", R"({"items":null})", R"({"a":"items","b":[1]})",
        R"({"x\"items":[1]})", R"("items")", "", "null", R"({"a":"{\"items\":[1]"})"}) {
    const Collected list = read(text, "items");
    EXPECT_FALSE(list.found()) << text;
    EXPECT_THAT(list.elements, IsEmpty()) << text;
    EXPECT_EQ(list.rest(), text);
  }
}

// Wherever the network cuts it.
TEST(JsonListReader, GivesTheSameInPiecesOfAnySize) {
  for (const std::string& text : kTexts) {
    const Collected whole = read(text, "items");
    ASSERT_TRUE(whole.whole()) << text;
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      const Collected pieces = read(text, "items", piece);
      EXPECT_EQ(pieces.elements, whole.elements) << text << " in pieces of " << piece;
      EXPECT_EQ(pieces.rest(), whole.rest()) << text << " in pieces of " << piece;
      EXPECT_TRUE(pieces.found());
    }
  }
}

TEST(JsonListReader, GivesWhatAParserFinds) {
  for (const std::string& text : kTexts) {
    const Json tree = parse_json(text, "test").value();
    const Json& items = tree.is_array() ? tree : tree.at("items");
    const Collected list = read(text, "items", 3);
    ASSERT_EQ(list.elements.size(), items.size()) << text;
    for (std::size_t i = 0; i < list.elements.size(); ++i) EXPECT_EQ(parse_json(list.elements[i], "test").value(), items.at(i)) << text;
  }
}

// What was cut off must not look as if it were absent.
TEST(JsonListReader, ATextThatEndsTooSoonIsNotWhole) {
  for (const std::string& text : kTexts) {
    const std::size_t end = text.find_last_not_of(' ');
    for (std::size_t length = 0; length <= end; ++length)
      EXPECT_FALSE(read(text.substr(0, length), "items").whole()) << text.substr(0, length);
  }
}

TEST(JsonListReader, WhatIsNoListShowsInTheRest) {
  for (const std::string text : {"[1 2]", "[1,,2]", "[1,]", "[,1]", "[,]", "[1]]", "[1]x", R"({"items":[1],"items":[2]})",
                                 R"({"items":[1])", R"(["a"b])", R"([{}{}])", R"({"items":[1]]})"}) {
    for (std::size_t piece = 1; piece <= 8; ++piece) EXPECT_FALSE(read(text, "items", piece).whole()) << text;
  }
}

TEST(JsonListReader, WhatIsNoElementIsGivenToBeFoundOut) {
  for (const std::string text : {R"([{"a":])", "[}]", "[{]]"}) {
    const Collected list = read(text, "items");
    bool parsed = list.whole();
    for (const std::string& element : list.elements) parsed = parsed && parse_json(element, "test").ok();
    EXPECT_FALSE(parsed) << text;
  }
}

// Of texts that are nearly lists: what it calls a whole list of good elements a parser calls the same, and the other way round.
TEST(JsonListReader, AgreesWithAParserAboutWhatIsAList) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const std::string bytes = "[]{},:\"\\ \nitems1a-.eu0";
  int lists = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text = kTexts[below(kTexts.size())];
    for (std::size_t changes = below(4); changes > 0 && !text.empty(); --changes) {
      const std::size_t at = below(text.size());
      if (below(2) == 0) text.erase(at, 1 + below(3));
      if (below(2) == 0) text.insert(std::min(at, text.size()), 1, bytes[below(bytes.size())]);
    }
    const Collected list = read(text, "items", 1 + below(9));
    bool whole = list.whole();
    std::vector<Json> elements;
    for (const std::string& element : list.elements) {
      const Result<Json> parsed = parse_json(element, "test");
      whole = whole && parsed.ok();
      if (parsed) elements.push_back(*parsed);
    }
    const Result<Json> tree = parse_json(text, "test");
    const Json* items = !tree ? nullptr : tree->is_array() ? &*tree : find(*tree, "items");
    const bool is_list = items != nullptr && items->is_array();
    if (list.found() || !is_list) {
      ASSERT_EQ(whole, is_list) << text;
    } else {
      ASSERT_TRUE(parse_json(list.rest(), "test").ok()) << text;  // its key is written otherwise: left whole to whoever parses the rest
    }
    if (!whole) continue;
    ++lists;
    ASSERT_EQ(elements.size(), items->size()) << text;
    for (std::size_t i = 0; i < elements.size(); ++i) ASSERT_EQ(elements[i], items->at(i)) << text;
  }
  EXPECT_GT(lists, 5'000);
}

}  // namespace
}  // namespace lepton_operator::base
