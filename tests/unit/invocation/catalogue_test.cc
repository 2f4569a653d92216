#include "invocation/catalogue.h"

#include <gmock/gmock.h>

#include "support/source_tree.h"
#include "unit/invocation/bash_runner.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using ::testing::HasSubstr;

Catalogue shipped() {
  const auto catalogue = Catalogue::parse(testing::read(support::in_source_tree("manifests/catalogue.yaml")), "catalogue.yaml");
  if (!catalogue) throw std::runtime_error(catalogue.error().text());
  return *catalogue;
}

constexpr const char* kSmall = R"(
defaults: {shared: b}
harnesses:
  - {name: a, container: "image-a:1", tasks: [{name: shared, endpointTypes: [chat]}, {name: torn, endpointTypes: [chat]}]}
  - name: b
    container: image-b:1
    tasks:
      - {name: shared, configType: shared_b, endpointTypes: [completions, chat], container: "own:2"}
      - {name: torn, endpointTypes: [chat]}
  - name: codec
    container: image-codec:1
    tasks: [{name: torn, endpointTypes: [chat]}, {name: with_detector, endpointTypes: [chat]}, {name: only_detector, endpointTypes: [chat]}]
  - {name: c, container: "image-c:1", tasks: [{name: with_detector, endpointTypes: [chat]}]}
)";

TEST(Catalogue, ThatIsShippedHasAllTasks) {
  const Catalogue catalogue = shipped();
  EXPECT_EQ(catalogue.size(), 421U);
  for (const CatalogueEntry& entry : catalogue.entries()) {
    const auto found = catalogue.find(entry.harness + "." + entry.task);
    ASSERT_TRUE(found.ok()) << entry.task;
    EXPECT_EQ(found->container, entry.container);
    EXPECT_TRUE(catalogue.find(entry.task).ok()) << entry.task << ": " << catalogue.find(entry.task).error().text();
  }
}

TEST(Catalogue, ThatIsShippedChoosesTheHarnessThatIsMeant) {
  const Catalogue catalogue = shipped();
  for (const char* task : {"gpqa_diamond", "mmlu", "mmlu_pro", "mgsm", "humaneval", "humanevalplus"}) {
    EXPECT_EQ(catalogue.find(task)->harness, "simple_evals") << task;
  }
  for (const char* task : {"ifeval", "humaneval_instruct", "hellaswag", "winogrande"}) {
    EXPECT_EQ(catalogue.find(task)->harness, "lm-evaluation-harness") << task;
  }
  for (const char* task : {"hle", "ifbench", "scicode"}) EXPECT_NE(catalogue.find(task)->harness, "codec") << task;
}

TEST(Catalogue, TakesTheDefaultAmongSeveral) {
  const Catalogue catalogue = *Catalogue::parse(kSmall, "small.yaml");
  const CatalogueEntry entry = *catalogue.find("shared");
  EXPECT_EQ(entry.harness, "b");
  EXPECT_EQ(entry.config_type, "shared_b");
  EXPECT_EQ(entry.container, "own:2");
  EXPECT_THAT(entry.endpoint_types, ::testing::ElementsAre("completions", "chat"));
  EXPECT_EQ(catalogue.find("a.shared")->container, "image-a:1");
}

TEST(Catalogue, NeverMeansTheDetectorUnlessItIsAskedFor) {
  const Catalogue catalogue = *Catalogue::parse(kSmall, "small.yaml");
  EXPECT_EQ(catalogue.find("with_detector")->harness, "c");
  EXPECT_EQ(catalogue.find("codec.with_detector")->harness, "codec");
  EXPECT_EQ(catalogue.find("only_detector")->harness, "codec");  // nothing else can be meant
}

TEST(Catalogue, AsksWhichHarnessIsMeant) {
  const auto entry = Catalogue::parse(kSmall, "small.yaml")->find("torn");
  ASSERT_FALSE(entry.ok());
  EXPECT_EQ(entry.error().kind, base::ErrorKind::kInvalid);
  EXPECT_EQ(entry.error().text(), "several harnesses have task \"torn\"; write one of a.torn, b.torn");
}

TEST(Catalogue, NamesTheTasksThatAreNear) {
  const Catalogue catalogue = shipped();
  const auto entry = catalogue.find("gpqa_dimond");
  ASSERT_FALSE(entry.ok());
  EXPECT_EQ(entry.error().kind, base::ErrorKind::kNotFound);
  EXPECT_THAT(entry.error().text(), HasSubstr("unknown task \"gpqa_dimond\"; did you mean gpqa_diamond"));
  EXPECT_THAT(catalogue.find("simple_evals.gpqa_dimond").error().text(), HasSubstr("simple_evals.gpqa_diamond"));
  EXPECT_FALSE(catalogue.find("").ok());
}

struct BadCatalogue {
  const char* yaml;
  const char* error;
};

class CatalogueFile : public ::testing::TestWithParam<BadCatalogue> {};

TEST_P(CatalogueFile, ThatIsWrongIsRefusedWithItsLine) {
  const auto catalogue = Catalogue::parse(GetParam().yaml, "c.yaml");
  ASSERT_FALSE(catalogue.ok());
  EXPECT_THAT(catalogue.error().text(), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, CatalogueFile,
    ::testing::Values(
        BadCatalogue{"", "one YAML document"}, BadCatalogue{"a: [", "c.yaml:"},
        BadCatalogue{"defaults: {}\n", "harnesses: a catalogue needs harnesses"},
        BadCatalogue{"harnesses:\n  - name: a\n    tasks:\n      - {name: t, endpointTypes: [chat]}\n",
                     "c.yaml:4: harnesses[0].tasks[0].container: neither"},
        BadCatalogue{"harnesses:\n  - name: a\n    container: i\n    tasks:\n      - name: t\n        endpointType: [chat]\n",
                     "c.yaml:5: harnesses[0].tasks[0].endpointTypes: a task needs"},
        BadCatalogue{"harnesses:\n  - name: a\n    container: i\n    tasks:\n      - {name: t, endpointTypes: [chat]}\n      - {name: t, "
                     "endpointTypes: [chat]}\n",
                     "c.yaml:6: harnesses[0].tasks[1].name: the harness has t twice"},
        BadCatalogue{"defaults: {t: b}\nharnesses: []\n", "c.yaml:1: defaults.t: harness b has no task t"}));

}  // namespace
}  // namespace lepton_operator::invocation
