#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using SecretRoutes = WorkspaceUnderTest;

TEST_F(SecretRoutes, TakeAListAndNeverAnswerValues) {
  EXPECT_EQ(ask("POST", "/usersecrets", R"([{"name":"a","value":"very-secret","tags":["t"]}])").status, 200);
  const Response list = ask("GET", "/usersecrets");
  EXPECT_THAT(list.body, testing::AllOf(testing::HasSubstr("\"a\""), testing::Not(testing::HasSubstr("very-secret"))));
  EXPECT_EQ(json(list.body).at(0).at("tags"), json(R"(["t"])"));
  EXPECT_EQ(simulator_->dump().at("secrets").at(0).at("value").as_string(), "very-secret");
}

TEST_F(SecretRoutes, MakeAllOfAListOrNothing) {
  ask("POST", "/usersecrets", R"([{"name":"a","value":"1"}])");
  EXPECT_EQ(ask("POST", "/usersecrets", R"([{"name":"b","value":"1"},{"name":"a","value":"2"}])").status, 409);
  EXPECT_EQ(simulator_->secrets().all().size(), 1u);
}

TEST_F(SecretRoutes, RefuseWrongBodies) {
  for (const char* body : {R"({"name":"a","value":"1"})", R"([{"name":"a"}])", R"([{"name":"LEPTON_A","value":"1"}])",
                           R"([{"name":"a b","value":"1"}])", R"([{"name":"a","value":"1","labels":{}}])", R"([{"name":"a","value":1}])"}) {
    EXPECT_EQ(ask("POST", "/usersecrets", body).status, 422) << body;
  }
}

TEST_F(SecretRoutes, DeleteByName) {
  ask("POST", "/usersecrets", R"([{"name":"a","value":"1"}])");
  EXPECT_EQ(ask("DELETE", "/usersecrets/a").status, 200);
  EXPECT_EQ(ask("DELETE", "/usersecrets/a").status, 404);
}

TEST_F(SecretRoutes, LetASpecReferToWhatExists) {
  ask("POST", "/usersecrets", R"([{"name":"hf","value":"1"}])");
  const char* spec = R"("envs":[{"name":"HF_TOKEN","value_from":{"secret_name_ref":"hf"}}],)";
  EXPECT_EQ(ask("POST", "/deployments", endpoint("nim", spec)).status, 201);
  EXPECT_EQ(ask("POST", "/jobs", job("eval", spec)).status, 201);
}

}  // namespace
}  // namespace lepton_operator::simulator
