#include "app/default_workspace.h"

#include "unit/app/hooks_fixture.h"

namespace lepton_operator::app {
namespace {

using base::ErrorKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kManifest = R"(apiVersion: lepton.dev/v1alpha1
kind: Workspace
metadata: {name: default, namespace: team}
spec: {credentialsSecretRef: {name: lepton}}
)";

constexpr const char* kTheirs = R"({"kind":"Status","code":409,"reason":"Conflict",
  "message":"Apply failed with 1 conflict: conflict with \"kubectl-edit\": .spec.url"})";

class DefaultWorkspaceTest : public HooksFixture {
 protected:
  void apply() { run(applied()); }

  base::MemoryLog log_;
  int looks_until_ready_ = 0;
  std::vector<std::string> left_alone_;

 private:
  boost::asio::awaitable<bool> applied() {
    DefaultWorkspaceParts parts{.api = api_,
                                .clock = clock_,
                                .random = *random_,
                                .log = log_,
                                .may_apply = [this] { return looks_until_ready_-- <= 0; },
                                .left_alone = [this](const std::string& why) { left_alone_.push_back(why); }};
    DefaultWorkspace workspace = *parse_default_workspace("w.yaml", kManifest);
    co_await apply_default_workspace(root_, std::move(workspace), std::move(parts));
    co_return true;
  }
};

TEST_F(DefaultWorkspaceTest, IsAppliedInOurNameAndWithoutForce) {
  apply();
  EXPECT_THAT(asked(), ElementsAre("PATCH /apis/lepton.dev/v1alpha1/namespaces/team/workspaces/default"));
  EXPECT_EQ(base::encode_query(transport_->last().request.query), "fieldManager=lepton-operator&force=false");
  EXPECT_THAT(transport_->last().request.body, HasSubstr(R"("credentialsSecretRef":{"name":"lepton"})"));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("default workspace applied")));
}

TEST_F(DefaultWorkspaceTest, IsNotAskedForBeforeItMayBe) {
  looks_until_ready_ = 5;
  apply();
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_EQ(looks_until_ready_, -1);
}

TEST_F(DefaultWorkspaceTest, LeavesToOthersWhatTheySetAndSaysSoOnce) {
  transport_->then(409, kTheirs);
  apply();
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("left as it is")));
  EXPECT_THAT(left_alone_, ElementsAre(HasSubstr("conflict with \"kubectl-edit\": .spec.url")));
}

TEST_F(DefaultWorkspaceTest, IsTriedAgainWhileItCannotBeAndToldOncePerReason) {
  transport_->then(404, "no such namespace").then(404, "no such namespace").then_fail(ErrorKind::kUnreachable).then(200);
  apply();
  EXPECT_THAT(asked(), SizeIs(4));
  EXPECT_THAT(log_.lines(),
              ElementsAre(HasSubstr("not applied yet"), HasSubstr("not applied yet"), HasSubstr("default workspace applied")));
  EXPECT_THAT(left_alone_, IsEmpty());
}

TEST_F(DefaultWorkspaceTest, IsNotTriedAgainWhenTheApiServerRefusesIt) {
  transport_->then(422, R"({"kind":"Status","code":422,"reason":"Invalid","message":"spec.url: wrong"})");
  apply();
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_THAT(log_.lines(), ElementsAre(HasSubstr("refused by the API server")));
}

TEST(DefaultWorkspaceFile, HoldsOneWorkspaceOfANamespace) {
  const auto sentence = [](const std::string& text) {
    const auto parsed = parse_default_workspace("w.yaml", text);
    return parsed ? "taken" : parsed.error().text();
  };
  EXPECT_EQ(sentence(kManifest), "taken");
  EXPECT_EQ(sentence(""), "w.yaml: must hold one object, a Workspace");
  EXPECT_EQ(sentence(std::string(kManifest) + "---\n" + kManifest), "w.yaml: must hold one object, a Workspace");
  std::string text = kManifest;
  text.replace(text.find(", namespace: team"), 17, "");
  EXPECT_THAT(sentence(text), HasSubstr("w.yaml:3: metadata.namespace: is missing"));
  text = kManifest;
  text.replace(text.find("credentialsSecretRef"), 20, "credentialSecretRef");
  EXPECT_THAT(sentence(text), HasSubstr("did you mean credentialsSecretRef?"));
}

}  // namespace
}  // namespace lepton_operator::app
