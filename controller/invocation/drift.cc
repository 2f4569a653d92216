#include "invocation/drift.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "invocation/names.h"

namespace lepton_operator::invocation {
namespace {

using base::Json;
using lepton::EndpointField;
using lepton::EndpointSpec;
using lepton::EnvVar;
using lepton::SeenSpec;

constexpr const char* kMasked = "***";

bool same_rendering(const RenderedEndpoint& sent, const lepton::Endpoint& seen) {
  const auto ours = sent.spec.labels.find(kSpecHashLabel);
  const auto theirs = seen.labels.find(kSpecHashLabel);
  return ours && ours == theirs;
}

template <class T>
bool has(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// Every one that we sent is there, wherever it stands.
template <class T>
bool has_all(const std::vector<T>& all, const std::vector<T>& sent) {
  return std::all_of(sent.begin(), sent.end(), [&](const T& one) { return has(all, one); });
}

// What we wrote has that value where it is there at all; what else is there, the server may have added. Elements of lists count one by one.
bool holds(const Json& seen, const Json& sent) {
  if (sent.is_number() && seen.is_number()) return sent.as_double() == seen.as_double();
  if (sent.is_object() && seen.is_object()) {
    const auto& members = sent.as_object();
    return std::all_of(members.begin(), members.end(), [&](const auto& member) {
      const Json* value = base::find(seen, member.first);
      return value == nullptr || holds(*value, member.second);
    });
  }
  if (sent.is_array() && seen.is_array()) {
    const auto& wanted = sent.as_array();
    const auto& found = seen.as_array();
    if (wanted.size() != found.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!holds(found.at(i), wanted.at(i))) return false;
    }
    return true;
  }
  return sent == seen;
}

bool same_env(const EnvVar& sent, const EnvVar& seen) {
  if (sent.secret_name) return seen.secret_name == sent.secret_name;
  return !seen.secret_name && (seen.value == kMasked || seen.value.value_or("") == sent.value.value_or(""));
}

bool envs_differ(const std::vector<EnvVar>& sent, const std::vector<EnvVar>& seen) {
  return std::any_of(sent.begin(), sent.end(), [&](const EnvVar& env) {
    const auto found = std::find_if(seen.begin(), seen.end(), [&](const EnvVar& other) { return other.name == env.name; });
    return found == seen.end() || !same_env(env, *found);
  });
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::vector<lepton::Mount> normal(std::vector<lepton::Mount> mounts) {
  for (lepton::Mount& mount : mounts) {
    mount.path = without_trailing_slash(std::move(mount.path));
    mount.mount_path = without_trailing_slash(std::move(mount.mount_path));
  }
  return mounts;
}

// Values that the planner does not know (generated ones, those of Kubernetes Secrets) and values that the server masks count only.
bool tokens_differ(const InvocationSpec& spec, const std::vector<SecretSource>& sent, const std::vector<lepton::SeenToken>& seen) {
  std::size_t values = 0;
  std::size_t masked = 0;
  std::size_t open = 0;  // unmasked: a literal that is not masked must be among them
  for (const lepton::SeenToken& token : seen) {
    if (token.token_name) continue;
    ++values;
    (token.digest.empty() ? masked : open) += 1;
  }
  for (const SecretSource& source : sent) {
    if (const auto* named = std::get_if<LeptonToken>(&source)) {
      if (!has(seen, lepton::SeenToken{named->name, ""})) return true;
      continue;
    }
    if (values == 0) return true;
    --values;
    const auto* literal = std::get_if<LiteralToken>(&source);
    if (!literal || masked > 0 || open == 0) continue;
    const auto& written = spec.deployment.api_tokens;
    if (!written || literal->index >= written->size()) continue;
    const std::string digest = base::sha256_hex((*written)[literal->index].value.value_or(""));
    if (!has(seen, lepton::SeenToken{std::nullopt, digest})) return true;
  }
  return false;
}

bool replicas_differ(const EndpointSpec& sent, const SeenSpec& seen) {
  return (seen.min_replicas && *seen.min_replicas != sent.min_replicas) || (seen.max_replicas && *seen.max_replicas != sent.max_replicas);
}

// Whether a field that the answer carries is not as it was sent.
bool differs(EndpointField field, const InvocationSpec& spec, const RenderedEndpoint& whole, const SeenSpec& seen) {
  const EndpointSpec& sent = whole.spec;
  switch (field) {
    case EndpointField::kImage: return seen.image && *seen.image != sent.image;
    case EndpointField::kCommand: return !sent.command.empty() && seen.command && *seen.command != sent.command;
    case EndpointField::kPort: return seen.ports && !has(*seen.ports, sent.port);
    case EndpointField::kResourceShape: return seen.resource_shape && *seen.resource_shape != base::lower(sent.resource_shape);
    case EndpointField::kReplicas: return replicas_differ(sent, seen);
    case EndpointField::kNodeGroup:
      return !sent.node_group_ids.empty() && seen.node_group_ids &&
             (seen.node_group_ids->size() != sent.node_group_ids.size() || !has_all(*seen.node_group_ids, sent.node_group_ids));
    case EndpointField::kEnvs: return seen.envs && envs_differ(sent.envs, *seen.envs);
    case EndpointField::kMounts: return seen.mounts && !has_all(normal(*seen.mounts), normal(sent.mounts));
    case EndpointField::kApiTokens: return seen.api_tokens && tokens_differ(spec, whole.api_tokens, *seen.api_tokens);
    case EndpointField::kImagePullSecrets: return seen.image_pull_secrets && !has_all(*seen.image_pull_secrets, sent.image_pull_secrets);
    case EndpointField::kAutoScaler:
      return !sent.auto_scaler.is_null() && !seen.auto_scaler.is_null() && !holds(seen.auto_scaler, sent.auto_scaler);
    case EndpointField::kHealth: return !sent.health.is_null() && !seen.health.is_null() && !holds(seen.health, sent.health);
    case EndpointField::kPriorityClass: return seen.priority_class && *seen.priority_class != sent.priority_class;
  }
  __builtin_unreachable();
}

constexpr EndpointField kFields[] = {
    EndpointField::kImage,         EndpointField::kCommand,          EndpointField::kPort,       EndpointField::kResourceShape,
    EndpointField::kReplicas,      EndpointField::kNodeGroup,        EndpointField::kEnvs,       EndpointField::kMounts,
    EndpointField::kApiTokens,     EndpointField::kImagePullSecrets, EndpointField::kAutoScaler, EndpointField::kHealth,
    EndpointField::kPriorityClass,
};

}  // namespace

std::vector<EndpointField> drifted_fields(const InvocationSpec& spec, const RenderedEndpoint& sent, const lepton::Endpoint& seen) {
  std::vector<EndpointField> fields;
  if (!same_rendering(sent, seen)) return fields;
  std::copy_if(std::begin(kFields), std::end(kFields), std::back_inserter(fields),
               [&](EndpointField field) { return differs(field, spec, sent, *seen.spec); });
  return fields;
}

}  // namespace lepton_operator::invocation
