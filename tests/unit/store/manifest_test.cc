// One file's text, taken apart: kinds, identities, and sentences with the right line.
#include "store/manifest.h"

#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/store/manifests.h"

namespace lepton_operator::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ManifestFile parsed(const std::string& text) { return parse_manifest("nim.yaml", "examples/nim.yaml", text); }

// The one sentence about a Secret whose YAML ends in `rest`.
std::string secret_error(const std::string& rest) {
  const ManifestFile file = parsed("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n" + rest);
  EXPECT_THAT(file.documents, SizeIs(1));
  EXPECT_THAT(file.documents.front().errors, SizeIs(1));
  return file.documents.front().errors.front();
}

TEST(Manifest, ReadsWhatAnObjectIsCalled) {
  const ManifestFile file = parsed(an_invocation("nim", "llama", "  namespace: team\n"));
  ASSERT_THAT(file.documents, SizeIs(1));
  EXPECT_TRUE(file.ok());
  EXPECT_EQ(file.documents.front().key, (ObjectKey{"team", "nim"}));
  EXPECT_EQ(file.documents.front().kind, Kind::kInvocation);
}

TEST(Manifest, ReadsJson) {
  const ManifestFile file = parsed(R"({
	"apiVersion": "v1", "kind": "Secret",
	"metadata": {"name": "s"},
	"stringData": {"a": "b"}})");
  ASSERT_THAT(file.documents, SizeIs(1));
  EXPECT_THAT(file.documents.front().errors, IsEmpty());
  EXPECT_EQ(file.documents.front().secret.at("a"), "b");
}

TEST(Manifest, AnEmptyFileDeclaresNothing) {
  EXPECT_TRUE(parsed("").ok());
  EXPECT_TRUE(parsed("---\n# nothing\n---\n").ok());
  EXPECT_THAT(parsed("").documents, IsEmpty());
}

TEST(Manifest, NamesTheLineOfEachMistake) {
  EXPECT_THAT(secret_error("stringData:\n  a: b\nstringdata:\n  c: d\n"),
              HasSubstr("examples/nim.yaml:7: stringdata: unknown field; did you mean"));
  EXPECT_EQ(secret_error("stringData:\n  a: b\n  port: 5\n"), "examples/nim.yaml:7: stringData.port: must be a string; put it in quotes");
  EXPECT_EQ(secret_error("  lables: {}\n"), "examples/nim.yaml:5: metadata.lables: unknown field; did you mean labels?");
}

TEST(Manifest, AWrongApiVersionIsNamedWithTheRightOne) {
  std::string text = an_invocation("nim");
  const ManifestFile file = parsed(text.replace(text.find("v1alpha1"), 8, "v1"));
  ASSERT_THAT(file.documents, SizeIs(1));
  EXPECT_THAT(file.documents.front().errors,
              ElementsAre("examples/nim.yaml:1: apiVersion: must be lepton.dev/v1alpha1 for kind Invocation"));
}

TEST(Manifest, ANamespaceNamedAsAFileOfTheStateDirectoryIsRefused) {
  for (const std::string name : {"credentials", "home", "install-id", "manifest-directory", "token-key"}) {
    const ManifestFile file = parsed(an_invocation("nim", "llama", "  namespace: " + name + "\n"));
    EXPECT_THAT(file.errors, ElementsAre(HasSubstr("metadata.namespace: must not be \"" + name + "\"")));
  }
}

TEST(Manifest, AnotherApisObjectIsRefusedButHidesNothing) {
  const ManifestFile file = parsed("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n");
  EXPECT_THAT(file.errors, ElementsAre(HasSubstr("examples/nim.yaml:2: kind: unknown kind ConfigMap")));
  EXPECT_FALSE(file.opaque);
}

TEST(Manifest, AnObjectWithoutANameMayBeAnyObject) {
  const ManifestFile file = parsed("apiVersion: v1\nkind: Secret\nmetadata: {}\n");
  EXPECT_THAT(file.errors, ElementsAre(HasSubstr("metadata.name: is missing")));
  EXPECT_TRUE(file.opaque);
}

TEST(Manifest, ABrokenDocumentIsNamedByItsLinesWhenItCannotBeParsed) {
  const ManifestFile file = parsed(a_secret("good", "value") +
                                   "---\n# the second\nkind: Invocation\nmetadata:\n  labels:\n    name: not-this\n"
                                   "  name: \"nim\"  # mine\n  namespace: team\nspec: [\n");
  ASSERT_THAT(file.documents, SizeIs(2));
  EXPECT_THAT(file.documents[0].errors, IsEmpty());
  EXPECT_EQ(file.documents[1].kind, Kind::kInvocation);
  EXPECT_EQ(file.documents[1].key, (ObjectKey{"team", "nim"}));
  EXPECT_THAT(file.documents[1].errors, ElementsAre(HasSubstr("examples/nim.yaml:1")));
  EXPECT_TRUE(file.opaque);
}

TEST(Manifest, EveryMistakeOfABrokenFileIsNamedByTheFilesOwnLines) {
  const ManifestFile file = parsed("# one\nkind: [\n---\nkind: Secrit\n---\nkind: Secret\nmetadata: {}\n---\n- a: \"\n");
  EXPECT_THAT(file.errors, ElementsAre(HasSubstr("nim.yaml:2: "), HasSubstr("nim.yaml:4: kind: unknown kind Secrit"),
                                       HasSubstr("nim.yaml:7: metadata.name: is missing"), HasSubstr("nim.yaml:9: a quote")));
}

// What a broken document costs must not grow with its place in the file: four times as many, not sixteen times the work. It is the
// processor's time, which others on the machine do not take.
TEST(Manifest, ABrokenFileOfManyDocumentsCostsNoMoreThanItsLength) {
  const auto cost_of = [](std::size_t documents) {
    std::string text;
    for (std::size_t i = 0; i < documents; ++i) text += "---\nkind: [\n";
    const std::clock_t begun = std::clock();
    EXPECT_EQ(parsed(text).errors.size(), documents);
    return std::clock() - begun;
  };
  const std::clock_t some = cost_of(5'000);
  EXPECT_LT(cost_of(20'000), 9 * some);
}

TEST(Manifest, TheHashIsOfWhatItSays) {
  const auto hash = [](const std::string& text) { return parsed(text).documents.front().hash; };
  EXPECT_EQ(hash(an_invocation("nim")), hash("# comment\n" + an_invocation("nim")));
  EXPECT_NE(hash(an_invocation("nim", "a")), hash(an_invocation("nim", "b")));
}

TEST(ManifestName, IsAFileNameAndALabelOfKubernetes) {
  for (const char* name : {"nim", "a", "llama-3.1-8b", "9"}) EXPECT_TRUE(valid_name(name)) << name;
  for (const char* name : {"", ".", "..", "a/b", "-a", "a-", "A", "a..b", "a_b", ".a"}) EXPECT_FALSE(valid_name(name)) << name;
  EXPECT_TRUE(valid_name(std::string(63, 'a')));
  EXPECT_FALSE(valid_name(std::string(64, 'a')));
  EXPECT_FALSE(valid_namespace("a.b"));
}

}  // namespace
}  // namespace lepton_operator::store
