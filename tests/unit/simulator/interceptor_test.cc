#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

class Held : public WorkspaceUnderTest {
 protected:
  base::Json look(const std::string& what) {
    Request request;
    request.method = "GET";
    request.path = "/sim/" + what;
    return json(simulator_->handle(request).body);
  }
};

TEST_F(Held, AfterCommitTookEffectAndIsAnsweredOnRelease) {
  control("hold", R"({"method":"POST","path":"/jobs","when":"after"})");
  const Response promise = ask("POST", "/jobs", job("eval"));
  ASSERT_TRUE(promise.held.has_value());
  EXPECT_EQ(job_ids("").size(), 1u);
  EXPECT_EQ(look("held").at(0).at("path").as_string(), "/jobs");
  EXPECT_FALSE(look("requests").at(0).at("answered").as_bool());
  control("release", "");
  const auto released = simulator_->take_released();
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].first, *promise.held);
  EXPECT_EQ(released[0].second.status, 201);
  EXPECT_EQ(look("held").size(), 0u);
  EXPECT_TRUE(look("requests").at(0).at("answered").as_bool());
}

TEST_F(Held, BeforeCommitTakesEffectOnlyWhenReleased) {
  control("hold", R"({"method":"POST","path":"/jobs","when":"before"})");
  ASSERT_TRUE(ask("POST", "/jobs", job("eval")).held.has_value());
  EXPECT_THAT(job_ids(""), testing::IsEmpty());
  control("release", "");
  EXPECT_EQ(job_ids("").size(), 1u);
}

TEST_F(Held, IsTheNthOfItsKindAndNoOther) {
  control("hold", R"({"method":"POST","path":"/depl*","nth":2})");
  EXPECT_FALSE(ask("POST", "/deployments", endpoint("a")).held.has_value());
  EXPECT_FALSE(ask("POST", "/jobs", job("b")).held.has_value());
  EXPECT_FALSE(ask("GET", "/deployments").held.has_value());
  EXPECT_TRUE(ask("POST", "/deployments", endpoint("b")).held.has_value());
  EXPECT_FALSE(ask("POST", "/deployments", endpoint("c")).held.has_value());
}

TEST_F(Held, RefusesAMalformedHold) {
  EXPECT_EQ(control("hold", R"({"verb":"POST"})").status, 400);
  EXPECT_EQ(control("hold", R"({"when":"during"})").status, 400);
}

TEST_F(Held, FaultAnswersInPlaceOfTheWorkspaceAsOftenAsItSays) {
  EXPECT_EQ(control("fault", R"({"method":"DELETE","path":"/deployments/*","status":503,"times":2,"retry-after":7})").status, 200);
  ask("POST", "/deployments", endpoint("nim"));
  const Response response = ask("DELETE", "/deployments/nim");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("retry-after"), "7");
  EXPECT_EQ(endpoint_state("nim"), "Starting");
  EXPECT_EQ(ask("DELETE", "/deployments/nim").status, 503);
  EXPECT_EQ(ask("DELETE", "/deployments/nim").status, 200);
}

TEST_F(Held, FaultAfterCommitHidesThatItTookEffect) {
  restart({}, "faults: [{method: POST, path: /jobs, status: 504, after-commit: true}]");
  EXPECT_EQ(ask("POST", "/jobs", job("eval")).status, 504);
  EXPECT_EQ(job_ids("").size(), 1u);
}

TEST_F(Held, DeletionByHandIsImmediate) {
  ask("POST", "/deployments", endpoint("nim"));
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(control("delete", R"({"deployment":"nim"})").status, 200);
  EXPECT_EQ(control("delete", R"({"job":"eval"})").status, 200);
  EXPECT_EQ(control("delete", R"({"job":"eval"})").status, 404);
  EXPECT_EQ(endpoint_state("nim"), "404");
  EXPECT_EQ(job_state(id), "404");
}

TEST_F(Held, ResetForgetsEverything) {
  ask("POST", "/deployments", endpoint("nim"));
  ask("POST", "/usersecrets", R"([{"name":"a","value":"1"}])");
  create_job(evaluation("eval"));
  pass(4s);
  EXPECT_FALSE(simulator_->dump().at("storage").at("lepton-shared-fs").as_array().size() == 0);
  control("reset", "");
  const base::Json dump = simulator_->dump();
  for (const char* member : {"deployments", "jobs", "archived_jobs", "secrets", "requests", "history"}) {
    EXPECT_EQ(dump.at(member).size(), 0u) << member;
  }
  EXPECT_EQ(dump.at("storage").at("lepton-shared-fs").size(), 0u);
}

TEST_F(Held, AdvanceLetsTimePass) {
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(control("advance", R"({"by":"11m"})").status, 200);
  EXPECT_THAT(job_ids(""), testing::IsEmpty());
  EXPECT_EQ(job_state(id), "Completed");
}

TEST_F(Held, ScenarioThatIsWrongNamesLineAndField) {
  const auto parsed = parse_scenario("rules:\n  - match: a\n    outcome: explode\n", "s.yaml");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().text(), "s.yaml:3: rules[0].outcome: \"explode\" is not one of its values");
}

}  // namespace
}  // namespace lepton_operator::simulator
