// Manifests and renderings for the tests of invocation/: what does not matter to a test is here.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "invocation/codec.h"
#include "invocation/defaults.h"
#include "invocation/names.h"
#include "invocation/rendering.h"
#include "invocation/validation.h"

namespace lepton_operator::invocation::samples {

inline constexpr const char* kUid = "6f1f2c9e-6f5d-4f0e-9a44-2a6c1a4ad001";

inline base::Json yaml(std::string_view text) {
  auto documents = base::parse_yaml(text, "test.yaml");
  if (!documents) throw std::runtime_error(documents.error().text());
  return documents->at(0).value;
}

inline base::Json nim() {
  return yaml(R"(
deployment:
  type: nim
  image: nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6
  servedModelName: meta/llama-3.1-8b-instruct
  resourceShape: gpu.1xh200
evaluation:
  tasks: [{name: gpqa_diamond}, {name: hellaswag}]
)");
}

inline base::Json vllm() {
  return yaml(R"(
deployment:
  type: vllm
  image: vllm/vllm-openai:v0.10.0
  servedModelName: llama
  checkpointPath: meta-llama/Llama-3.1-8B-Instruct
  resourceShape: gpu.1xh200
evaluation:
  tasks: [{name: gpqa_diamond}]
)");
}

inline base::Json existing_endpoint() {
  return yaml(R"(
deployment: {type: none}
target: {url: "https://models.example/v1", modelId: meta/llama-3.1-8b-instruct}
evaluation:
  tasks: [{name: gpqa_diamond}]
)");
}

// `spec` with `overlay` (YAML) merged over it.
inline base::Json with(const base::Json& spec, std::string_view overlay) { return base::merged(spec, yaml(overlay)); }

inline std::vector<std::string> texts(const std::vector<FieldError>& errors) {
  std::vector<std::string> result;
  for (const FieldError& error : errors) result.push_back(error.text());
  return result;
}

// An Invocation as the renderers see it: defaults merged, catalogue entries resolved.
struct Rendered {
  explicit Rendered(const base::Json& manifest) {
    meta.key = {"team", "llama"};
    meta.uid = kUid;
    auto checked = decode_invocation_spec(effective_spec(manifest, resolved_defaults(base::json_object())));
    if (!checked.ok()) throw std::runtime_error(checked.errors[0].text());
    spec = checked.value;
    resolved.token_key_id = "key-1";
    for (const TaskSpec& task : spec.evaluation.tasks) {
      resolved.tasks[task.name] = {"simple_evals", task.task, "registry.example/simple-evals:26.03", "chat", ""};
    }
  }

  RenderInput input() const { return {meta, spec, resolved, install_id}; }
  const TaskSpec& task(std::size_t index = 0) const { return spec.evaluation.tasks.at(index); }

  ObjectMeta meta;
  InvocationSpec spec;
  Resolved resolved;
  std::string install_id = "0b7c9c54-4a1c-4a9e-9a55-5f0d3f3c1a11";
};

inline const lepton::EnvVar* env(const std::vector<lepton::EnvVar>& envs, std::string_view name) {
  for (const lepton::EnvVar& item : envs) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

}  // namespace lepton_operator::invocation::samples
