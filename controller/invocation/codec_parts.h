// What the codecs of specs share. Internal to invocation/. Pure.
#pragma once

#include <string>
#include <vector>

#include "invocation/object_reader.h"

namespace lepton_operator::invocation::codec {

// Where an Invocation's directory is unless it says otherwise: the volume and the path of the launcher (design.md, "API").
inline constexpr const char* kDefaultVolume = "node-nfs:lepton-shared-fs";
inline constexpr const char* kDefaultPath = "/shared/nemo-evaluator-launcher-workspace";
inline constexpr const char* kDefaultMountPath = "/workspace";

// Whole specs are checked for what must be there; the same section as a Workspace's default may leave everything out.
enum class Section { kWhole, kDefaults };

DeploymentSpec read_deployment(ObjectReader& reader, Section section);
ExecutionSpec read_execution(ObjectReader& reader);
StorageSpec read_storage(ObjectReader& reader);
// `jobs`: variables of jobs, where some names are ours.
std::vector<EnvEntry> read_envs(ObjectReader& parent, bool jobs);
std::optional<SecretKeyRef> read_secret_key(ObjectReader& parent);

}  // namespace lepton_operator::invocation::codec
