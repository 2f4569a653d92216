// A file that is there, although not whole, not readable or under another name, is no removal of what came from it.
#include <fstream>

#include "unit/store/directory_fixture.h"

namespace lepton_operator::store {
namespace {

using namespace std::chrono_literals;
using testing::StartsWith;

const std::string kBroken = "kind: [Invocation\n";

// An Invocation with something in Lepton.
class ManifestsPresence : public DirectoryStoreTest {
 protected:
  void apply(const std::string& name) {
    start();
    put(name, an_invocation("nim"));
    ASSERT_TRUE(set_finalizer("nim", true));
    uid_ = uid("nim");
  }
  bool untouched() const { return uid("nim") == uid_ && !deleting("nim"); }
  // Long enough for a deletion, in as many scans as one takes.
  void wait() {
    for (int i = 0; i < 4; ++i) advance(1s);
  }

  std::string uid_;
};

// --- Changes of which inotify tells nothing ---

class ALinksTarget : public ManifestsPresence {
 protected:
  ALinksTarget() {
    write(an_invocation("nim"));
    std::filesystem::create_symlink(elsewhere_.path() / "real.yaml", manifest("nim.yaml"));
    start();
    EXPECT_TRUE(set_finalizer("nim", true));
    uid_ = uid("nim");
  }
  void write(const std::string& text) { write_text(elsewhere_.path() / "real.yaml", text); }

 private:
  TemporaryDirectory elsewhere_;
};

TEST_F(ALinksTarget, ThatWasEmptyForAMomentIsNoRemoval) {
  write("");
  advance(10s);  // the rescan
  advance(1s);
  write(an_invocation("nim"));
  advance(1s);
  EXPECT_TRUE(untouched());
  advance(30s);
  EXPECT_TRUE(untouched());
}

TEST_F(ALinksTarget, ThatIsStillBeingWrittenWhenItsAbsenceIsDueIsNoRemoval) {
  write("");
  advance(10s);
  advance(1s);
  const std::string text = an_invocation("nim");
  write(text.substr(0, text.find("Invocation") + 4));
  advance(1s);
  EXPECT_TRUE(untouched());
  write(text);
  advance(10s);
  EXPECT_TRUE(untouched());
}

TEST_F(ALinksTarget, ThatStaysEmptyIsARemoval) {
  write("");
  advance(10s);
  advance(1'999ms);
  EXPECT_TRUE(untouched());
  advance(1ms);
  EXPECT_TRUE(deleting("nim"));
}

// --- Files that are being written ---

TEST_F(ManifestsPresence, AFileThatIsWrittenSlowlyIsThere) {
  apply("nim.yaml");
  take_away("nim.yaml");
  std::ofstream file(manifest("nim.yaml"));
  for (int i = 0; i < 16; ++i) {
    file << "# line " << i << "\n" << std::flush;
    settle();
    advance(250ms);
    ASSERT_TRUE(untouched()) << i;
  }
  file << an_invocation("nim");
  file.close();
  settle();
  wait();
  EXPECT_TRUE(untouched());
}

TEST_F(ManifestsPresence, AFileThatIsWrittenSlowlyDuringAStartIsThereToo) {
  apply("nim.yaml");
  stop();
  std::ofstream file(manifest("nim.yaml"), std::ios::trunc);
  file << "kind: [" << std::flush;
  start();
  for (int i = 0; i < 16; ++i) {
    file << "a" << i << ", " << std::flush;
    settle();
    advance(250ms);
    ASSERT_TRUE(untouched()) << i;
  }
}

TEST_F(ManifestsPresence, AFileThatIsWrittenSlowlyDuringAStartStaysTheOwner) {
  apply("nim.yaml");
  put("other.yaml", with_timeout(an_invocation("nim"), "2h"));
  stop();
  std::ofstream file(manifest("nim.yaml"), std::ios::trunc);
  file << "kind: [" << std::flush;
  start();
  for (int i = 0; i < 4; ++i) {
    file << "a" << i << ", " << std::flush;
    settle();
    advance(250ms);
  }
  EXPECT_EQ(generation("nim"), 1) << "another file's word is not taken";
  file.close();
  put("nim.yaml", "# it is in the other one now\n");
  advance(1s);
  EXPECT_EQ(generation("nim"), 2);
  EXPECT_TRUE(untouched());
}

TEST_F(ManifestsPresence, AFileThatCameToRestWithoutTheObjectIsARemoval) {
  apply("nim.yaml");
  take_away("nim.yaml");
  std::ofstream file(manifest("nim.yaml"));
  file << "# nothing\n" << std::flush;
  settle();
  wait();
  EXPECT_TRUE(deleting("nim"));
}

// --- Files that cannot be understood, renamed ---

TEST_F(ManifestsPresence, ARenameOfAFileThatCannotBeUnderstoodIsNoRemoval) {
  apply("a.yaml");
  put("a.yaml", kBroken);
  std::filesystem::rename(manifest("a.yaml"), manifest("b.yaml"));
  settle();
  wait();
  EXPECT_TRUE(untouched());
  EXPECT_THAT(accepted_in(state_of("nim")), StartsWith("True UpdateRefused: " + source("b.yaml") + ":"));
  restart();
  wait();
  EXPECT_TRUE(untouched()) << "it is known where it is now";
  std::filesystem::rename(manifest("b.yaml"), manifest("c.yaml"));
  settle();
  put("c.yaml", an_invocation("nim"));
  wait();
  EXPECT_TRUE(untouched());
  EXPECT_EQ(accepted_in(state_of("nim")), "no condition");
}

TEST_F(ManifestsPresence, ARenameWhoseNewNameCountsOnlyLaterIsNoRemovalEither) {
  TemporaryDirectory elsewhere;
  std::filesystem::create_directory_symlink(elsewhere.path(), manifest("..data"));
  apply("a.yaml");
  put("a.yaml", kBroken);
  // The new name is a link, which counts only after 300 ms.
  write_text(elsewhere.path() / "b.yaml", kBroken);
  take_away("a.yaml");
  std::filesystem::create_symlink("..data/b.yaml", manifest("b.yaml"));
  settle();
  wait();
  EXPECT_TRUE(untouched());
}

TEST_F(ManifestsPresence, OfSeveralNewFilesTheOneWithTheSameContentIsTheOneRenamed) {
  apply("a.yaml");
  put("a.yaml", kBroken);
  std::filesystem::rename(manifest("a.yaml"), manifest("c.yaml"));
  write_text(manifest("b.yaml"), "kind: {\n");
  settle();
  put("b.yaml", an_invocation("other"));
  wait();
  EXPECT_TRUE(untouched());
}

TEST_F(ManifestsPresence, WhatARenamedFileNoLongerHoldsIsRemoved) {
  apply("a.yaml");
  put("a.yaml", kBroken);
  std::filesystem::rename(manifest("a.yaml"), manifest("b.yaml"));
  settle();
  wait();
  ASSERT_TRUE(untouched());
  put("b.yaml", an_invocation("other"));
  wait();
  EXPECT_TRUE(deleting("nim"));
}

TEST_F(ManifestsPresence, ABrokenFileThatGoesIsARemovalWhateverElseIsBroken) {
  put("other.yaml", kBroken);
  apply("a.yaml");
  put("a.yaml", "kind: {\n");
  take_away("a.yaml");
  wait();
  EXPECT_TRUE(deleting("nim"));
}

}  // namespace
}  // namespace lepton_operator::store
