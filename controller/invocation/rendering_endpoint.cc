// Endpoints: what is served, as the launcher sends it (docs/launcher-differences.md).
#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "invocation/defaults.h"
#include "invocation/names.h"
#include "invocation/rendering_parts.h"
#include "lepton/codec.h"

namespace lepton_operator::invocation {

namespace render {

std::string without_trailing_slash(std::string text) {
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace render

namespace {

using lepton::EnvVar;

std::vector<std::string> vllm_command(const DeploymentSpec& d) {
  return {"vllm",
          "serve",
          d.checkpoint_path,
          "--tensor-parallel-size=" + std::to_string(d.tensor_parallel_size),
          "--pipeline-parallel-size=" + std::to_string(d.pipeline_parallel_size),
          "--data-parallel-size=" + std::to_string(d.data_parallel_size),
          "--port=" + std::to_string(d.port),
          "--served-model-name=" + d.served_model_name};
}

std::vector<std::string> sglang_command(const DeploymentSpec& d) {
  return {"python3",
          "-m",
          "sglang.launch_server",
          "--model-path=" + d.checkpoint_path,
          "--host=0.0.0.0",
          "--port=" + std::to_string(d.port),
          "--served-model-name=" + d.served_model_name,
          "--tp=" + std::to_string(d.tensor_parallel_size),
          "--dp=" + std::to_string(d.data_parallel_size)};
}

std::vector<std::string> own_command(const DeploymentSpec& d) {
  switch (d.type) {
    case DeploymentType::kVllm: return vllm_command(d);
    case DeploymentType::kSglang: return sglang_command(d);
    case DeploymentType::kNim:
    case DeploymentType::kNone: return {};
  }
  __builtin_unreachable();
}

std::vector<std::string> command_of(const DeploymentSpec& d) {
  if (d.type == DeploymentType::kNim) return {};  // its entrypoint serves
  std::vector<std::string> command = d.command.empty() ? own_command(d) : d.command;
  command.insert(command.end(), d.extra_args.begin(), d.extra_args.end());
  if (d.pre_command.empty()) return command;
  std::vector<std::string> words;
  for (const std::string& word : command) words.push_back(shell_quote(word));
  const std::string source = "source <(printf '%s\\n' " + shell_quote(d.pre_command) + ")";
  return {"/bin/bash", "-c", source + " && exec " + base::join(words, " ")};
}

void add_unless_written(std::vector<EnvVar>& envs, const char* name, const std::string& value) {
  const bool written = std::any_of(envs.begin(), envs.end(), [&](const EnvVar& env) { return env.name == name; });
  if (!written && !value.empty()) envs.push_back(EnvVar{name, value, std::nullopt});
}

std::vector<EnvVar> envs_of(const RenderInput& input) {
  const DeploymentSpec& d = input.spec.deployment;
  std::vector<EnvVar> envs = render::envs(input, d.envs);
  add_unless_written(envs, "SERVED_MODEL_NAME", d.served_model_name);
  add_unless_written(envs, "MODEL_PORT", std::to_string(d.port));
  if (d.type == DeploymentType::kNim) {
    add_unless_written(envs, "NIM_MODEL_NAME", d.served_model_name);
  } else {
    add_unless_written(envs, "MODEL_PATH", d.checkpoint_path);
    add_unless_written(envs, "TENSOR_PARALLEL_SIZE", std::to_string(d.tensor_parallel_size));
  }
  return envs;
}

// The image's last path part, tag and digest cut, dots to dashes: one cache directory for each model, whatever its release.
std::string cache_name(const std::string& image) {
  std::string name = image.substr(0, image.find('@'));
  name = name.substr(name.rfind('/') + 1);
  name = name.substr(0, name.find(':'));
  std::replace(name.begin(), name.end(), '.', '-');
  return name;
}

std::string with_cache_name(std::string text, const std::string& image) {
  static constexpr std::string_view kPlaceholder = "{{MODEL_CACHE_NAME}}";
  const std::string name = cache_name(image);
  for (std::size_t at = text.find(kPlaceholder); at != std::string::npos; at = text.find(kPlaceholder, at + name.size())) {
    text.replace(at, kPlaceholder.size(), name);
  }
  return text;
}

std::vector<SecretSource> token_sources(const RenderInput& input) {
  const auto& written = input.spec.deployment.api_tokens;
  if (!written) return {GeneratedToken{input.resolved.token_key_id}};
  std::vector<SecretSource> sources;
  for (std::size_t i = 0; i < written->size(); ++i) {
    const ApiTokenEntry& entry = (*written)[i];
    if (entry.secret_key) {
      sources.emplace_back(*entry.secret_key);
    } else if (entry.lepton_token) {
      sources.emplace_back(LeptonToken{*entry.lepton_token});
    } else {
      sources.emplace_back(LiteralToken{i});
    }
  }
  return sources;
}

bool has_no_path(const std::string& url) {
  const std::size_t authority = url.find("://");
  return url.find('/', authority == std::string::npos ? 0 : authority + 3) == std::string::npos;
}

}  // namespace

RenderedEndpoint render_endpoint(const RenderInput& input, const TaskSpec& task, int incarnation) {
  const DeploymentSpec& d = input.spec.deployment;
  RenderedEndpoint rendered;
  lepton::EndpointSpec& spec = rendered.spec;
  spec.name = endpoint_name(d.type, input.meta.uid, task.name, incarnation);
  spec.image = d.image;
  spec.command = command_of(d);
  spec.port = d.port;
  spec.resource_shape = d.resource_shape;
  spec.min_replicas = d.min_replicas;
  spec.max_replicas = d.max_replicas;
  if (!input.resolved.endpoint_node_group_id.empty()) spec.node_group_ids = {input.resolved.endpoint_node_group_id};
  spec.envs = envs_of(input);
  if (d.cache) {
    spec.mounts.push_back({with_cache_name(d.cache->path, d.image), d.cache->from, with_cache_name(d.cache->mount_path, d.image)});
  }
  spec.image_pull_secrets = d.image_pull_secrets;
  spec.auto_scaler = d.auto_scaler;
  spec.health = d.health;
  spec.priority_class = d.priority_class;
  // Before the labels go in, so that it tells what was asked for and not who asked.
  const std::string hash = base::sha256_hex(base::to_text(lepton::encode(spec))).substr(0, 16);
  spec.labels = owner_labels(input.install_id, input.meta, task.name, incarnation);
  spec.labels.set(kSpecHashLabel, hash);
  rendered.api_tokens = token_sources(input);
  return rendered;
}

std::string target_url(const InvocationSpec& spec, const std::string& endpoint_type, const std::string& external_url) {
  const auto& paths = spec.deployment.paths;
  const auto own = paths.find(endpoint_type);
  const std::string path = own != paths.end() ? own->second : default_path(endpoint_type).value_or("");
  if (spec.deployment.type != DeploymentType::kNone) return render::without_trailing_slash(external_url) + path;

  const std::string base = render::without_trailing_slash(spec.target.url);
  if (base.find_first_of("?#") != std::string::npos || path.empty()) return spec.target.url;
  if (has_no_path(base)) return base + path;
  static constexpr std::string_view kVersion = "/v1";
  if (!base.ends_with(kVersion)) return spec.target.url;
  const bool versioned = path.starts_with("/v1/");
  return (versioned ? base.substr(0, base.size() - kVersion.size()) : base) + path;
}

}  // namespace lepton_operator::invocation
