#include "cli/manifest_edit.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace lepton_operator::cli {
namespace {

using base::Json;

int line_of_document(const std::string& text, std::size_t index = 0) { return base::parse_yaml(text, "")->at(index).line; }

std::string suspended(const std::string& text, bool suspend = true, std::size_t index = 0) {
  const auto edit = with_field(text, line_of_document(text, index), "spec", "suspend", Json::boolean(suspend));
  return edit ? edit->text : "cannot";
}

std::string run_again(const std::string& text, int task, int run = 1) {
  const auto edit =
      with_field(text, line_of_document(text), "spec.evaluation.tasks[" + std::to_string(task) + "]", "run", Json::number(run));
  return edit ? edit->text : "cannot";
}

TEST(ManifestEdit, PutsAFieldOnALineOfItsOwnAndLeavesCommentsAlone) {
  EXPECT_EQ(suspended("kind: Invocation # ours\nspec:\n  # the model\n  deployment:\n    type: none # here\n"),
            "kind: Invocation # ours\nspec:\n  # the model\n  suspend: true\n  deployment:\n    type: none # here\n");
}

TEST(ManifestEdit, ReplacesAFieldThatIsThereWithItsCommentKept) {
  EXPECT_EQ(suspended("spec:\n  suspend: true   # for the weekend\n  a: 1\n", false),
            "spec:\n  suspend: false   # for the weekend\n  a: 1\n");
  EXPECT_EQ(run_again("spec: {evaluation: {tasks: [{name: a, run: 3}, {name: b}]}}\n", 0, 4),
            "spec: {evaluation: {tasks: [{name: a, run: 4}, {name: b}]}}\n");
}

TEST(ManifestEdit, TellsTheLineThatItChanged) {
  const auto edit = with_field("a: 1\nspec:\n  b: 2\n", 1, "spec", "suspend", Json::boolean(true));
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->line, 3);
}

TEST(ManifestEdit, ChangesTheTaskThatIsMeantInEveryLayout) {
  EXPECT_EQ(run_again("spec:\n  evaluation:\n    tasks:\n      - name: a\n      - name: b # hard\n        config: {x: 1}\n", 1),
            "spec:\n  evaluation:\n    tasks:\n      - name: a\n      - name: b # hard\n        run: 1\n        config: {x: 1}\n");
  EXPECT_EQ(run_again("spec:\n  evaluation:\n    tasks:\n    - config: {}\n      name: a\n", 0),
            "spec:\n  evaluation:\n    tasks:\n    - config: {}\n      run: 1\n      name: a\n");
  EXPECT_EQ(run_again("spec:\n  evaluation:\n    tasks:\n      - {name: a}\n      - {name: b}\n", 1),
            "spec:\n  evaluation:\n    tasks:\n      - {name: a}\n      - {run: 1, name: b}\n");
  EXPECT_EQ(run_again("spec:\n  evaluation:\n    tasks: [{name: a}, {name: b}]\n", 1),
            "spec:\n  evaluation:\n    tasks: [{name: a}, {run: 1, name: b}]\n");
}

TEST(ManifestEdit, KnowsJson) {
  EXPECT_EQ(suspended("{\"kind\": \"Invocation\", \"spec\": {\"a\": 1}}"),
            "{\"kind\": \"Invocation\", \"spec\": {\"suspend\": true, \"a\": 1}}");
  EXPECT_EQ(suspended("{\n  \"spec\": {\n    \"a\": 1\n  }\n}\n"), "{\n  \"spec\": { \"suspend\": true,\n    \"a\": 1\n  }\n}\n");
}

TEST(ManifestEdit, TouchesNoOtherDocumentOfTheFile) {
  const std::string file = "spec:\n  a: 1\n---\nspec:\n  a: 1\n";
  EXPECT_EQ(suspended(file, true, 0), "spec:\n  suspend: true\n  a: 1\n---\nspec:\n  a: 1\n");
  EXPECT_EQ(suspended(file, true, 1), "spec:\n  a: 1\n---\nspec:\n  suspend: true\n  a: 1\n");
}

TEST(ManifestEdit, KeepsTheLineEndsOfWindows) { EXPECT_EQ(suspended("spec:\r\n  a: 1\r\n"), "spec:\r\n  suspend: true\r\n  a: 1\r\n"); }

TEST(ManifestEdit, LeavesToTheAuthorWhatAnAliasWouldChangeElsewhereToo) {
  EXPECT_EQ(run_again("spec:\n  evaluation:\n    tasks:\n      - &t\n        name: a\n    other: *t\n", 0), "cannot");
}

TEST(ManifestEdit, HasNoAnswerToAnEmptySpecOrAFileThatIsNoYaml) {
  EXPECT_FALSE(with_field("a: [", 1, "spec", "suspend", Json::boolean(true)));
  EXPECT_EQ(suspended("spec: {}\n"), "cannot");
  EXPECT_EQ(suspended("spec: text\n"), "cannot");
}

std::string without(const std::string& text, std::size_t index) {
  const auto edit = without_document(text, line_of_document(text, index));
  return edit ? edit->text : "cannot";
}

TEST(ManifestEdit, TakesADocumentOutAndLeavesItsNeighboursAsTheyAre) {
  const std::string file = "# one\na: 1\n---\n# two\nb: 2\n---\nc: 3 # three\n";
  EXPECT_EQ(without(file, 0), "# two\nb: 2\n---\nc: 3 # three\n");
  EXPECT_EQ(without(file, 1), "# one\na: 1\n---\nc: 3 # three\n");
  EXPECT_EQ(without(file, 2), "# one\na: 1\n---\n# two\nb: 2\n");
}

TEST(ManifestEdit, KnowsASeparatorBeforeTheFirstDocument) { EXPECT_EQ(without("---\na: 1\n---\nb: 2\n", 0), "b: 2\n"); }

}  // namespace
}  // namespace lepton_operator::cli
