// plan() is pure and total: a few thousand worlds that no sane life would reach, each a test of what must hold in all of them.
#include <functional>

#include "base/random.h"
#include "invocation/codec.h"
#include "invocation/names.h"
#include "support/repeats.h"
#include "unit/planner/matchers.h"

namespace lepton_operator::invocation::planner {
namespace {

const int kWorlds = support::repeats(2500);

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(base::make_seeded_random(seed)) {}

  bool coin(double chance = 0.5) { return random_->unit() < chance; }
  int below(int bound) { return static_cast<int>(random_->next() % static_cast<std::uint64_t>(bound)); }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }
  base::Milliseconds moment() { return base::Milliseconds(below(150) * 1000); }  // some of it in the future
  std::optional<Timestamp> maybe_moment() { return coin() ? std::optional(at(moment())) : std::nullopt; }

  Scene world();

 private:
  std::string policies();
  void change_task(Scene& scene, TaskStatus& task);
  void change_attempts(Scene& scene, TaskStatus& task);
  void change_policies(Scene& scene);
  void change_view(Scene& scene, const std::string& task);
  void change_memory(Scene& scene, const std::string& task);
  void outcome(Scene& scene, const std::string& key, const std::string& object);

  std::unique_ptr<base::Random> random_;
};

const std::vector<std::string> kTasks{kGpqa, kHellaswag, kWinogrande};
const std::vector<std::string> kEndpointWires{"Ready", "Not Ready", "Starting", "Stopped", "Deleting", "Error", "UNK", ""};
const std::vector<std::string> kJobWires{"Starting", "Running", "Failed", "Completed", "Stopped", "Deleting", "Archived", "UNK", ""};
const std::vector<base::ErrorKind> kErrors{base::ErrorKind::kInvalid,     base::ErrorKind::kThrottled, base::ErrorKind::kServer,
                                           base::ErrorKind::kInterrupted, base::ErrorKind::kNotFound,  base::ErrorKind::kUnsupported};

std::string Chaos::policies() {
  std::string text;
  text += "startPolicy: " + one_of<std::string>({"AllEndpointsReady", "EachEndpointReady"}) + "\n";
  text += "endpointFailurePolicy: " + one_of<std::string>({"FailInvocation", "FailTask"}) + "\n";
  text += "endpointRetention: " + one_of<std::string>({"UntilTaskFinished", "UntilFinished", "UntilDeleted"}) + "\n";
  if (coin(0.3)) text += "parallelism: " + std::to_string(1 + below(3)) + "\n";
  const std::string sharing = coin(0.3) ? "Shared" : "PerTask";
  if (coin()) text += "deployment: {readinessTimeout: 30s, queueTimeout: 20s, sharing: " + sharing + "}\n";
  return text;
}

void Chaos::outcome(Scene& scene, const std::string& key, const std::string& object) {
  switch (below(3)) {
    case 0: scene.did(key, moment(), moment(), object); return;
    case 1: scene.in_flight(key, moment(), object); return;
    default: scene.failed(key, one_of(kErrors), moment(), moment(), object); return;
  }
}

void Chaos::change_task(Scene& scene, TaskStatus& task) {
  task.phase = static_cast<TaskPhase>(below(8));
  task.wave = below(3);
  task.endpoint.name = coin(0.8) ? scene.endpoint_name_of(task.name) : "";
  task.endpoint.state = static_cast<EndpointPhase>(below(9));
  task.endpoint.seen = coin();
  task.endpoint.intended_at = maybe_moment();
  task.endpoint.waiting_since = maybe_moment();
  task.endpoint.ready_at = maybe_moment();
  if (coin(0.3)) task.endpoint.capacity_since = at(moment());
  if (coin(0.3)) task.endpoint.reason = one_of<std::string>({"NoCapacity", "Queueing", "Crashed"});
  if (coin(0.3)) task.endpoint.billed_since = at(moment());
  if (coin(0.3)) task.endpoint.idle_since = at(moment());
  task.job.name = coin(0.7) ? scene.job_name_of(task.name) : "";
  task.job.id = !task.job.name.empty() && coin() ? Scene::job_id_of(task.name) : "";
  task.job.state = static_cast<JobPhase>(below(9));
  task.job.intended_at = maybe_moment();
  task.job.started_at = maybe_moment();
  task.job.finished_at = maybe_moment();
  task.job.released = coin(0.2);
}

// Attempts of before, and marks of what has begun.
void Chaos::change_attempts(Scene& scene, TaskStatus& task) {
  task.run = below(3);
  task.retries = below(3);
  task.endpoint.releasing = coin(0.2);
  task.job.stop_requested = coin(0.2);
  for (int i = below(3); i > 0; --i) {
    AttemptStatus attempt;
    attempt.outcome = one_of<TaskPhase>({TaskPhase::kSucceeded, TaskPhase::kFailed, TaskPhase::kCancelled, TaskPhase::kUnknown});
    if (coin(0.8)) {
      attempt.job = task.job;
      attempt.job.attempt = i + 7;
      attempt.job.name = job_name(kUid, task.name, i + 7);
      attempt.job.id = coin(0.8) ? Scene::job_id_of(task.name) + "-" + std::to_string(i) : "";
      attempt.job.released = coin();
      if (coin()) scene.another_job(task.name, attempt.job.id, one_of(kJobWires), moment());
    }
    task.earlier.push_back(attempt);
  }
}

void Chaos::change_policies(Scene& scene) {
  if (coin(0.3)) scene.with_spec("execution: {retries: 2}");
  if (coin(0.2)) scene.with_spec("suspend: true");
  if (coin(0.2)) scene.with_spec("activeDeadlineSeconds: " + std::to_string(1 + below(150)));
  if (coin(0.2)) scene.with_spec("ttlSecondsAfterFinished: " + std::to_string(below(150)));
  if (coin(0.3)) scene.status().active_since = at(moment());
  if (coin(0.1)) scene.status().expired = coin();
  if (coin(0.3)) {
    const std::string run = std::to_string(below(4));
    scene.with_spec("evaluation: {tasks: [{name: gpqa_diamond, run: " + run + "}, {name: hellaswag}, {name: winogrande, run: " + run +
                    "}]}");
  }
}

void Chaos::change_view(Scene& scene, const std::string& task) {
  scene.endpoint_gone(task).job_gone(task);
  if (coin(0.7)) scene.endpoint_is(task, one_of(kEndpointWires), below(4));
  for (int i = below(3); i > 0; --i) scene.another_job(task, Scene::job_id_of(task) + (i > 1 ? "-2" : ""), one_of(kJobWires), moment());
  if (coin(0.3)) scene.job_read(task, moment(), coin() ? std::optional(one_of(kJobWires)) : std::nullopt);
}

void Chaos::change_memory(Scene& scene, const std::string& task) {
  const std::string endpoint = scene.endpoint_name_of(task);
  if (coin()) outcome(scene, "create-endpoint " + endpoint, endpoint);
  if (coin(0.3)) outcome(scene, "delete-endpoint " + endpoint, endpoint);
  if (coin(0.3)) outcome(scene, "diagnose-endpoint " + endpoint, {});
  if (coin()) outcome(scene, "create-job " + scene.job_name_of(task), scene.job_name_of(task));
  if (coin(0.3)) outcome(scene, "delete-job " + Scene::job_id_of(task), Scene::job_id_of(task));
  if (coin(0.3)) outcome(scene, "stop-job " + Scene::job_id_of(task), Scene::job_id_of(task));
  if (coin(0.3)) scene.explained(task, moment(), static_cast<lepton::EndpointTrouble>(below(8)), "why");
  if (coin(0.2)) scene.memory.diagnoses[endpoint] = coin() ? "because" : "";
}

Scene Chaos::world() {
  using Start = Scene (*)();
  Scene scene = one_of<Start>({a_new_invocation, a_new_invocation_on_existing_endpoint, a_pending_invocation, a_deploying_invocation,
                               an_invocation_with_ready_endpoints, a_running_invocation, a_succeeded_invocation, a_failed_invocation,
                               a_deleting_invocation})();
  if (coin(0.2)) scene.restarted();
  for (TaskStatus& task : scene.status().tasks) {
    if (coin()) change_task(scene, task);
    if (coin(0.3)) change_attempts(scene, task);
  }
  for (const std::string& task : kTasks) {
    if (coin()) change_view(scene, task);
    if (coin()) change_memory(scene, task);
  }
  if (coin(0.2)) scene.status().phase = static_cast<Phase>(below(7));
  change_policies(scene);
  if (coin(0.1)) scene.status().resolved.reset();
  if (coin(0.1)) scene.status().tasks.clear();
  if (coin(0.1)) scene.status().invocation_id = coin() ? "" : "../..";
  if (coin(0.1)) scene.object.spec = coin() ? yaml("{deployment: 7}") : base::Json::null();
  if (coin(0.1)) scene.with_appended_task("mmlu");
  if (coin()) scene.with_spec(policies());
  if (coin(0.3)) scene.admission = {1 + below(6), coin() ? std::optional(1 + below(6)) : std::nullopt, {below(4), below(4)}, below(3)};
  if (coin(0.2)) scene.status().queued_since = at(moment());
  if (coin(0.2)) scene.workspace_is(static_cast<WorkspaceState>(below(8)), "why");
  if (coin(0.05)) scene.workspace.id = "another";
  if (coin(0.3)) scene.deleted_at(moment());
  if (coin(0.1)) scene.namespace_deleting = true;
  if (coin(0.1)) scene.object.meta.finalizers.clear();
  if (coin(0.3)) scene.looked_at({moment(), moment()});
  if (coin(0.2)) scene.memory.secrets_absent = coin();
  if (coin(0.1)) scene.memory.directory_removed = true;
  if (coin(0.2)) scene.status().storage.seen = coin();
  return scene;
}

enum class Kept { kAll, kIntended };

// What was never intended cannot have been seen or done; and a life whose tasks are all finished is.
Scene without_unintended(Scene scene) {
  const auto& all = scene.object.status.tasks;
  const bool over = !all.empty() && std::all_of(all.begin(), all.end(), [](const TaskStatus& task) { return finished(task.phase); });
  if (over && !finished(scene.status().phase)) scene.status().phase = Phase::kFailed;
  for (const std::string& name : kTasks) {
    const auto& tasks = scene.object.status.tasks;
    const auto known = std::find_if(tasks.begin(), tasks.end(), [&](const TaskStatus& task) { return task.name == name; });
    if (known == tasks.end() || known->endpoint.name.empty()) {
      scene.endpoint_gone(name).memory.outcomes.erase("create-endpoint " + scene.endpoint_name_of(name));
    }
    if (known == tasks.end() || known->job.name.empty()) {
      scene.job_gone(name).memory.outcomes.erase("create-job " + scene.job_name_of(name));
    }
  }
  return scene;
}

void show(const Scene& scene, const Plan& made) {
  std::cout << "spec " << base::to_text(scene.object.spec) << "\nstatus " << base::to_text(encode(scene.object.status)) << "\nplanned "
            << base::to_text(encode(made.status)) << "\n";
  for (const Action& action : made.actions) std::cout << action_key(action) << "\n";
  for (const auto& [name, jobs] : scene.view.jobs) {
    for (const lepton::Job& job : jobs) std::cout << "seen " << name << " " << job.id << " " << lepton::to_string(job.state) << "\n";
  }
}

void for_many_worlds(const std::function<void(const Scene&, const Plan&)>& hold, Kept kept = Kept::kAll, int worlds = kWorlds) {
  for (int seed = 1; seed <= worlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Scene chaos = Chaos(static_cast<std::uint64_t>(seed)).world();
    const Scene scene = kept == Kept::kAll ? chaos : without_unintended(chaos);
    Plan made;
    ASSERT_NO_THROW(made = plan(scene));
    hold(scene, made);
    if (::testing::Test::HasFailure()) return show(scene, made);
  }
}

bool has_task(const InvocationStatus& status, const std::string& name) {
  return std::any_of(status.tasks.begin(), status.tasks.end(), [&](const TaskStatus& task) { return task.name == name; });
}

TEST(AnyWorld, KeepsEveryResult) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    for (const TaskStatus& before : scene.object.status.tasks) {
      const TaskStatus& now = task_of(made, before.name);
      ASSERT_GE(now.earlier.size(), before.earlier.size());
      for (std::size_t i = 0; i < before.earlier.size(); ++i) EXPECT_EQ(now.earlier[i].outcome, before.earlier[i].outcome);
      if (!finished(before.phase) || now.phase == before.phase) continue;
      ASSERT_GT(now.earlier.size(), before.earlier.size()) << before.name;
      EXPECT_EQ(now.earlier[before.earlier.size()].outcome, before.phase) << before.name << ": only another run follows a result";
    }
  });
}

TEST(AnyWorld, HasAnIntentForEveryCreation) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    for (const Action& action : made.actions) {
      if (const auto* endpoint = std::get_if<CreateEndpoint>(&action)) {
        EXPECT_EQ(task_of(made, endpoint->task).endpoint.name, endpoint->endpoint.spec.name);
        EXPECT_EQ(task_of(made, endpoint->task).endpoint.intended_at, scene.now);
      } else if (const auto* job = std::get_if<CreateJob>(&action)) {
        const JobStatus& intent = job->task.empty() ? made.status.cleanup : task_of(made, job->task).job;
        EXPECT_EQ(intent.name, job->job.name);
        EXPECT_EQ(intent.intended_at, scene.now);
      } else if (const auto* secret = std::get_if<EnsureSecret>(&action)) {
        EXPECT_THAT(made.status.secrets, testing::Contains(testing::Field(&SecretStatus::name, secret->secret.name)));
      }
    }
  });
}

TEST(AnyWorld, HasNoIntentWithoutItsRequest) {
  for_many_worlds(
      [](const Scene& scene, const Plan& made) {
        for (const TaskStatus& task : made.status.tasks) {
          if (!has_task(scene.object.status, task.name)) continue;
          const TaskStatus& before = scene.task(task.name);
          const bool adopted = scene.view.jobs.contains(task.job.name);  // seen, and not known of
          if (task.job.intended_at && task.job.intended_at != before.job.intended_at && !adopted) {
            EXPECT_THAT(made.actions, testing::Contains(creates_job(task.name)));
          }
          if (task.endpoint.intended_at && task.endpoint.intended_at != before.endpoint.intended_at) {
            EXPECT_THAT(made.actions, testing::Contains(creates_endpoint(task.name)));
          }
        }
      },
      Kept::kIntended);
}

TEST(AnyWorld, CreatesNothingForWhatIsBeingDeletedButACleanupJob) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    if (!scene.object.meta.deleted && !scene.namespace_deleting) return;
    for (const Action& action : made.actions) {
      EXPECT_FALSE(std::holds_alternative<CreateEndpoint>(action) || std::holds_alternative<EnsureSecret>(action));
      const auto* job = std::get_if<CreateJob>(&action);
      EXPECT_FALSE(job && !job->task.empty());
    }
  });
}

TEST(AnyWorld, CreatesNoJobOfATaskWhileAListShowsOne) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    for (const std::string& task : kTasks) {
      const bool listed = scene.view.jobs.contains(scene.job_name_of(task));
      const bool intended = has_task(scene.object.status, task) && !scene.task(task).job.name.empty();
      if (!listed || !intended) continue;
      EXPECT_THAT(made.actions, testing::Not(testing::Contains(creates_job(task))));
    }
  });
}

bool serves(const EndpointStatus& endpoint) {
  return endpoint.state != EndpointPhase::kFailed && endpoint.state != EndpointPhase::kDeleting &&
         endpoint.state != EndpointPhase::kReleased;
}

TEST(AnyWorld, ReleasesNothingBeforeTheResultIsRecorded) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    if (scene.object.meta.deleted) return;
    for (const Action& action : made.actions) {
      const auto* release = std::get_if<DeleteEndpoint>(&action);
      const bool shared = base::get_string(base::get_object(scene.object.spec, "deployment"), "sharing") == "Shared";
      const auto& tasks = made.status.tasks;
      const bool suspended = base::get_bool(scene.object.spec, "suspend").value_or(false);
      const bool needed = std::any_of(tasks.begin(), tasks.end(), [](const auto& task) { return !finished(task.phase); });
      const bool known = release && has_task(scene.object.status, release->task);
      const bool going = known && (scene.task(release->task).endpoint.releasing || !serves(scene.task(release->task).endpoint));
      EXPECT_FALSE(release && shared && needed && !suspended && !going && !finished(scene.object.status.phase));
      const auto* stop = std::get_if<StopJob>(&action);
      if (release != nullptr) {
        const TaskStatus& task = task_of(made, release->task);
        EXPECT_TRUE(finished(task.phase) || task.endpoint.releasing) << "suspended, or run again";
      } else if (stop != nullptr) {
        const TaskStatus& task = task_of(made, stop->task);
        const bool of_before = std::any_of(task.earlier.begin(), task.earlier.end(), [&](const auto& a) { return a.job.id == stop->id; });
        EXPECT_TRUE(finished(task.phase) || task.job.stop_requested || of_before);
      }
      const auto* job = std::get_if<DeleteJob>(&action);
      EXPECT_FALSE(job && job->reason != DeletionReason::kDuplicate);
      EXPECT_FALSE(std::holds_alternative<DeleteSecrets>(action) || std::holds_alternative<RemoveDirectory>(action));
    }
  });
}

TEST(AnyWorld, BeginsNoAttemptWhileAnotherOneOfTheTaskMayRun) {
  int begun = 0;
  for_many_worlds(
      [&](const Scene& scene, const Plan& made) {
        for (const Action& action : made.actions) {
          const auto* job = std::get_if<CreateJob>(&action);
          if (!job || job->task.empty()) continue;
          if (has_task(scene.object.status, job->task) && !scene.task(job->task).job.name.empty())
            continue;  // the same attempt, sent again
          for (const AttemptStatus& attempt : task_of(made, job->task).earlier) {
            ++begun;
            EXPECT_TRUE(attempt.job.name.empty() || attempt.job.released);
          }
        }
      },
      Kept::kAll, 3 * kWorlds);
  EXPECT_GT(begun, 10);
}

TEST(AnyWorld, CreatesNothingForWhatIsSuspended) {
  int suspended = 0;
  for_many_worlds([&](const Scene& scene, const Plan& made) {
    if (scene.object.meta.deleted || !base::get_bool(scene.object.spec, "suspend").value_or(false)) return;
    if (scene.namespace_deleting || !made.status.resolved) return;
    if (find_condition(made.status.conditions, "Accepted") && made.status.resolved) ++suspended;
    EXPECT_THAT(made.actions, testing::Not(testing::Contains(creates())));
    if (made.status.phase != Phase::kSuspended || scene.object.status.phase == Phase::kSuspended) return;
    for (const TaskStatus& task : made.status.tasks) EXPECT_TRUE(finished(task.phase) || task.job.name.empty());
  });
  EXPECT_GT(suspended, 100);
}

TEST(AnyWorld, DeletesAnObjectOnlyAfterItsEndAndItsTime) {
  int deleted = 0;
  for_many_worlds(
      [&](const Scene& scene, const Plan& made) {
        EXPECT_EQ(made.remove_object, made.remove_object && made.status.expired);
        if (!made.remove_object) return;
        ++deleted;
        EXPECT_TRUE(finished(made.status.phase));
        EXPECT_FALSE(scene.object.meta.deleted);
        EXPECT_LE(*made.status.completion_time, scene.now);
      },
      Kept::kAll, 3 * kWorlds);
  EXPECT_GT(deleted, 10);
}

TEST(AnyWorld, BeginsOnlyTasksWhoseTurnItIs) {
  for_many_worlds([](const Scene& scene, const Plan& made) {
    const auto& before = scene.object.status.tasks;
    const auto without_turn = [](const TaskStatus& task) {
      return task.wave == 0 && (!task.job.name.empty() || !task.endpoint.name.empty());
    };
    if (std::any_of(before.begin(), before.end(), without_turn)) return;  // no life leads there
    for (const Action& action : made.actions) {
      if (const auto* endpoint = std::get_if<CreateEndpoint>(&action)) {
        EXPECT_GT(task_of(made, endpoint->task).wave, 0);
      }
      if (const auto* job = std::get_if<CreateJob>(&action); job && !job->task.empty()) {
        EXPECT_GT(task_of(made, job->task).wave, 0);
      }
    }
  });
}

TEST(AnyWorld, TakesNoMorePlacesThanThereAreAndNobodysTurn) {
  int refused = 0;
  for_many_worlds([&](const Scene& scene, const Plan& made) {
    if (!scene.admission.limited()) return;
    const auto taken = [&](const TaskStatus& task) {
      const bool began =
          has_task(scene.object.status, task.name) &&
          (scene.task(task.name).wave > 0 || !scene.task(task.name).endpoint.name.empty() || !scene.task(task.name).job.name.empty());
      return task.wave > 0 && !began;
    };
    const auto& tasks = made.status.tasks;
    if (std::none_of(tasks.begin(), tasks.end(), taken)) {
      refused += made.status.queued_since ? 1 : 0;
      return;
    }
    EXPECT_EQ(scene.admission.ahead, 0);
    const Usage before = usage_of(scene.object, scene.object.status);
    const Usage own = usage_of(scene.object, made.status);
    if (scene.admission.max_endpoints && own.endpoints > before.endpoints) {
      EXPECT_LE(own.endpoints + scene.admission.used.endpoints, *scene.admission.max_endpoints);
    }
    if (scene.admission.max_jobs && own.jobs > before.jobs) {
      EXPECT_LE(own.jobs + scene.admission.used.jobs, *scene.admission.max_jobs);
    }
  });
  EXPECT_GT(refused, 20);
}

TEST(AnyWorld, KeepsTheEndpointsThatAreToBeKept) {
  int kept = 0;
  for_many_worlds([&](const Scene& scene, const Plan& made) {
    const bool asked = (*scene.object.spec).is_object() && base::get_string(scene.object.spec, "endpointRetention") == "UntilDeleted";
    if (!asked || scene.object.meta.deleted) return;
    const auto& tasks = made.status.tasks;
    const bool over = std::all_of(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return finished(task.phase); });
    const bool shared = base::get_string(base::get_object(scene.object.spec, "deployment"), "sharing") == "Shared";
    for (const TaskStatus& task : tasks) {
      if (task.endpoint.state == EndpointPhase::kDeleting || task.endpoint.name.empty()) continue;
      const bool of_unfinished = shared ? !over : !finished(task.phase);
      const bool suspended = base::get_bool(scene.object.spec, "suspend").value_or(false) && of_unfinished;
      if (suspended || !has_task(scene.object.status, task.name)) continue;
      const EndpointStatus& before = scene.task(task.name).endpoint;
      if (before.releasing || !serves(before)) continue;  // going already, or in the way of another run
      ++kept;
      EXPECT_THAT(made.actions, testing::Not(testing::Contains(deletes_endpoint(task.name))));
    }
  });
  EXPECT_GT(kept, 100);
}

TEST(AnyWorld, TakesTheFinalizerOnlyWhenNothingOfItIsSeen) {
  int taken = 0;
  for_many_worlds([&](const Scene& scene, const Plan& made) {
    if (made.finalizer != FinalizerChange::kRemove) return;
    ++taken;
    EXPECT_TRUE(scene.object.meta.deleted);
    for (const TaskStatus& task : made.status.tasks) {
      if (!scene.object.status.resolved) continue;  // then nothing was ever made
      EXPECT_TRUE(task.endpoint.name.empty() || task.endpoint.state == EndpointPhase::kReleased);
      if (task.job.name.empty()) continue;
      const auto listed = scene.view.jobs.find(task.job.name);
      if (listed == scene.view.jobs.end()) continue;
      for (const lepton::Job& job : listed->second) EXPECT_TRUE(job.archived);
    }
  });
  EXPECT_GT(taken, 10);
}

TEST(AnyWorld, WakesOnlyAtATimeToCome) {
  for_many_worlds([](const Scene& scene, const Plan& made) { EXPECT_FALSE(made.wake_at && *made.wake_at <= scene.now); });
}

TEST(AnyWorld, OfTheSameFactsAndTheWrittenStatusComesTheSame) {
  for_many_worlds(
      [](const Scene& scene, const Plan& made) {
        Scene written = scene;
        written.status() = made.status;
        if (made.finalizer == FinalizerChange::kAdd) written.object.meta.finalizers.push_back(kCleanupFinalizer);
        const Plan again = plan(written);
        const std::set<std::string> first = keys_of(made.actions);
        for (const Action& action : again.actions) {
          const bool repeated = first.contains(action_key(action));
          EXPECT_TRUE(repeated) << action_key(action);
          EXPECT_FALSE(std::holds_alternative<CreateJob>(action)) << "one intent, one request";
        }
        // A status that contradicts itself is put right by the first plan; then it stays. (Lifecycle has the strict form for all that is
        // real.)
        written.status() = again.status;
        EXPECT_EQ(base::to_text(encode(plan(written).status)), base::to_text(encode(again.status)));
      },
      Kept::kIntended);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
