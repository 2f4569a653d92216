// What is told of an object alone; that plan() agrees is seen in every life (planner/lifecycle.cc).
#include "invocation/settled.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "invocation/codec.h"
#include "invocation/names.h"

namespace lepton_operator::invocation {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::IsEmpty;

const Timestamp kThen{std::chrono::seconds(1'700'000'000)};

Invocation an_ended_one() {
  Invocation object;
  object.meta.key = {"team", "llama"};
  object.meta.uid = "uid-1";
  object.meta.generation = 2;
  object.meta.finalizers = {kCleanupFinalizer};
  object.spec = base::parse_json(R"({"evaluation": {"tasks": [{"name": "one", "run": 1}, {"name": "two"}]}})", "test").value();
  InvocationStatus& status = object.status;
  status.observed_generation = 2;
  status.phase = Phase::kFailed;
  status.completion_time = kThen;
  status.resolved.emplace();
  status.cost.shape = "gpu.1xh200";
  for (const char* name : {"one", "two"}) {
    TaskStatus task;
    task.name = name;
    task.run = 1;
    task.phase = TaskPhase::kFailed;
    task.endpoint.name = std::string("endpoint-") + name;
    task.endpoint.state = EndpointPhase::kReleased;
    task.job.name = std::string("job-") + name;
    task.job.released = true;
    AttemptStatus before;
    before.job = task.job;
    task.earlier.push_back(before);
    status.tasks.push_back(task);
  }
  return object;
}

TEST(Settled, AnEndedOneThatHoldsNothingIs) { EXPECT_TRUE(settled(an_ended_one())); }

TEST(Settled, NothingElseIs) {
  const std::map<std::string, std::function<void(Invocation&)>> changes = {
      {"deleted", [](Invocation& o) { o.meta.deleted = kThen; }},
      {"edited", [](Invocation& o) { o.meta.generation = 3; }},
      {"asked for", [](Invocation& o) { o.meta.annotations[kReconcileAnnotation] = "now"; }},
      {"a run that waits", [](Invocation& o) { o.spec["evaluation"]["tasks"][0]["run"] = Json::number(2); }},
      {"a run of an unknown task",
       [](Invocation& o) { o.spec["evaluation"]["tasks"][1] = base::parse_json(R"({"name": "x", "run": 1})", "").value(); }},
      {"a time to live", [](Invocation& o) { o.spec["ttlSecondsAfterFinished"] = Json::number(60); }},
      {"running", [](Invocation& o) { o.status.phase = Phase::kRunning; }},
      {"suspended", [](Invocation& o) { o.status.phase = Phase::kSuspended; }},
      {"no end", [](Invocation& o) { o.status.completion_time.reset(); }},
      {"expired", [](Invocation& o) { o.status.expired = true; }},
      {"in line", [](Invocation& o) { o.status.queued_since = kThen; }},
      {"a cleanup job", [](Invocation& o) { o.status.cleanup.name = "cleanup"; }},
      {"an endpoint", [](Invocation& o) { o.status.tasks[1].endpoint.state = EndpointPhase::kDeleting; }},
      {"paid for", [](Invocation& o) { o.status.tasks[1].endpoint.billed_since = kThen; }},
      {"idle", [](Invocation& o) { o.status.tasks[1].endpoint.idle_since = kThen; }},
      {"a job", [](Invocation& o) { o.status.tasks[0].job.released = false; }},
      {"a job of before", [](Invocation& o) { o.status.tasks[0].earlier[0].job.released = false; }},
      {"not accounted for", [](Invocation& o) { o.status.cost.shape.clear(); }},
      {"counted", [](Invocation& o) { o.status.counts.endpoints_ready = 1; }},
  };
  for (const auto& [what, change] : changes) {
    Invocation object = an_ended_one();
    change(object);
    EXPECT_FALSE(settled(object)) << what;
  }
}

TEST(Settled, OfALookOnlyJobsWithOneNameMatter) {
  const auto job = [](const char* name, const char* id, const char* owner) {
    lepton::Job one;
    one.name = name;
    one.id = id;
    if (*owner != '\0') one.labels.set(kUidLabel, owner);
    return one;
  };
  lepton::View view;
  view.jobs["a"] = {job("a", "1", "uid-1")};
  view.jobs["b"] = {job("b", "2", "uid-2")};
  EXPECT_THAT(owners_of_namesakes(view), IsEmpty());
  view.jobs["b"].push_back(job("b", "3", "uid-3"));
  view.jobs["b"].push_back(job("b", "4", ""));
  EXPECT_THAT(owners_of_namesakes(view), ElementsAre("uid-2", "uid-3"));
}

}  // namespace
}  // namespace lepton_operator::invocation
