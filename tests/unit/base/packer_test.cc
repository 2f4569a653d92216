#include "base/packer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using testing::Lt;

// Of which a part is the same in all, and a part in none.
std::string letter(char kind, int number) {
  std::string text;
  for (int line = 0; line < 60; ++line)
    text += std::string(1, kind) + " line " + std::to_string(line * line * 7919 * kind) + " of the letter\n";
  std::uint32_t noise = static_cast<std::uint32_t>(number) * 2'654'435'761U + 1;
  for (int i = 0; i < 40; ++i) text += static_cast<char>('a' + (noise = noise * 1'664'525U + 1'013'904'223U) / (1U << 24) % 26);
  return text;
}

TEST(Packer, GivesBackWhatItWasGiven) {
  Packer packer;
  for (const std::string& text : {std::string(), std::string("a"), std::string("\0\xff\n", 3), letter('a', 1), std::string(1 << 20, 'x')}) {
    EXPECT_EQ(unpack(packer.pack(text)), text);
  }
}

TEST(Packer, KeepsOfTextsThatAreAlikeOnlyTheDifference) {
  Packer packer;
  packer.pack(letter('a', 0));
  for (int i = 1; i < 1'000; ++i) {
    const std::string text = letter('a', i);
    const Packed packed = packer.pack(text);
    ASSERT_EQ(unpack(packed), text);
    ASSERT_THAT(packed.bytes.size(), Lt(text.size() / 20));
  }
}

TEST(Packer, LearnsAKindThatComesLaterAndForgetsNothingThatWasPackedBefore) {
  Packer packer;
  const Packed first = packer.pack(letter('a', 0));
  const Packed before = packer.pack(letter('b', 0));
  for (int i = 1; i < 300; ++i) packer.pack(letter('b', i));
  EXPECT_THAT(packer.pack(letter('b', 300)).bytes.size(), Lt(before.bytes.size() / 2));
  EXPECT_THAT(packer.pack(letter('a', 300)).bytes.size(), Lt(letter('a', 300).size() / 20));
  EXPECT_EQ(unpack(first), letter('a', 0));
  EXPECT_EQ(unpack(before), letter('b', 0));
}

// Texts that have nothing in common must not make a dictionary each.
TEST(Packer, MakesFewDictionaries) {
  Packer packer;
  int dictionaries = 0;
  std::shared_ptr<const std::string> latest;
  std::string noise(2'000, ' ');
  std::uint32_t state = 1;
  for (int i = 0; i < 1'000; ++i) {
    for (char& c : noise) c = static_cast<char>((state = state * 1'664'525U + 1'013'904'223U) >> 24);
    const Packed packed = packer.pack(noise);
    dictionaries += packed.dictionary != latest ? 1 : 0;
    latest = packed.dictionary;
  }
  EXPECT_THAT(dictionaries, Lt(6));
}

TEST(Packer, OfWhatItDidNotMakeItSaysSo) {
  Packer packer;
  Packed packed = packer.pack(letter('a', 0));
  packed.bytes.resize(packed.bytes.size() / 2);
  EXPECT_THROW(unpack(packed), std::runtime_error);
}

}  // namespace
}  // namespace lepton_operator::base
