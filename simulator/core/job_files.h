// What a job does to the volumes it mounts. Paths are mapped through its mounts; a path outside of every mount is nowhere.
// Thread rule: the Simulator's.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct Mapped {
  Volume* volume = nullptr;
  std::string path;       // on the volume
  bool is_mount = false;  // the mount's own directory rather than something below it
};

// Where `path`, as seen in the container, lies. Nothing when it is outside of every mount, or has "..".
std::optional<Mapped> map_path(World& world, const base::Json& spec, const std::string& path);

std::optional<std::string> env_value(const base::Json& spec, const std::string& name);

// A mounted directory that does not exist is made when the job starts.
void make_mounts(World& world, const base::Json& spec);

// Sets aside what an earlier attempt left, as the operator's script does: stage files and results go to attempt-N/, with N from
// logs/attempt. `attempt`: of the job's label, if it has one.
void write_started(const Mapped& output, const std::optional<std::string>& attempt);
void write_exit(const Mapped& output, int exit_code);
void write_results(const Mapped& output, const std::string& job_name);

// Removes what CLEANUP_DIRECTORY names; a sentence when that may not be.
std::optional<std::string> clean_up(World& world, const base::Json& spec, const std::string& directory);

}  // namespace lepton_operator::simulator
