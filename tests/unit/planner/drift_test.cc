// An endpoint that somebody else edited, stopped or removed while its task needs it: seen field by field, put back, told, and not fought
// about for ever.
#include <functional>

#include "invocation/codec.h"
#include "invocation/defaults.h"
#include "invocation/drift.h"
#include "invocation/names.h"
#include "invocation/planning.h"
#include "lepton/codec.h"
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

using lepton::EndpointField;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kFull = R"(
deployment:
  type: vllm
  image: registry.example/vllm:1
  servedModelName: m
  checkpointPath: /models/m
  resourceShape: GPU.1xH200
  autoScaler: {scaleDown: {noTrafficTimeout: 3600s}}
  imagePullSecrets: [ngc, other]
  envs: [{name: A, value: "1"}, {name: HF, valueFrom: {leptonSecret: hf}}]
  apiTokens: [{value: literal-one}, {leptonToken: named}]
  cache: {path: /shared/cache, mountPath: /opt/cache}
)";

// A running Invocation whose endpoints show exactly what was sent, as a server answers it.
Scene as_made(Scene scene = a_running_invocation()) {
  const World world = scene.world(scene.now);  // Planning refers to it
  Planning p(world);
  p.read();
  for (const TaskSpec& task : p.spec().evaluation.tasks) {
    const RenderedEndpoint sent = render_endpoint(p.render_input(), task, 0);
    lepton::EndpointSpec whole = sent.spec;
    whole.api_tokens.push_back({"masked-below", std::nullopt});
    lepton::Json body = lepton::encode(whole);
    body["spec"]["api_tokens"][0]["value"] = lepton::Json::string("***");
    const lepton::Endpoint answer = *lepton::decode_endpoint(body);
    lepton::Endpoint& seen = scene.view.endpoints[scene.endpoint_name_of(task.name)].endpoint;
    seen.labels = answer.labels;
    seen.spec = answer.spec;
    seen.modified_by = "mallory@example.com";
  }
  return scene;
}

lepton::Endpoint& endpoint_of(Scene& scene, const std::string& task = kGpqa) {
  return scene.view.endpoints[scene.endpoint_name_of(task)].endpoint;
}

std::string update_key(const Scene& scene) { return "update-endpoint " + scene.endpoint_name_of(kGpqa); }

template <class Edit>
void edit_spec(lepton::Endpoint& endpoint, Edit edit) {
  lepton::SeenSpec spec = *endpoint.spec;
  edit(spec);
  endpoint.spec = std::move(spec);
}

// Edited by hand: another image.
Scene edited(Scene scene = as_made()) {
  edit_spec(endpoint_of(scene), [](lepton::SeenSpec& spec) { spec.image = "registry.example/other:2"; });
  return scene;
}

std::vector<EndpointField> fields_put_back(const Plan& made) {
  for (const Action& action : made.actions) {
    if (const auto* update = std::get_if<UpdateEndpoint>(&action)) return update->fields;
  }
  return {};
}

// --- field by field

class Drift : public testing::Test {
 protected:
  Drift() {
    Scene scene = a_new_invocation();
    scene.object.spec = base::merged(yaml(kFull), yaml("evaluation: {tasks: [{name: gpqa_diamond}]}"));
    Resolved resolved = *a_running_invocation().status().resolved;
    resolved.endpoint_node_group_id = "h200-abcdefgh";
    spec_ = decode_invocation_spec(effective_spec(scene.object.spec, resolved.defaults)).value;
    sent_ = render_endpoint({scene.object.meta, spec_, resolved, scene.install_id}, spec_.evaluation.tasks.front(), 0);
    lepton::EndpointSpec whole = sent_.spec;
    whole.api_tokens = {{"literal-one", std::nullopt}, {std::nullopt, "named"}};
    body_ = lepton::encode(whole);
  }
  std::vector<EndpointField> drifted() const { return drifted_fields(spec_, sent_, *lepton::decode_endpoint(body_)); }
  lepton::Json& spec() { return body_["spec"]; }
  static lepton::Json json(const std::string& text) { return *base::parse_json(text, "test"); }

  InvocationSpec spec_;
  RenderedEndpoint sent_;
  lepton::Json body_;
};

TEST_F(Drift, OfWhatWasSentThereIsNone) { EXPECT_THAT(drifted(), IsEmpty()); }

TEST_F(Drift, IsSeenInEveryFieldThatWeSetAndInThatFieldAlone) {
  using Edit = std::function<void(lepton::Json&)>;
  const std::vector<std::pair<EndpointField, Edit>> edits = {
      {EndpointField::kImage, [](auto& s) { s["container"]["image"] = json(R"("other:2")"); }},
      {EndpointField::kCommand, [](auto& s) { std::swap(s["container"]["command"][1], s["container"]["command"][2]); }},
      {EndpointField::kPort, [](auto& s) { s["container"]["ports"] = json(R"([{"container_port":9000}])"); }},
      {EndpointField::kResourceShape, [](auto& s) { s["resource_requirement"]["resource_shape"] = json(R"("cpu.small")"); }},
      {EndpointField::kReplicas, [](auto& s) { s["resource_requirement"]["min_replicas"] = json("0"); }},
      {EndpointField::kReplicas, [](auto& s) { s["resource_requirement"]["max_replicas"] = json("7"); }},
      {EndpointField::kNodeGroup,
       [](auto& s) { s["resource_requirement"]["affinity"] = json(R"({"allowed_dedicated_node_groups":["else-12345678"]})"); }},
      {EndpointField::kEnvs, [](auto& s) { s["envs"][0]["value"] = json(R"("2")"); }},
      {EndpointField::kEnvs, [](auto& s) { s["envs"] = json("[]"); }},
      {EndpointField::kMounts, [](auto& s) { s["mounts"][0]["path"] = json(R"("/else")"); }},
      {EndpointField::kApiTokens, [](auto& s) { s["api_tokens"] = json("[]"); }},
      {EndpointField::kApiTokens, [](auto& s) { s["api_tokens"][0]["value"] = json(R"("known-to-somebody")"); }},
      {EndpointField::kApiTokens, [](auto& s) { s["api_tokens"][1]["value_from"]["token_name_ref"] = json(R"("other")"); }},
      {EndpointField::kImagePullSecrets, [](auto& s) { s["image_pull_secrets"] = json(R"(["ngc"])"); }},
      {EndpointField::kAutoScaler, [](auto& s) { s["auto_scaler"]["scale_down"]["no_traffic_timeout"] = json("60"); }},
      {EndpointField::kPriorityClass, [](auto& s) { s["queue_config"]["priority_class"] = json(R"("low-1000")"); }},
  };
  for (const auto& [field, edit] : edits) {
    const lepton::Json before = body_;
    edit(spec());
    EXPECT_THAT(drifted(), ElementsAre(field)) << lepton::to_string(field);
    body_ = before;
  }
}

TEST_F(Drift, IsNotWhatTheServerAddsDefaultsMasksReordersOrSpellsInItsOwnWay) {
  lepton::Json& s = spec();
  s["container"]["ports"][0]["protocol"] = json(R"("TCP")");
  s["container"]["ports"][1] = json(R"({"container_port":40000})");
  s["resource_requirement"]["resource_shape"] = json(R"("gpu.1xh200")");
  s["resource_requirement"]["cpu"] = json("8.0");
  s["resource_requirement"]["affinity"]["allowed_providers"] = json("[]");
  std::swap(s["envs"][0], s["envs"][1]);
  s["envs"][s["envs"].size()] = json(R"({"name":"LEPTON_DEPLOYMENT_NAME","value":"e"})");
  s["mounts"][0]["mount_path"] = json(R"("/opt/cache/")");
  s["mounts"][0]["mount_options"] = json("{}");
  s["api_tokens"] = json(R"([{"value_from":{"token_name_ref":"named"}},{"value":"***"}])");
  s["image_pull_secrets"] = json(R"(["other","ngc"])");
  s["auto_scaler"]["scale_down"]["no_traffic_timeout"] = json("3600.0");
  s["auto_scaler"]["target_gpu_utilization_percentage"] = json("0");
  s["health"]["liveness"]["initial_delay_seconds"] = json("30");
  s["queue_config"]["can_preempt"] = json("false");
  s["ingress_enabled"] = json("true");
  EXPECT_THAT(drifted(), IsEmpty());
}

TEST_F(Drift, IsNotWhatTheAnswerDoesNotCarry) {
  for (const char* member : {"container", "resource_requirement", "envs", "mounts", "api_tokens", "image_pull_secrets", "auto_scaler",
                             "health", "queue_config"}) {
    const lepton::Json before = body_;
    spec().erase(member);
    EXPECT_THAT(drifted(), IsEmpty()) << member;
    spec()[member] = lepton::Json();
    EXPECT_THAT(drifted(), IsEmpty()) << member << ": null";
    body_ = before;
  }
}

TEST_F(Drift, IsNotToldOfAnEndpointThatAnotherVersionMade) {
  spec()["container"]["image"] = json(R"("other:2")");
  body_["metadata"]["labels"][kSpecHashLabel] = json(R"("0123456789abcdef")");
  EXPECT_THAT(drifted(), IsEmpty());
  body_["metadata"]["labels"].erase(kSpecHashLabel);
  EXPECT_THAT(drifted(), IsEmpty());
}

// --- what is done about it

TEST(AnEditedEndpoint, ThatIsAsItWasMadeIsLeftAlone) {
  const Plan made = plan(as_made());
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "AllReady"));
}

TEST(AnEditedEndpoint, IsPutBackByAnUpdateOfThatFieldAndTheJobGoesOn) {
  const Plan made = plan(edited());
  EXPECT_THAT(made.actions, ElementsAre(updates_endpoint(kGpqa)));
  EXPECT_THAT(fields_put_back(made), ElementsAre(EndpointField::kImage));
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kRunning);
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kFalse, "EndpointChanged"));
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("image, last changed by mallory@example.com"));
  EXPECT_THAT(message_of(made, "EndpointsReady"), HasSubstr("put back 1 time"));
}

TEST(AnEditedEndpoint, ThatWasStoppedAsWellIsPutBackInOneUpdate) {
  Scene scene = edited();
  endpoint_of(scene).state = lepton::EndpointState::kStopped;
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, ElementsAre(updates_endpoint(kGpqa)));
  EXPECT_THAT(fields_put_back(made), ElementsAre(EndpointField::kImage, EndpointField::kReplicas));
}

TEST(AnEditedEndpoint, IsNotReadyForTheBarrier) {
  Scene scene = edited(as_made(an_invocation_with_ready_endpoints()));
  const Plan made = plan(scene);
  EXPECT_EQ(count_of<CreateJob>(made.actions), 0U);
  EXPECT_EQ(task_of(made, kGpqa).endpoint.state, EndpointPhase::kWaiting);
}

TEST(AnEditedEndpoint, IsJudgedAnewOnlyOnALookThatBeganAfterTheUpdate) {
  Scene scene = edited();
  scene.status() = plan(scene, at(100s)).status;
  scene.did(update_key(scene), 100s, 101s, scene.endpoint_name_of(kGpqa));
  EXPECT_THAT(plan(scene, at(140s)).actions, IsEmpty());
  scene.looked_at({141s, 143s});
  EXPECT_THAT(plan(scene, at(144s)).actions, Contains(updates_endpoint(kGpqa)));
}

TEST(AnEditedEndpoint, ThatIsBackIsToldOfNoLonger) {
  Scene scene = edited();
  scene.status() = plan(scene, at(100s)).status;
  scene.did(update_key(scene), 100s, 101s, scene.endpoint_name_of(kGpqa)).looked_at({102s, 104s});
  endpoint_of(scene).spec = endpoint_of(scene, kHellaswag).spec;
  const Plan made = plan(scene, at(105s));
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("EndpointsReady", ConditionStatus::kTrue, "AllReady"));
  EXPECT_EQ(task_of(made, kGpqa).endpoint.put_back, 1) << "who edits again at once does not begin a new row";
  scene.status() = made.status;
  EXPECT_EQ(task_of(plan(scene, at(701s)), kGpqa).endpoint.put_back, 0);
}

TEST(AnEditedEndpoint, IsNotFoughtAboutForEver) {
  Scene scene = edited();
  std::vector<base::Milliseconds> waits;
  base::Milliseconds last{0};
  base::Milliseconds now = 100s;
  for (; now < 3h; now += now < 40min ? 1s : 20s) {
    scene.looked_at({now - 1s, now});
    const Plan made = plan(scene, at(now));
    if (made.actions.empty()) {
      scene.status() = made.status;
      continue;
    }
    ASSERT_THAT(made.actions, ElementsAre(updates_endpoint(kGpqa)));
    scene.status() = made.status;
    scene.did(update_key(scene), now, now, scene.endpoint_name_of(kGpqa));
    if (last != 0s) waits.push_back(now - last);
    last = now;
  }
  using Waits = std::vector<base::Milliseconds>;
  EXPECT_EQ(waits, (Waits{30s, 60s, 120s, 240s, 300s, 300s, 300s, 300s, 300s}));
  const Plan given_up = plan(scene, at(now));
  EXPECT_THAT(given_up, has_condition("EndpointsReady", ConditionStatus::kFalse, "EndpointContested"));
  EXPECT_THAT(message_of(given_up, "EndpointsReady"), HasSubstr("put back 10 times; it is left so now"));
  EXPECT_EQ(task_of(given_up, kGpqa).phase, TaskPhase::kRunning) << "the job decides its result";
}

TEST(AnEditedEndpoint, BeforeAnyJobEndsByItsReadinessTimeoutWhenSomebodyInsists) {
  Scene scene = edited(as_made(an_invocation_with_ready_endpoints()));
  scene.memory.diagnoses[scene.endpoint_name_of(kGpqa)] = "";
  base::Milliseconds now = 100s;
  for (; now < 3h && scene.status().phase != Phase::kFailed; now += 1s) {
    scene.looked_at({now - 1s, now});
    const Plan made = plan(scene, at(now));
    for (const Action& action : made.actions) {
      if (std::holds_alternative<UpdateEndpoint>(action)) scene.did(update_key(scene), now, now, scene.endpoint_name_of(kGpqa));
      if (std::holds_alternative<ExplainEndpoint>(action)) scene.explained(kGpqa, now, lepton::EndpointTrouble::kNone);
    }
    scene.status() = made.status;
  }
  EXPECT_EQ(scene.status().phase, Phase::kFailed);
  EXPECT_LE(now, 100s + 20min + 5s);
}

TEST(AnEditedEndpoint, IsPutBackRatherThanFailedForTheErrorThatTheEditMade) {
  Scene scene = edited(as_made(a_deploying_invocation()));
  endpoint_of(scene).state = lepton::EndpointState::kError;
  scene.view.endpoints[scene.endpoint_name_of(kGpqa)].error_looks = 5;
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, ElementsAre(updates_endpoint(kGpqa)));
  scene.status() = made.status;
  scene.did(update_key(scene), 100s, 101s, scene.endpoint_name_of(kGpqa)).looked_at({100s, 102s});
  endpoint_of(scene).spec = endpoint_of(scene, kHellaswag).spec;
  EXPECT_THAT(plan(scene, at(103s)).actions, IsEmpty()) << "one look since: it may be passing";
  scene.looked_at({102s, 104s});
  EXPECT_THAT(plan(scene, at(105s)).actions, ElementsAre(diagnoses_endpoint(kGpqa)));
}

TEST(AnEditedEndpoint, WhoseUpdateFailsIsTriedAgainInTimeAndSaysWhy) {
  Scene scene = edited();
  scene.status() = plan(scene, at(100s)).status;
  scene.failed(update_key(scene), base::ErrorKind::kServer, 100s, 130s, scene.endpoint_name_of(kGpqa));
  const Plan waiting = plan(scene, at(101s));
  EXPECT_THAT(waiting.actions, IsEmpty());
  EXPECT_EQ(waiting.wake_at, at(130s));
  EXPECT_THAT(message_of(waiting, "EndpointsReady"), HasSubstr("not put back yet: lepton answered: server"));
  EXPECT_THAT(plan(scene, at(130s)).actions, ElementsAre(updates_endpoint(kGpqa)));
}

TEST(AnEndpointSeenForTheFirstTime, ThatIsShownInOtherWordsWasNotEdited) {
  Scene scene = edited(as_made(a_deploying_invocation()));
  scene.task(kGpqa).endpoint.seen = false;
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_EQ(task_of(made, kGpqa).endpoint.served_otherwise, "image");
  scene.status() = made.status;
  edit_spec(endpoint_of(scene), [](lepton::SeenSpec& spec) {
    spec.command = {"sh"};
    spec.priority_class = "low-1000";
  });
  EXPECT_THAT(fields_put_back(plan(scene)), ElementsAre(EndpointField::kPriorityClass)) << "what we never set is not compared either";
}

TEST(AStoppedEndpoint, IsStartedAgainLessAndLessOften) {
  Scene scene = as_made();
  const std::string name = scene.endpoint_name_of(kGpqa);
  scene.endpoint_is(kGpqa, "Stopped");
  const Plan first = plan(scene, at(100s));
  EXPECT_THAT(first.actions, ElementsAre(starts_endpoint(kGpqa)));
  EXPECT_THAT(message_of(first, "EndpointsReady"), HasSubstr("stopped"));
  scene.status() = first.status;
  scene.did("start-endpoint " + name, 100s, 101s, name).looked_at({102s, 104s});
  const Plan waiting = plan(scene, at(105s));
  EXPECT_THAT(waiting.actions, IsEmpty());
  EXPECT_EQ(waiting.wake_at, at(130s));
  EXPECT_THAT(plan(scene, at(130s)).actions, ElementsAre(starts_endpoint(kGpqa)));
}

TEST(AVanishedEndpoint, ThatIsRemovedAgainAndAgainIsMadeAgainLessAndLessOften) {
  Scene scene = as_made();
  const std::string name = scene.endpoint_name_of(kGpqa);
  scene.endpoint_gone(kGpqa);
  scene.status() = plan(scene, at(100s)).status;
  EXPECT_EQ(scene.task(kGpqa).endpoint.drift, "gone");
  scene.did("create-endpoint " + name, 100s, 101s, name);
  scene.task(kGpqa).endpoint.seen = true;  // it was there, and went once more
  scene.looked_at({108s, 109s});
  const Plan waiting = plan(scene, at(110s));
  EXPECT_THAT(waiting.actions, IsEmpty());
  EXPECT_THAT(plan(scene, at(130s)).actions, ElementsAre(creates_endpoint(kGpqa)));
}

TEST(AJob, StoppedOrRemovedBySomebodyElseIsAFailedAttemptWithThatReason) {
  Scene scene = as_made();
  EXPECT_THAT(task_of(plan(scene.job_is(kGpqa, "Stopped")), kGpqa).message, HasSubstr("was stopped by somebody else"));
  EXPECT_THAT(task_of(plan(scene.job_is(kGpqa, "Deleted")), kGpqa).message, HasSubstr("was deleted by somebody else"));
  scene.job_gone(kGpqa).job_read(kGpqa, 100s, std::nullopt).stage_read(kGpqa, std::nullopt);
  const Plan made = plan(scene);
  EXPECT_EQ(task_of(made, kGpqa).phase, TaskPhase::kFailed);
  EXPECT_THAT(task_of(made, kGpqa).message, HasSubstr("was deleted by somebody else"));
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
