// What Invocations need of their workspace: node groups, shapes, volumes, secrets. Read off their effective specs, so that it does not
// matter whether a field stands in the Invocation or comes from its Workspace. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "invocation/spec.h"

namespace lepton_operator::cli {

struct WantedShape {
  std::string shape;
  std::string group;    // a node group's name or id; empty: none
  std::string purpose;  // "deployment", "job"
  auto operator<=>(const WantedShape&) const = default;
};

struct WantedVolume {
  std::string from;
  std::string group;
  auto operator<=>(const WantedVolume&) const = default;
};

// Who wants it first ("team/llama: spec.deployment.nodeGroup"), for each thing that anybody wants.
struct Wants {
  std::map<std::string, std::string> groups;
  std::map<WantedShape, std::string> shapes;
  std::map<WantedVolume, std::string> volumes;
  std::map<std::string, std::string> lepton_secrets;
  std::map<std::string, std::string> image_pull_secrets;
  std::map<std::pair<std::string, invocation::SecretKeyRef>, std::string> kubernetes_keys;  // by namespace
  std::map<std::string, std::string> storage_paths;

  void add(const std::string& namespace_, const std::string& who, const invocation::InvocationSpec& spec);
};

}  // namespace lepton_operator::cli
