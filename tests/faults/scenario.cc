#include "faults/scenario.h"

#include <algorithm>
#include <stdexcept>

#include "base/hash.h"
#include "base/yaml.h"
#include "invocation/codec.h"
#include "invocation/names.h"
#include "scenarios/observed.h"
#include "scenarios/simulated.h"

namespace lepton_operator::faults {

using namespace std::chrono_literals;
using scenarios::label_of;
using scenarios::options_of;
using scenarios::overlaid;
using scenarios::without_nulls;

namespace {

constexpr const char* kInvocations = "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/";
constexpr const char* kVolume = "lepton-shared-fs";
constexpr Milliseconds kPatience = 45min;  // with any fault: the longest wait is a watch that lost events, until its time is over
constexpr const char* kSpec = R"(
deployment: {type: nim, image: "nvcr.io/nim/meta/llama:1.8", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: first, container: "eval:1"}, {name: second, container: "eval:1"}]}
)";

Json yaml(const std::string& text) {
  auto documents = base::parse_yaml(text, "scenarios");
  if (!documents || documents->empty()) throw std::invalid_argument("no YAML: " + text);
  return documents->front().value;
}

std::string who_of(const Json& how) { return base::get_string(how, "of").value_or("run"); }

std::pair<std::string, std::string> split(const std::string& text) {
  return {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
}

Json encoded(const std::string& text) { return Json::string(base::base64_encode(text)); }

template <class Objects>
bool any_in_state(const Objects& objects, const std::string& label, const std::string& state) {
  const auto named = [&](const auto& each) { return label_of(each.second.metadata) == label; };
  if (state == "gone") return std::none_of(objects.begin(), objects.end(), named);
  return std::any_of(objects.begin(), objects.end(), [&](const auto& each) { return named(each) && each.second.state == state; });
}

void add(Json& object, std::string name, const std::string& value) {
  while (base::find(object, name)) name += "'";  // never two of one name: that would be seen
  object[name] = Json::string(value);
}

}  // namespace

std::vector<Scenario> read_scenarios(const std::string& text) {
  const auto documents = base::parse_yaml(text, "scenarios.yaml");
  if (!documents) throw std::invalid_argument(documents.error().text());
  std::vector<Scenario> all;
  for (const auto& document : *documents) {
    const Json& value = document.value;
    const Json& simulator = base::get_object(value, "simulator");
    Scenario scenario;
    scenario.name = base::get_string(value, "name").value();
    scenario.options = options_of(base::get_object(simulator, "options"));
    if (const Json* rules = base::find(simulator, "rules")) scenario.rules = scenarios::rules_of(*rules);
    scenario.workspace = base::get_object(value, "workspace");
    scenario.spec = overlaid(yaml(kSpec), base::get_object(value, "spec"));
    for (const Json& step : base::elements(base::find(value, "steps"))) scenario.steps.push_back(step);
    scenario.two = base::get_bool(value, "two").value_or(false);
    for (const std::string& name : base::get_strings(value, "faults")) scenario.faults.push_back(fault_named(name).value());
    all.push_back(std::move(scenario));
  }
  return all;
}

Play::Play(const Scenario& scenario, World& world) : scenario_(scenario), world_(world) {}

std::string Play::path_of(const std::string& invocation) { return kInvocations + invocation; }

void Play::begin() {
  auto& server = world_.kubernetes();
  for (const char* name : {"kube-system", "ops", "team"}) server.put(std::string("/api/v1/namespaces/") + name, base::json_object());
  Json secret = base::json_object();
  secret["data"]["credentials"] = encoded("ws-sim:sim-token");
  server.put("/api/v1/namespaces/team/secrets/lepton", secret);
  Json keys = base::json_object();
  keys["data"]["token"] = encoded("hf_0123456789abcdef");
  keys["data"]["api"] = encoded("api-0123456789abcdef");
  server.put("/api/v1/namespaces/team/secrets/hf", keys);
  Json workspace = base::json_object();
  Json spec = base::json_object();
  spec["credentialsSecretRef"]["name"] = Json::string("lepton");
  spec["url"] = Json::string("http://lepton.test" + world_.lepton().base_path());
  workspace["spec"] = overlaid(spec, scenario_.workspace);
  server.put("/apis/lepton.dev/v1alpha1/namespaces/team/workspaces/default", workspace);
  world_.start(scenario_.two);
  if (scenario_.two) world_.start(true);
}

void Play::steps() {
  for (const Json& step : scenario_.steps) {
    const auto& [word, how] = *step.as_object().begin();
    act(word, how);
    world_.settle();
  }
}

void Play::rest() { world_.pass(90s); }

void Play::act(const std::string& word, const Json& how) {
  auto& server = world_.kubernetes();
  if (word == "apply" || word == "edit") {
    const std::string who = who_of(how);
    Json overlay = how;
    if (base::find(overlay, "of")) overlay.erase("of");
    Json& spec = specs_.try_emplace(who, scenario_.spec).first->second;
    spec = without_nulls(overlaid(spec, overlay));
    if (word == "edit") return server.edit(path_of(who), [&](Json& object) { object["spec"] = spec; });
    Json object = base::json_object();
    object["metadata"]["uid"] = Json::string("uid-of-" + who);
    object["spec"] = spec;
    return server.put(path_of(who), std::move(object));
  }
  if (word == "delete") return server.remove(path_of(how.as_string()));
  if (word == "pass") return world_.pass(base::parse_duration(how.as_string()).value());
  if (word == "until") {
    if (world_.until([&] { return holds(how); }, kPatience)) return;
    throw std::runtime_error("until " + base::to_text(how) + ": it never was so");
  }
  world_.lepton().catch_up();
  if (word == "change") {
    endpoint(how.at("endpoint").as_string()).spec["container"]["image"] = how.at("image");
  } else if (word == "set" || word == "remove") {
    ask_control(word == "remove" ? "delete" : word, how);
  } else {
    throw std::invalid_argument("there is no step " + word);
  }
}

simulator::Deployment& Play::endpoint(const std::string& label) {
  auto& all = world_.lepton().deployments();
  for (const auto& [name, each] : all.alive()) {
    if (label_of(each.metadata) == label) return *all.find(name, simulator::ApiFamily::kDeployments);
  }
  throw std::runtime_error("there is no endpoint " + label);
}

void Play::ask_control(const std::string& what, Json body) {
  if (const auto label = base::get_string(body, "endpoint")) {
    body["deployment"] = Json::string(endpoint(*label).name);
    body.erase("endpoint");
  }
  if (const auto label = base::get_string(body, "job")) {
    for (const auto& [id, each] : world_.lepton().jobs().all()) {
      if (label_of(each.metadata) == *label) body["job"] = Json::string(id);
    }
  }
  const auto answer = world_.lepton().handle({"POST", "/sim/" + what, {}, {}, base::to_text(body)});
  if (answer.status != 200) throw std::runtime_error(what + " " + base::to_text(body) + ": " + answer.body);
}

bool Play::holds(const Json& wanted) {
  const auto& all = wanted.as_object();
  return std::all_of(all.begin(), all.end(), [&](const auto& one) {
    if (one.first == "of") return true;
    if (one.first == "gone") return gone(who_of(wanted));
    if (one.first == "phase") return phase(who_of(wanted)) == one.second.as_string();
    return is_so(one.first, one.second.as_string());
  });
}

bool Play::is_so(const std::string& what, const std::string& text) {
  const auto [name, state] = split(text);
  const auto& endpoints = world_.lepton().deployments().alive();
  if (what == "endpoint") return any_in_state(endpoints, name, state);
  if (what == "job") return any_in_state(world_.lepton().jobs().all(), name, state);
  if (what != "image") throw std::invalid_argument("until: there is no " + what);
  return std::any_of(endpoints.begin(), endpoints.end(), [&label = name, &image = state](const auto& each) {
    return label_of(each.second.metadata) == label && each.second.spec.at("container").at("image").as_string() == image;
  });
}

bool Play::gone(const std::string& name) const { return world_.kubernetes().find(path_of(name)) == nullptr; }

std::string Play::phase(const std::string& name) const {
  const Json* object = world_.kubernetes().find(path_of(name));
  return object ? base::get_string(base::get_object(*object, "status"), "phase").value_or("") : "";
}

std::optional<invocation::Invocation> Play::object(const std::string& name) const {
  const Json* found = world_.kubernetes().find(path_of(name));
  if (!found) return std::nullopt;
  return invocation::decode_invocation(*found);
}

std::vector<std::string> Play::invocations() const {
  std::vector<std::string> names;
  for (const auto& [name, spec] : specs_) names.push_back(name);
  return names;
}

void Play::remove_all() {
  for (const std::string& name : invocations()) world_.kubernetes().remove(path_of(name));
  for (const std::string& name : invocations()) {
    if (!world_.until([&] { return gone(name); }, kPatience)) throw std::runtime_error("deletion of " + name + ": it never was gone");
  }
}

Json Play::end_state() {
  auto& lepton = world_.lepton();
  lepton.catch_up();
  Json all = base::json_object();
  for (const char* part : {"endpoints", "jobs", "secrets", "made"}) all[part] = base::json_object();
  for (const auto& [name, each] : lepton.deployments().alive()) add(all["endpoints"], label_of(each.metadata), each.state);
  for (const auto& [id, each] : lepton.jobs().all()) {
    add(all["jobs"], label_of(each.metadata), (each.archived ? "archived " : "") + each.state);
  }
  for (const auto& [name, each] : lepton.secrets().all()) add(all["secrets"], name, "there");
  const auto count = [](std::size_t size) { return Json::number(static_cast<std::int64_t>(size)); };
  all["made"]["endpoints"] = count(lepton.deployments().alive().size() + lepton.deployments().gone().size());
  all["made"]["jobs"] = count(lepton.jobs().all().size() + lepton.jobs().gone().size());
  for (const std::string& name : invocations()) {
    const std::string id = invocation::invocation_id("uid-of-" + name);
    const auto found = object(name);
    all[name] = scenarios::status_of(found ? &found->status : nullptr);
    all[name]["storage"] = scenarios::storage_of(lepton.world().volumes[kVolume], id);
  }
  return all;
}

std::vector<std::string> Play::left() {
  auto& lepton = world_.lepton();
  lepton.catch_up();
  std::vector<std::string> all;
  for (const auto& [name, each] : lepton.deployments().alive()) all.push_back("endpoint " + name + " " + each.state);
  for (const auto& [id, each] : lepton.jobs().all()) all.push_back("job " + each.name + " " + each.state);
  for (const auto& [name, each] : lepton.secrets().all()) all.push_back("secret " + name);
  for (const std::string& name : invocations()) {
    const std::string id = invocation::invocation_id("uid-of-" + name);
    if (!scenarios::storage_of(lepton.world().volumes[kVolume], id).as_object().empty()) all.push_back("directory of " + name);
  }
  return all;
}

}  // namespace lepton_operator::faults
