// The sections execution and storage, and environment variables.
#include <set>

#include "invocation/codec_parts.h"
#include "invocation/patterns.h"

namespace lepton_operator::invocation::codec {

namespace {

constexpr std::size_t kMostEnvs = 256;
constexpr std::size_t kMostMounts = 32;
constexpr std::int64_t kMostRetries = 10;

std::string read_env_name(ObjectReader& reader, bool jobs) {
  reader.require("name", "needs the variable's name");
  const std::string name = reader.text("name").value_or("");
  if (name.empty()) return name;
  if (!patterns::is_env_name(name) || patterns::is_reserved_env(name) || (jobs && patterns::is_job_env_of_ours(name))) {
    reader.error("name", patterns::kEnvNameSentence);
  }
  return name;
}

void read_value_from(ObjectReader& reader, EnvEntry& entry) {
  reader.object("valueFrom", [&](ObjectReader& from) {
    if (from.has("leptonSecret") == from.has("secretKeyRef")) from.error("", "needs exactly one of leptonSecret and secretKeyRef");
    entry.lepton_secret = from.text("leptonSecret");
    entry.secret_key = read_secret_key(from);
  });
}

EnvEntry read_env(ObjectReader& reader, bool jobs) {
  EnvEntry entry;
  entry.name = read_env_name(reader, jobs);
  if (reader.has("value") == reader.has("valueFrom")) reader.error("", "needs exactly one of value and valueFrom");
  entry.value = reader.possibly_empty_text("value");
  read_value_from(reader, entry);
  return entry;
}

MountSpec read_mount(ObjectReader& reader) {
  MountSpec mount;
  reader.require("path", "needs a path on the volume, e.g. /shared/data");
  reader.require("mountPath", "needs the path in the container, e.g. /data");
  mount.path = reader.text("path").value_or("");
  if (!mount.path.empty() && !patterns::is_clean_absolute_path(mount.path)) reader.error("path", patterns::kAbsolutePathSentence);
  mount.from = reader.text("from").value_or("");
  mount.mount_path = reader.text("mountPath").value_or("");
  if (!mount.mount_path.empty() && !patterns::is_mount_path(mount.mount_path)) reader.error("mountPath", patterns::kMountPathSentence);
  return mount;
}

}  // namespace

std::optional<SecretKeyRef> read_secret_key(ObjectReader& parent) {
  std::optional<SecretKeyRef> ref;
  parent.object("secretKeyRef", [&](ObjectReader& reader) {
    ref.emplace();
    reader.require("name", "needs the name of a Secret in the Invocation's namespace");
    reader.require("key", "needs a key of the Secret");
    ref->name = reader.text("name").value_or("");
    if (!ref->name.empty() && !patterns::is_object_name(ref->name)) reader.error("name", patterns::kObjectNameSentence);
    ref->key = reader.text("key").value_or("");
    if (!ref->key.empty() && !patterns::is_secret_key(ref->key)) reader.error("key", "must be letters, digits, -, _ and ., at most 253");
  });
  return ref;
}

std::vector<EnvEntry> read_envs(ObjectReader& parent, bool jobs) {
  std::vector<EnvEntry> envs;
  std::set<std::string> names;
  parent.each("envs", kMostEnvs, [&](ObjectReader& reader) {
    envs.push_back(read_env(reader, jobs));
    const std::string& name = envs.back().name;
    if (!name.empty() && !names.insert(name).second) reader.error("name", name + " is written twice");
  });
  return envs;
}

ExecutionSpec read_execution(ObjectReader& reader) {
  constexpr Milliseconds kLeastTimeout{1000};
  ExecutionSpec execution;
  execution.resource_shape = reader.text("resourceShape").value_or("cpu.small");
  execution.node_group = reader.text("nodeGroup").value_or("");
  execution.envs = read_envs(reader, true);
  execution.image_pull_secrets = reader.texts("imagePullSecrets");
  execution.timeout = reader.duration("timeout", kLeastTimeout).value_or(execution.timeout);
  execution.retries = static_cast<int>(reader.whole("retries", 0, kMostRetries).value_or(0));
  execution.output_dir = reader.text("outputDir").value_or("");
  if (!execution.output_dir.empty() && !patterns::is_clean_relative_path(execution.output_dir)) {
    reader.error("outputDir", "must be a path below the mount, without a leading slash and empty, . or .. parts, e.g. results");
  }
  return execution;
}

StorageSpec read_storage(ObjectReader& reader) {
  StorageSpec storage;
  storage.from = reader.text("from").value_or(kDefaultVolume);
  storage.path = reader.text("path").value_or(kDefaultPath);
  if (!patterns::is_clean_absolute_path(storage.path)) reader.error("path", patterns::kAbsolutePathSentence);
  storage.mount_path = reader.text("mountPath").value_or(kDefaultMountPath);
  if (!patterns::is_mount_path(storage.mount_path)) reader.error("mountPath", patterns::kMountPathSentence);
  std::set<std::string> mount_paths = {storage.mount_path};
  reader.each("mounts", kMostMounts, [&](ObjectReader& part) {
    MountSpec mount = read_mount(part);
    if (mount.from.empty()) mount.from = storage.from;
    if (!mount.mount_path.empty() && !mount_paths.insert(mount.mount_path).second) {
      part.error("mountPath", mount.mount_path + " is taken by another mount");
    }
    storage.mounts.push_back(std::move(mount));
  });
  const auto policy = reader.choice("deletionPolicy", {"Delete", "Retain"});
  storage.deletion_policy = policy == 1U ? DeletionPolicy::kRetain : DeletionPolicy::kDelete;
  static constexpr CleanupMethod kMethods[] = {CleanupMethod::kAuto, CleanupMethod::kApi, CleanupMethod::kJob};
  const auto cleanup = reader.choice("cleanup", {"Auto", "Api", "Job"});
  if (cleanup) storage.cleanup = kMethods[*cleanup];
  return storage;
}

}  // namespace lepton_operator::invocation::codec
