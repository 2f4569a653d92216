// Which texts are names, paths and URLs, and the sentences that say so. Internal to invocation/. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lepton_operator::invocation::patterns {

inline constexpr const char* kObjectNameSentence =
    "must be a name as Kubernetes takes it: lower-case letters, digits, - and ., at most 253";
inline constexpr const char* kTaskNameSentence =
    "must be letters, digits, -, _ and ., with a letter or digit at both ends, at most 63: it names the task's directory";
inline constexpr const char* kEnvNameSentence =
    "must be a variable's name: letters, digits and _, not beginning with a digit, LEPTON_ or LEPTONOP_, and not one that the operator "
    "sets";
inline constexpr const char* kEndpointTypeSentence = "must be an endpoint type, e.g. chat, completions, embedding, ranking or vlm";
inline constexpr const char* kAbsolutePathSentence = "must be an absolute path without empty, . or .. parts, e.g. /shared/data";
inline constexpr const char* kMountPathSentence =
    "must be an absolute path in the container, without empty, . or .. parts, and no directory of the system, e.g. /workspace";

bool is_object_name(std::string_view text);
bool is_secret_key(std::string_view text);  // of a Kubernetes Secret's data
bool is_task_name(std::string_view text);
bool is_env_name(std::string_view text);
bool is_reserved_env(std::string_view text);     // LEPTON_..., LEPTONOP_...
bool is_job_env_of_ours(std::string_view text);  // EVAL_OUTPUT_DIR
bool is_endpoint_type(std::string_view text);
bool is_http_url(std::string_view text);
bool is_clean_absolute_path(std::string_view text);  // one trailing slash is forgiven; "/" is not such a path
bool is_clean_relative_path(std::string_view text);
bool is_mount_path(std::string_view text);

}  // namespace lepton_operator::invocation::patterns
