#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/verb.h"
#include "unit/cli/said.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> words_of(const std::string& name) {
  const std::size_t space = name.find(' ');
  if (space == std::string::npos) return {name};
  return {name.substr(0, space), name.substr(space + 1)};
}

TEST(CommandLine, WithoutAVerbShowsWhatThereIsAndIsWrong) {
  const Said nothing = said({});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, HasSubstr("VERBS\n"));
}

TEST(CommandLine, EveryVerbIsInTheOverviewAndHasAManualPage) {
  const std::string overview = said({"--help"}).out;
  for (const VerbEntry& entry : all_verbs()) {
    SCOPED_TRACE(entry.name);
    EXPECT_THAT(overview, HasSubstr(std::string("    ") + entry.name));
    std::vector<std::string> words = words_of(entry.name);
    words.push_back("--help");
    const Said page = said(words);
    EXPECT_EQ(page.code, 0);
    EXPECT_THAT(page.out, StartsWith(std::string("NAME\n    kubectl lepton ") + entry.name + " - "));
    for (const char* section : {"SYNOPSIS", "DESCRIPTION", "FLAGS", "EXAMPLES", "SHARED FLAGS", "EXIT CODES", "ENVIRONMENT"}) {
      EXPECT_THAT(page.out, HasSubstr(std::string("\n") + section + "\n"));
    }
    for (std::istringstream lines(page.out); !lines.eof();) {
      std::string line;
      std::getline(lines, line);
      EXPECT_LE(line.size(), 80u) << line;
    }
  }
}

TEST(CommandLine, HelpAndVersionAreAskedForAsOfKubectlToo) {
  EXPECT_EQ(said({"help"}).out, said({"--help"}).out);
  EXPECT_THAT(said({"help", "logs"}).out, StartsWith("NAME\n    kubectl lepton logs - "));
  EXPECT_THAT(said({"help", "workspace", "check"}).out, StartsWith("NAME\n    kubectl lepton workspace check - "));
  EXPECT_THAT(said({"version"}).out, StartsWith("kubectl-lepton "));
}

TEST(CommandLine, AnUnknownVerbIsRefusedWithTheNearest) {
  const Said wrong = said({"tsks"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, "kubectl-lepton: tsks: unknown verb\nhint: did you mean tasks?\n");
}

TEST(CommandLine, AnUnknownFlagIsRefusedWithTheNearest) {
  EXPECT_EQ(said({"tasks", "--nam"}).err, "kubectl-lepton: --nam: unknown flag\nhint: did you mean --names?\n");
  EXPECT_EQ(said({"--kubeconfg=x", "tasks"}).err, "kubectl-lepton: --kubeconfg: unknown flag\nhint: did you mean --kubeconfig?\n");
}

TEST(CommandLine, AFlagWithoutItsValueIsToldByItsName) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"tasks", "--catalogue"}, {"tasks", "--catalogue="}}) {
    const Said wrong = said(words);
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, StartsWith("kubectl-lepton: --catalogue: needs a value\nhint: "));
  }
}

TEST(CommandLine, AValueThatIsNoneOfTheWordsIsToldWhichThereAre) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{"status", "-o", "yml"}, "--output: \"yml\" is none of table, wide, json, yaml"},
      {{"run", "-f", "x", "--dry-run", "yes"}, "--dry-run: \"yes\" is none of none, client, server"},
      {{"run", "-f", "x", "--dry-run=1"}, "--dry-run: \"1\" is none of none, client, server"},
      {{"render", "-f", "x", "--output=text"}, "--output: \"text\" is none of yaml, json"},
      {{"render", "-f", "x", "--api-family=v2"}, "--api-family: \"v2\" is none of deployments, endpoints"},
      {{"workspace", "check", "--output", "yaml"}, "--output: \"yaml\" is none of text, json"},
      {{"completion", "tcsh"}, "SHELL: \"tcsh\" is none of bash, fish, kubectl, zsh"},
      {{"logs", "a", "--tail", "few"}, "--tail: \"few\" is no whole number, nor -1 for all"},
      {{"logs", "a", "--tail=-2"}, "--tail: \"-2\" is no whole number, nor -1 for all"},
      {{"logs", "a", "--tail=1.5"}, "--tail: \"1.5\" is no whole number, nor -1 for all"},
  };
  for (const auto& [words, sentence] : table) {
    const Said wrong = said(words);
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, StartsWith("kubectl-lepton: " + sentence + "\nhint: `kubectl lepton " + words.front())) << wrong.err;
  }
}

TEST(CommandLine, SharedFlagsStandBeforeOrAfterTheVerb) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--catalogue", "/none", "tasks"}, {"tasks", "--catalogue", "/none"}}) {
    EXPECT_THAT(said(words).err, HasSubstr("--catalogue: /none: cannot open"));
  }
}

TEST(Tasks, AreShownWithTheNameByWhichTheCatalogueFindsThem) {
  const Said shown = said({"tasks", "mmlu_pro", "--names"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("\nmmlu_pro\n"));
  EXPECT_THAT(shown.out, HasSubstr("\nlm-evaluation-harness.mmlu_pro\n"));
}

TEST(Tasks, FitAPatternWithWildcardsAsAWhole) {
  const Said shown = said({"tasks", "gpqa_diam*", "--names"});
  EXPECT_THAT(shown.out, HasSubstr("gpqa_diamond\n"));
  EXPECT_THAT(shown.out, ::testing::Not(HasSubstr("ns_gpqa")));
}

TEST(Tasks, ThatDoNotExistAreAnsweredWithThoseThatAreNear) {
  const Said nothing = said({"tasks", "gpqa_dimond"});
  EXPECT_EQ(nothing.code, 3);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, StartsWith("kubectl-lepton: no task of the catalogue fits \"gpqa_dimond\"\nhint: near: gpqa_diamond"));
}

}  // namespace
}  // namespace lepton_operator::cli
