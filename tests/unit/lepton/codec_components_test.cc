// Endpoints in the form of /endpoints: what is sent, what is read back, and what an update sends of what it read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lepton/codec.h"
#include "unit/lepton/codec_samples.h"

namespace lepton_operator::lepton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(ComponentsBody, HasEveryFieldWhereTheContractPutsItAndTheLabelsInOneVariable) {
  const Json expected = parsed(R"({
    "metadata": {"name": "vllm-gpqa-0-abc"},
    "spec": {
      "components": [{
        "name": "default", "image": "vllm:1", "command": ["vllm", "serve", "/model"], "ports": [{"container_port": 8080}],
        "resource_shape": "gpu.1xh200", "min_replicas": 1, "max_replicas": 2, "shared_memory_size": 2048,
        "affinity": {"allowed_dedicated_node_groups": ["h200-abcdefgh"]},
        "envs": [{"name": "A", "value": "1"}, {"name": "B", "value_from": {"secret_name_ref": "hf-token"}},
                 {"name": "LEPTONOP_OWNER", "value": "lepton-operator.task=gpqa,lepton-operator.uid=u1"}],
        "mounts": [{"path": "/cache", "from": "node-nfs:lepton-shared-fs", "mount_path": "/opt/nim/.cache"}],
        "autoscaling": {"scale_down": {"no_traffic_timeout": 3600}}, "health": {"readiness": {}, "liveness": {}},
        "queue_config": {"priority_class": "mid-4000"}, "user_security_context": {}}],
      "api_tokens": [{"value": "t"}, {"value_from": {"token_name_ref": "shared"}}], "image_pull_secrets": ["ngc"],
      "log": {"enable_collection": true}, "metrics": {}, "routing_policy": {}
    }})");
  EXPECT_EQ(base::to_text(encode(full_endpoint(), ApiFamily::kEndpoints)), base::to_text(expected));
}

TEST(ComponentsBody, OfTheLegacyFamilyIsTheLegacyBody) {
  EXPECT_EQ(encode(full_endpoint(), ApiFamily::kDeployments), encode(full_endpoint()));
}

// Whatever was sent is read as the same endpoint, whichever family carried it.
TEST(AnEndpointOfComponents, IsReadAsTheSameAsItsLegacyForm) {
  const auto read = [](ApiFamily family) {
    Json body = encode(full_endpoint(), family);
    body["metadata"]["created_at"] = Json::number(static_cast<std::int64_t>(1803221876159));
    return decode_endpoint(body, family);
  };
  const auto legacy = read(ApiFamily::kDeployments);
  auto components = read(ApiFamily::kEndpoints);
  ASSERT_TRUE(legacy && components);
  EXPECT_EQ(components->labels, full_endpoint().labels);
  components->phase.reset();  // the legacy body has none, as nothing answered it
  EXPECT_EQ(*components, *legacy);
}

Endpoint read(const std::string& metadata, const std::string& status) {
  const auto endpoint = decode_endpoint(
      parsed(R"({"metadata":{"name":"e")" + metadata + R"(},"spec":{"components":[]},"status":)" + status + "}"), ApiFamily::kEndpoints);
  EXPECT_TRUE(endpoint.ok());
  return endpoint ? *endpoint : Endpoint{};
}

TEST(AnEndpointOfComponents, SpellsItsStateInItsOwnWay) {
  EXPECT_EQ(read("", R"({"state":"NotReady"})").state, EndpointState::kNotReady);
  EXPECT_EQ(read("", R"({"state":"Stopped"})").state, EndpointState::kStopped);
  EXPECT_EQ(read("", R"({"state":"Ready","external_url":"https://e.test/"})").external_url, "https://e.test");
  for (const char* status : {"{}", "null", R"({"state":""})", R"({"state":"Pondering"})", R"({"state":7})"}) {
    EXPECT_EQ(read("", status).state, EndpointState::kUnknown) << status;
  }
}

TEST(AnEndpointOfComponents, ThatHasATimeOfDeletionIsBeingDeletedWhateverItsState) {
  EXPECT_EQ(read(R"(,"deleted_at":1803221876159)", R"({"state":"Ready"})").state, EndpointState::kDeleting);
  for (const char* none : {"null", "0", "\"\""}) {
    EXPECT_EQ(read(std::string(R"(,"deleted_at":)") + none, R"({"state":"Ready"})").state, EndpointState::kReady) << none;
  }
}

TEST(AnEndpointOfComponents, OfSeveralIsReadByTheOneThatServes) {
  const auto endpoint = decode_endpoint(parsed(R"({"metadata":{"name":"e"},"spec":{"components":[
      {"name":"a","envs":[{"name":"A","value":"1"}]}, {"name":"b","frontend":true,"envs":[{"name":"B","value":"2"}]}]}})"),
                                        ApiFamily::kEndpoints);
  ASSERT_TRUE(endpoint.ok());
  EXPECT_THAT(endpoint->spec->envs.value(), ElementsAre(EnvVar{"B", "2", std::nullopt}));
}

TEST(AnEndpointOfComponents, ThatCannotBeAddressedIsCountedAndSpoilsNoOther) {
  const Json list = parsed(R"([null, 7, {"metadata":{}}, {"metadata":{"name":"e"},"spec":{"components":[3]}}])");
  const auto endpoints = decode_endpoints(list, ApiFamily::kEndpoints);
  ASSERT_TRUE(endpoints.ok());
  EXPECT_EQ(endpoints->items.size(), 1U);
  EXPECT_EQ(endpoints->malformed, 3);
  EXPECT_FALSE(decode_endpoints(parsed(R"({"endpoints":[]})"), ApiFamily::kEndpoints).ok());
}

TEST(AnOwnersMark, ThatWasChangedByHandIsReadAsFarAsItGoes) {
  const auto labels_of = [](const std::string& mark) {
    return decode_endpoint(
               parsed(R"({"metadata":{"name":"e"},"spec":{"components":[{"name":"a","envs":[{"name":"LEPTONOP_OWNER","value":")" + mark +
                      R"("}]}]}})"),
               ApiFamily::kEndpoints)
        ->labels;
  };
  EXPECT_THAT(labels_of("a=b,c=d"), ElementsAre(Pair("a", "b"), Pair("c", "d")));
  EXPECT_THAT(labels_of(",a=b=c,,x,=y"), ElementsAre(Pair("", "y"), Pair("a", "b=c")));
  EXPECT_TRUE(labels_of("").empty());
}

// --- updates

constexpr const char* kLive = R"({"metadata":{"name":"e","version":3},"spec":{"api_tokens":[{"value":"***"}],"components":[
  {"name":"side","image":"s","min_replicas":1},
  {"name":"main","frontend":true,"image":"i","resource_shape":"gpu.1xh200","min_replicas":0,"max_replicas":0,"unknown_to_us":{"a":1},
   "envs":[{"name":"A","value":"1"},{"name":"LEPTONOP_OWNER","value":"k=v"}]}]}})";

TEST(AnUpdateOfComponents, SendsAllOfThemWithTheChangeInTheOneThatServes) {
  const auto body = encode_components_patch(parsed(kLive), encode_replicas(1, 2));
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(base::to_text(*body), base::to_text(parsed(R"({"metadata":{},"spec":{"components":[
    {"name":"side","image":"s","min_replicas":1},
    {"name":"main","frontend":true,"image":"i","resource_shape":"gpu.1xh200","min_replicas":1,"max_replicas":2,"unknown_to_us":{"a":1},
     "envs":[{"name":"A","value":"1"},{"name":"LEPTONOP_OWNER","value":"k=v"}]}]}})")));
}

TEST(AnUpdateOfComponents, KeepsTheOwnersMarkWhenTheVariablesAreReplaced) {
  const auto body =
      encode_components_patch(parsed(kLive), parsed(R"({"spec":{"envs":[{"name":"B","value":"2"}],"api_tokens":[{"value":"t"}]}})"));
  ASSERT_TRUE(body.ok());
  const Json& spec = body->at("spec");
  EXPECT_EQ(spec.at("components").at(1).at("envs"), parsed(R"([{"name":"B","value":"2"},{"name":"LEPTONOP_OWNER","value":"k=v"}])"));
  EXPECT_EQ(spec.at("api_tokens"), parsed(R"([{"value":"t"}])"));
}

TEST(AnUpdateOfComponents, ToNoReplicasTakesTheTargetsOfLoadAway) {
  const Json live = parsed(R"({"spec":{"components":[{"name":"a","min_replicas":1,"autoscaling":
      {"target_gpu_utilization_percentage":60,"target_throughput":{"qpm":3},"scale_down":{"no_traffic_timeout":5}}}]}})");
  const auto stopped = encode_components_patch(live, encode_replicas(0, 1));
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->at("spec").at("components").at(0).at("autoscaling"),
            parsed(R"({"target_gpu_utilization_percentage":0,"target_throughput":{"qpm":0},"scale_down":{"no_traffic_timeout":5}})"));
  const auto started = encode_components_patch(live, encode_replicas(1, 1));
  EXPECT_EQ(started->at("spec").at("components").at(0).at("autoscaling"), live.at("spec").at("components").at(0).at("autoscaling"));
}

TEST(AnUpdateOfComponents, IsNotSentOnAnAnswerThatDoesNotShowThem) {
  for (const char* live : {"{}", "null", "[]", R"({"spec":{}})", R"({"spec":{"components":[]}})", R"({"spec":{"components":{}}})",
                           R"({"spec":{"components":[{"image":"i"}]}})", R"({"spec":{"components":[{"name":"a"},3]}})"}) {
    const auto body = encode_components_patch(parsed(live), encode_replicas(1, 1));
    ASSERT_FALSE(body.ok()) << live;
    EXPECT_EQ(body.error().kind, base::ErrorKind::kMalformed);
    EXPECT_THAT(body.error().what, HasSubstr("nothing was sent"));
  }
}

}  // namespace
}  // namespace lepton_operator::lepton
