#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/verb.h"
#include "unit/cli/said.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string completed(std::vector<std::string> words) {
  words.insert(words.begin(), kComplete);
  const Said answer = said(words);
  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.err, "");
  return answer.out;
}

TEST(Completion, OffersEveryVerbWithWhatItDoes) {
  const std::string offered = completed({""});
  for (const VerbEntry& entry : all_verbs()) {
    const std::string name = entry.name;
    if (name.find(' ') == std::string::npos) {
      EXPECT_THAT(offered, HasSubstr(name + "\t" + entry.manual.summary + "\n"));
    }
  }
  EXPECT_EQ(completed({"sus"}), "suspend\tstop what an Invocation runs and give its GPUs back\n:4\n");
}

TEST(Completion, OffersTheFlagsOfAVerbAndThoseThatAllShare) {
  const std::string offered = completed({"run", "-"});
  EXPECT_THAT(offered, HasSubstr("--wait\tshow how it goes, and return when it is over\n"));
  EXPECT_THAT(offered, HasSubstr("--kubeconfig\t"));
  EXPECT_THAT(completed({"status", "-"}), Not(HasSubstr("--dry-run")));
  EXPECT_EQ(completed({"run", "--dry"}), "--dry-run\tclient: check and send nothing\n:4\n");
}

TEST(Completion, OffersTheValuesOfAFlag) {
  EXPECT_EQ(completed({"run", "--dry-run", ""}), "client\nserver\n:4\n");
  EXPECT_EQ(completed({"run", "--dry-run=s"}), "--dry-run=server\n:4\n");
  EXPECT_EQ(completed({"status", "-o", "w"}), "wide\n:4\n");
  EXPECT_EQ(completed({"workspace", "check", "--output", ""}), "json\ntext\n:4\n");
  EXPECT_EQ(completed({"render", "--output="}), "--output=json\n--output=yaml\n:4\n");
  EXPECT_EQ(completed({"render", "--api-family", "d"}), "deployments\n:4\n");
}

TEST(Completion, LeavesFilesAndDirectoriesToTheShell) {
  EXPECT_EQ(completed({"run", "-f", ""}), ":0\n");
  EXPECT_EQ(completed({"--kubeconfig", "x"}), ":0\n");
  EXPECT_EQ(completed({"status", "--manifests", ""}), ":16\n");
}

TEST(Completion, OffersBenchmarksAndShells) {
  EXPECT_THAT(completed({"tasks", "gpqa_diam"}), StartsWith("gpqa_diamond"));
  EXPECT_EQ(completed({"completion", ""}), "bash\nfish\nkubectl\nzsh\n:4\n");
}

TEST(Completion, IsQuietWhereThereIsNothingToAsk) {
  EXPECT_EQ(completed({"status", ""}), ":4\n") << "no kubeconfig";
  EXPECT_EQ(completed({"nonsense", "--more", ""}), completed({"nonsense", ""}));
  EXPECT_EQ(completed({"status", "--nothing=", ""}), ":4\n");
}

TEST(CompletionScript, IsThereForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish", "kubectl"}) {
    const Said script = said({"completion", shell});
    EXPECT_EQ(script.code, 0);
    EXPECT_THAT(script.out, HasSubstr("__complete"));
  }
  EXPECT_EQ(said({"completion", "tcsh"}).code, 2);
}

}  // namespace
}  // namespace lepton_operator::cli
