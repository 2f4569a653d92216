#include "core/job_files.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

std::string joined(const std::string& directory, const std::string& below) {
  if (below.empty()) return directory;
  return (directory == "/" ? "" : directory) + below;
}

}  // namespace

std::optional<Mapped> map_path(World& world, const Json& spec, const std::string& path) {
  const auto wanted = path.starts_with("/") ? clean_path(path) : std::nullopt;
  if (!wanted) return std::nullopt;
  std::optional<Mapped> best;
  std::size_t longest = 0;
  for (const Json& mount : base::elements(base::find(spec, "mounts"))) {
    const auto at = clean_path(base::get_string(mount, "mount_path").value_or(""));
    const auto source = clean_path(base::get_string(mount, "path").value_or("/"));
    if (!at || !source || at->size() <= longest) continue;
    if (*wanted != *at && !wanted->starts_with(*at + "/")) continue;
    longest = at->size();
    const bool read_only = base::get_bool(base::get_object(mount, "mount_options"), "read_only").value_or(false);
    Volume* volume = read_only ? nullptr : world.mounted(base::get_string(mount, "from").value_or(""));
    best = Mapped{volume, joined(*source, wanted->substr(at->size())), *wanted == *at};
  }
  if (best && best->volume == nullptr) return std::nullopt;
  return best;
}

std::optional<std::string> env_value(const Json& spec, const std::string& name) {
  for (const Json& env : base::elements(base::find(spec, "envs"))) {
    if (base::get_string(env, "name") == name) return base::get_string(env, "value");
  }
  return std::nullopt;
}

void make_mounts(World& world, const Json& spec) {
  for (const Json& mount : base::elements(base::find(spec, "mounts"))) {
    const auto path = clean_path(base::get_string(mount, "path").value_or("/"));
    Volume* volume = world.mounted(base::get_string(mount, "from").value_or(""));
    if (volume != nullptr && path) volume->make_directory(*path);
  }
}

void write_started(const Mapped& output, const std::optional<std::string>& attempt) {
  const std::string* earlier = output.volume->read(output.path + "/logs/attempt");
  const std::string kept = output.path + "/attempt-" + (earlier == nullptr ? "0" : earlier->substr(0, earlier->find('\n')));
  for (const char* name : {"/results.yml", "/logs"}) {
    if (output.volume->exists(output.path + name)) output.volume->move(output.path + name, kept + name);
  }
  if (attempt) output.volume->write(output.path + "/logs/attempt", *attempt + "\n");
  output.volume->write(output.path + "/logs/stage.pre-start", "");
  output.volume->write(output.path + "/logs/stage.running", "");
}

void write_exit(const Mapped& output, int exit_code) {
  output.volume->write(output.path + "/logs/stage.exit", "exit_code: " + std::to_string(exit_code) + "\n");
}

void write_results(const Mapped& output, const std::string& job_name) {
  output.volume->write(
      output.path + "/results.yml",
      "results:\n  tasks:\n    " + job_name + ":\n      metrics:\n        score:\n          scores:\n            micro: {value: 0.5}\n");
  output.volume->write(output.path + "/artifacts/responses.jsonl", "{\"job\": \"" + job_name + "\"}\n");
}

std::optional<std::string> clean_up(World& world, const Json& spec, const std::string& directory) {
  const auto target = map_path(world, spec, directory);
  if (!target) return "CLEANUP_DIRECTORY is outside of every mount";
  if (target->is_mount || target->path == "/") return "CLEANUP_DIRECTORY is a mount itself";
  const bool existed = target->volume->exists(target->path);
  target->volume->remove(target->path);
  if (existed) {
    world.record("directory", target->path, "present", "deleted");
    world.count("directories_deleted");
  }
  return std::nullopt;
}

}  // namespace lepton_operator::simulator
