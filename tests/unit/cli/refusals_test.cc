// What the program says when it cannot, as far as that needs neither a cluster nor Lepton: exit code, sentence, hint, nothing on stdout,
// and every manifest as it was. What needs an operator or a server is in tests/simulator/plugin_*_test.py and tests/cluster/plugin_test.py.
#include <map>

#include <gmock/gmock.h>

#include "cli/overrides.h"
#include "unit/cli/directory.h"

namespace lepton_operator::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kNothingWritten = "status: {phase: Failed, tasks: [{name: hellaswag, phase: Failed}]}\n";

TEST_F(Directory, AnInvocationHasToBeNamed) {
  for (const char* verb : {"events", "logs", "delete", "suspend", "resume", "retry"}) refuses({verb}, 2, "NAME: is missing", verb);
  refuses({"retry", "run"}, 2, "--task: is missing", "retry --help");
  for (const char* verb : {"run", "render"}) refuses({verb}, 2, "--filename: is missing", verb);
}

TEST_F(Directory, AnEmptyNameIsNotTakenForAllThereAre) {
  manifest("run", named(kInvocation, "run"));
  recorded("run", named(kInvocation, "run, namespace: default") + "status: {phase: Running}\n");
  for (const char* verb : {"status", "events", "logs", "delete", "suspend", "resume", "retry"}) {
    for (const char* nothing : {"", "inv/", "invocations.lepton.dev/"}) {
      Words words = {verb, nothing};
      if (words.front() == "retry") words.insert(words.end(), {"--task", "hellaswag"});
      refuses(words, 2, std::string("NAME: \"") + nothing + "\" names nothing", verb);
    }
  }
  refuses({"workspace", "check", ""}, 2, "NAME: \"\" names nothing", "workspace check --help");
  const std::string other = file("other.yaml", named(kInvocation, "other"));
  refuses({"run", "-f", other, "--name", ""}, 2, "--name: must be at most 63 lower-case letters");
}

TEST_F(Directory, AFlagThatIsNoneOfAVerbIsRefusedWhateverElseIsMissing) {
  for (const char* verb : {"completion", "delete", "events", "logs", "render", "resume", "retry", "run", "status", "suspend", "tasks"}) {
    refuses({verb, "--nothing-like-it"}, 2, "--nothing-like-it: unknown flag");
  }
  refuses({"workspace", "check", "--nothing-like-it"}, 2, "--nothing-like-it: unknown flag");
  refuses({"workspace", "chekc"}, 2, "chekc: unknown verb", "did you mean check?");
}

TEST_F(Directory, AValueThatAFlagDoesNotTakeIsRefused) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  refuses({"logs", "run", "--tail", "some"}, 2, "--tail");
  refuses({"logs", "run", "--tail", "-2"}, 2, "--tail");
  refuses({"render", "-f", run, "--output", "xml"}, 2, "--output");
  refuses({"render", "-f", run, "--api-family", "photons"}, 2, "--api-family");
  refuses({"workspace", "check", "--output", "xml"}, 2, "--output");
  refuses({"completion", "tcsh"}, 2, "tcsh");
  refuses({"completion"}, 2, "SHELL: is missing");
}

TEST_F(Directory, WhatRanToTheEndOfItsTimeToLiveIsGoneAndDoesNotRunAgainUnchanged) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  ASSERT_EQ(ask({"run", "-f", run}).code, 0);
  recorded("run",
           "apiVersion: lepton.dev/v1alpha1\nkind: Invocation\n"
           "metadata: {name: run, namespace: default, annotations: {lepton.dev/expired: 0123456789abcdef}}\nspec: {}\n");
  EXPECT_EQ(ask({"status"}).err, "No Invocations in namespace default.\n");
  refuses({"status", "run"}, 3, "default/run ran, and is gone at the end of its time to live", "status");
  refuses({"run", "-f", run}, 3, "to run it once more change it, or `kubectl lepton delete run` first");
  EXPECT_EQ(ask({"run", "-f", run}).err.find("hint:"), std::string::npos) << "nobody else changed it";
  EXPECT_EQ(ask({"run", "-f", run, "execution.retries=1"}).code, 0);
  EXPECT_EQ(ask({"delete", "run"}).code, 0);
}

TEST_F(Directory, ACatalogueThatCannotBeReadIsNamed) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  const std::string wrong = file("catalogue.yaml", "a: [");
  for (const Words& words : {Words{"tasks"}, Words{"render", "-f", run}, Words{"workspace", "check"}}) {
    Words with = words;
    with.insert(with.end(), {"--catalogue", "/none"});
    refuses(with, 2, "--catalogue: /none: cannot open");
    with.back() = wrong;
    refuses(with, 2, "--catalogue: " + wrong + ":1");
  }
}

TEST_F(Directory, ManifestsThatDoNotGoTogetherAreRefused) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  const std::string again = file("again.yaml", named(kInvocation, "run"));
  const std::string other = file("other.yaml", named(kInvocation, "other"));
  const std::string secret = file("secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {a: b}\n");
  const std::string elsewhere = file("elsewhere.yaml", named(kInvocation, "run, namespace: team"));
  for (const Words& verb : {Words{"run"}, Words{"render"}, Words{"workspace", "check"}}) {
    const auto with = [&](const Words& rest) {
      Words words = verb;
      words.insert(words.end(), rest.begin(), rest.end());
      return words;
    };
    refuses(with({"-f", run, "-f", again}), 2, "again.yaml:1: Invocation default/run stands at " + run + ":1 already");
    refuses(with({"-f", secret, "-o", "target.url=x"}), 2, "there are overrides, but no Invocation in the files");
    refuses(with({"-f", elsewhere, "-n", "mine"}), 2, "elsewhere.yaml:3: is of the namespace team, not of mine");
    refuses(with({"-f", run, "-o", "target.ur=x"}), 2, "target.ur: no such field; did you mean target.url?", "docs/cli.md");
  }
  refuses({"render", "-f", secret}, 2, "the files hold no Invocation");
  refuses({"render", "-f", run, "-f", other, "--uid", "u"}, 2, "--uid is of one Invocation, and the files hold several");
  refuses({"render", "-f", run, "evaluation.tasks.0.name=helaswag"}, 2, "hellaswag");
}

TEST_F(Directory, WhatNoLineOfAManifestCanSayIsLeftToItsAuthor) {
  recorded("shared", named(kInvocation, "shared, namespace: default") + "status: {phase: Running}\n");
  manifest("shared", R"(apiVersion: lepton.dev/v1alpha1
kind: Invocation
metadata: {name: shared}
spec:
  suspend: &no false
  deployment: {type: nim, image: i, servedModelName: m, resourceShape: gpu.1xh200, health: {readiness: {requireApproval: *no}}}
  evaluation: {tasks: [{name: hellaswag}]}
)");
  refuses({"suspend", "shared"}, 2, "spec.suspend cannot be changed here without touching more than that; write \"suspend: true\" by hand");
}

// What an operator recorded is what was wanted when it last looked, and it may be away.
TEST_F(Directory, WhatWasSuspendedIsResumedBeforeAnOperatorHasSeenEither) {
  const std::string before = named(kInvocation, "run");
  manifest("run", before);
  recorded("run", named(kInvocation, "run, namespace: default") + "status: {phase: Running}\n");
  EXPECT_EQ(ask({"resume", "run"}).out, "default/run is not suspended\n");
  EXPECT_EQ(manifests(), "run.yaml\n" + before);
  EXPECT_THAT(ask({"suspend", "run"}).out, HasSubstr("run.yaml:5: spec.suspend: true"));
  EXPECT_THAT(manifests(), HasSubstr("suspend: true"));
  EXPECT_THAT(ask({"resume", "run"}).out, HasSubstr("run.yaml:5: spec.suspend: false"));
  EXPECT_THAT(manifests(), HasSubstr("suspend: false"));

  recorded("run", named(kInvocation, "run, namespace: default") + "  suspend: true\nstatus: {phase: Suspended}\n");
  EXPECT_THAT(ask({"suspend", "run"}).out, HasSubstr("run.yaml:5: spec.suspend: true"));
  EXPECT_EQ(ask({"suspend", "run"}).out, "default/run is suspended already\n");
}

TEST_F(Directory, AManifestThatIsWrongIsNotChanged) {
  recorded("wrong", named(kInvocation, "wrong, namespace: default") + "status: {phase: Running}\n");
  manifest("wrong", named(kInvocation, "wrong") + "  nothing: 1\n");
  refuses({"suspend", "wrong"}, 2, "wrong.yaml:8: spec.nothing: unknown field");
  manifest("empty-spec", "apiVersion: lepton.dev/v1alpha1\nkind: Invocation\nmetadata: {name: empty-spec}\n");
  refuses({"delete", "absent"}, 3, "declares the Invocation default/absent", "kubectl lepton status");
}

TEST_F(Directory, WhatTwoFilesDeclareIsNotDeletedByTakingOneAway) {
  manifest("twice-a", named(kInvocation, "twice"));
  manifest("twice-b", named(kInvocation, "twice"));
  refuses({"delete", "twice"}, 3, "twice-b.yaml:1 declares default/twice too and would take the place of");
  EXPECT_TRUE(std::filesystem::remove(root_ / "manifests" / "twice-b.yaml"));
  EXPECT_THAT(ask({"delete", "twice"}).out, HasSubstr("twice-a.yaml removed"));
}

TEST_F(Directory, AManifestThatNoOperatorHasTakenUpIsTold) {
  manifest("new", named(kInvocation, "new"));
  for (const char* verb : {"status", "events", "logs", "suspend"}) {
    refuses({verb, "new"}, 3,
            "there is no Invocation default/new in " + (root_ / "state").string() +
                "; its manifest is there, and no operator has taken it up yet",
            "kubectl lepton status");
  }
}

TEST_F(Directory, AStateFileThatCannotBeReadIsNamed) {
  recorded("torn", "a: [");
  refuses({"status", "torn"}, 3, "torn.yaml", "the only record of what runs in Lepton");
  refuses({"status"}, 3, "torn.yaml");
}

TEST_F(Directory, OfWhatNeverRanNothingIsShown) {
  recorded("over", named(kInvocation, "over, namespace: default") + kNothingWritten);
  const std::map<std::string, std::string> workspace = {{"LEPTON_WORKSPACE_ID", "ws"}, {"LEPTON_WORKSPACE_TOKEN", "token-12345"}};
  for (const Words& words : {Words{"logs", "over"}, Words{"logs", "over", "--follow"}}) {
    const Said log = ask(words, workspace);
    EXPECT_EQ(log.code, 0);
    EXPECT_EQ(log.err, "over: hellaswag never wrote anything\n");
  }
  const Said events = ask({"events", "over"});
  EXPECT_EQ(events.code, 0);
  EXPECT_THAT(events.err, StartsWith("No events of over"));
  refuses({"logs", "over", "--lepton-ca-file", "/none"}, 3, "/none", "check the Workspace's url, and --lepton-ca-file", workspace);
  refuses({"workspace", "check", "--lepton-ca-file", "/none"}, 3, "/none", "check the Workspace's url, and --lepton-ca-file", workspace);
}

TEST(Overrides, SayOfEachKindOfValueWhatIsWrongWithIt) {
  const std::string nul(1, '\0');
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"deployment.image.tag=1", "deployment.image is no object: nothing can stand below it"},
      {"deployment.envs={A: b}", "deployment.envs is a list, which takes [a,b]"},
      {"deployment=[a]", "deployment is no list: it takes {name: value}"},
      {"deployment.image=[ ]x", "something stands behind a closing quote or bracket"},
      {"deployment.image='a" + nul + "b'", "a value cannot hold a NUL character"},
      {"deployment.extraArgs=[ , a]", "cannot stand there"},
      {"deployment/nim=x", "config groups and packages (/ and @) are Hydra's own"},
      {"deployment.extraArgs[0]=x", "an element of a list is written with a point"},
      {"deployment.image", "an override is FIELD=VALUE"},
      {"deployment.image=a,b", "several values are a sweep"},
  };
  for (const auto& [override_, sentence] : rows) {
    SCOPED_TRACE(override_);
    base::Json object = base::parse_json(R"({"kind": "Invocation", "spec": {"deployment": {"image": "i", "envs": []}}})", "test").value();
    const std::vector<std::string> overrides = {override_};
    const base::Result<> done = apply_overrides(object, overrides);
    ASSERT_FALSE(done.ok());
    EXPECT_THAT(done.error().text(), HasSubstr(sentence));
  }
}

TEST(Overrides, OfASpecThatIsNoObjectAreRefused) {
  for (const char* spec : {"\"nim\"", "[]", "[{\"type\": \"nim\"}]", "1", "true"}) {
    for (const char* override_ :
         {"suspend=true", "+suspend=true", "~suspend", "deployment.type=nim", "spec.suspend=true", "~spec.suspend"}) {
      SCOPED_TRACE(std::string(override_) + " of " + spec);
      base::Json object = base::parse_json(std::string(R"({"kind": "Invocation", "spec": )") + spec + "}", "test").value();
      const std::vector<std::string> overrides = {override_};
      const base::Result<> done = apply_overrides(object, overrides);
      EXPECT_FALSE(done.ok());
    }
  }
  base::Json bare = base::parse_json(R"({"kind": "Invocation"})", "test").value();
  const std::vector<std::string> removal = {"~suspend"};
  EXPECT_THAT(apply_overrides(bare, removal).error().text(), HasSubstr("no such field to remove"));
}

TEST_F(Directory, ANameMayLookLikeANumberOrAWordOfYaml) {
  const std::string run = file("run.yaml", named(kInvocation, "run"));
  for (const char* name : {"20260101", "1.5", "true", "null"}) {
    SCOPED_TRACE(name);
    const Said done = ask({"run", "-f", run, "--name", name, "--dry-run=client"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr(std::string("invocation.lepton.dev/") + name + " created in "));
  }
}

}  // namespace
}  // namespace lepton_operator::cli
