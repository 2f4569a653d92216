// How waiting ends, and with which verdict, where it is easily mistaken.
#include <gmock/gmock.h>

#include "base/yaml.h"
#include "cli/run_view.h"
#include "unit/cli/directory.h"

namespace lepton_operator::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

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

// Keeps what follow() tells, until it has told enough.
class Heard final : public Follower {
 public:
  explicit Heard(Context context) : context_(std::move(context)) {}
  void seen(const std::vector<Json>& objects) override { looks.push_back(objects); }
  void trouble(const std::string& sentence) override {
    troubles.push_back(sentence);
    if (troubles.size() > 3) context_.cancel();
  }
  std::vector<std::vector<Json>> looks;
  std::vector<std::string> troubles;

 private:
  Context context_;
};

class Following : public Directory {
 protected:
  Heard follow(const std::string& name, base::Milliseconds patience) {
    std::ostringstream out;
    std::istringstream in;
    const Surroundings around{[](const std::string&) { return std::nullopt; }, in, out, out, [] { return Terminal{}; }};
    Session session(Globals{.manifests = root_ / "manifests", .state_dir = root_ / "state"}, around);
    auto opened = open_backend(session);
    const std::unique_ptr<Backend> backend = std::move(std::get<0>(opened));
    const Context context = session.context().with_timeout(patience);
    Heard heard(context);
    const auto followed = [](Backend* asked, Context within, ObjectKey key, Heard* follower) -> boost::asio::awaitable<Verdict> {
      (void)co_await asked->follow(within, key, *follower);
      co_return ExitCode::kDone;
    };
    const ObjectKey key{"default", name};
    session.run(followed(backend.get(), context, key, &heard));
    return heard;
  }
};

TEST_F(Following, OfOneIsNotHeldUpByAnothersBrokenState) {
  recorded("run", named(kInvocation, "run, namespace: default, uid: u") + "status: {phase: Running}\n");
  recorded("torn", "a: [");
  const Heard heard = follow("run", base::Milliseconds(300));
  ASSERT_THAT(heard.looks, SizeIs(1));
  EXPECT_THAT(heard.looks.front(), SizeIs(1));
  EXPECT_THAT(heard.troubles, IsEmpty());
}

TEST_F(Following, OfAllShowsThoseThatCanBeReadAndNamesTheOneThatCannot) {
  recorded("run", named(kInvocation, "run, namespace: default, uid: u") + "status: {phase: Running}\n");
  recorded("torn", "a: [");
  const Heard heard = follow("", base::Milliseconds(300));
  ASSERT_THAT(heard.looks, SizeIs(1));
  EXPECT_THAT(heard.looks.front(), SizeIs(1));
  EXPECT_THAT(heard.troubles, ElementsAre(HasSubstr("torn.yaml")));
}

// Not even beside the news that no operator runs, which comes after three seconds.
TEST_F(Following, OfWhatCannotBeReadSaysItOnceAndNeverThatItIsGone) {
  recorded("torn", "a: [");
  const Heard heard = follow("torn", base::Milliseconds(3'400));
  EXPECT_THAT(heard.looks, IsEmpty());
  EXPECT_THAT(heard.troubles, ElementsAre(HasSubstr("torn.yaml")));
}

}  // namespace
}  // namespace lepton_operator::cli
