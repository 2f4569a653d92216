// What each word of a step does, and what can be waited for.
#include <algorithm>
#include <functional>

#include "scenarios/stage_parts.h"

namespace lepton_operator::scenarios {

using reconcile::test::yaml;

namespace {

constexpr const char* kSpec = R"(
deployment: {type: nim, image: "nvcr.io/nim/meta/llama:1.8", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation: {tasks: [{name: first, container: "eval:1"}, {name: second, container: "eval:1"}]}
)";

std::string who_of(const Json& how) { return base::get_string(how, "of").value_or("run"); }
Milliseconds time_of(const Json& how) { return base::parse_duration(how.as_string()).value(); }

// The spec as it is after `overlay`.
std::string written(std::map<std::string, Json>& specs, Json overlay) {
  const std::string who = who_of(overlay);
  if (base::find(overlay, "of")) overlay.erase("of");
  Json& spec = specs.try_emplace(who, yaml(kSpec)).first->second;
  spec = without_nulls(overlaid(spec, overlay));
  return base::to_yaml(spec);
}

void ask_control(reconcile::test::Bench& bench, const std::string& what, const Json& body) {
  const auto answer = bench.simulator.handle({"POST", "/sim/" + what, {}, {}, base::to_text(body)});
  if (answer.status != 200) throw std::logic_error(what + " " + base::to_text(body) + ": " + answer.body);
}

// "first/0 Running": name and state.
std::pair<std::string, std::string> split(const std::string& text) {
  return {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
}

template <class Objects>
bool any_in_state(const Objects& objects, const std::string& label, const std::string& state) {
  const auto named = [&](const auto& each) { return label_of(each.second.metadata) == label; };
  if (state == "gone") return std::none_of(objects.begin(), objects.end(), named);
  return std::any_of(objects.begin(), objects.end(), [&](const auto& each) { return named(each) && each.second.state == state; });
}

}  // namespace

// {endpoint: first/0, ...} in the simulator's own words.
Json Stage::named(Json body) const {
  if (const auto label = base::get_string(body, "endpoint")) {
    body["deployment"] = Json::string(parts_->name_of_endpoint(*label));
    body.erase("endpoint");
  }
  if (const auto label = base::get_string(body, "job")) body["job"] = Json::string(parts_->id_of_job(*label));
  return body;
}

void Stage::act(const std::string& step) { act(yaml(step)); }

void Stage::act(const Json& step) {
  if (!step.is_object() || step.size() != 1) throw std::invalid_argument("a step has one word: " + base::to_text(step));
  const auto& [word, how] = *step.as_object().begin();
  if (act_on_objects(word, how) || act_on_lepton(word, how) || act_on_time(word, how)) {
    parts_->bench.settle();
    return;
  }
  throw std::invalid_argument("there is no step " + word);
}

// What users do, with their objects.
bool Stage::act_on_objects(const std::string& word, const Json& how) {
  auto& store = parts_->bench.store;
  const std::map<std::string, std::function<void()>> words = {
      {"apply", [&] { store.put_invocation(key_of(who_of(how)), written(parts_->specs, how)); }},
      {"edit", [&] { store.edit_invocation(key_of(who_of(how)), written(parts_->specs, how)); }},
      {"delete", [&] { store.delete_invocation(key_of(how.as_string())); }},
      {"annotate",
       [&] {
         for (const auto& [name, value] : how.as_object()) store.annotate(key_of("run"), name, value.as_string());
       }},
      {"workspace", [&] { parts_->put_workspace(how); }},
      {"forget-secret",
       [&] {
         store.remove_secret({"team", "lepton"});
       }},
      {"move-workspace", [&] { move_workspace(how.as_string()); }},
      {"end-namespace", [&] { end_namespace(); }},
      {"catalogue",  // of whoever starts next
       [&] { parts_->catalogue = invocation::Catalogue::parse(base::to_yaml(how), "catalogue").value(); }},
  };
  const auto found = words.find(word);
  if (found != words.end()) found->second();
  return found != words.end();
}

// What happens in Lepton, by other hands than ours.
bool Stage::act_on_lepton(const std::string& word, const Json& how) {
  auto& bench = parts_->bench;
  auto& world = bench.simulator.world();
  bench.simulator.catch_up();
  const std::map<std::string, std::function<void()>> words = {
      {"set", [&] { ask_control(bench, "set", named(how)); }},
      {"remove", [&] { ask_control(bench, "delete", named(how)); }},
      {"fault", [&] { bench.simulator.add_fault(simulator::parse_fault(how).value()); }},
      {"mend", [&] { world.scenario.faults.clear(); }},
      {"rules", [&] { world.scenario.rules = rules_of(how); }},
      {"token", [&] { world.options.token = how.as_string(); }},
      {"storage", [&] { world.options.storage_api = simulator::storage_api_named(how.as_string()).value(); }},
  };
  const auto found = words.find(word);
  if (found != words.end()) found->second();
  return found != words.end();
}

bool Stage::act_on_time(const std::string& word, const Json& how) {
  auto& bench = parts_->bench;
  const std::map<std::string, std::function<void()>> words = {
      {"until",
       [&] {
         if (bench.until([&] { return holds(how); }, duration(how, "within", 2min))) return;
         throw std::logic_error("until " + base::to_text(how) + ": it never was so");
       }},
      {"not",
       [&] {
         if (holds(how)) throw std::logic_error("not " + base::to_text(how) + ": but it is so");
       }},
      {"pass", [&] { bench.pass(time_of(how)); }},
      {"jump", [&] { bench.clock.advance(time_of(how)); }},  // nobody at work meanwhile, as when a machine sleeps
      {"stop", [&] { parts_->stop(); }},
      {"start", [&] { parts_->start(); }},
      {"restart",
       [&] {
         parts_->stop();
         bench.pass(time_of(how));
         parts_->start();
       }},
  };
  const auto found = words.find(word);
  if (found != words.end()) found->second();
  return found != words.end();
}

// The Workspace means another one from now on, which answers too.
void Stage::move_workspace(const std::string& id) {
  parts_->bench.simulator.world().options.workspace = id;
  parts_->bench.store.put_secret({"team", "lepton"}, {{"credentials", id + ":sim-token"}});
  Json url = base::json_object();
  url["url"] = Json::string(parts_->bench.url());
  parts_->put_workspace(url);
}

// All that is in it is deleted; what has a finalizer stays for now.
void Stage::end_namespace() {
  auto& store = parts_->bench.store;
  store.end_namespace("team");
  store.remove_secret({"team", "lepton"});
  store.remove_workspace(kWorkspace);
  for (const ObjectKey& key : store.invocations()) store.delete_invocation(key);
}

// One of {phase: Running}, {job: first/0 Running}, {endpoint: first/0 gone}, {task: first Failed}, {condition: Admitted False Queued}.
bool Stage::is_so(const std::string& what, const std::string& text, const std::string& who) const {
  const auto object = parts_->object(who);
  const auto [name, state] = split(text);
  if (what == "endpoint") return any_in_state(parts_->bench.simulator.deployments().alive(), name, state);
  if (what == "job") return any_in_state(parts_->bench.simulator.jobs().all(), name, state);
  if (what == "phase") return object && invocation::to_string(object->status.phase) == text;
  if (what == "condition") return condition(name, who).rfind(state, 0) == 0;
  if (what != "task") throw std::invalid_argument("until: there is no " + what);
  if (!object) return false;
  const auto& tasks = object->status.tasks;
  return std::any_of(tasks.begin(), tasks.end(), [&task_name = name, &phase = state](const invocation::TaskStatus& task) {
    return task.name == task_name && invocation::to_string(task.phase) == phase;
  });
}

bool Stage::holds(const Json& wanted) const {
  parts_->bench.simulator.catch_up();
  const std::string who = who_of(wanted);
  const auto& all = wanted.as_object();
  return std::all_of(all.begin(), all.end(), [&](const auto& one) {
    if (one.first == "of" || one.first == "within") return true;
    return one.first == "gone" ? gone(who) : is_so(one.first, one.second.as_string(), who);
  });
}

}  // namespace lepton_operator::scenarios
