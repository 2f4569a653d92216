#include "metrics/fleet_families.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

namespace lepton_operator::metrics {

namespace {

using invocation::Phase;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = std::vector<ClientMetric::Label>;

// One family of gauges as it grows; of counters when it says so.
class Figures {
 public:
  Figures(std::string name, std::string help, prometheus::MetricType type = prometheus::MetricType::Gauge) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  void add(Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    metric.counter.value = value;
    family_.metric.push_back(std::move(metric));
  }

  void give_to(std::vector<MetricFamily>& families) {
    if (!family_.metric.empty()) families.push_back(std::move(family_));
  }

 private:
  MetricFamily family_;
};

Labels with(Labels labels, std::string name, std::string value) {
  labels.push_back({std::move(name), std::move(value)});
  return labels;
}

Labels object_labels(const invocation::ObjectKey& key) { return {{"namespace", key.namespace_}, {"name", key.name}}; }

double seconds(base::Timestamp at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); }

// How many are in each phase by its name, the phases that none is in included: a state that is left falls to 0 instead of vanishing.
template <class PhaseT, std::size_t size>
std::map<std::string, int> by_name(const std::array<PhaseT, size>& phases, const std::array<std::uint16_t, size>& counts) {
  std::map<std::string, int> named;
  for (std::size_t i = 0; i < size; ++i) named[to_string(phases[i])] = counts[i];
  return named;
}

struct InvocationFamilies {
  Figures phase{"lepton_invocation_status_phase", "Phase of the Invocation: 1 for the one it is in, 0 for the others."};
  Figures tasks{"lepton_invocation_tasks", "Tasks of the Invocation by state."};
  Figures endpoints{"lepton_invocation_endpoints", "Endpoints of the Invocation's tasks by state."};
  Figures progress{"lepton_invocation_progress_ratio", "Finished tasks of the Invocation, of all its tasks."};
  Figures created{"lepton_invocation_created_timestamp_seconds", "Unix time of the Invocation's creation."};
  Figures completed{"lepton_invocation_completed_timestamp_seconds", "Unix time of the Invocation's completion."};

  void add(const InvocationFigure& figure) {
    const Labels labels = object_labels(figure.key);
    const invocation::Digest& digest = figure.digest;
    for (const Phase known : invocation::kPhases) phase.add(with(labels, "phase", to_string(known)), known == digest.phase ? 1 : 0);
    for (const auto& [state, number] : by_name(invocation::kTaskPhases, digest.tasks)) tasks.add(with(labels, "state", state), number);
    for (const auto& [state, number] : by_name(invocation::kEndpointPhases, digest.endpoints)) {
      endpoints.add(with(labels, "state", state), number);
    }
    progress.add(labels, digest.all == 0 ? 0 : static_cast<double>(digest.done) / digest.all);
    if (digest.created) created.add(labels, seconds(*digest.created));
    if (digest.completed) completed.add(labels, seconds(*digest.completed));
  }

  void give_to(std::vector<MetricFamily>& families) {
    for (Figures* figures : {&phase, &tasks, &endpoints, &progress, &created, &completed}) figures->give_to(families);
  }
};

struct ControllerFamilies {
  Figures active{"controller_runtime_active_workers", "Reconciliations in progress per controller."};
  Figures depth{"workqueue_depth", "Current depth of the work queue."};
  Figures adds{"workqueue_adds_total", "Adds handled by the work queue.", prometheus::MetricType::Counter};
  Figures retries{"workqueue_retries_total", "Retries handled by the work queue.", prometheus::MetricType::Counter};

  void add(const ControllerFigure& controller) {
    active.add({{"controller", controller.name}}, static_cast<double>(controller.queue.working));
    depth.add({{"name", controller.name}}, static_cast<double>(controller.queue.depth));
    adds.add({{"name", controller.name}}, static_cast<double>(controller.queue.adds));
    retries.add({{"name", controller.name}}, static_cast<double>(controller.queue.retries));
  }

  void give_to(std::vector<MetricFamily>& families) {
    for (Figures* figures : {&active, &depth, &adds, &retries}) figures->give_to(families);
  }
};

}  // namespace

std::vector<MetricFamily> families_of(const Fleet& fleet) {
  InvocationFamilies invocations;
  for (const auto& object : fleet.invocations) invocations.add(object);

  Figures workspaces("lepton_workspace_up", "Whether the workspace authenticates us and answers.");
  Figures tokens("lepton_workspace_token_expires_timestamp_seconds", "Unix time at which the workspace's token expires.");
  for (const WorkspaceFigure& workspace : fleet.workspaces) {
    const Labels labels = {{"namespace", workspace.key.namespace_}, {"workspace", workspace.key.name}};
    workspaces.add(labels, workspace.up ? 1 : 0);
    if (workspace.token_expires_at) tokens.add(labels, seconds(*workspace.token_expires_at));
  }

  Figures orphans("lepton_orphans", "What the workspace has of ours without an Invocation and was not removed yet, by kind.");
  for (const OrphanFigure& orphan : fleet.orphans) {
    orphans.add({{"namespace", orphan.workspace.namespace_}, {"workspace", orphan.workspace.name}, {"kind", orphan.kind}}, orphan.count);
  }

  Figures invalid("lepton_manifest_invalid", "Manifest files whose content is refused; their last good version stays in force.");
  for (const std::string& file : fleet.invalid_manifests) invalid.add({{"file", file}}, 1);

  ControllerFamilies controllers;
  for (const ControllerFigure& controller : fleet.controllers) controllers.add(controller);

  std::vector<MetricFamily> families;
  invocations.give_to(families);
  workspaces.give_to(families);
  tokens.give_to(families);
  orphans.give_to(families);
  invalid.give_to(families);
  controllers.give_to(families);
  return families;
}

}  // namespace lepton_operator::metrics
