// Which secrets endpoints and jobs refer to, and how they get their environment variables.
#include <algorithm>
#include <map>
#include <set>

#include "invocation/names.h"
#include "invocation/rendering_parts.h"

namespace lepton_operator::invocation {

namespace render {

std::string secret_name_of(const RenderInput& input, const SecretKeyRef& ref) {
  // The slash keeps it apart from every other purpose; neither part can hold one.
  return secret_name(input.meta.uid, ref.name + "/" + ref.key);
}

std::string token_secret_name(const RenderInput& input) { return secret_name(input.meta.uid, "token"); }

std::vector<lepton::EnvVar> envs(const RenderInput& input, const std::vector<EnvEntry>& entries) {
  std::vector<lepton::EnvVar> result;
  for (const EnvEntry& entry : entries) {
    lepton::EnvVar env{entry.name, std::nullopt, std::nullopt};
    if (entry.secret_key) {
      env.secret_name = secret_name_of(input, *entry.secret_key);
    } else if (entry.lepton_secret) {
      env.secret_name = entry.lepton_secret;
    } else {
      env.value = entry.value.value_or("");
    }
    result.push_back(std::move(env));
  }
  return result;
}

std::optional<SecretSource> job_token(const RenderInput& input) {
  const DeploymentSpec& deployment = input.spec.deployment;
  if (deployment.type == DeploymentType::kNone) return std::nullopt;
  if (!deployment.api_tokens) return GeneratedToken{input.resolved.token_key_id};
  for (std::size_t i = 0; i < deployment.api_tokens->size(); ++i) {
    const ApiTokenEntry& entry = (*deployment.api_tokens)[i];
    if (entry.secret_key) return *entry.secret_key;
    if (entry.value) return LiteralToken{i};
  }
  return std::nullopt;
}

std::vector<EnvEntry> job_entries(const InvocationSpec& spec, const TaskSpec& task) {
  std::vector<EnvEntry> entries = spec.execution.envs;
  for (const EnvEntry& own : task.envs) {
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const EnvEntry& entry) { return entry.name == own.name; });
    if (same == entries.end()) {
      entries.push_back(own);
    } else {
      *same = own;
    }
  }
  return entries;
}

bool needs_token_secret(const RenderInput& input, const TaskSpec& task) {
  if (!job_token(input)) return false;
  const std::vector<EnvEntry> entries = job_entries(input.spec, task);
  const std::string& variable = input.spec.evaluation.api_key_name;
  return std::none_of(entries.begin(), entries.end(), [&](const EnvEntry& entry) { return entry.name == variable; });
}

}  // namespace render

namespace {

using Sources = std::map<std::string, SecretSource>;  // by name

void add_keys(Sources& sources, const RenderInput& input, const std::vector<EnvEntry>& entries) {
  for (const EnvEntry& entry : entries) {
    if (entry.secret_key) sources.emplace(render::secret_name_of(input, *entry.secret_key), *entry.secret_key);
  }
}

Sources endpoint_sources(const RenderInput& input) {
  Sources sources;
  if (input.spec.deployment.type != DeploymentType::kNone) add_keys(sources, input, input.spec.deployment.envs);
  return sources;
}

Sources job_sources(const RenderInput& input, const TaskSpec& task) {
  Sources sources;
  add_keys(sources, input, render::job_entries(input.spec, task));
  if (render::needs_token_secret(input, task)) sources.emplace(render::token_secret_name(input), *render::job_token(input));
  return sources;
}

std::vector<std::string> names_of(const Sources& sources) {
  std::vector<std::string> names;
  for (const auto& [name, source] : sources) names.push_back(name);
  return names;
}

}  // namespace

std::vector<WantedSecret> wanted_secrets(const RenderInput& input) {
  Sources all = endpoint_sources(input);
  for (const TaskSpec& task : input.spec.evaluation.tasks) all.merge(job_sources(input, task));
  std::vector<WantedSecret> wanted;
  for (auto& [name, source] : all) wanted.push_back({name, source});
  return wanted;
}

std::vector<std::string> secrets_of_job(const RenderInput& input, const TaskSpec& task) { return names_of(job_sources(input, task)); }

std::vector<SecretKeyRef> secret_keys(const InvocationSpec& spec) {
  std::set<SecretKeyRef> keys;
  const auto add = [&](const std::vector<EnvEntry>& entries) {
    for (const EnvEntry& entry : entries) {
      if (entry.secret_key) keys.insert(*entry.secret_key);
    }
  };
  add(spec.deployment.envs);
  add(spec.execution.envs);
  for (const TaskSpec& task : spec.evaluation.tasks) add(task.envs);
  for (const ApiTokenEntry& token : spec.deployment.api_tokens.value_or(std::vector<ApiTokenEntry>{})) {
    if (token.secret_key) keys.insert(*token.secret_key);
  }
  return {keys.begin(), keys.end()};
}

}  // namespace lepton_operator::invocation
