// Which of several documents speaks for an object.
#include "store/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Identifier kNim{Kind::kInvocation, {"default", "nim"}};

ManifestFile file(const std::string& name, int documents, bool opaque = false) {
  ManifestFile result{.name = name, .source = "m/" + name};
  result.opaque = opaque;
  for (int i = 0; i < documents; ++i) {
    Document document;
    document.kind = kNim.first;
    document.key = kNim.second;
    document.file = name;
    document.source = result.source;
    document.yaml.line = i + 1;
    result.documents.push_back(document);
  }
  return result;
}

std::map<std::string, ManifestFile> files(std::vector<ManifestFile> list) {
  std::map<std::string, ManifestFile> result;
  for (ManifestFile& entry : list) {
    const std::string name = entry.name;
    result[name] = std::move(entry);
  }
  return result;
}

Claims claimed(const std::map<std::string, ManifestFile>& manifests, const std::string& owner) {
  Claimants claimants;
  for (const auto& [name, file] : manifests) {
    for (const Document& document : file.documents) claimants[{document.kind, document.key}].push_back(&document);
  }
  return claim(claimants, manifests, [owner](const Identifier&) { return owner; });
}

TEST(Claims, ANewObjectGoesToTheFirstFile) {
  const auto manifests = files({file("b.yaml", 1), file("a.yaml", 1)});
  const Claims claims = claimed(manifests, "");
  EXPECT_EQ(claims.winners.at(kNim)->file, "a.yaml");
  EXPECT_THAT(claims.losers, SizeIs(1));
}

TEST(Claims, AnObjectStaysWithItsFile) {
  const auto manifests = files({file("a.yaml", 1), file("b.yaml", 1)});
  EXPECT_EQ(claimed(manifests, "b.yaml").winners.at(kNim)->file, "b.yaml");
}

TEST(Claims, AnObjectMovesWhenItsFileNoLongerHoldsIt) {
  const auto manifests = files({file("a.yaml", 0), file("b.yaml", 1)});
  const Claims claims = claimed(manifests, "a.yaml");
  EXPECT_EQ(claims.winners.at(kNim)->file, "b.yaml");
  EXPECT_THAT(claims.losers, IsEmpty());
}

TEST(Claims, NobodyElseSpeaksForAnObjectWhoseFileCannotBeRead) {
  const auto manifests = files({file("a.yaml", 0, true), file("b.yaml", 1)});
  const Claims claims = claimed(manifests, "a.yaml");
  EXPECT_THAT(claims.winners, IsEmpty());
  EXPECT_THAT(claims.losers, ElementsAre(testing::Pair(testing::_, HasSubstr("came from m/a.yaml, which cannot be read now"))));
}

TEST(Claims, OfTwoInOneFileTheFirstCounts) {
  const auto manifests = files({file("a.yaml", 2)});
  const Claims claims = claimed(manifests, "a.yaml");
  EXPECT_EQ(claims.winners.at(kNim)->yaml.line, 1);
  const std::string sentence = "m/a.yaml:2: metadata.name: Invocation default/nim is already in m/a.yaml:1";
  EXPECT_THAT(claims.losers, ElementsAre(testing::Pair(testing::_, HasSubstr(sentence))));
}

}  // namespace
}  // namespace lepton_operator::store
