#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

class Logs : public WorkspaceUnderTest {
 protected:
  std::vector<std::string> lines(const std::string& query) {
    std::vector<std::string> found;
    const base::Json body = get("/logs?" + query);
    for (const base::Json& stream : base::elements(base::find(body.at("data"), "result"))) {
      for (const base::Json& value : base::elements(base::find(stream, "values"))) found.push_back(value.at(1).as_string());
    }
    return found;
  }
  std::string ns(base::Timestamp at) { return std::to_string(at.time_since_epoch().count() * 1'000'000); }
};

TEST_F(Logs, AreAnsweredAsStreamsOfTheWorkload) {
  const std::string id = create_job(job("eval"));
  pass(4s);
  EXPECT_THAT(lines("job=" + id), testing::ElementsAre("running eval", "done"));
  EXPECT_THAT(lines("job=" + id + "&q=don&limit=5&job_query_mode=alive_and_archive"), testing::ElementsAre("done"));
  EXPECT_THAT(lines("job=" + id + "&limit=1"), testing::ElementsAre("done"));
  EXPECT_THAT(lines("deployment=absent"), testing::IsEmpty());
}

TEST_F(Logs, AreCutToTheirBounds) {
  const base::Timestamp made = now_;
  const std::string id = create_job(job("eval"));
  pass(4s);
  EXPECT_THAT(lines("job=" + id + "&start=" + ns(made) + "&end=" + ns(made + 1ms)), testing::ElementsAre("running eval"));
  EXPECT_EQ(ask("GET", "/logs?job=" + id + "&start=" + ns(made)).status, 400);
  EXPECT_EQ(ask("GET", "/logs?job=" + id + "&start=0&end=1").status, 400);
  EXPECT_EQ(ask("GET", "/logs").status, 400);
}

TEST_F(Logs, OfMoreLinesThanAskedForAreTheNewestOrForwardTheOldest) {
  const std::string id = create_job(job("eval"));
  pass(4s);
  EXPECT_THAT(lines("job=" + id + "&limit=1&direction=backward"), testing::ElementsAre("done"));
  EXPECT_THAT(lines("job=" + id + "&limit=1&direction=forward"), testing::ElementsAre("running eval"));
}

TEST_F(Logs, HoldWhatIsSaidByHand) {
  const std::string id = create_job(job("eval"));
  pass(1s);
  EXPECT_EQ(control("say", R"({"job": "eval", "line": "step 1"})").status, 200);
  EXPECT_THAT(lines("job=" + id), testing::ElementsAre("running eval", "step 1"));
  EXPECT_EQ(control("say", R"({"job": "absent", "line": "x"})").status, 404);
  EXPECT_EQ(control("say", R"({"job": "eval"})").status, 400);
}

TEST_F(Logs, OfAReplicaGoOnWhileItRunsWhereThatIsAskedFor) {
  restart({.stream_logs = true});
  const std::string id = create_job(job("eval"));
  pass(1s);
  const Response begun = ask("GET", "/jobs/" + id + "/replicas/" + id + "-0/log");
  EXPECT_EQ(begun.body, "running eval\n");
  ASSERT_EQ(begun.goes_on, RunningLog{id});
  EXPECT_EQ(simulator_->log_after({id}, begun.body.size()), "");
  control("say", R"({"job": "eval", "line": "step 1"})");
  EXPECT_EQ(simulator_->log_after({id}, begun.body.size()), "step 1\n");
  pass(4s);
  EXPECT_EQ(simulator_->log_after({id}, begun.body.size()), "step 1\ndone\n");
  EXPECT_EQ(simulator_->log_after({id}, std::string("running eval\nstep 1\ndone\n").size()), std::nullopt);
  EXPECT_FALSE(ask("GET", "/jobs/" + id + "/replicas/" + id + "-0/log").goes_on);
}

TEST_F(Logs, OfAnEndpointAreThoseOfEachReplica) {
  restart({.stream_logs = true});
  ASSERT_EQ(ask("POST", "/deployments", endpoint("chat")).status, 201);
  ASSERT_EQ(ask("PATCH", "/deployments/chat", R"({"spec":{"resource_requirement":{"min_replicas":2}}})").status, 200);
  const std::vector<std::string> replicas = simulator_->deployments().find("chat")->replicas;
  ASSERT_EQ(replicas.size(), 2u);
  control("say", R"({"deployment": "chat", "replica": 1, "line": "loading"})");
  EXPECT_EQ(control("say", R"({"deployment": "chat", "replica": 2, "line": "x"})").status, 404);
  EXPECT_THAT(lines("deployment=chat&replica=" + replicas[0]), testing::ElementsAre("starting chat"));
  EXPECT_THAT(lines("deployment=chat&replica=" + replicas[1]), testing::ElementsAre("starting chat", "loading"));
  EXPECT_THAT(lines("deployment=chat"), testing::UnorderedElementsAre("starting chat", "starting chat", "loading"));
  EXPECT_THAT(lines("deployment=chat&limit=1"), testing::ElementsAre("loading"));
  const Response begun = ask("GET", "/deployments/chat/replicas/" + replicas[1] + "/log");
  EXPECT_EQ(begun.body, "starting chat\nloading\n");
  ASSERT_EQ(begun.goes_on, (RunningLog{"chat", replicas[1]}));
  EXPECT_EQ(simulator_->log_after(*begun.goes_on, begun.body.size()), "");
  ask("DELETE", "/deployments/chat");
  EXPECT_EQ(simulator_->log_after(*begun.goes_on, begun.body.size()), std::nullopt);
}

TEST_F(Logs, OfAReplicaAreWhatThereIsOtherwise) {
  const std::string id = create_job(job("eval"));
  pass(1s);
  EXPECT_FALSE(ask("GET", "/jobs/" + id + "/replicas/" + id + "-0/log").goes_on);
}

}  // namespace
}  // namespace lepton_operator::simulator
