#include "cli/check.h"

#include <gmock/gmock.h>

namespace lepton_operator::cli {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;

constexpr base::Timestamp kToday{std::chrono::hours(24 * 365 * 56)};

lepton::GroupOffer group(const std::string& id, const std::string& name) {
  return {{id, name}, 3, std::vector<std::string>{"node-nfs:lepton-shared-fs"}};
}

// A workspace in which all that is wanted is there.
struct HealthyWorkspace {
  lepton::Credentials credentials{"ws1", "s3cr3t-token", "https://gateway.example/api/v2/workspaces/ws1", std::nullopt};
  Wants wants;
  Survey survey{
      lepton::WorkspaceRecord{{"team", "normal", lepton::ApiFamily::kDeployments}, 1},
      std::optional(kToday + std::chrono::hours(24 * 90)),
      std::vector<lepton::GroupOffer>{group("h200-eu-a1", "h200-eu"), group("cpu-eu-b2", "cpu-eu")},
      {{{"h200-eu-a1", "deployment"}, std::vector<std::string>{"gpu.1xh200"}}, {{"", "job"}, std::vector<std::string>{"cpu.small"}}},
      std::vector<std::string>{"HF_TOKEN"},
      std::vector<std::string>{"lepton-shared-fs"}};

  HealthyWorkspace() {
    wants.groups["h200-eu"] = "team/llama: spec.deployment.nodeGroup";
    wants.shapes[{"gpu.1xh200", "h200-eu", "deployment"}] = "team/llama: spec.deployment.resourceShape";
    wants.shapes[{"cpu.small", "", "job"}] = "team/llama: spec.execution.resourceShape";
    wants.volumes[{"node-nfs:lepton-shared-fs", ""}] = "team/llama: spec.storage.from";
    wants.lepton_secrets["HF_TOKEN"] = "team/llama: spec.execution.envs.HF_TOKEN";
  }

  // "fault node groups: ... -> remedy", of all that is not well.
  std::vector<std::string> troubles() const {
    std::vector<std::string> lines;
    for (const Finding& finding : judge({credentials, "Secret team/lepton", wants, survey, kToday})) {
      EXPECT_THAT(finding.what + finding.remedy, ::testing::Not(HasSubstr("s3cr3t")));
      if (finding.health == Health::kGood) continue;
      EXPECT_TRUE(finding.health != Health::kFault || !finding.remedy.empty()) << finding.what;
      lines.push_back(std::string(to_string(finding.health)) + " " + finding.part + ": " + finding.what + " -> " + finding.remedy);
    }
    return lines;
  }
};

TEST(WorkspaceCheck, HasNothingToSayOfAWorkspaceInWhichAllIsThere) { EXPECT_THAT(HealthyWorkspace().troubles(), ::testing::IsEmpty()); }

TEST(WorkspaceCheck, NamesANodeGroupThatIsNotThereAndTheNearest) {
  HealthyWorkspace at;
  at.wants.groups["h20-eu"] = "team/other: spec.execution.nodeGroup";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(
                                 "fault node groups: team/other: spec.execution.nodeGroup: there is no node group \"h20-eu\"; did you mean "
                                 "h200-eu? -> the workspace has h200-eu (h200-eu-a1), cpu-eu (cpu-eu-b2)"));
}

TEST(WorkspaceCheck, AsksForAnIdWhereTwoGroupsHaveOneName) {
  HealthyWorkspace at;
  at.survey.groups->push_back(group("h200-eu-c3", "h200-eu"));
  EXPECT_THAT(at.troubles(),
              ::testing::ElementsAre("fault node groups: team/llama: spec.deployment.nodeGroup: several are called \"h200-eu\" "
                                     "-> write the id of one: h200-eu-a1 or h200-eu-c3"));
}

TEST(WorkspaceCheck, NotesAGroupWithoutAReadyNode) {
  HealthyWorkspace at;
  at.survey.groups->front().ready_nodes = 0;
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("note node groups: h200-eu has no node that is ready")));
}

TEST(WorkspaceCheck, NamesAShapeThatTheGroupDoesNotOffer) {
  HealthyWorkspace at;
  at.wants.shapes[{"gpu.1xh100", "h200-eu", "deployment"}] = "team/other: spec.deployment.resourceShape";
  EXPECT_THAT(at.troubles(),
              ::testing::ElementsAre(HasSubstr("node group h200-eu offers no shape \"gpu.1xh100\"; did you mean gpu.1xh200?")));
}

TEST(WorkspaceCheck, TellsOfAMissingGroupOnceAndNotAgainByItsShapesAndVolumes) {
  HealthyWorkspace at;
  at.wants.groups["gone"] = "x";
  at.wants.shapes[{"gpu.1xh200", "gone", "deployment"}] = "x";
  at.wants.volumes[{"node-nfs:lepton-shared-fs", "gone"}] = "x";
  EXPECT_EQ(at.troubles().size(), 1u);
}

TEST(WorkspaceCheck, NamesAVolumeThatNoGroupHasAndAFileSystemThatIsNotThere) {
  HealthyWorkspace at;
  at.wants.volumes[{"node-nfs:lepton-shared", ""}] = "team/other: spec.storage.from";
  at.wants.volumes[{"default", ""}] = "team/other: spec.storage.mounts[0].from";
  EXPECT_THAT(at.troubles(),
              ::testing::UnorderedElementsAre(
                  HasSubstr("no node group has the volume \"node-nfs:lepton-shared\"; did you mean node-nfs:lepton-shared-fs?"),
                  HasSubstr("the workspace has no file system \"default\"")));
}

TEST(WorkspaceCheck, KnowsThatALocalDiskIsEverywhere) {
  HealthyWorkspace at;
  at.wants.volumes[{"node-local", "h200-eu"}] = "x";
  EXPECT_THAT(at.troubles(), ::testing::IsEmpty());
}

TEST(WorkspaceCheck, NamesALeptonSecretThatIsNotThere) {
  HealthyWorkspace at;
  at.wants.lepton_secrets["HF_TOKN"] = "team/other: spec.execution.envs.HF_TOKEN";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("there is no Lepton secret \"HF_TOKN\"; did you mean HF_TOKEN?")));
}

TEST(WorkspaceCheck, KnowsOnlyHowManyImagePullSecretsThereAre) {
  HealthyWorkspace at;
  at.wants.image_pull_secrets["pull"] = "team/llama: spec.deployment.imagePullSecrets";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("note image pull secrets: 1 is named")));
  at.survey.workspace->image_pull_secrets = 0;
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("fault image pull secrets: ")));
}

TEST(WorkspaceCheck, TellsOfATokenThatExpiresWithinAWeek) {
  HealthyWorkspace at;
  at.survey.token_expires_at = std::optional(kToday + std::chrono::hours(24));
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("note token: it expires at 2025-12-19T00:00:00Z")));
}

TEST(WorkspaceCheck, TellsOfAWorkspaceThatIsPaused) {
  HealthyWorkspace at;
  at.survey.workspace->info.state = "paused";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("fault workspace: its state is paused: nothing starts in it")));
}

TEST(WorkspaceCheck, TellsAServerWithoutStorageApiFromOneWhoseStorageFails) {
  HealthyWorkspace at;
  at.survey.file_systems = Error{ErrorKind::kNotFound, "lepton answered 404 to GET /storage"};
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("note storage API: this workspace has none")));
  at.survey.file_systems = Error{ErrorKind::kServer, "lepton answered 503 to GET /storage"};
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("fault storage API: it cannot be reached: lepton answered 503")));
}

TEST(WorkspaceCheck, SaysUnknownWhereAPartCannotBeRead) {
  HealthyWorkspace at;
  at.survey.secrets = Error{ErrorKind::kServer, "lepton answered 500 to GET /usersecrets"};
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("unknown secrets: they cannot be read: lepton answered 500")));
}

TEST(WorkspaceCheck, SaysOfEachRefusalOfTheCredentialsWhatToDo) {
  const std::vector<std::pair<ErrorKind, std::string>> told = {{ErrorKind::kUnauthorized, "put it into Secret team/lepton"},
                                                               {ErrorKind::kForbidden, "a token of that workspace"},
                                                               {ErrorKind::kNotFound, "not its name"},
                                                               {ErrorKind::kUnreachable, "HTTPS_PROXY"},
                                                               {ErrorKind::kMalformed, "is not Lepton"},
                                                               {ErrorKind::kServer, "wait"}};
  for (const auto& [kind, words] : told) {
    HealthyWorkspace at;
    at.survey.workspace = Error{kind, "why"};
    EXPECT_THAT(at.troubles(), ::testing::ElementsAre(::testing::AllOf(HasSubstr("fault credentials: "), HasSubstr(words))));
  }
  HealthyWorkspace at;
  at.survey.workspace = Error{ErrorKind::kUnreachable, "the server's certificate is not trusted"};
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("--lepton-ca-file")));
}

TEST(WorkspaceCheck, SeesThatTheUrlIsAnotherWorkspacesOrNone) {
  HealthyWorkspace at;
  at.credentials.url = "https://gateway.example/api/v2/workspaces/ws2";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("the URL is that of workspace \"ws2\", but the credentials are of \"ws1\"")));
  at.credentials.url = "https://gateway.example";
  EXPECT_THAT(at.troubles(), ::testing::ElementsAre(HasSubstr("the URL https://gateway.example is not that of a workspace")));
}

}  // namespace
}  // namespace lepton_operator::cli
