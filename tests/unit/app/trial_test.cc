#include "app/trial.h"

#include "unit/app/hooks_fixture.h"

namespace lepton_operator::app {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kManifest = R"(apiVersion: lepton.dev/v1alpha1
kind: Invocation
metadata:
  name: test
  namespace: system
  labels: {app.kubernetes.io/component: trial}
spec:
  deployment: {type: none}
  target: {url: "http://model.example/v1", modelId: m}
  evaluation: {tasks: [{name: gpqa_diamond}]}
)";

const std::string kPath = "/apis/lepton.dev/v1alpha1/namespaces/system/invocations";

std::string object(const std::string& conditions, const std::string& labels = R"("app.kubernetes.io/component":"trial")") {
  return R"({"metadata":{"namespace":"system","name":"test","labels":{)" + labels + R"(}},"status":{"phase":"Running","conditions":[)" +
         conditions + "]}}";
}
std::string condition(const std::string& type, const std::string& status) {
  return R"({"type":")" + type + R"(","status":")" + status + R"(","reason":"Why","message":"because"})";
}

class TrialTest : public HooksFixture {
 protected:
  base::Result<> attempt(const std::string& until = "Complete=True") {
    base::Result<Trial> trial = parse_trial("test.yaml", kManifest);
    if (!trial) return trial.error();
    trial->awaited = *parse_awaited(until);
    trial->timeout = 10s;
    return run(run_trial(root_, api_, std::move(*trial), [this](const std::string& line) { said_.push_back(line); }));
  }
  std::vector<std::string> said_;
};

TEST_F(TrialTest, EndsWhenWhatItWaitedForCameAndNothingIsLeft) {
  transport_->then(201, object("")).then(200, object("")).then(200, object(condition("Complete", "True")));
  transport_->then(200, object("")).then(200, object("")).then(404);
  EXPECT_TRUE(attempt());
  EXPECT_THAT(asked(), ElementsAre("POST " + kPath, "GET " + kPath + "/test", "GET " + kPath + "/test", "DELETE " + kPath + "/test",
                                   "GET " + kPath + "/test", "GET " + kPath + "/test"));
  EXPECT_THAT(said_, ElementsAre("Invocation system/test created", "Invocation system/test is Running", "Complete is True, Why: because",
                                 "Invocation system/test is gone"));
}

TEST_F(TrialTest, WaitsForTheConditionThatItIsTold) {
  transport_->then(201, object("")).then(200, object(condition("WorkspaceReady", "False"))).then(200, "{}").then(404);
  EXPECT_TRUE(attempt("WorkspaceReady=False"));
}

TEST_F(TrialTest, SaysWhatTheStatusSaidWhenItDidNotCome) {
  transport_->then(201, object("")).then(200, object(condition("EndpointsReady", "False")));
  const auto ended = attempt();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().text(), HasSubstr("Complete=True did not come within 10s; its status says EndpointsReady=False, Why: because"));
  EXPECT_THAT(asked(), testing::Contains("DELETE " + kPath + "/test"));
}

TEST_F(TrialTest, DeletesWhatFailedAtOnce) {
  transport_->then(201, object("")).then(200, object(condition("Failed", "True"))).then(200, "{}").then(404);
  EXPECT_THAT(attempt().error().text(), HasSubstr("Invocation system/test failed: True, Why: because"));
  EXPECT_THAT(asked(), ElementsAre("POST " + kPath, "GET " + kPath + "/test", "DELETE " + kPath + "/test", "GET " + kPath + "/test"));
}

TEST_F(TrialTest, FailsWhenItDoesNotGo) {
  transport_->then(201, object("")).then(200, object(condition("Complete", "True")));
  const auto ended = attempt();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().text(), HasSubstr("Invocation system/test is still there 10s after its deletion"));
}

TEST_F(TrialTest, RemovesFirstWhatAnEarlierTrialLeft) {
  transport_->then(409, R"({"kind":"Status","code":409,"reason":"AlreadyExists","message":"exists"})");
  transport_->then(200, object("")).then(200, "{}").then(404);
  transport_->then(201, object("")).then(200, object(condition("Complete", "True"))).then(200, "{}").then(404);
  EXPECT_TRUE(attempt());
}

TEST_F(TrialTest, TouchesNoInvocationOfSomebodyElse) {
  transport_->then(409, R"({"kind":"Status","code":409,"reason":"AlreadyExists","message":"exists"})").then(200, object("", ""));
  EXPECT_THAT(attempt().error().text(), HasSubstr("exists and is not a trial's"));
  EXPECT_THAT(asked(), ElementsAre("POST " + kPath, "GET " + kPath + "/test"));
}

TEST_F(TrialTest, TakesOneInvocationThatIsMarkedAsATrials) {
  std::string unmarked = kManifest;
  unmarked.replace(unmarked.find("trial}"), 6, "x}");
  EXPECT_THAT(parse_trial("t.yaml", unmarked).error().text(), HasSubstr("needs app.kubernetes.io/component: trial"));
  EXPECT_THAT(parse_trial("t.yaml", "").error().text(), HasSubstr("must hold one object, an Invocation"));
  std::string wrong = kManifest;
  wrong.replace(wrong.find("modelId"), 7, "modelIds");
  EXPECT_THAT(parse_trial("t.yaml", wrong).error().text(), HasSubstr("t.yaml:9: spec.target.modelIds: unknown field"));
}

TEST(Awaited, IsAConditionAndAStatus) {
  EXPECT_EQ(parse_awaited("WorkspaceReady=False")->condition, "WorkspaceReady");
  EXPECT_EQ(parse_awaited("WorkspaceReady=False")->status, "False");
  EXPECT_FALSE(parse_awaited("Complete"));
  EXPECT_FALSE(parse_awaited("=True"));
  EXPECT_FALSE(parse_awaited("Complete=yes"));
}

}  // namespace
}  // namespace lepton_operator::app
