// How a job ended of which Lepton no longer says it: its stage files, through the storage API if that serves them; else it is not known.
//
// Never a guess: a stage file counts only if it is of that very attempt, and only the exit code that it holds.
#include "invocation/names.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

constexpr int kReadingsBeforeGivingUp = 8;  // of a storage API that keeps failing: some minutes

bool cannot_be_read(const Planning& p, const std::string& key) {
  const base::Error* error = p.failure(key);
  if (error == nullptr) return false;
  const bool not_served =
      error->kind == base::ErrorKind::kUnsupported || error->kind == base::ErrorKind::kNotFound || error->kind == base::ErrorKind::kInvalid;
  return not_served || p.outcome(key)->failures >= kReadingsBeforeGivingUp;
}

std::optional<ReadStage> reading(Planning& p, const TaskStatus& task) {
  const auto directory = StorageDirectory::make(p.spec().storage.path, p.status().invocation_id);
  if (!directory || task.job.id.empty()) return std::nullopt;
  ReadStage read{task.name, task.job.id, task.job.attempt, stage_directory(p.spec(), *directory, task.name), {}};
  const StorageStatus& storage = p.status().storage;
  read.file_systems = storage.seen ? std::vector<std::string>{storage.file_system} : file_system_candidates(p.spec().storage.from);
  return read;
}

}  // namespace

// Where the storage API may show the mount's volume (rule 8): "node-nfs:x" as x, then as it is written.
std::vector<std::string> file_system_candidates(const std::string& from) {
  const std::size_t colon = from.find(':');
  if (from.rfind("node-", 0) == 0 && colon != std::string::npos) return {from.substr(colon + 1), from};
  return {from};
}

void end_by_stage_files(Planning& p, TaskStatus& task, const TaskSpec& spec, TaskPhase otherwise, std::string why) {
  const auto read = reading(p, task);
  const auto told = p.world.memory.stages.find(task.job.id);
  const bool asked = told != p.world.memory.stages.end();
  if (read && !asked && !cannot_be_read(p, action_key(*read))) {
    task.job.state = JobPhase::kIndeterminate;
    task.message = "job " + task.job.id + " is over; asking its stage files how it ended.";
    p.act(*read);
    return;
  }
  const std::optional<int> exit_code = asked ? told->second.exit_code : std::nullopt;
  if (!exit_code) {
    task.job.state = otherwise == TaskPhase::kUnknown ? JobPhase::kUnknown : JobPhase::kFailed;
    end_attempt(p, task, spec, otherwise, std::move(why));
  } else if (*exit_code == 0) {
    task.job.state = JobPhase::kSucceeded;
    end_attempt(p, task, spec, TaskPhase::kSucceeded, {});
  } else {
    task.job.state = JobPhase::kFailed;
    end_attempt(p, task, spec, TaskPhase::kFailed,
                "job " + task.job.id + " ended with exit code " + std::to_string(*exit_code) + ", as its stage file says.");
  }
}

}  // namespace lepton_operator::invocation
