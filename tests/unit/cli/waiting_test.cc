// How waiting ends, and with which verdict, where it is easily mistaken.
#include <gmock/gmock.h>

#include "base/yaml.h"
#include "cli/run_view.h"
#include "unit/cli/directory.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json invocation(const std::string& name, const std::string& status) {
  const std::string text = named(kInvocation, name + ", namespace: default, uid: u, generation: 1") + "status: " + status + "\n";
  return base::parse_yaml(text, "test").value().front().value;
}

constexpr const char* kOver = "{phase: Succeeded, observedGeneration: 1}";
constexpr const char* kRunning = "{phase: Running, observedGeneration: 1}";

class TwoThatRun : public ::testing::Test {
 protected:
  std::ostringstream out_;
  std::istringstream in_;
  const Surroundings around_{[](const std::string&) { return std::nullopt; }, in_, out_, out_, [] { return Terminal{}; }};
  Session session_{Globals{}, around_};
  RunView view_{session_, {{{"default", "first"}, 1}, {{"default", "second"}, 1}}};
};

TEST_F(TwoThatRun, AreBothOverWhenTheFirstIsGoneAtTheEndOfItsTimeToLive) {
  EXPECT_FALSE(view_.changed({invocation("first", kOver), invocation("second", kRunning)}));
  EXPECT_FALSE(view_.changed({invocation("second", kRunning)}));
  EXPECT_TRUE(view_.changed({invocation("second", kOver)}));
  view_.summarise();
  EXPECT_EQ(view_.code(), ExitCode::kDone);
  EXPECT_THAT(out_.str(), Not(HasSubstr("gone")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("deleted")));
}

TEST_F(TwoThatRun, AreNotBothOverWhenOneIsDeletedBeforeItsEnd) {
  EXPECT_FALSE(view_.changed({invocation("first", kRunning), invocation("second", kRunning)}));
  EXPECT_TRUE(view_.changed({invocation("second", kOver)}));
  view_.summarise();
  EXPECT_EQ(view_.code(), ExitCode::kEndedBadly);
  EXPECT_THAT(out_.str(), HasSubstr("first was deleted while it was waited for"));
}

// As a pipe whose reader has left: `... | head -1`.
class NobodyReads final : public std::streambuf {
 protected:
  int_type overflow(int_type) override { return traits_type::eof(); }
};

class WithoutAReader : public Directory {
 protected:
  Said tell(const Words& words) {
    NobodyReads buffer;
    std::ostream out(&buffer);
    return ask(words, {}, {.out = &out});
  }
};

TEST_F(WithoutAReader, ADeletionThatGoesOnIsNotTakenForDone) {
  manifest("run", named(kInvocation, "run"));
  recorded("run", named(kInvocation, "run, namespace: default, uid: u") + "status: {phase: Running}\n");
  const Said done = tell({"delete", "run", "--wait"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("nobody reads stdout any more: no longer waited for, default/run goes on being deleted in "));
  EXPECT_THAT(done.err, HasSubstr("hint: `kubectl lepton status run --watch"));
}

TEST_F(WithoutAReader, ARunThatGoesOnIsToldAsThat) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  recorded("run", named(kInvocation, "run, namespace: default, uid: u, generation: 1") + "status: {phase: Running}\n");
  const Said done = tell({"run", "-f", run, "--wait"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("nobody reads stdout any more: no longer waited for, run goes on in "));
  EXPECT_THAT(done.err, Not(HasSubstr("after ,")));
}

}  // namespace
}  // namespace lepton_operator::cli
