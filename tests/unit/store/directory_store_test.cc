// What manifests make of objects, and what becomes of them over time, restarts and removals.
#include "store/directory_store.h"

#include <sys/stat.h>

#include "unit/store/directory_fixture.h"

namespace lepton_operator::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

TEST_F(DirectoryStoreTest, AManifestThatAppearsIsAnObjectAtOnce) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(find("nim"));
  EXPECT_EQ(find("nim")->meta.uid.size(), 36u);
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_EQ(find("nim")->meta.created, clock_.now());
  EXPECT_THAT(told_, ElementsAre("Invocation default/nim"));
}

TEST_F(DirectoryStoreTest, ItsUidIsOnDiskBeforeAnybodyIsToldOfIt) {
  std::string on_disk;
  on_told_ = [&](const ObjectKey&) { on_disk = read_text(state_of("nim")); };
  start();
  put("nim.yaml", an_invocation("nim"));
  EXPECT_THAT(on_disk, HasSubstr(uid("nim")));
}

TEST_F(DirectoryStoreTest, StateIsForItsOwnerAlone) {
  start();
  put("nim.yaml", an_invocation("nim"));
  struct stat info {};
  ASSERT_EQ(::stat(state().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
  ASSERT_EQ(::stat(state_of("nim").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(DirectoryStoreTest, AFileMayHoldSeveralKinds) {
  put("all.yaml", an_invocation("nim") + "---\n" + a_workspace("default") + "---\n" + a_secret("credentials", "s3cret-value"));
  start();
  EXPECT_TRUE(store_->synced());
  EXPECT_THAT(told_, ElementsAre("Secret default/credentials", "Workspace default/default", "Invocation default/nim"));
  EXPECT_TRUE(store_->find_workspace({"default", "default"}));
  EXPECT_TRUE(std::filesystem::exists(state() / "default" / "workspaces" / "default.yaml"));
}

TEST_F(DirectoryStoreTest, OtherFilesAreNoManifests) {
  start();
  for (const char* name : {".hidden.yaml", "nim.yaml~", ".nim.yaml.swp", "#nim.yaml#", "nim.yaml.bak", "notes.txt"})
    put(name, an_invocation("nim"));
  std::filesystem::create_directory(manifest("deeper.yaml"));
  put("deeper.yaml/nim.yaml", an_invocation("nim"));
  advance(10s);
  EXPECT_THAT(store_->invocations(), IsEmpty());
  EXPECT_THAT(store_->invalid_files(), IsEmpty());
}

TEST_F(DirectoryStoreTest, AChangedSpecIsANewGeneration) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string before = uid("nim");
  put("nim.yaml", with_timeout(an_invocation("nim"), "2h"));
  EXPECT_EQ(generation("nim"), 2);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_EQ(base::get_string(base::get_object(find("nim")->spec, "execution"), "timeout"), "2h");
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(DirectoryStoreTest, ACommentChangesNothing) {
  start();
  put("nim.yaml", an_invocation("nim"));
  put("nim.yaml", "# mine\n" + an_invocation("nim"));
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(DirectoryStoreTest, AnAnnotationIsToldButIsNoNewGeneration) {
  start();
  put("nim.yaml", an_invocation("nim"));
  put("nim.yaml", an_invocation("nim", "llama", "  annotations:\n    lepton.dev/abandon: no longer mine\n"));
  EXPECT_EQ(find("nim")->meta.annotations.at("lepton.dev/abandon"), "no longer mine");
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(DirectoryStoreTest, AChangeThatInotifyDoesNotSeeIsFoundByTheRescan) {
  TemporaryDirectory elsewhere;
  write_text(elsewhere.path() / "real.yaml", an_invocation("nim"));
  std::filesystem::create_symlink(elsewhere.path() / "real.yaml", manifest("nim.yaml"));
  start();
  write_text(elsewhere.path() / "real.yaml", with_timeout(an_invocation("nim"), "2h"));
  settle();
  EXPECT_EQ(generation("nim"), 1);
  advance(10s);
  EXPECT_EQ(generation("nim"), 2);
}

// --- Time to live ---

class ExpiringManifest : public DirectoryStoreTest {
 protected:
  Result<> expire(const std::string& name) {
    const auto read = find(name);
    invocation::InvocationStatus status = read->status;
    status.expired = true;
    const Result<> written = wait_for(store_->write_status(*context_, read, status));
    if (!written) return written;
    return wait_for(store_->remove_invocation(*context_, find(name)));
  }
  // Applied, expired, cleaned up.
  void let_it_end() {
    start();
    put("nim.yaml", an_invocation("nim"));
    ASSERT_TRUE(set_finalizer("nim", true));
    ASSERT_TRUE(expire("nim"));
    EXPECT_TRUE(deleting("nim"));
    ASSERT_TRUE(set_finalizer("nim", false));
    EXPECT_EQ(find("nim"), nullptr);
  }
};

TEST_F(ExpiringManifest, DoesNotRunAgainUnchangedNotEvenAfterARestart) {
  let_it_end();
  advance(10s);
  EXPECT_EQ(find("nim"), nullptr);
  put("nim.yaml", "# a comment\n" + an_invocation("nim"));
  EXPECT_EQ(find("nim"), nullptr);
  restart();
  advance(10s);
  EXPECT_EQ(find("nim"), nullptr);
}

TEST_F(ExpiringManifest, RunsAgainWhenItIsChanged) {
  let_it_end();
  put("nim.yaml", with_timeout(an_invocation("nim"), "2h"));
  ASSERT_NE(find("nim"), nullptr);
  EXPECT_FALSE(find("nim")->status.expired);
}

TEST_F(ExpiringManifest, RunsAgainWhenItWasAwayAndLeavesNothingWhenItIsAway) {
  let_it_end();
  ASSERT_TRUE(std::filesystem::exists(state_of("nim")));
  take_away("nim.yaml");
  advance(1s);
  advance(3s);
  EXPECT_FALSE(std::filesystem::exists(state_of("nim")));
  put("nim.yaml", an_invocation("nim"));
  EXPECT_NE(find("nim"), nullptr);
}

TEST_F(ExpiringManifest, DoesNotRunAgainAfterATimeInWhichItsFileCouldNotBeRead) {
  for (const bool restarted : {false, true}) {
    let_it_end();
    if (restarted) restart();
    put("nim.yaml", "kind: [Invocation\n");
    advance(1s);
    advance(3s);
    advance(3s);
    EXPECT_TRUE(std::filesystem::exists(state_of("nim")));
    put("nim.yaml", an_invocation("nim"));
    EXPECT_EQ(find("nim"), nullptr);
    take_away("nim.yaml");
    advance(1s);
    advance(3s);
    stop();
  }
}

TEST_F(ExpiringManifest, StaysItsFilesAlsoWhenAnotherNamesTheSameObject) {
  let_it_end();
  put("nim-old.yaml", an_invocation("nim", "gemma"));
  advance(10s);
  EXPECT_EQ(find("nim"), nullptr);
  EXPECT_THAT(lines_with(source("nim-old.yaml") + ":4: metadata.name: Invocation default/nim is already in"), testing::SizeIs(1));
  take_away("nim.yaml");
  advance(1s);
  EXPECT_NE(find("nim"), nullptr) << "the other one is a changed manifest then";
}

TEST_F(ExpiringManifest, IsKnownInTheFileThatItMovedTo) {
  let_it_end();
  std::filesystem::rename(manifest("nim.yaml"), manifest("moved.yaml"));
  settle();
  EXPECT_EQ(find("nim"), nullptr);
  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    put("moved.yaml", "kind: [Invocation\n");
    advance(1s);
    advance(3s);
    advance(3s);
    put("moved.yaml", an_invocation("nim"));
    EXPECT_EQ(find("nim"), nullptr);
  }
}

TEST_F(ExpiringManifest, IsNotForgottenByAStartBeforeTheMount) {
  let_it_end();
  stop();
  std::filesystem::rename(manifests(), root_.path() / "aside");
  std::filesystem::create_directory(manifests());
  start();
  advance(5s);
  advance(5s);
  EXPECT_TRUE(std::filesystem::exists(state_of("nim")));
  std::filesystem::remove_all(manifests());
  std::filesystem::rename(root_.path() / "aside", manifests());
  advance(2s);
  advance(10s);
  EXPECT_EQ(find("nim"), nullptr);
}

TEST_F(ExpiringManifest, ChangedWhileItsObjectGoesRunsWhenThatIsGone) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  ASSERT_TRUE(expire("nim"));
  const std::string before = uid("nim");
  put("nim.yaml", with_timeout(an_invocation("nim"), "2h"));
  ASSERT_TRUE(set_finalizer("nim", false));
  advance(1s);
  ASSERT_NE(find("nim"), nullptr);
  EXPECT_NE(uid("nim"), before);
}

// --- Removal ---

TEST_F(DirectoryStoreTest, AMissingFileIsNotARemovalForTwoSeconds) {
  start();
  put("nim.yaml", an_invocation("nim"));
  take_away("nim.yaml");
  advance(1'999ms);
  EXPECT_TRUE(find("nim"));
  EXPECT_EQ(told_.size(), 1u);
  advance(1ms);
  EXPECT_FALSE(find("nim"));
  EXPECT_EQ(told_.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(state_of("nim")));
}

TEST_F(DirectoryStoreTest, WhatHasAFinalizerIsMarkedAndStaysUntilItFalls) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  take_away("nim.yaml");
  advance(2s);
  EXPECT_EQ(find("nim")->meta.deleted, clock_.now());
  EXPECT_THAT(read_text(state_of("nim")), HasSubstr("deletionTimestamp"));
  ASSERT_TRUE(set_finalizer("nim", false));
  EXPECT_FALSE(find("nim"));
  EXPECT_FALSE(std::filesystem::exists(state_of("nim")));
}

TEST_F(DirectoryStoreTest, AFileThatReturnsInTimeWasNeverAway) {
  start();
  put("nim.yaml", an_invocation("nim"));
  for (int i = 0; i < 3; ++i) {
    take_away("nim.yaml");
    advance(1'500ms);
    put("nim.yaml", an_invocation("nim"));
    advance(1s);
  }
  EXPECT_TRUE(find("nim"));
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(DirectoryStoreTest, AnEditorMayRenameAndWriteAnew) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string before = uid("nim");
  std::filesystem::rename(manifest("nim.yaml"), manifest("nim.yaml~"));
  settle();
  write_text(manifest(".nim.yaml.tmp"), with_timeout(an_invocation("nim"), "2h"));
  std::filesystem::rename(manifest(".nim.yaml.tmp"), manifest("nim.yaml"));
  settle();
  advance(5s);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_EQ(generation("nim"), 2);
}

TEST_F(DirectoryStoreTest, AMountedConfigMapSwapsItsFilesAtOnce) {
  const auto version = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directory(manifest(name));
    if (!text.empty()) write_text(manifest(name) / "nim.yaml", text);
    std::filesystem::create_directory_symlink(name, manifest("..data_tmp"));
    std::filesystem::rename(manifest("..data_tmp"), manifest("..data"));
  };
  version("..2026_1", an_invocation("nim"));
  std::filesystem::create_symlink("..data/nim.yaml", manifest("nim.yaml"));
  start();
  const std::string before = uid("nim");
  version("..2026_2", with_timeout(an_invocation("nim"), "2h"));
  settle();
  EXPECT_EQ(generation("nim"), 2);
  EXPECT_EQ(uid("nim"), before);
  version("..2026_3", "");  // its key was taken out: first the link dangles, then it goes
  advance(5s);
  EXPECT_TRUE(find("nim"));
  take_away("nim.yaml");
  advance(2s);
  EXPECT_FALSE(find("nim"));
}

TEST_F(DirectoryStoreTest, AnObjectMayMoveToAnotherFile) {
  start();
  put("a.yaml", an_invocation("nim"));
  std::filesystem::rename(manifest("a.yaml"), manifest("b.yaml"));
  settle();
  const std::string before = uid("nim");
  advance(5s);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_THAT(find("nim")->meta.annotations.at("lepton.dev/manifest"), StartsWith("b.yaml@"));
}

TEST_F(DirectoryStoreTest, AFileThatReturnsDuringDeletionContributesItsAnnotationsOnly) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  take_away("nim.yaml");
  advance(2s);
  ASSERT_TRUE(deleting("nim"));
  put("nim.yaml", with_timeout(an_invocation("nim", "llama", "  annotations:\n    lepton.dev/abandon: the workspace is gone\n"), "2h"));
  EXPECT_TRUE(deleting("nim"));
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_EQ(find("nim")->meta.annotations.at("lepton.dev/abandon"), "the workspace is gone");
}

TEST_F(DirectoryStoreTest, WhenTheFinalizerFallsAFileThatReturnedIsANewObject) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string before = uid("nim");
  ASSERT_TRUE(set_finalizer("nim", true));
  take_away("nim.yaml");
  advance(2s);
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", false));
  ASSERT_TRUE(find("nim"));
  EXPECT_NE(uid("nim"), before);
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(find("nim")->meta.finalizers, IsEmpty());
}

// --- Restart ---

TEST_F(DirectoryStoreTest, ARestartCarriesOn) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  ASSERT_TRUE(set_progress("nim", "1/3"));
  const auto before = find("nim");
  restart();
  ASSERT_TRUE(find("nim"));
  EXPECT_EQ(uid("nim"), before->meta.uid);
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_EQ(find("nim")->status.progress, "1/3");
  EXPECT_TRUE(find("nim")->meta.has_finalizer(invocation::kCleanupFinalizer));
  EXPECT_EQ(find("nim")->meta.resource_version, before->meta.resource_version);
  EXPECT_THAT(told_, ElementsAre("Invocation default/nim"));
}

TEST_F(DirectoryStoreTest, WhatChangedWhileNobodyLookedIsAnUpdate) {
  start();
  put("nim.yaml", an_invocation("nim"));
  stop();
  put("nim.yaml", with_timeout(an_invocation("nim"), "2h"));
  start();
  EXPECT_EQ(generation("nim"), 2);
}

TEST_F(DirectoryStoreTest, WhatWasRemovedWhileNobodyLookedIsDeletedAfterTheSameTwoSeconds) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true));
  stop();
  take_away("nim.yaml");
  start();
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(told_, ElementsAre("Invocation default/nim"));
  advance(2s);
  EXPECT_TRUE(deleting("nim"));
  restart();
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(DirectoryStoreTest, WhatAnInterruptedWriteLeftBehindIsIgnoredAndRemoved) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string before = uid("nim");
  stop();
  const std::filesystem::path leftover = state() / "default" / ".nim.yaml.a1B2c3";
  write_text(leftover, read_text(state_of("nim")).substr(0, 40));
  start();
  EXPECT_EQ(uid("nim"), before);
  EXPECT_FALSE(std::filesystem::exists(leftover));
}

// --- Secrets ---

TEST_F(DirectoryStoreTest, SecretsAreReadFromManifestsAndNeverWrittenToState) {
  start();
  put("secret.yaml", a_secret("hf", "hf-0123456789") + "data:\n  binary: aGVsbG8td29ybGQ=\n");
  const auto values = wait_for(store_->read_secret(*context_, {"default", "hf"}));
  ASSERT_TRUE(values);
  EXPECT_THAT(*values, UnorderedElementsAre(testing::Pair("token", "hf-0123456789"), testing::Pair("binary", "hello-world")));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state())) {
    EXPECT_THAT(entry.is_regular_file() ? read_text(entry.path()) : "", Not(HasSubstr("hf-0123456789")));
  }
}

TEST_F(DirectoryStoreTest, AChangedSecretIsToldAndARemovedOneIsGoneAfterTwoSeconds) {
  start();
  put("secret.yaml", a_secret("hf", "first-value"));
  put("secret.yaml", a_secret("hf", "second-value"));
  EXPECT_THAT(told_, ElementsAre("Secret default/hf", "Secret default/hf"));
  take_away("secret.yaml");
  advance(2s);
  const auto values = wait_for(store_->read_secret(*context_, {"default", "hf"}));
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().kind, base::ErrorKind::kNotFound);
  EXPECT_THAT(values.error().text(), HasSubstr("there is no Secret default/hf among the manifests in " + manifests().string()));
}

// --- Writing ---

TEST_F(DirectoryStoreTest, AStatusIsOnDiskAndVisibleWhenTheWriteReturnsAndTellsNobody) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_progress("nim", "2/3"));
  EXPECT_EQ(find("nim")->status.progress, "2/3");
  EXPECT_THAT(read_text(state_of("nim")), HasSubstr("2/3"));
  EXPECT_EQ(told_.size(), 1u);
}

TEST_F(DirectoryStoreTest, AStaleWriteIsRefused) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const auto stale = find("nim");
  ASSERT_TRUE(set_progress("nim", "1/3"));
  const Result<> written = write_progress(stale, "0/3");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, base::ErrorKind::kConflict);
  EXPECT_EQ(find("nim")->status.progress, "1/3");
}

TEST_F(DirectoryStoreTest, AWriteToWhatIsGoneFindsNothing) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const auto read = find("nim");
  take_away("nim.yaml");
  advance(2s);
  EXPECT_EQ(write_progress(read, "1/3").error().kind, base::ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(state_of("nim")));
}

TEST_F(DirectoryStoreTest, AWriteThatFailsChangesNothing) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const auto before = find("nim");
  std::filesystem::rename(state() / "default", root_.path() / "aside");
  write_text(state() / "default", "in the way");
  const Result<> written = set_progress("nim", "1/3");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, base::ErrorKind::kServer);
  EXPECT_EQ(find("nim"), before);
}

TEST_F(DirectoryStoreTest, AManifestThatCannotBeRecordedIsTriedAgain) {
  start();
  write_text(state() / "default", "in the way");
  put("nim.yaml", an_invocation("nim"));
  EXPECT_FALSE(find("nim"));
  advance(1s);
  EXPECT_EQ(lines_with("cannot record").size(), 1u);
  std::filesystem::remove(state() / "default");
  advance(1s);
  EXPECT_TRUE(find("nim"));
}

TEST_F(DirectoryStoreTest, AWorkspacesStatusIsKeptToo) {
  start();
  put("workspace.yaml", a_workspace("default"));
  invocation::WorkspaceStatus status;
  status.workspace_name = "Team";
  ASSERT_TRUE(wait_for(store_->write_status(*context_, store_->find_workspace({"default", "default"}), status)));
  restart();
  EXPECT_EQ(store_->find_workspace({"default", "default"})->status.workspace_name, "Team");
}

}  // namespace
}  // namespace lepton_operator::store
