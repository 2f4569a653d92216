// From an Invocation to what Lepton is sent: endpoints, jobs, their scripts. No secret passes through here: where one is needed the result
// says which (SecretSource) and the reconciler fills it in. Pure. Payload rules: docs/launcher-differences.md.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "invocation/object.h"
#include "invocation/spec.h"
#include "lepton/types.h"

namespace lepton_operator::invocation {

struct GeneratedToken {  // HMAC of the UID under the operator's key `key_id`
  std::string key_id;
  auto operator<=>(const GeneratedToken&) const = default;
};
struct LiteralToken {  // deployment.apiTokens[index].value of the spec
  std::size_t index = 0;
  auto operator<=>(const LiteralToken&) const = default;
};
struct LeptonToken {  // token_name_ref: sent by name
  std::string name;
  auto operator<=>(const LeptonToken&) const = default;
};
using SecretSource = std::variant<GeneratedToken, LiteralToken, LeptonToken, SecretKeyRef>;

// A Lepton secret that we make and remove for an Invocation.
struct WantedSecret {
  std::string name;
  SecretSource source;
};

// Everything a rendering depends on.
struct RenderInput {
  const ObjectMeta& meta;
  const InvocationSpec& spec;  // effective
  const Resolved& resolved;
  const std::string& install_id;
};

struct RenderedEndpoint {
  lepton::EndpointSpec spec;             // api_tokens still empty
  std::vector<SecretSource> api_tokens;  // to fill them, in order
};

RenderedEndpoint render_endpoint(const RenderInput& input, const TaskSpec& task, int incarnation);

// `target_url`: the endpoint's external URL, or for type none the target's. `job.name` etc. come from names.h.
lepton::JobSpec render_job(const RenderInput& input, const TaskSpec& task, int attempt, const std::string& target_url);

// Removes storage.path/<invocation id> with the parent mounted (design, rule 8). `image`: of a task that was executed.
lepton::JobSpec render_cleanup_job(const RenderInput& input, const std::string& image, int attempt);

// The Lepton secrets that endpoints and jobs refer to, each once, in the order of their names: Kubernetes Secrets' keys (envs) and the
// endpoint's token under evaluation.apiKeyName (unless type none, or all of apiTokens are leptonTokens).
std::vector<WantedSecret> wanted_secrets(const RenderInput& input);
// Of these, the names that a task's job needs before it can be made: its envs' and the token's.
std::vector<std::string> secrets_of_job(const RenderInput& input, const TaskSpec& task);
// Kubernetes Secret keys that the spec refers to (envs of deployment, execution and tasks; apiTokens).
std::vector<SecretKeyRef> secret_keys(const InvocationSpec& spec);

// The task's URL: endpoint's + path of its type; type none by the design's rule for target.url.
std::string target_url(const InvocationSpec& spec, const std::string& endpoint_type, const std::string& external_url);

// The run configuration as YAML, and the whole bash script (docs/job-script.md). evaluation.config and a task's config have the run
// configuration's own shape, {config: {params: ...}, target: {api_endpoint: ...}}; a bare {params: ...} stands for config.params. What is
// written there wins over what we derive (url, model_id, type, api_key_name), but for config.output_dir.
std::string render_run_config(const RenderInput& input, const TaskSpec& task, const std::string& target_url);
std::string render_job_script(const RenderInput& input, const TaskSpec& task, int attempt, const std::string& run_config);
std::string shell_quote(std::string_view text);  // one word for bash, whatever is in it

// The directory that holds an Invocation's results: storage.path/<invocation id>. Constructible only when it is exactly that: a path that
// is relative, "/", has empty, "." or ".." segments, or an id that is not 16 hex digits gives nothing.
class StorageDirectory {
 public:
  static std::optional<StorageDirectory> make(const std::string& storage_path, const std::string& invocation_id);
  const std::string& path() const { return path_; }  // absolute below the volume
  const std::string& parent() const { return parent_; }
  const std::string& id() const { return id_; }

 private:
  StorageDirectory(std::string parent, std::string id) : path_(parent + "/" + id), parent_(std::move(parent)), id_(std::move(id)) {}
  std::string path_;
  std::string parent_;
  std::string id_;
};

// logs/ of a task's output directory, on the volume: where its script leaves stage files.
std::string stage_directory(const InvocationSpec& spec, const StorageDirectory& directory, const std::string& task);

}  // namespace lepton_operator::invocation
