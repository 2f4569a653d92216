#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Job = WorkspaceUnderTest;

TEST_F(Job, GetsAnIdFromTheServerAndIsFoundByItAlone) {
  const std::string id = create_job(job("eval"));
  EXPECT_THAT(id, testing::MatchesRegex("eval-[0-9a-f]{4}"));
  EXPECT_EQ(ask("GET", "/jobs/" + id).status, 200);
  EXPECT_EQ(ask("GET", "/jobs/eval").status, 404);
}

TEST_F(Job, MayShareItsNameWithAnother) {
  const std::string first = create_job(job("eval"));
  const std::string second = create_job(job("eval"));
  EXPECT_NE(first, second);
  EXPECT_THAT(job_ids("?q=eval"), UnorderedElementsAre(first, second));
}

TEST_F(Job, RunsAndCompletes) {
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(job_state(id), "Starting");
  pass(200ms);
  EXPECT_EQ(job_state(id), "Running");
  pass(3s);
  EXPECT_EQ(job_state(id), "Completed");
}

TEST_F(Job, LeavesTheAliveSetAfterItsTtlButKeepsItsState) {
  const std::string id = create_job(job("eval", R"("ttl_seconds_after_finished":60,)"));
  pass(3200ms);
  EXPECT_EQ(job_state(id), "Completed");
  pass(59s);
  EXPECT_THAT(job_ids(""), ElementsAre(id));
  pass(1s);
  EXPECT_THAT(job_ids(""), IsEmpty());
  EXPECT_EQ(ask("GET", "/jobs/" + id).status, 404);
  EXPECT_EQ(job_state(id), "Completed");
  EXPECT_THAT(job_ids("?job_query_mode=archive_only"), ElementsAre(id));
  EXPECT_THAT(job_ids("?job_query_mode=alive_and_archive"), ElementsAre(id));
}

TEST_F(Job, HasATtlOfTenMinutesUnlessWritten) {
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(get("/jobs/" + id).at("spec").at("ttl_seconds_after_finished").as_integer(), 600);
}

TEST_F(Job, ShowsArchivedWhereTheServerDoesSo) {
  Options options;
  options.archived_state = true;
  restart(options);
  const std::string id = create_job(job("eval", R"("ttl_seconds_after_finished":0,)"));
  pass(3200ms);
  EXPECT_EQ(job_state(id), "Archived");
}

TEST_F(Job, IsDeletedFromTheArchiveOnlyWhenAskedInThatMode) {
  const std::string id = create_job(job("eval", R"("ttl_seconds_after_finished":0,)"));
  pass(4s);
  EXPECT_EQ(ask("DELETE", "/jobs/" + id).status, 404);
  EXPECT_EQ(ask("DELETE", "/jobs/" + id + "?job_query_mode=alive_and_archive").status, 200);
  pass(300ms);
  EXPECT_EQ(job_state(id), "404");
}

TEST_F(Job, IsDeletingBeforeItIsGone) {
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(ask("DELETE", "/jobs/" + id).status, 200);
  EXPECT_EQ(job_state(id), "Deleting");
  pass(300ms);
  EXPECT_EQ(job_state(id), "404");
}

TEST_F(Job, StopsAndStartsAgainByPatch) {
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(ask("PATCH", "/jobs/" + id, R"({"spec":{"stopped":true}})").status, 200);
  EXPECT_EQ(job_state(id), "Stopping");
  pass(300ms);
  EXPECT_EQ(job_state(id), "Stopped");
  ask("PATCH", "/jobs/" + id, R"({"spec":{"stopped":false}})");
  pass(3200ms);
  EXPECT_EQ(job_state(id), "Completed");
}

TEST_F(Job, ListIsPagedAndEndsInAnEmptyPage) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.insert(made.begin(), create_job(job("eval-" + std::to_string(i))));
  std::vector<std::string> seen;
  std::size_t pages = 0;
  for (;; ++pages) {
    const auto page = job_ids("?page_size=2&page=" + std::to_string(pages + 1));
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
  }
  EXPECT_EQ(seen, made);
  EXPECT_EQ(pages, 3u);
}

TEST_F(Job, IsListedAsItIsShownAlone) {
  const std::string first = create_job(job("eval"));
  pass(200ms);
  const std::string second = create_job(job("eval"));
  const base::Json list = get("/jobs");
  EXPECT_EQ(list.at("total").as_integer(), 2);
  EXPECT_EQ(list.at("jobs").at(0), get("/jobs/" + second));
  EXPECT_EQ(list.at("jobs").at(1), get("/jobs/" + first));
}

TEST_F(Job, ListRefusesWhatTheContractDoesNotHave) {
  EXPECT_EQ(ask("GET", "/jobs?page=0").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?page_size=501").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?page_size=x").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?job_query_mode=all").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?status=Succeeded").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?labels=a").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?query=a,,b").status, 400);
  EXPECT_EQ(ask("GET", "/jobs?query=!a").status, 400);
}

TEST_F(Job, ListIsFilteredByEveryFieldOfTheQuery) {
  const std::string ours =
      create_job(job("eval-a", R"("affinity":{"allowed_dedicated_node_groups":["cpu-eu-0f1e2d3c"]},)", R"("labels":{"k":"v","l":"w"},)"));
  const std::string other = create_job(job("other", "", R"("labels":{"k":"v"},)"));
  EXPECT_THAT(job_ids("?query=k%3Dv,l%3Dw"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?query=k%3Dv"), ElementsAre(other, ours));
  EXPECT_THAT(job_ids("?q=val-"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?node_groups=cpu-eu-0f1e2d3c"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?created_by=nobody"), IsEmpty());
  EXPECT_THAT(job_ids("?status=Running&status=Completed"), IsEmpty());
  EXPECT_THAT(job_ids("?status=Running&status=Starting"), ElementsAre(other, ours));
}

// `lep job list` hands on what its user typed, and says that it matches beginnings and parts.
TEST_F(Job, ListTakesBeginningsAndPartsInEitherCase) {
  const std::string ours =
      create_job(job("eval-a", R"("affinity":{"allowed_dedicated_node_groups":["cpu-eu-0f1e2d3c"]},)", R"("labels":{"k":"v"},)"));
  const std::string other = create_job(job("other"));
  EXPECT_THAT(job_ids("?status=start"), ElementsAre(other, ours));
  EXPECT_THAT(job_ids("?status=run"), IsEmpty());
  EXPECT_THAT(job_ids("?q=EVAL"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?q=" + ours), ElementsAre(ours));
  EXPECT_THAT(job_ids("?node_groups=CPU"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?created_by=SIM"), ElementsAre(other, ours));
  EXPECT_THAT(job_ids("?created_by=nobody&created_by=sim-user"), ElementsAre(other, ours));
  EXPECT_THAT(job_ids("?query=k"), ElementsAre(ours));
  EXPECT_THAT(job_ids("?query=k,k%3D%3Dv"), ElementsAre(ours));
}

TEST_F(Job, HasAReplicaOnANodeForEachWorker) {
  const std::string id =
      create_job(job("eval", R"("completions":3,"parallelism":3,"affinity":{"allowed_dedicated_node_groups":["cpu-eu-0f1e2d3c"]},)"));
  EXPECT_EQ(get("/jobs/" + id + "/replicas").size(), 0);
  pass(200ms);
  const base::Json replicas = get("/jobs/" + id + "/replicas");
  ASSERT_EQ(replicas.size(), 3);
  EXPECT_EQ(replicas.at(2).at("id").as_string(), id + "-2");
  EXPECT_EQ(replicas.at(1).at("status").at("node").at("id").as_string(), "node-cpu-1");
  EXPECT_EQ(ask("GET", "/jobs/" + id + "/replicas/" + id + "-2/log").body, "running eval\n");
  EXPECT_EQ(ask("GET", "/jobs/" + id + "/replicas/" + id + "-3/log").status, 404);
  EXPECT_EQ(get("/jobs/" + id).at("status").at("active").as_integer(), 3);
  pass(3s);
  EXPECT_EQ(get("/jobs/" + id).at("status").at("succeeded").as_integer(), 3);
}

TEST_F(Job, LeavesItsResultsOnTheMountedVolume) {
  create_job(evaluation("eval"));
  pass(200ms);
  EXPECT_EQ(file("/shared/w/0123/gpqa/logs/stage.running"), "");
  EXPECT_EQ(file("/shared/w/0123/gpqa/results.yml"), "(absent)");
  pass(3s);
  EXPECT_THAT(file("/shared/w/0123/gpqa/results.yml"), HasSubstr("results:"));
  EXPECT_EQ(file("/shared/w/0123/gpqa/logs/stage.pre-start"), "");
  EXPECT_EQ(file("/shared/w/0123/gpqa/logs/stage.exit"), "exit_code: 0\n");
}

TEST_F(Job, MakesItsMountedDirectoryWhenItStarts) {
  create_job(evaluation("eval"));
  EXPECT_EQ(ask("HEAD", "/storage/lepton-shared-fs/shared/w/0123").status, 404);
  pass(200ms);
  EXPECT_EQ(ask("HEAD", "/storage/lepton-shared-fs/shared/w/0123").status, 200);
}

TEST_F(Job, FailsWithoutFilesWhenItsOutputIsOutsideOfEveryMount) {
  for (const char* output : {"/results", "/workspace2/x", "/workspace/../x", "results"}) {
    const std::string id = create_job(evaluation("eval", output));
    pass(3200ms);
    EXPECT_EQ(job_state(id), "Failed") << output;
  }
  EXPECT_THAT(simulator_->world().volumes["lepton-shared-fs"].paths(), ElementsAre("/shared/", "/shared/w/", "/shared/w/0123/"));
}

TEST_F(Job, ThatFailsLeavesItsExitCodeAndNoResults) {
  restart({}, "rules: [{match: eval, kind: job, outcome: fail, times: 1, exit-code: 65, reason: no answer}]");
  const std::string first = create_job(evaluation("eval-0"));
  pass(3200ms);
  EXPECT_EQ(job_state(first), "Failed");
  EXPECT_EQ(file("/shared/w/0123/gpqa/logs/stage.exit"), "exit_code: 65\n");
  EXPECT_EQ(file("/shared/w/0123/gpqa/results.yml"), "(absent)");
  const std::string second = create_job(evaluation("eval-1"));
  pass(3200ms);
  EXPECT_EQ(job_state(second), "Completed");
}

TEST_F(Job, OfEachTaskFailsKTimesByItself) {
  restart({}, "rules: [{match: gpqa*, kind: job, outcome: fail, times: 1}]");
  const auto labelled = [](const char* task) {
    return std::string(R"("labels":{"lepton-operator.uid":"u","lepton-operator.task":")") + task + "\"},";
  };
  const std::string a = create_job(job("eval-0", "", labelled("gpqa")));
  const std::string b = create_job(job("eval-1", "", labelled("gpqa_diamond")));
  const std::string again = create_job(job("eval-2", "", labelled("gpqa")));
  pass(4s);
  EXPECT_EQ(job_state(a), "Failed");
  EXPECT_EQ(job_state(b), "Failed");
  EXPECT_EQ(job_state(again), "Completed");
}

TEST_F(Job, ThatIsDeletedWhileItRunsStillWritesAtItsEnd) {
  const std::string id = create_job(evaluation("eval"));
  pass(1s);
  ask("DELETE", "/jobs/" + id);
  EXPECT_EQ(ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123?removeall=true").status, 200);
  pass(300ms);
  EXPECT_EQ(file("/shared/w/0123/gpqa/logs/stage.exit"), "exit_code: 143\n");
}

TEST_F(Job, WithACleanupDirectoryRemovesItThroughItsMount) {
  create_job(evaluation("eval"));
  pass(4s);
  const auto cleanup = [](const char* directory) {
    return job("cleanup", std::string(R"("envs":[{"name":"CLEANUP_DIRECTORY","value":")") + directory +
                              R"("}],"mounts":[{"path":"/shared/w","from":"node-nfs:lepton-shared-fs","mount_path":"/cleanup"}],)");
  };
  for (const char* wrong : {"/cleanup", "/cleanup/", "/shared/w/0123", "/cleanup/0123/../..", ""}) {
    const std::string id = create_job(cleanup(wrong));
    pass(3200ms);
    EXPECT_EQ(job_state(id), "Failed") << wrong;
    EXPECT_NE(file("/shared/w/0123/gpqa/results.yml"), "(absent)") << wrong;
  }
  const std::string id = create_job(cleanup("/cleanup/0123"));
  pass(3200ms);
  EXPECT_EQ(job_state(id), "Completed");
  EXPECT_THAT(simulator_->world().volumes["lepton-shared-fs"].paths(), ElementsAre("/shared/", "/shared/w/"));
}

TEST_F(Job, RemembersTheEndpointsThatItTalksToAsTheyStoodWhenItWasMade) {
  ask("POST", "/deployments", endpoint("a"));
  ask("POST", "/deployments", endpoint("other"));
  pass(2s);
  ask("POST", "/deployments", endpoint("b"));
  create_job(job(
      "eval",
      R"("envs":[{"name":"A","value":"https://ws-sim-a.xenon.lepton.run/v1"},{"name":"B","value":"https://ws-sim-b.xenon.lepton.run/v1"},)"
      R"({"name":"C","value":"https://ws-sim-c.xenon.lepton.run/v1"}],)"));
  EXPECT_EQ(simulator_->dump().at("jobs").at(0).at("endpoints_at_creation"), json(R"({"a":"Ready","b":"Starting"})"));
}

TEST_F(Job, FailsWithoutItsEndpointWhereTheScenarioSaysSo) {
  restart({}, "rules: [{match: eval, kind: job, needs-endpoints: true}]");
  const auto against = [](const char* name) {
    return job("eval", std::string(R"("envs":[{"name":"URL","value":"https://ws-sim-)") + name + R"(.xenon.lepton.run/v1"}],)");
  };
  ask("POST", "/deployments", endpoint("a"));
  const std::string early = create_job(against("a"));
  pass(4s);
  const std::string late = create_job(against("a"));
  pass(4s);
  EXPECT_EQ(job_state(early), "Failed");
  EXPECT_EQ(job_state(late), "Completed");
}

}  // namespace
}  // namespace lepton_operator::simulator
