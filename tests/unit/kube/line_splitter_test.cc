#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/reflector.h"

namespace lepton_operator::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> pushed(LineSplitter& splitter, std::string_view chunk) {
  Result<std::vector<std::string>> lines = splitter.push(chunk);
  EXPECT_TRUE(lines.ok());
  return lines ? std::move(lines).value() : std::vector<std::string>{};
}

TEST(LineSplitter, ALineIsTheSameWhereverItsBytesAreCutEvenInsideOfACharacter) {
  const std::string text = "{\"a\":\"größe €\"}\r\n\n{\"b\":\"🜚\"}\n";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      LineSplitter splitter;
      std::vector<std::string> all;
      for (const auto& chunk : {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        for (std::string& line : pushed(splitter, chunk)) all.push_back(std::move(line));
      }
      ASSERT_THAT(all, ElementsAre("{\"a\":\"größe €\"}", "", "{\"b\":\"🜚\"}")) << first << ", " << second;
      ASSERT_FALSE(splitter.pending());
    }
  }
}

TEST(LineSplitter, WhatHasNoEndYetWaits) {
  LineSplitter splitter;
  EXPECT_THAT(pushed(splitter, "{\"a\""), IsEmpty());
  EXPECT_TRUE(splitter.pending());
  EXPECT_THAT(pushed(splitter, ":1}\n{"), ElementsAre("{\"a\":1}"));
  EXPECT_TRUE(splitter.pending());
}

TEST(LineSplitter, ALineOfMoreThan64KiBComesWhole) {
  LineSplitter splitter;
  const std::string longest(200'000, 'x');
  for (std::size_t at = 0; at < longest.size(); at += 4'096) EXPECT_THAT(pushed(splitter, longest.substr(at, 4'096)), IsEmpty());
  EXPECT_THAT(pushed(splitter, "\n"), ElementsAre(longest));
}

TEST(LineSplitter, ALineThatDoesNotEndWithin64MiBIsAnError) {
  LineSplitter splitter;
  const std::string mebibyte(1u << 20, 'x');
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(splitter.push(mebibyte).ok());
  const auto over = splitter.push("x");
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().kind, base::ErrorKind::kMalformed);
}

}  // namespace
}  // namespace lepton_operator::kube
