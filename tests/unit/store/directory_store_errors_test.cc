// What is wrong with a manifest, a directory or a state file: said once, where it can be mended, and without harm to anything else.
#include <fstream>

#include <sys/stat.h>

#include "unit/store/directory_fixture.h"

namespace lepton_operator::store {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

using DirectoryStoreErrors = DirectoryStoreTest;

TEST_F(DirectoryStoreErrors, AnUnknownFieldIsToldWithFileLineAndFieldOnce) {
  start();
  put("nim.yaml", a_misspelt_invocation("nim"));
  advance(30s);
  const std::string sentence = source("nim.yaml") + ":10: spec.target.modellId: unknown field; did you mean modelId?";
  EXPECT_THAT(lines_with(sentence), SizeIs(1));
  EXPECT_THAT(lines_with(sentence), ElementsAre(AllOf(HasSubstr("level=warn"), HasSubstr("invocation=default/nim"))));
  EXPECT_THAT(store_->invalid_files(), ElementsAre(source("nim.yaml")));
  EXPECT_THAT(accepted_in(state_of("nim")), AllOf(StartsWith("False Invalid: "), HasSubstr(sentence)));
}

TEST_F(DirectoryStoreErrors, WhatWasNeverAcceptedIsNoObject) {
  start();
  put("nim.yaml", a_misspelt_invocation("nim"));
  EXPECT_FALSE(find("nim"));
  EXPECT_THAT(store_->invocations(), IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
  restart();
  EXPECT_THAT(store_->invocations(), IsEmpty());
  EXPECT_THAT(read_text(state_of("nim")), HasSubstr("phase: Pending"));
  put("nim.yaml", an_invocation("nim"));
  EXPECT_TRUE(find("nim"));
  EXPECT_EQ(accepted_in(state_of("nim")), "no condition");
  EXPECT_THAT(store_->invalid_files(), IsEmpty());
}

TEST_F(DirectoryStoreErrors, ARejectedManifestThatGoesLeavesNoState) {
  start();
  put("nim.yaml", a_misspelt_invocation("nim"));
  restart();
  ASSERT_TRUE(std::filesystem::exists(state_of("nim")));
  take_away("nim.yaml");
  advance(2s);
  EXPECT_FALSE(std::filesystem::exists(state_of("nim")));
}

TEST_F(DirectoryStoreErrors, ABrokenDocumentDoesNotDisturbItsNeighboursInTheFile) {
  start();
  put("all.yaml", an_invocation("first") + "---\n" + an_invocation("second") + "  bad: [1, 2\n---\n" + an_invocation("third"));
  EXPECT_TRUE(find("first"));
  EXPECT_FALSE(find("second"));
  EXPECT_TRUE(find("third"));
  EXPECT_THAT(accepted_in(state_of("second")), StartsWith("False Invalid: " + source("all.yaml") + ":"));
}

TEST_F(DirectoryStoreErrors, AFileThatIsNoYamlDoesNotDisturbTheOthers) {
  put("broken.yaml", "kind: [Invocation\n\t}: {");
  put("nim.yaml", an_invocation("nim"));
  start();
  advance(300ms);
  EXPECT_TRUE(find("nim"));
  EXPECT_THAT(lines_with(source("broken.yaml") + ":"), SizeIs(1));
  EXPECT_THAT(store_->invalid_files(), ElementsAre(source("broken.yaml")));
}

TEST_F(DirectoryStoreErrors, AManifestThatNoLongerParsesLeavesItsLastGoodVersionInForce) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string before = uid("nim");
  put("nim.yaml", "kind: [Invocation\n");
  advance(30s);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(accepted_in(state_of("nim")), StartsWith("True UpdateRefused: " + source("nim.yaml") + ":"));
  restart();
  advance(30s);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_FALSE(deleting("nim"));
  put("nim.yaml", an_invocation("nim"));
  EXPECT_EQ(accepted_in(state_of("nim")), "no condition");
}

TEST_F(DirectoryStoreErrors, AMisspeltKindIsNotARemoval) {
  start();
  put("nim.yaml", an_invocation("nim"));
  std::string text = an_invocation("nim");
  put("nim.yaml", text.replace(text.find("Invocation"), 10, "Invocatoin"));
  advance(30s);
  EXPECT_FALSE(deleting("nim"));
  EXPECT_TRUE(find("nim"));
  EXPECT_THAT(lines_with(":2: kind: unknown kind Invocatoin; did you mean Invocation?"), SizeIs(1));
}

TEST_F(DirectoryStoreErrors, ARefusedUpdateKeepsTheLastGoodSpecAndSaysSo) {
  start();
  put("nim.yaml", an_invocation("nim", "llama"));
  put("nim.yaml", an_invocation("nim", "gemma"));
  advance(30s);
  EXPECT_EQ(base::get_string(base::get_object(find("nim")->spec, "target"), "modelId"), "llama");
  EXPECT_EQ(generation("nim"), 1);
  EXPECT_THAT(lines_with(source("nim.yaml") + ":"), SizeIs(1));
  EXPECT_THAT(accepted_in(state_of("nim")), AllOf(StartsWith("True UpdateRefused: "), HasSubstr("spec.target")));
}

TEST_F(DirectoryStoreErrors, TheRefusalOutlivesThePlannersWritesAndEndsWithTheMistake) {
  start();
  put("nim.yaml", an_invocation("nim", "llama"));
  put("nim.yaml", an_invocation("nim", "gemma"));
  ASSERT_TRUE(set_progress("nim", "1/3"));
  EXPECT_THAT(accepted_in(state_of("nim")), StartsWith("True UpdateRefused: "));
  EXPECT_THAT(find("nim")->status.conditions, IsEmpty()) << "in memory the conditions are the planner's";
  put("nim.yaml", an_invocation("nim", "llama"));
  EXPECT_EQ(accepted_in(state_of("nim")), "no condition");
  EXPECT_THAT(store_->invalid_files(), IsEmpty());
}

TEST_F(DirectoryStoreErrors, OfTwoManifestsForOneObjectTheSecondIsRefused) {
  start();
  put("b.yaml", an_invocation("nim", "llama"));
  put("a.yaml", an_invocation("nim", "gemma"));
  EXPECT_EQ(base::get_string(base::get_object(find("nim")->spec, "target"), "modelId"), "llama");
  EXPECT_THAT(lines_with(source("a.yaml") + ":4: metadata.name: Invocation default/nim is already in " + source("b.yaml") + ":4"),
              SizeIs(1));
  EXPECT_THAT(store_->invalid_files(), ElementsAre(source("a.yaml")));
}

TEST_F(DirectoryStoreErrors, ANameThatIsNoFileNameIsRefused) {
  start();
  put("nim.yaml", an_invocation("../../escape"));
  advance(1s);
  EXPECT_THAT(store_->invocations(), IsEmpty());
  EXPECT_THAT(lines_with(":4: metadata.name: must be at most 63"), SizeIs(1));
}

TEST_F(DirectoryStoreErrors, ASecretsValueNeverStandsInASentence) {
  start();
  put("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hf\ndata:\n  token: not*base64*at*all\n");
  ASSERT_THAT(lines_with("secret.yaml:6: data.token: is not base64"), SizeIs(1));
  EXPECT_THAT(lines_with("not*base64"), IsEmpty());
}

// --- Files that are being written ---

TEST_F(DirectoryStoreErrors, AHalfWrittenFileIsNotReadUntilItIsClosed) {
  start();
  const std::string text = an_invocation("nim") + "      - name: hellaswag\n";
  std::ofstream file(manifest("nim.yaml"));
  file << text.substr(0, text.size() - 25) << std::flush;
  settle();
  advance(200ms);
  EXPECT_THAT(store_->invocations(), IsEmpty());
  EXPECT_THAT(store_->invalid_files(), IsEmpty());
  file << text.substr(text.size() - 25) << std::flush;
  file.close();
  settle();
  ASSERT_TRUE(find("nim"));
  EXPECT_EQ(base::elements(base::find(base::get_object(find("nim")->spec, "evaluation"), "tasks")).size(), 2u);
  EXPECT_EQ(generation("nim"), 1);
}

TEST_F(DirectoryStoreErrors, AnErrorInAFileThatStaysOpenIsToldWhenItCameToRest) {
  start();
  std::ofstream file(manifest("nim.yaml"));
  file << "kind: [Invocation" << std::flush;
  settle();
  advance(299ms);
  EXPECT_THAT(store_->invalid_files(), IsEmpty());
  advance(1ms);
  EXPECT_THAT(store_->invalid_files(), SizeIs(1));
}

// --- The manifest directory ---

TEST_F(DirectoryStoreErrors, AMissingDirectoryDeletesNothing) {
  start();
  put("nim.yaml", an_invocation("nim"));
  std::filesystem::rename(manifests(), root_.path() / "aside");
  settle();
  advance(30s);
  EXPECT_TRUE(find("nim"));
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(lines_with("level=error"), SizeIs(1));
  std::filesystem::rename(root_.path() / "aside", manifests());
  advance(1s);
  EXPECT_THAT(lines_with("can be read again"), SizeIs(1));
  put("other.yaml", an_invocation("other"));
  EXPECT_TRUE(find("other")) << "the directory is watched again";
}

TEST_F(DirectoryStoreErrors, AnAbsenceDoesNotGoOnWhileTheDirectoryIsAway) {
  start();
  put("nim.yaml", an_invocation("nim"));
  take_away("nim.yaml");
  advance(1s);
  std::filesystem::rename(manifests(), root_.path() / "aside");
  settle();
  advance(5s);
  std::filesystem::rename(root_.path() / "aside", manifests());
  advance(1s);
  EXPECT_TRUE(find("nim"));
  advance(2s);
  EXPECT_FALSE(find("nim"));
}

TEST_F(DirectoryStoreErrors, ADirectoryThatCannotBeReadDeletesNothing) {
  start();
  put("nim.yaml", an_invocation("nim"));
  std::filesystem::rename(manifests(), root_.path() / "aside");
  write_text(manifests(), "not a directory");
  advance(30s);
  EXPECT_TRUE(find("nim"));
  EXPECT_THAT(lines_with("cannot read the manifest directory"), SizeIs(1));
}

TEST_F(DirectoryStoreErrors, AnotherDeviceInItsPlaceDeletesNothing) {
  struct stat here {};
  struct stat there {};
  if (::stat(root_.path().c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev) {
    GTEST_SKIP() << "there is no second device at /dev/shm";
  }
  TemporaryDirectory elsewhere("/dev/shm");
  start();
  put("nim.yaml", an_invocation("nim"));
  std::filesystem::rename(manifests(), root_.path() / "aside");
  std::filesystem::create_directory_symlink(elsewhere.path(), manifests());
  advance(30s);
  EXPECT_TRUE(find("nim"));
  EXPECT_THAT(lines_with("on another device than before"), SizeIs(1));
}

TEST_F(DirectoryStoreErrors, WithoutItsManifestDirectoryAStartKeepsWhatItHad) {
  start();
  put("nim.yaml", an_invocation("nim"));
  stop();
  std::filesystem::rename(manifests(), root_.path() / "aside");
  start();
  EXPECT_FALSE(store_->synced());
  EXPECT_THAT(told_, ElementsAre("Invocation default/nim"));
  std::filesystem::rename(root_.path() / "aside", manifests());
  advance(1s);
  EXPECT_TRUE(store_->synced());
  EXPECT_TRUE(find("nim"));
}

TEST_F(DirectoryStoreErrors, NothingRunsHotWhileAllIsQuiet) {
  start();
  put("nim.yaml", a_misspelt_invocation("nim"));
  advance(3s);
  EXPECT_GE(*clock_.next() - clock_.now(), 1s);
}

// --- The state directory ---

TEST_F(DirectoryStoreErrors, ManifestsMayNotLieInTheStateDirectory) {
  for (const auto& place : {state(), state() / "manifests"}) {
    const auto store = make_directory_store(io_, clock_, *random_, log_, {.manifests = place, .state = state()});
    Context context(clock_);
    const Result<> ended = wait_for(store->run(context, [](Kind, ObjectKey) {}));
    ASSERT_FALSE(ended) << place;
    EXPECT_EQ(ended.error().kind, base::ErrorKind::kInvalid);
  }
}

TEST_F(DirectoryStoreErrors, AStateDirectoryThatCannotBeMadeStopsTheStart) {
  write_text(root_.path() / "file", "");
  const auto store =
      make_directory_store(io_, clock_, *random_, log_, {.manifests = manifests(), .state = root_.path() / "file" / "state"});
  Context context(clock_);
  const Result<> ended = wait_for(store->run(context, [](Kind, ObjectKey) {}));
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().text(), HasSubstr("the state directory cannot be used"));
}

// A scan that has nothing to write, since an absence has to hold once more, proves nothing.
TEST_F(DirectoryStoreErrors, ThatStateCanBeWrittenAgainIsSaidWhenSomethingWas) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true).ok());
  std::filesystem::rename(state() / "default", root_.path() / "aside");
  write_text(state() / "default", "in the way");
  take_away("nim.yaml");
  for (int i = 0; i < 60; ++i) advance(1s);
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(lines_with("cannot record the deletion of"), SizeIs(1));
  EXPECT_THAT(lines_with("state can be written again"), IsEmpty());
  std::filesystem::remove(state() / "default");
  std::filesystem::rename(root_.path() / "aside", state() / "default");
  for (int i = 0; i < 10; ++i) advance(1s);
  EXPECT_TRUE(deleting("nim"));
  EXPECT_THAT(lines_with("state can be written again"), SizeIs(1));
}

TEST_F(DirectoryStoreErrors, AStateFileThatCannotBeUnderstoodIsLeftAlone) {
  start();
  put("nim.yaml", an_invocation("nim"));
  const std::string good = read_text(state_of("nim"));
  const std::string before = uid("nim");
  stop();
  write_text(state_of("nim"), "kind: [");
  put("other.yaml", an_invocation("other"));
  start();
  advance(30s);
  EXPECT_FALSE(find("nim"));
  EXPECT_TRUE(find("other"));
  EXPECT_EQ(read_text(state_of("nim")), "kind: [");
  EXPECT_THAT(lines_with("level=error"), SizeIs(1));
  EXPECT_THAT(lines_with("nim.yaml:1: nothing is done for this object"), SizeIs(1));
  write_text(state_of("nim"), good);
  advance(10s);
  EXPECT_EQ(uid("nim"), before) << "mended: it carries on";
}

TEST_F(DirectoryStoreErrors, AStateFileWithoutUidIsLeftAloneToo) {
  start();
  put("nim.yaml", an_invocation("nim"));
  stop();
  write_text(state_of("nim"), "apiVersion: lepton.dev/v1alpha1\nkind: Invocation\nmetadata:\n  name: nim\n  namespace: default\n");
  start();
  EXPECT_FALSE(find("nim"));
  EXPECT_THAT(lines_with("metadata.uid is missing"), Not(IsEmpty()));
}

TEST_F(DirectoryStoreErrors, AFileWhoseNameIsNoUtf8IsReadAndKnownAgainAfterARestart) {
  const std::string name = "caf\xFF%.yaml";
  start();
  put(name, an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true).ok());
  const std::string before = uid("nim");
  restart();
  EXPECT_EQ(uid("nim"), before);
  EXPECT_THAT(lines_with("cannot be understood"), IsEmpty());
  EXPECT_THAT(told_, SizeIs(1)) << "nothing has changed";
  stop();
  put(name, "kind: [Invocation\n");
  start();
  advance(1s);
  advance(30s);
  EXPECT_EQ(uid("nim"), before);
  EXPECT_FALSE(deleting("nim")) << "it is the file that the object came from";
  EXPECT_THAT(store_->invalid_files(), ElementsAre(source("caf\uFFFD%.yaml"))) << "a metric's label is UTF-8";
  EXPECT_THAT(accepted_in(state_of("nim")), StartsWith("True UpdateRefused: " + source("caf\uFFFD%.yaml") + ":"));
}

TEST_F(DirectoryStoreErrors, AStatusOfAnyBytesIsReadBack) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_progress("nim", "last log line: caf\xE9").ok());
  restart();
  ASSERT_TRUE(find("nim"));
  EXPECT_EQ(find("nim")->status.progress, "last log line: caf\uFFFD");
}

// --- The wrong directory at the start ---

class AnotherDirectoryAtTheStart : public DirectoryStoreTest {
 protected:
  // An Invocation with something in Lepton; then a start before the volume is mounted.
  AnotherDirectoryAtTheStart() {
    start();
    put("nim.yaml", an_invocation("nim"));
    EXPECT_TRUE(set_finalizer("nim", true).ok());
    stop();
    std::filesystem::rename(manifests(), root_.path() / "aside");
    std::filesystem::create_directory(manifests());
  }
  void mount() {
    std::filesystem::remove_all(manifests());
    std::filesystem::rename(root_.path() / "aside", manifests());
  }
};

TEST_F(AnotherDirectoryAtTheStart, ThatIsEmptyDeletesNothingAndSaysOnceWhatToDo) {
  start();
  advance(60s);
  EXPECT_TRUE(store_->synced());
  EXPECT_TRUE(find("nim"));
  EXPECT_FALSE(deleting("nim"));
  EXPECT_THAT(lines_with("put any manifest there, even one without documents (empty.yaml)"), SizeIs(1));
  restart();
  advance(60s);
  EXPECT_FALSE(deleting("nim"));
}

TEST_F(AnotherDirectoryAtTheStart, IsReadAsSoonAsItIsMounted) {
  start();
  advance(5s);
  mount();
  advance(2s);
  EXPECT_THAT(lines_with("believed again"), SizeIs(1));
  advance(10s);
  EXPECT_FALSE(deleting("nim"));
  take_away("nim.yaml");
  advance(2s);
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(AnotherDirectoryAtTheStart, IsBelievedWithAnyManifestEvenOneWithoutDocuments) {
  start();
  advance(5s);
  put("empty.yaml", "# all of it is to go\n");
  advance(3s);
  advance(3s);
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(AnotherDirectoryAtTheStart, IsAdoptedWhenItHoldsManifests) {
  put("nim.yaml", an_invocation("nim"));
  start();
  take_away("nim.yaml");
  restart();
  advance(1s);
  advance(3s);
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(DirectoryStoreErrors, TheSameDirectoryEmptiedWhileTheOperatorWasDownIsARemoval) {
  start();
  put("nim.yaml", an_invocation("nim"));
  ASSERT_TRUE(set_finalizer("nim", true).ok());
  stop();
  std::filesystem::remove(manifest("nim.yaml"));
  start();
  advance(2s);
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(DirectoryStoreErrors, AStateFileLargerThanAnyManifestIsReadBack) {
  std::string note;
  for (int i = 0; i < 500'000; ++i) note += "a\\n";
  start();
  put("nim.yaml", an_invocation("nim", "llama", "  annotations: {note: \"" + note + "\"}\n"));
  const std::string before = uid("nim");
  ASSERT_NE(before, "none");
  ASSERT_GT(std::filesystem::file_size(state_of("nim")), 3u << 20);
  restart();
  EXPECT_EQ(uid("nim"), before);
  EXPECT_THAT(lines_with("cannot be understood"), IsEmpty());
}

TEST_F(DirectoryStoreErrors, AnObjectLargerThanAnApiServerStoresIsRefused) {
  start();
  put("nim.yaml", an_invocation("nim", "llama", "  annotations: {note: \"" + std::string(1'600'000, 'a') + "\"}\n"));
  EXPECT_FALSE(find("nim"));
  EXPECT_THAT(lines_with("more than the 1536 KiB that an API server stores"), SizeIs(1));
}

}  // namespace
}  // namespace lepton_operator::store
