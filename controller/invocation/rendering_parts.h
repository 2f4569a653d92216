// What the renderers share. Internal to invocation/. Pure.
#pragma once

#include <string>
#include <vector>

#include "invocation/rendering.h"

namespace lepton_operator::invocation::render {

inline constexpr const char* kOutputVariable = "EVAL_OUTPUT_DIR";
inline constexpr const char* kDatasetVariable = "NEMO_EVALUATOR_DATASET_DIR";
inline constexpr const char* kDatasetMountPath = "/datasets";

std::string without_trailing_slash(std::string text);

// The name of the Lepton secret that carries a Kubernetes Secret's key, or the endpoint's token to the jobs.
std::string secret_name_of(const RenderInput& input, const SecretKeyRef& ref);
std::string token_secret_name(const RenderInput& input);

std::vector<lepton::EnvVar> envs(const RenderInput& input, const std::vector<EnvEntry>& entries);

// The endpoint's token that jobs are given: the first that can reach them. Nothing for type none, and when all are Lepton's own tokens.
std::optional<SecretSource> job_token(const RenderInput& input);
// execution's variables with the task's over them; a name of either is in it once.
std::vector<EnvEntry> job_entries(const InvocationSpec& spec, const TaskSpec& task);
// Whether the job gets the token through a secret of ours: there is one, and the user carries none under that name.
bool needs_token_secret(const RenderInput& input, const TaskSpec& task);

std::string output_dir(const InvocationSpec& spec, const std::string& task);

}  // namespace lepton_operator::invocation::render
