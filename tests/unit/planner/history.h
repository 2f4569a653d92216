// What may happen in a life, drawn from a seed: a manifest, edits of it, what others do in Lepton, restarts, downtimes, a clock that is put
// on, a workspace that cannot be used for a while.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "unit/planner/lifecycle.h"

namespace lepton_operator::invocation::planner {

inline constexpr int kEditsUntil = 60;  // seconds; afterwards all is well

class History {
 public:
  explicit History(std::uint64_t seed) : random_(base::make_seeded_random(seed)) {}

  bool coin(double chance = 0.5) { return random_->unit() < chance; }
  int below(int bound) { return static_cast<int>(random_->next() % static_cast<std::uint64_t>(bound)); }
  std::string task() { return std::vector<std::string>{kGpqa, kHellaswag, kWinogrande}[static_cast<std::size_t>(below(3))]; }

  Scene start() {
    Scene scene = coin(0.8) ? a_new_invocation() : a_new_invocation_on_existing_endpoint();
    if (coin()) scene.with_spec("execution: {retries: " + std::to_string(below(3)) + "}");
    if (coin(0.15)) scene.with_spec("activeDeadlineSeconds: " + std::to_string(5 + below(60)));
    if (coin(0.15)) scene.with_spec("suspend: true");
    if (coin(0.2)) scene.with_spec("parallelism: " + std::to_string(1 + below(3)));
    if (coin(0.3)) scene.with_spec("endpointRetention: UntilFinished");
    if (coin(0.3)) scene.with_spec("startPolicy: EachEndpointReady");
    if (coin(0.3)) scene.with_spec("endpointFailurePolicy: FailTask");
    if (coin(0.2)) scene.with_spec("execution: {nodeGroup: h200-eu}");
    if (coin(0.2)) scene.with_spec("execution: {envs: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}]}");
    return scene;
  }

  Course course() {
    Course course;
    course.slow = coin(0.3);
    course.lazy = coin(0.5);
    course.forgetful = coin(0.5);
    course.late = base::Milliseconds(below(8) * 1000);
    for (int i = below(4); i > 0; --i) course.crashes.insert(1 + below(60));
    if (coin(0.2)) course.down_until = (course.down_from = 3 + below(20)) + below(60);
    for (int i = below(5); i > 0; --i) course.edits[1 + below(kEditsUntil)] = edit();
    for (int i = below(3); i > 0; --i) course.disturbances[1 + below(kEditsUntil)] = disturbance();
    course.edits[kEditsUntil + 1] = [](Scene& scene) {
      scene.with_spec("suspend: false");
      scene.workspace_is(WorkspaceState::kReady, "");
    };
    if (coin(0.2)) course.jumps[1 + below(kEditsUntil)] = std::chrono::minutes(1 + below(60));
    if (coin(0.3)) course.delete_at = 1 + below(2 * kEditsUntil);
    return course;
  }

  void prepare(AbstractLepton& lepton) {
    for (int i = below(3); i > 0; --i) lepton.failing_attempts[task()] = 1 + below(3);
    if (coin(0.1)) lepton.failing_endpoints.insert(task());
    lepton.storage_api = coin(0.7);
    lepton.lag = base::Milliseconds(below(3) * 1000);
    if (coin(0.3)) lepton.archived_after = base::Milliseconds(10'000 + below(20) * 1000);
    lepton.archive_tells = coin();
  }

 private:
  std::function<void(Scene&)> edit() {
    const std::string name = task();
    const auto trouble = std::vector{WorkspaceState::kUnauthorized, WorkspaceState::kNotFound,
                                     WorkspaceState::kUnreachable}[static_cast<std::size_t>(below(3))];
    switch (below(7)) {
      case 5: return [trouble](Scene& scene) { scene.workspace_is(trouble, "why"); };
      case 6: return [](Scene& scene) { scene.workspace_is(WorkspaceState::kReady, ""); };
      case 0: return [](Scene& scene) { scene.with_spec("suspend: true"); };
      case 1: return [](Scene& scene) { scene.with_spec("suspend: false"); };
      case 2: return [](Scene& scene) { scene.with_spec("execution: {retries: 2}"); };
      case 3: return [name](Scene& scene) { scene.raise_run(name); };
      default:
        return [](Scene& scene) {
          if (!finished(scene.status().phase)) scene.append_task("mmlu");  // else the API server refuses it
        };
    }
  }
  std::function<void(AbstractLepton&)> disturbance() {
    using lepton::EndpointState;
    using lepton::JobState;
    const std::string name = task();
    const Timestamp until = at(base::Milliseconds(below(90) * 1000));
    const auto endpoint =
        std::vector{EndpointState::kNotReady, EndpointState::kError, EndpointState::kUnknown}[static_cast<std::size_t>(below(3))];
    switch (below(6)) {
      case 0: return [name](AbstractLepton& lepton) { lepton.lose_endpoint(name); };
      case 1: return [name](AbstractLepton& lepton) { lepton.edit_endpoint(name); };
      case 2: return [name](AbstractLepton& lepton) { lepton.stop_endpoint(name); };
      case 3: return [=](AbstractLepton& lepton) { lepton.show_endpoint_as(name, endpoint, until); };
      case 4: return [=](AbstractLepton& lepton) { lepton.show_job_as(name, JobState::kUnknown, until); };
      default: return [name](AbstractLepton& lepton) { lepton.lose_job(name); };
    }
  }

  std::unique_ptr<base::Random> random_;
};

}  // namespace lepton_operator::invocation::planner
