#include "lepton/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/lepton/codec_samples.h"

namespace lepton_operator::lepton {
namespace {

using testing::ElementsAre;

TEST(EndpointBody, HasEveryFieldOfTheContractWhereTheLauncherPutsIt) {
  const Json expected = parsed(R"({
    "metadata": {"id": "vllm-gpqa-0-abc", "name": "vllm-gpqa-0-abc", "labels": {"lepton-operator.task": "gpqa", "lepton-operator.uid": "u1"}},
    "spec": {
      "container": {"image": "vllm:1", "command": ["vllm", "serve", "/model"], "ports": [{"container_port": 8080}]},
      "resource_requirement": {"resource_shape": "gpu.1xh200", "min_replicas": 1, "max_replicas": 2, "shared_memory_size": 2048,
                               "affinity": {"allowed_dedicated_node_groups": ["h200-abcdefgh"]}},
      "envs": [{"name": "A", "value": "1"}, {"name": "B", "value_from": {"secret_name_ref": "hf-token"}}],
      "mounts": [{"path": "/cache", "from": "node-nfs:lepton-shared-fs", "mount_path": "/opt/nim/.cache"}],
      "api_tokens": [{"value": "t"}, {"value_from": {"token_name_ref": "shared"}}],
      "image_pull_secrets": ["ngc"],
      "auto_scaler": {"scale_down": {"no_traffic_timeout": 3600}},
      "health": {"readiness": {}, "liveness": {}}, "log": {"enable_collection": true},
      "queue_config": {"priority_class": "mid-4000"}, "metrics": {}, "routing_policy": {}, "user_security_context": {}
    }})");
  EXPECT_EQ(base::to_text(encode(full_endpoint())), base::to_text(expected));
}

TEST(EndpointBody, OfANimHasNoCommandAndNothingThatWasNotGiven) {
  EndpointSpec spec;
  spec.name = "nim-a";
  spec.image = "nim:1";
  spec.resource_shape = "gpu.1xh200";
  const Json body = encode(spec);
  EXPECT_EQ(base::to_text(body.at("spec").at("container")), R"({"image":"nim:1","ports":[{"container_port":8000}]})");
  for (const char* absent : {"mounts", "api_tokens", "image_pull_secrets", "auto_scaler"})
    EXPECT_FALSE(body.at("spec").has_field(absent)) << absent;
  EXPECT_FALSE(body.at("spec").at("resource_requirement").has_field("affinity"));
  EXPECT_FALSE(body.at("metadata").has_field("visibility"));
}

TEST(EndpointBody, TakesAHealthThatWasGivenAsItIs) {
  EndpointSpec spec = full_endpoint();
  spec.health = parsed(R"({"liveness":{"initial_delay_seconds":30}})");
  EXPECT_EQ(base::to_text(encode(spec).at("spec").at("health")), R"({"liveness":{"initial_delay_seconds":30}})");
}

TEST(EndpointBody, ToScaleNamesBothBoundsSinceOneAloneFailsTheContractsType) {
  EXPECT_EQ(base::to_text(encode_replicas(1, 2)), R"({"spec":{"resource_requirement":{"max_replicas":2,"min_replicas":1}}})");
}

TEST(JobBody, IsWhatTheLauncherSendsWithALongTtlAndTheGroupAlone) {
  JobSpec spec;
  spec.name = "eval-abc-gpqa-0";
  spec.labels = {{"lepton-operator.task", "gpqa"}};
  spec.image = "simple-evals:1";
  spec.command = {"/bin/bash", "-c", "true"};
  spec.resource_shape = "CPU.small";
  spec.node_group_ids = {"cpu-abcdefgh"};
  spec.envs = {EnvVar{"HF_TOKEN", {}, "hf"}};
  spec.mounts = {Mount{"/shared/x", "node-nfs:lepton-shared-fs", "/workspace"}};
  spec.image_pull_secrets = {"lepton-nvidia"};
  const Json expected = parsed(R"({
    "metadata": {"name": "eval-abc-gpqa-0", "visibility": "private", "labels": {"lepton-operator.task": "gpqa"}},
    "spec": {
      "container": {"image": "simple-evals:1", "command": ["/bin/bash", "-c", "true"]}, "resource_shape": "cpu.small",
      "affinity": {"allowed_dedicated_node_groups": ["cpu-abcdefgh"]},
      "envs": [{"name": "HF_TOKEN", "value_from": {"secret_name_ref": "hf"}}],
      "mounts": [{"path": "/shared/x", "from": "node-nfs:lepton-shared-fs", "mount_path": "/workspace"}],
      "image_pull_secrets": ["lepton-nvidia"], "shared_memory_size": 1024, "completions": 1, "parallelism": 1,
      "intra_job_communication": false, "max_failure_retry": 0, "max_job_failure_retry": 0, "ttl_seconds_after_finished": 604800
    }})");
  EXPECT_EQ(base::to_text(encode(spec)), base::to_text(expected));
}

TEST(SecretBody, IsAListAndPrivate) {
  const std::vector<NewSecret> secrets = {NewSecret{"s", "v", {"lepton-operator.uid=u1"}}};
  EXPECT_EQ(base::to_text(encode(secrets)), R"([{"name":"s","tags":["lepton-operator.uid=u1"],"value":"v","visibility":"private"}])");
}

TEST(AnEndpointRead, CarriesStateUrlOwnerAndEnvs) {
  const auto endpoint = decode_endpoint(parsed(R"({
    "metadata": {"id": "e", "name": "e", "created_at": 1803221876159, "labels": {"k": "v", "odd": 3}},
    "spec": {"resource_requirement": {"min_replicas": 0}, "envs": [{"name": "A", "value": "1"}, {"name": "B", "value_from": {"secret_name_ref": "s"}}]},
    "status": {"state": "Not Ready", "phase": "Stopped", "endpoint": {"internal_endpoint": "", "external_endpoint": "https://e.test/"}}})"));
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->name, "e");
  EXPECT_EQ(endpoint->labels, (Labels{{"k", "v"}}));
  EXPECT_EQ(endpoint->state, EndpointState::kNotReady);
  EXPECT_EQ(endpoint->phase, EndpointState::kStopped);
  EXPECT_EQ(endpoint->external_url, "https://e.test");
  EXPECT_EQ(endpoint->spec->min_replicas, 0);
  EXPECT_EQ(endpoint->created_at, Timestamp{std::chrono::milliseconds(1803221876159)});
  EXPECT_EQ(endpoint->spec->envs, (std::vector<EnvVar>{{"A", "1", std::nullopt}, {"B", std::nullopt, "s"}}));
}

TEST(AnEndpointRead, MayLackItsStatusOrHaveAnythingInIt) {
  for (const char* text :
       {R"({"metadata":{"name":"e"}})", R"({"metadata":{"name":"e"},"spec":[],"status":null})",
        R"({"metadata":{"name":"e"},"status":{"state":"","endpoint":7}})", R"({"metadata":{"id":"e"},"status":{"state":5}})"}) {
    const auto endpoint = decode_endpoint(parsed(text));
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->name, "e");
    EXPECT_EQ(endpoint->state, EndpointState::kUnknown);
    EXPECT_EQ(endpoint->phase, std::nullopt);
    EXPECT_EQ(endpoint->external_url, "");
  }
}

TEST(AListOfEndpoints, CountsWhatHasNoNameAndSkipsPods) {
  const auto list = decode_endpoints(parsed(R"([{"metadata":{"name":"a"}}, {"metadata":{"name":""}}, {}, 3, null, {"metadata":{"name":7}},
    {"metadata":{"name":"pod"},"spec":{"is_pod":true}}, {"metadata":{"name":"b"},"spec":{"is_pod":false}}])"));
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[0].name, "a");
  EXPECT_EQ(list->items[1].name, "b");
  EXPECT_EQ(list->malformed, 5);
}

TEST(AListOfEndpoints, ThatIsNoArrayIsMalformedAndNeverEmpty) {
  for (const char* text : {"{}", "\"\"", R"({"deployments":[]})"}) {
    const auto list = decode_endpoints(parsed(text));
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_EQ(list.error().kind, base::ErrorKind::kMalformed);
  }
}

TEST(AJobRead, TakesItsIdFromTheServerAndCompletionInSecondsOrMilliseconds) {
  const auto job = decode_job(parsed(R"({"metadata":{"id":"eval-x7f2","name":"eval","created_at":1803221876159},
    "status":{"state":"Completed","succeeded":1,"failed":2,"completion_time":1803221999}})"));
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->id, "eval-x7f2");
  EXPECT_EQ(job->name, "eval");
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(job->succeeded, 1);
  EXPECT_EQ(job->failed, 2);
  EXPECT_EQ(job->completed_at, Timestamp{std::chrono::seconds(1803221999)});
  const auto other = decode_job(parsed(R"({"metadata":{"id":"i"},"status":{"completion_time":1803221999000}})"));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->completed_at, job->completed_at);
  EXPECT_EQ(other->name, "i");
}

TEST(AJobRead, WithoutAnIdCannotBeAddressedAndIsMalformed) {
  EXPECT_FALSE(decode_job(parsed(R"({"metadata":{"name":"eval"}})")).ok());
  EXPECT_FALSE(decode_job(parsed("[]")).ok());
}

TEST(AJobRead, WithoutStatusIsUnknownAndNotFinished) {
  const auto job = decode_job(parsed(R"({"metadata":{"id":"i"},"status":{"completion_time":0,"failed":-1,"succeeded":"x"}})"));
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->state, JobState::kUnknown);
  EXPECT_EQ(job->completed_at, std::nullopt);
  EXPECT_EQ(job->failed + job->succeeded, 0);
}

TEST(AListOfJobs, IsAnObjectAnArrayOrGosNull) {
  for (const char* text : {R"({"jobs":[{"metadata":{"id":"a"}},{}]})", R"([{"metadata":{"id":"a"}},{}])"}) {
    const auto list = decode_jobs(parsed(text));
    ASSERT_TRUE(list.ok()) << text;
    EXPECT_EQ(list->items.size(), 1u);
    EXPECT_EQ(list->malformed, 1);
  }
  const auto empty = decode_jobs(parsed(R"({"jobs":null})"));
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->items.empty());
  EXPECT_FALSE(decode_jobs(parsed("{}")).ok());
}

TEST(TheWorkspaceRead, UsesTheNewFamilyOnlyWhenTheFlagIsTrueItself) {
  EXPECT_EQ(decode_workspace(parsed(R"({"features":{"enable_new_deployment_api":true}})"))->family, ApiFamily::kEndpoints);
  for (const char* text : {"{}", R"({"features":null})", R"({"features":{"enable_new_deployment_api":"true"}})",
                           R"({"features":{"enable_new_deployment_api":1}})", R"({"features":{"enable_new_deployment_api":false}})"}) {
    EXPECT_EQ(decode_workspace(parsed(text))->family, ApiFamily::kDeployments) << text;
  }
  const auto info = decode_workspace(parsed(R"({"workspace_name":"my team","workspace_state":"normal"})"));
  EXPECT_EQ(info->name, "my team");
  EXPECT_EQ(info->state, "normal");
  EXPECT_FALSE(decode_workspace(parsed("[]")).ok());
}

TEST(NodeGroups, NeedAnIdAndSecretsAName) {
  const auto groups =
      decode_node_groups(parsed(R"([{"metadata":{"id":"h200-abcd","name":"h200"},"spec":{},"status":{}}, {"metadata":{"name":"x"}}])"));
  ASSERT_TRUE(groups.ok());
  ASSERT_EQ(groups->items.size(), 1u);
  EXPECT_EQ(groups->items[0].id, "h200-abcd");
  EXPECT_EQ(groups->items[0].name, "h200");
  EXPECT_EQ(groups->malformed, 1);
  const auto secrets = decode_secrets(parsed(R"([{"name":"s","tags":["a","b"]}, {"name":"t"}, {"value":"?"}])"));
  ASSERT_TRUE(secrets.ok());
  ASSERT_EQ(secrets->items.size(), 2u);
  EXPECT_THAT(secrets->items[0].tags, ElementsAre("a", "b"));
  EXPECT_EQ(secrets->malformed, 1);
}

TEST(Storage, ListsDirectoriesFilesAndFileSystems) {
  const auto entries = decode_storage(parsed(R"([{"type":"dir","name":"logs","path":"/x/logs"},{"type":"file","name":"results.yml"}])"));
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->items.size(), 2u);
  EXPECT_TRUE(entries->items[0].directory);
  EXPECT_FALSE(entries->items[1].directory);
  const auto systems = decode_file_systems(parsed(R"([{"metadata":{"id":"1","name":"default"}},{"metadata":{"id":"lepton-shared-fs"}}])"));
  ASSERT_TRUE(systems.ok());
  EXPECT_THAT(*systems, ElementsAre("default", "lepton-shared-fs"));
}

TEST(AList, ThatGoWroteAsNullIsEmpty) {
  const Json null = Json::null();
  EXPECT_TRUE(decode_endpoints(null).ok());
  EXPECT_TRUE(decode_jobs(null).ok());
  EXPECT_TRUE(decode_jobs(parsed(R"({"jobs":null})")).ok());
  EXPECT_TRUE(decode_node_groups(null).ok());
  EXPECT_TRUE(decode_secrets(null).ok());
  EXPECT_TRUE(decode_storage(null).ok());
  EXPECT_TRUE(decode_file_systems(null).ok());
}

}  // namespace
}  // namespace lepton_operator::lepton
