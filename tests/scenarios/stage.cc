#include "scenarios/stage.h"

#include <algorithm>

#include "app/events.h"
#include "invocation/cost.h"
#include "scenarios/stage_parts.h"

namespace lepton_operator::scenarios {
namespace {

using reconcile::test::yaml;

constexpr const char* kVolume = "lepton-shared-fs";

bool changes_something(const simulator::LoggedRequest& request) { return request.method != "GET" && request.method != "HEAD"; }

}  // namespace

Stage::Parts::Parts(const Json& simulator) : bench(options_of(base::get_object(simulator, "options"))) {
  if (const Json* rules = base::find(simulator, "rules")) bench.simulator.world().scenario.rules = rules_of(*rules);
  for (const Json& fault : base::elements(base::find(simulator, "faults"))) {
    bench.simulator.add_fault(simulator::parse_fault(fault).value());
  }
}

void Stage::Parts::start() {
  if (running) throw std::logic_error("start: it runs already");
  reconcile::OperatorOptions wishes;
  wishes.workers = 4;
  reconcile::Hooks hooks;
  hooks.transition = [this](const invocation::Invocation& object, const invocation::Transition& transition) {
    if (app::event_of(object, transition)) ++events[object.meta.key.name][transition.reason];
  };
  reconcile::OperatorParts parts{bench.io,
                                 bench.clock,
                                 *bench.random,
                                 bench.log,
                                 bench.store,
                                 bench.keys,
                                 bench.snapshot,
                                 catalogue,
                                 bench.transports(),
                                 {},
                                 "11111111-2222-3333-4444-555555555555",
                                 wishes,
                                 std::move(hooks),
                                 [] { return true; }};
  running = std::make_unique<reconcile::Operator>(std::move(parts));
  context = bench.root.child();
  ended = bench.start(running->run(*context));
}

void Stage::Parts::stop() {
  if (!running) return;
  context->cancel();
  bench.pass(10s);
  if (!ended->has_value()) throw std::logic_error("stop: the operator did not end within 10 s");
  running.reset();
}

Stage::Stage(const Json& simulator, const Json& workspace) : parts_(std::make_unique<Parts>(simulator)) {
  parts_->bench.store.put_secret({"team", "lepton"}, {{"credentials", "ws-sim:sim-token"}});
  parts_->put_workspace(yaml("{credentialsSecretRef: {name: lepton}, url: \"" + parts_->bench.url() + "\"}"));
  if (workspace.is_object()) parts_->put_workspace(workspace);
  parts_->start();
  parts_->bench.pass(1s);
}
Stage::~Stage() = default;

Json Stage::observed() {
  Json all = lepton_of(parts_->bench.simulator.dump(), parts_->tokens());
  all["storage"] = storage_of(parts_->bench.simulator.world().volumes[kVolume], invocation::invocation_id("uid-of-run"));
  for (const auto& [name, spec] : parts_->specs) {
    const auto object = parts_->object(name);
    Json told = status_of(object ? &object->status : nullptr);
    told["events"] = base::json_object();
    for (const auto& [reason, count] : parts_->events[name]) told["events"][reason] = Json::number(count);
    if (name == "run") {
      all = base::merged(all, told);
    } else {
      all["others"][name] = told;
    }
  }
  return all;
}

int Stage::changes() const {
  const auto& requests = parts_->bench.simulator.requests();
  return static_cast<int>(std::count_if(requests.begin(), requests.end(), changes_something));
}

int Stage::looks() const {
  const auto& requests = parts_->bench.simulator.requests();
  return static_cast<int>(std::count_if(requests.begin(), requests.end(),
                                        [](const auto& request) { return request.method == "GET" && request.path == "/deployments"; }));
}

bool Stage::gone(const std::string& invocation) const { return parts_->object(invocation) == nullptr; }

std::string Stage::condition(const std::string& type, const std::string& invocation) const {
  const auto object = parts_->object(invocation);
  const auto* found = object ? invocation::find_condition(object->status.conditions, type) : nullptr;
  return found ? short_form(*found) + ": " + found->message : "";
}

std::string Stage::message(const std::string& task, const std::string& invocation) const {
  for (const auto& each : parts_->existing(invocation).status.tasks) {
    if (each.name == task) return each.message;
  }
  return "";
}

std::int64_t Stage::gpu_seconds(const std::string& invocation) const {
  return invocation::gpu_time(parts_->existing(invocation).status, parts_->bench.clock.now()).seconds;
}
std::int64_t Stage::idle_gpu_seconds(const std::string& invocation) const {
  return invocation::gpu_time(parts_->existing(invocation).status, parts_->bench.clock.now()).idle_seconds;
}

std::string Stage::log() const {
  std::string text;
  for (const std::string& line : parts_->bench.log.lines()) text += line + "\n";
  return text;
}

void Stage::make_all_endpoints_of_another_version() {
  auto& deployments = parts_->bench.simulator.deployments();
  for (const auto& [name, each] : deployments.alive()) {
    simulator::Deployment* deployment = deployments.find(name, simulator::ApiFamily::kDeployments);
    deployment->metadata["labels"][invocation::kSpecHashLabel] = Json::string("0123456789");
    deployment->spec["container"]["image"] = Json::string("nvcr.io/nim/meta/llama:1.7");
    Json env = base::json_object();
    env["name"] = Json::string("OF_ANOTHER_VERSION");
    env["value"] = Json::string("1");
    deployment->spec["envs"] = Json::array({env});
  }
}

}  // namespace lepton_operator::scenarios
