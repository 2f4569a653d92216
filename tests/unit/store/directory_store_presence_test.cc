// A file that is there, although not whole, not readable or under another name, is no removal of what came from it.
#include "unit/store/directory_fixture.h"

namespace lepton_operator::store {
namespace {

using namespace std::chrono_literals;
// An Invocation with something in Lepton.
class ManifestsPresence : public DirectoryStoreTest {
 protected:
  bool untouched() const { return uid("nim") == uid_ && !deleting("nim"); }

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

TEST_F(ALinksTarget, ThatStaysEmptyIsARemoval) {
  write("");
  advance(10s);
  advance(1'999ms);
  EXPECT_TRUE(untouched());
  advance(1ms);
  EXPECT_TRUE(deleting("nim"));
}

}  // namespace
}  // namespace lepton_operator::store
