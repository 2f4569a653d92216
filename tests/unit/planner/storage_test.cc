// Rule 8: the directory goes last, through the API only where it was seen, else by a job.
#include "unit/planner/matchers.h"

#include "base/random.h"

#include "invocation/names.h"
#include "support/repeats.h"

namespace lepton_operator::invocation::planner {
namespace {

using base::ErrorKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Only the directory is left.
Scene with_directory_left() {
  Scene scene = a_deleting_invocation();
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) scene.endpoint_gone(task).job_gone(task).job_read(task, 99s, std::nullopt);
  scene.memory.secrets_absent = true;
  return scene;
}

std::string directory_of(const Scene& scene) { return "/shared/nemo-evaluator-launcher-workspace/" + scene.object.status.invocation_id; }

Scene with_directory_seen() {
  Scene scene = with_directory_left();
  scene.status().storage.seen = true;
  scene.status().storage.file_system = "lepton-shared-fs";
  return scene;
}

Scene with_directory_not_shown() {
  Scene scene = with_directory_left();
  scene.did("probe-storage " + directory_of(scene), 97s, 98s);
  return scene;
}

// A cleanup job was made at 98 s.
Scene with_cleanup_job(std::string_view wire) {
  Scene scene = with_directory_not_shown();
  JobStatus& job = scene.status().cleanup;
  job.name = cleanup_job_name(kUid, 0);
  job.id = "job-cleanup";
  job.intended_at = at(97s);
  job.state = JobPhase::kStarting;
  lepton::Job seen;
  seen.id = job.id;
  seen.name = job.name;
  seen.state = lepton::parse_job_state(wire);
  scene.view.jobs[job.name].push_back(seen);
  scene.did("create-job " + job.name, 97s, 98s, job.name);
  return scene;
}

TEST(Storage, IsProbedAtTheFirstLookThatShowsAJobRunning) {
  Scene scene = a_running_invocation();
  scene.memory.storage_probe.reset();
  EXPECT_THAT(plan(scene).actions, ElementsAre(probes_storage()));
  scene.in_flight("probe-storage " + directory_of(scene), 100s);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
}

TEST(Storage, ProbesTheNameThenTheLiteral) {
  const Plan made = plan(with_directory_left());
  ASSERT_THAT(made.actions, ElementsAre(probes_storage()));
  EXPECT_THAT(std::get<ProbeStorage>(made.actions.front()).file_systems, ElementsAre("lepton-shared-fs", "node-nfs:lepton-shared-fs"));
}

TEST(Storage, WhatAProbeShowedIsKept) {
  Scene scene = a_running_invocation();
  scene.memory.storage_probe->seen = true;
  scene.memory.storage_probe->file_system = "lepton-shared-fs";
  const Plan made = plan(scene);
  EXPECT_TRUE(made.status.storage.seen);
  EXPECT_EQ(made.status.storage.file_system, "lepton-shared-fs");
}

TEST(Storage, ThatWasSeenGoesThroughTheApi) {
  const Plan made = plan(with_directory_seen());
  ASSERT_THAT(made.actions, ElementsAre(removes_directory()));
  const auto& removal = std::get<RemoveDirectory>(made.actions.front());
  EXPECT_EQ(removal.directory.path(), directory_of(with_directory_seen()));
  EXPECT_EQ(removal.file_system, "lepton-shared-fs");
}

TEST(Storage, WaitsForJobsThatCanStillWrite) {
  Scene scene = with_directory_seen();
  scene.job_is(kGpqa, "Stopping");
  EXPECT_THAT(plan(scene).actions, Not(Contains(removes_directory())));
}

TEST(Storage, IsAskedForAgainAtDeletionSinceItMayHaveBeenMade) {
  Scene scene = with_directory_left();
  scene.did("probe-storage " + directory_of(scene), 60s, 61s);  // long before the deletion
  EXPECT_THAT(plan(scene).actions, ElementsAre(probes_storage()));
}

TEST(Storage, ThatIsNotShownGoesByAJobOfTheExecutedImage) {
  const Plan made = plan(with_directory_not_shown(), at(100s));
  ASSERT_THAT(made.actions, ElementsAre(creates_cleanup_job()));
  const auto& creation = std::get<CreateJob>(made.actions.front());
  EXPECT_EQ(creation.job.image, "registry.example/a:1");
  EXPECT_EQ(creation.job.name, made.status.cleanup.name);
  EXPECT_EQ(made.status.cleanup.intended_at, at(100s));
  EXPECT_EQ(creation.deadline, at(120s));
}

TEST(Storage, IsNotAskedThroughAnApiThatTheUserRefuses) {
  Scene scene = with_directory_seen();
  scene.with_spec("storage: {cleanup: Job}");
  EXPECT_THAT(plan(scene).actions, ElementsAre(creates_cleanup_job()));
}

TEST(Storage, NoJobIsMadeThatTheUserRefuses) {
  Scene scene = with_directory_not_shown();
  scene.with_spec("storage: {cleanup: Api}");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "StorageNotVisible"));
  ASSERT_TRUE(made.wake_at);
  EXPECT_GT(*made.wake_at, scene.now);
  EXPECT_THAT(plan(scene, at(127s)).actions, ElementsAre(probes_storage()));
}

TEST(Storage, AnApiThatIsGoneIsReplacedByAJob) {
  for (const auto kind : {ErrorKind::kUnsupported, ErrorKind::kNotFound}) {
    Scene scene = with_directory_seen();
    scene.failed("remove-directory " + directory_of(scene), kind, 98s, 99s);
    EXPECT_THAT(plan(scene).actions, ElementsAre(creates_cleanup_job()));
  }
}

TEST(Storage, AnApiThatFailsIsTriedAgain) {
  Scene scene = with_directory_seen();
  scene.failed("remove-directory " + directory_of(scene), ErrorKind::kServer, 98s, 110s);
  EXPECT_THAT(plan(scene).actions, IsEmpty());
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kNone);
  EXPECT_THAT(plan(scene, at(110s)).actions, ElementsAre(removes_directory()));
}

TEST(Storage, IsGoneWhenTheCleanupJobSucceededAndTheJobIsRemovedToo) {
  const Plan made = plan(with_cleanup_job("Completed"));
  EXPECT_TRUE(made.status.storage.removed);
  EXPECT_THAT(made.actions, ElementsAre(deletes_job("job-cleanup")));
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
  Scene gone = with_cleanup_job("Completed");
  gone.status() = made.status;
  gone.view.jobs.clear();
  gone.did("delete-job job-cleanup", 100s, 101s, "job-cleanup").looked_at({101s, 102s});
  gone.memory.reads["job-cleanup"] = {at(103s), std::nullopt};
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) gone.job_read(task, 103s, std::nullopt);
  EXPECT_EQ(plan(gone, at(104s)).finalizer, FinalizerChange::kRemove);
}

TEST(Storage, IsNotGoneWhileTheCleanupJobRuns) {
  for (const char* wire : {"Starting", "Running", "UNK", ""}) {
    EXPECT_FALSE(plan(with_cleanup_job(wire)).status.storage.removed) << wire;
    EXPECT_THAT(plan(with_cleanup_job(wire)).actions, IsEmpty()) << wire;
  }
}

TEST(Storage, ACleanupJobThatFailedIsTriedOnceMoreLaterUnderANewName) {
  Scene scene = with_cleanup_job("Failed");
  const Plan held = plan(scene, at(100s));
  EXPECT_THAT(held, has_condition("CleanedUp", kFalse, "CleanupJobFailed"));
  EXPECT_EQ(held.wake_at, at(105s));
  scene.status() = held.status;
  EXPECT_THAT(plan(scene, at(105s)).actions, ElementsAre(deletes_job("job-cleanup")));
  scene.view.jobs.clear();
  scene.did("delete-job job-cleanup", 105s, 106s, "job-cleanup").looked_at({106s, 107s});
  scene.memory.reads["job-cleanup"] = {at(108s), std::nullopt};
  const Plan again = plan(scene, at(109s));
  EXPECT_THAT(again.actions, ElementsAre(creates_cleanup_job()));
  EXPECT_EQ(again.status.cleanup.name, cleanup_job_name(kUid, 1));
}

TEST(Storage, IsRetainedWhenThatWasAskedFor) {
  Scene scene = with_directory_seen();
  scene.with_spec("storage: {deletionPolicy: Retain}");
  const Plan made = plan(scene);
  EXPECT_EQ(made.finalizer, FinalizerChange::kRemove);
  EXPECT_THAT(made.actions, IsEmpty());
  const Condition* cleaned = find_condition(made.status.conditions, "CleanedUp");
  ASSERT_TRUE(cleaned);
  EXPECT_EQ(cleaned->message, "jobs, endpoints and secrets are verified gone; " + directory_of(scene) + " is kept.");
}

TEST(Storage, ThereIsNothingToRemoveWhenNoJobWasEverIntended) {
  Scene scene = a_deploying_invocation();
  scene.deleted_at(95s);
  scene.memory.secrets_absent = true;
  for (const char* task : {kGpqa, kHellaswag, kWinogrande}) {
    scene.endpoint_gone(task).did("delete-endpoint " + scene.endpoint_name_of(task), 95s, 96s, scene.endpoint_name_of(task));
  }
  EXPECT_EQ(plan(scene).finalizer, FinalizerChange::kRemove);
}

TEST(Storage, APathThatIsNoDirectoryOfOurOwnIsRefused) {
  for (const char* path : {"/", "relative", "/a/../b"}) {
    Scene scene = with_directory_seen();
    scene.with_spec(std::string("storage: {path: ") + path + "}");
    const Plan made = plan(scene);
    EXPECT_THAT(made.actions, IsEmpty()) << path;
    EXPECT_EQ(made.finalizer, FinalizerChange::kNone) << path;
  }
}

// Both ways of removal, whatever stands in storage.path: the one directory that is storage.path/<invocation id>, below a parent that is
// not the root, or nothing at all.
TEST(Storage, OnlyTheInvocationsOwnDirectoryIsEverRemovedWhateverThePath) {
  const auto random = base::make_seeded_random(23);
  const std::vector<std::string> parts = {"/",    "/", "/", "..",  ".",  "shared",          "a b", "", "'",
                                          "$(x)", "*", "~", "-rf", "\n", "0123456789abcdef"};
  int by_api = 0;
  int by_job = 0;
  const int paths = support::repeats(4'000);
  for (int i = 0; i < paths; ++i) {
    std::string path;
    for (std::uint64_t n = 1 + random->next() % 7; n > 0; --n) path += parts[random->next() % parts.size()];
    const bool api = random->next() % 2 == 0;
    Scene scene = with_directory_seen();
    scene.status().storage.path.clear();
    base::Json overlay = base::json_object();
    overlay["storage"] = base::json_object();
    overlay["storage"]["path"] = base::Json::string(path);
    overlay["storage"]["cleanup"] = base::Json::string(api ? "Api" : "Job");
    scene.object.spec = base::merged(scene.object.spec, overlay);
    const std::string expected = (path.ends_with('/') ? path.substr(0, path.size() - 1) : path) + "/" + scene.status().invocation_id;
    const Plan made = plan(scene);
    for (const Action& action : made.actions) {
      if (const auto* removal = std::get_if<RemoveDirectory>(&action)) {
        ++by_api;
        ASSERT_EQ(removal->directory.path(), expected);
      } else if (const auto* creation = std::get_if<CreateJob>(&action)) {
        ++by_job;
        ASSERT_EQ(creation->job.mounts.size(), 1U);
        const lepton::Mount& mount = creation->job.mounts.front();
        ASSERT_EQ(mount.path + "/" + scene.status().invocation_id, expected);
        ASSERT_EQ(creation->job.envs.size(), 1U);
        ASSERT_EQ(creation->job.envs.front().value, mount.mount_path + "/" + scene.status().invocation_id);
        ASSERT_GT(mount.path.size(), 1U);
      } else {
        FAIL() << action_key(action);
      }
    }
    if (!made.actions.empty()) {
      ASSERT_TRUE(path.starts_with('/')) << path;
      for (const char* bad : {"//", "/../", "/./", "\n"}) ASSERT_EQ((expected + "/").find(bad), std::string::npos) << expected;
    } else {
      ASSERT_THAT(made, has_condition("CleanedUp", kFalse, "StorageRefused")) << path;
    }
    ASSERT_EQ(made.finalizer, FinalizerChange::kNone);
  }
  EXPECT_GT(by_api, paths / 80);
  EXPECT_GT(by_job, paths / 80);
}

// A newer version accepted what this one does not know.
TEST(Storage, IsRemovedByTheApiThoughAnotherPartOfTheSpecCannotBeRead) {
  Scene scene = with_directory_seen();
  scene.with_spec("deployment: {type: ofTomorrow}");
  EXPECT_THAT(plan(scene).actions, ElementsAre(removes_directory()));
}

TEST(Storage, IsNotRemovedByAJobThatNobodyCanRender) {
  Scene scene = with_directory_not_shown();
  scene.with_spec("execution: {ofTomorrow: yes}");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "StorageRefused"));
  EXPECT_EQ(made.status.cleanup, JobStatus{}) << "nothing is intended";
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
}

TEST(Storage, ACleanupJobThatFailedIsKeptWhileNobodyCanRenderTheNext) {
  Scene scene = with_cleanup_job("Failed");
  scene.status() = plan(scene, at(100s)).status;
  scene.with_spec("execution: {ofTomorrow: yes}");
  const Plan made = plan(scene, at(105s));
  EXPECT_THAT(made.actions, IsEmpty()) << "its logs tell why it failed";
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "StorageRefused"));
  EXPECT_EQ(made.status.cleanup.id, "job-cleanup");
}

TEST(Storage, ACleanupJobThatWasNeverMadeIsNotIntendedAnewWhileNobodyCanRenderIt) {
  Scene scene = with_cleanup_job("Starting");
  scene.status().cleanup.id.clear();
  scene.view.jobs.clear();
  scene.memory.outcomes.erase("create-job " + scene.status().cleanup.name);
  scene.looked_at({198s, 199s});
  ASSERT_THAT(plan(scene, at(200s)).actions, ElementsAre(creates_cleanup_job()));
  scene.with_spec("execution: {ofTomorrow: yes}");
  const Plan made = plan(scene, at(200s));
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "StorageRefused"));
}

TEST(Storage, IsLeftAloneWhenItsOwnSectionCannotBeRead) {
  Scene scene = with_directory_seen();
  scene.with_spec("storage: {ofTomorrow: yes}");
  const Plan made = plan(scene);
  EXPECT_THAT(made.actions, IsEmpty());
  EXPECT_THAT(made, has_condition("CleanedUp", kFalse, "StorageRefused"));
  EXPECT_EQ(made.finalizer, FinalizerChange::kNone);
}

}  // namespace
}  // namespace lepton_operator::invocation::planner
