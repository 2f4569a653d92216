#include "app/events.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lepton_operator::app {

namespace {

constexpr std::size_t kMostNote = 1'000;
constexpr std::array kQuiet = {"EndpointWaiting", "EndpointReleasing", "JobIntended", "TaskRunning"};

bool begins(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

const char* action_of(const std::string& reason) {
  if (begins(reason, "Endpoint")) return "ManageEndpoint";
  if (begins(reason, "Job") || begins(reason, "Task")) return "RunTask";
  if (begins(reason, "Clean") || begins(reason, "Storage")) return "CleanUp";
  if (begins(reason, "Orphan")) return "SweepOrphans";
  return "Reconcile";
}

// "endpoint ready (task gpqa_diamond, endpoint nim-..., after 4m12s)"; a reason's own sentence comes instead of the fields.
std::string note_of(const invocation::Transition& transition) {
  std::vector<std::string> facts;
  std::string why;
  for (const auto& [name, value] : transition.fields) {
    if (value.empty() || name == "condition" || name == "reason") continue;
    if (name == "why") {
      why = value;
    } else {
      facts.push_back(name + " " + value);
    }
  }
  std::string note = transition.message;
  if (!facts.empty()) note += " (" + base::join(facts, ", ") + ")";
  if (!why.empty()) note += ": " + why;
  return base::clipped(note, kMostNote);
}

kube::Event event_about(const char* kind, const invocation::ObjectMeta& meta, const invocation::Transition& transition) {
  kube::Event event;
  event.regarding = {invocation::kApiVersion, kind, meta.key.namespace_, meta.key.name, meta.uid, meta.resource_version};
  event.warning = transition.warning;
  event.reason = transition.reason;
  event.action = action_of(transition.reason);
  event.note = note_of(transition);
  return event;
}

}  // namespace

std::optional<kube::Event> event_of(const invocation::Invocation& object, const invocation::Transition& transition) {
  const bool quiet = std::any_of(kQuiet.begin(), kQuiet.end(), [&](const char* reason) { return transition.reason == reason; });
  if (quiet || transition.reason.empty()) return std::nullopt;
  return event_about("Invocation", object.meta, transition);
}

kube::Event event_of(const invocation::Workspace& object, const invocation::Transition& transition) {
  return event_about("Workspace", object.meta, transition);
}

}  // namespace lepton_operator::app
