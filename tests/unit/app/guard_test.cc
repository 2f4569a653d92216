#include "app/guard.h"

#include "unit/app/hooks_fixture.h"

namespace lepton_operator::app {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string one(const std::string& name, const std::string& phase) {
  return R"({"metadata":{"namespace":"team","name":")" + name + R"("},"status":{"phase":")" + phase + R"("}})";
}
std::string page(const std::string& items, const std::string& more = "") {
  return R"({"metadata":{"continue":")" + more + R"("},"items":[)" + items + "]}";
}

class GuardTest : public HooksFixture {
 protected:
  base::Result<std::string> ask(std::vector<std::string> namespaces = {}) {
    return run(guard(root_.with_timeout(60s), api_, *random_, std::move(namespaces)));
  }
};

TEST_F(GuardTest, LetsTheOperatorGoWhenNothingNeedsIt) {
  transport_->then(200, page(""));
  EXPECT_TRUE(ask());
  EXPECT_THAT(asked(), ElementsAre("GET /apis/lepton.dev/v1alpha1/invocations"));
}

TEST_F(GuardTest, NamesWhatStillExistsAndBothWaysOut) {
  transport_->then(200, page(one("a", "Running"), "next"));
  transport_->then(200, page(one("b", "Succeeded")));
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(answer.error().text(), HasSubstr("2 Invocations still exist: team/a (Running), team/b (Succeeded)."));
  EXPECT_THAT(answer.error().text(), HasSubstr("kubectl delete invocations --all --all-namespaces"));
  EXPECT_THAT(answer.error().text(), HasSubstr("helm uninstall --no-hooks"));
}

TEST_F(GuardTest, NamesTenOfMany) {
  std::string items = one("i0", "Pending");
  for (int i = 1; i < 12; ++i) items += "," + one("i" + std::to_string(i), "Pending");
  transport_->then(200, page(items));
  const std::string text = ask().error().text();
  EXPECT_THAT(text, HasSubstr("12 Invocations still exist"));
  EXPECT_THAT(text, HasSubstr("team/i9 (Pending) and 2 more."));
  EXPECT_THAT(text, Not(HasSubstr("team/i10")));
}

TEST_F(GuardTest, LooksOnlyWhereTheOperatorDid) {
  transport_->then(200, page("")).then(200, page(one("a", "Running")));
  EXPECT_FALSE(ask({"one", "two"}));
  EXPECT_THAT(asked(), ElementsAre("GET /apis/lepton.dev/v1alpha1/namespaces/one/invocations",
                                   "GET /apis/lepton.dev/v1alpha1/namespaces/two/invocations"));
}

TEST_F(GuardTest, TakesAMissingCrdForNoInvocations) {
  transport_->then(404, "404 page not found");
  EXPECT_TRUE(ask());
}

TEST_F(GuardTest, AsksAgainWhileTheApiServerIsAway) {
  transport_->then_fail(ErrorKind::kUnreachable).then(503).then(200, page(""));
  EXPECT_TRUE(ask());
  EXPECT_THAT(asked(), SizeIs(3));
}

TEST_F(GuardTest, NeverTakesWhatItCouldNotReadForNothing) {
  transport_->then(403, R"({"kind":"Status","code":403,"message":"invocations.lepton.dev is forbidden"})");
  EXPECT_THAT(ask().error().text(), HasSubstr("whether Invocations still exist cannot be told: "));
  EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(GuardTest, GivesUpWhenTheApiServerStaysAway) {
  transport_->then_fail(ErrorKind::kUnreachable);
  EXPECT_EQ(ask().error().kind, ErrorKind::kUnreachable);
  EXPECT_GT(asked().size(), 5U);
}

}  // namespace
}  // namespace lepton_operator::app
