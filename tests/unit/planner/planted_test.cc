// Each invariant that lives are held to is shown to catch a bug: the plan is falsified as that bug would, and some random history has to
// find it. An invariant that catches nothing would be no test.
#include <algorithm>
#include <iostream>
#include <map>

#include "invocation/names.h"
#include "unit/planner/history.h"
#include "unit/planner/matchers.h"
#include "unit/planner/planted_planners.h"

namespace lepton_operator::invocation::planner {
namespace {

constexpr std::uint64_t kPatience = 400;  // histories
constexpr const char* kLeftBehind = "something is left in Lepton";

struct Planted {
  const char* bug;
  const char* caught;  // the invariant, a part of its sentence
  std::function<Plan(const Scene&)> planner;
};

Plan not_deleted(Scene scene) {
  scene.object.meta.deleted.reset();
  return plan(scene);
}

template <class ActionT>
const ActionT* first(const Plan& made) {
  for (const Action& action : made.actions) {
    if (const auto* found = std::get_if<ActionT>(&action)) return found;
  }
  return nullptr;
}

TaskStatus* first_finished(Plan& made) {
  auto& tasks = made.status.tasks;
  const auto found = std::find_if(tasks.begin(), tasks.end(), [](const TaskStatus& task) { return finished(task.phase); });
  return found == tasks.end() ? nullptr : &*found;
}

const std::vector<Planted> kPlanted{
    {"the finalizer is dropped early", kLeftBehind, drops_the_finalizer_early},
    {"the finalizer is dropped with the last request", "the finalizer falls while requests are under way",
     [](const Scene& scene) {
       Plan made = plan(scene);
       if (scene.object.meta.deleted && made.actions.empty() && scene.object.meta.has_finalizer(kCleanupFinalizer))
         made.finalizer = FinalizerChange::kRemove;
       return made;
     }},
    {"a workspace that answers 404 is taken for clean", kLeftBehind, takes_404_for_clean},
    {"a job's creation is sent again blindly", "was made twice", sends_creations_again_blindly},
    {"stale absence is believed", "was made twice", believes_stale_absence},
    {"the status is written after the release", "an endpoint is released before its task's result is recorded",
     [](const Scene& scene) {
       Plan made = plan(scene);
       const auto* release = first<DeleteEndpoint>(made);
       if (release == nullptr || scene.object.meta.deleted) return made;
       for (TaskStatus& task : made.status.tasks) {
         if (task.name == release->task && !finished(scene.task(task.name).phase)) task.phase = TaskPhase::kRunning;
       }
       return made;
     }},
    {"a result is forgotten", "is lost",
     [](const Scene& scene) {
       Plan made = plan(scene);
       if (TaskStatus* task = first_finished(made); task && scene.now > at(30s)) task->phase = TaskPhase::kPending;
       return made;
     }},
    {"earlier attempts are forgotten", "is forgotten",
     [](const Scene& scene) {
       Plan made = plan(scene);
       for (const TaskStatus& before : scene.object.status.tasks) {
         if (before.earlier.empty()) continue;
         for (TaskStatus& task : made.status.tasks) task.earlier.clear();
       }
       return made;
     }},
    {"an earlier attempt is rewritten", "has changed",
     [](const Scene& scene) {
       Plan made = plan(scene);
       for (TaskStatus& task : made.status.tasks) {
         if (task.earlier.size() > 1) task.earlier.front().outcome = TaskPhase::kSucceeded;
       }
       return made;
     }},
    {"a request has no intent", "no intent for",
     [](const Scene& scene) {
       Plan made = plan(scene);
       for (TaskStatus& task : made.status.tasks) task.job.intended_at.reset();
       return made;
     }},
    {"endpoints are taken for Ready", "a job is created before the last endpoint was Ready",
     [](Scene scene) {
       for (auto& [name, seen] : scene.view.endpoints) {
         seen.endpoint.state = lepton::EndpointState::kReady;
         seen.endpoint.external_url = "https://ready.example";
       }
       return plan(scene);
     }},
    {"a deletion is not noticed by what creates", "for what is being deleted", not_deleted},
    {"storage goes first", "storage goes while jobs can still write",
     [](const Scene& scene) {
       Plan made = plan(scene);
       const auto directory = StorageDirectory::make("/shared/nemo-evaluator-launcher-workspace", made.status.invocation_id);
       if (scene.object.meta.deleted && directory) made.actions.push_back(RemoveDirectory{*directory, "x"});
       return made;
     }},
    {"two attempts run at once", "would run at once",
     [](Scene scene) {
       for (auto& [name, jobs] : scene.view.jobs) {
         for (lepton::Job& job : jobs) job.state = job.state == lepton::JobState::kRunning ? lepton::JobState::kFailed : job.state;
       }
       return plan(scene);
     }},
    {"a kept endpoint is released", "that was to be kept",
     [](Scene scene) {
       scene.with_spec("endpointRetention: UntilTaskFinished");
       return plan(scene);
     }},
    {"a second endpoint is made for a task", "a second endpoint for",
     [](const Scene& scene) {
       Plan made = plan(scene);
       if (first<CreateEndpoint>(made) != nullptr || scene.object.meta.deleted) return made;
       for (TaskStatus& task : made.status.tasks) {
         if (task.endpoint.state != EndpointPhase::kReady) continue;
         CreateEndpoint another;
         another.task = task.name;
         another.endpoint.spec.name = task.endpoint.name = task.endpoint.name + "x";
         task.endpoint.intended_at = scene.now;
         made.actions.push_back(another);
       }
       return made;
     }},
    {"the same thing is asked for again and again", "it spins",
     [](const Scene& scene) {
       Plan made = plan(scene);
       made.actions.push_back(ReadNodeGroups{});
       return made;
     }},
    {"it wakes at a time gone by", "it wakes at a time gone by",
     [](const Scene& scene) {
       Plan made = plan(scene);
       made.wake_at = scene.now;
       return made;
     }},
    {"nothing is ever done", "it does not end",
     [](const Scene& scene) {
       Plan made;
       made.status = scene.object.status;
       return made;
     }},
    {"the plan depends on more than the facts", "the same facts give another status",
     [calls = 0](const Scene& scene) mutable {
       Plan made = plan(scene);
       made.status.start_time = at(base::Milliseconds(++calls));
       return made;
     }},
    {"the status tells the time", "something is done after the end",
     [](const Scene& scene) {
       Plan made = plan(scene);
       if (made.status.completion_time)
         made.status.completion_time = std::chrono::floor<std::chrono::duration<int, std::ratio<10>>>(scene.now);
       return made;
     }},
    {"what is planned is not in the status", "the written status is not what was planned",
     [](const Scene& scene) {
       Plan made = plan(scene);
       if (!made.status.tasks.empty()) made.status.tasks.emplace_back();
       return made;
     }},
};

// What some history finds; empty: none did.
std::vector<std::string> found_by(const Planted& planted, std::uint64_t seed) {
  History history(seed);
  Scene start = history.start();
  if (std::string(planted.caught).find("to be kept") != std::string::npos) start.with_spec("endpointRetention: UntilDeleted");
  Lifecycle life(start, history.course());
  history.prepare(life.lepton);
  life.planner = planted.planner;
  life.run();
  if (!life.removed && life.violations.empty()) {
    life.stay_quiet(10);
    life.remove();
    life.run();
  }
  if (life.removed && !life.lepton.empty()) life.violations.emplace_back(kLeftBehind);
  return life.violations;
}

TEST(Planted, EachBugIsCaughtByTheInvariantThatIsThereForIt) {
  for (const Planted& planted : kPlanted) {
    std::uint64_t seed = 0;
    bool caught = false;
    while (!caught && seed < kPatience) {
      const std::vector<std::string> found = found_by(planted, ++seed);
      caught =
          std::any_of(found.begin(), found.end(), [&](const std::string& what) { return what.find(planted.caught) != std::string::npos; });
    }
    EXPECT_TRUE(caught) << planted.bug;
    if (caught) std::cout << "caught in history " << seed << ": " << planted.bug << " (" << planted.caught << ")\n";
  }
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
