#include "core/contract.h"

#include "core/contract_parts.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;
using namespace parts;  // NOLINT(google-build-using-namespace): their tables read so

Schema deployment_spec() {
  return Schema::object({{"container", container()},
                         {"resource_requirement", resource_requirement()},
                         {"auto_scaler", auto_scaler()},
                         {"api_tokens", api_tokens()},
                         {"envs", envs()},
                         {"mounts", mounts()},
                         {"storage_attachments", storage_attachments()},
                         {"image_pull_secrets", strings()},
                         {"health", health()},
                         {"is_pod", Schema::boolean()},
                         {"user_security_context", security()},
                         {"log", log()},
                         {"metrics", metrics()},
                         {"routing_policy", routing()},
                         {"queue_config", queue_config()},
                         {"reservation_config", reservation()},
                         {"scheduling_policy", scheduling()},
                         {"auth_config", auth_config()},
                         {"ingress_timeout_seconds", Schema::integer(300, 3600)},
                         {"load_balance_config", load_balance()},
                         {"allow_unauthenticated_access", Schema::boolean()},
                         {"ingress_enabled", Schema::boolean()}},
                        {"container", "resource_requirement"})
      .with(wrong_access);
}

Schema job_spec() {
  return Schema::object({{"resource_shape", checked_string(wrong_shape)},
                         {"affinity", affinity()},
                         {"container", container()},
                         {"shared_memory_size", count()},
                         {"completions", count(1)},
                         {"parallelism", count(1)},
                         {"max_failure_retry", count()},
                         {"max_job_failure_retry", count()},
                         {"envs", envs()},
                         {"mounts", mounts()},
                         {"storage_attachments", storage_attachments()},
                         {"image_pull_secrets", strings()},
                         {"ttl_seconds_after_finished", count()},
                         {"intra_job_communication", Schema::boolean()},
                         {"user_security_context", security()},
                         {"metrics", metrics()},
                         {"log", log()},
                         {"queue_config", queue_config()},
                         {"stopped", Schema::boolean()},
                         {"reservation_config", reservation()},
                         {"time_schedule", Schema::object({{"start_at", count()}})},
                         {"segment_config", Schema::object({{"count_per_segment", count(1)}}, {"count_per_segment"})}},
                        {"container", "resource_shape"});
}

// A body {metadata, spec} whose metadata names the object, by id or by name.
Schema named_body(Schema spec) {
  return Schema::object({{"metadata", metadata()}, {"spec", std::move(spec)}}, {"metadata", "spec"})
      .with([](const Json& value) -> std::optional<std::string> {
        const Json& data = base::get_object(value, "metadata");
        if (data.has_field("name") || data.has_field("id")) return std::nullopt;
        return "metadata.name is required";
      });
}

}  // namespace

const Schema& deployment_body() {
  static const Schema kBody = named_body(deployment_spec());
  return kBody;
}

const Schema& deployment_patch() {
  static const Schema kPatch = Schema::object({{"metadata", metadata()}, {"spec", deployment_spec()}}).without_required();
  return kPatch;
}

const Schema& job_body() {
  static const Schema kBody = named_body(job_spec());
  return kBody;
}

const Schema& job_patch() {
  static const Schema kPatch = Schema::object({{"spec", Schema::object({{"stopped", Schema::boolean()}}, {"stopped"})}}, {"spec"});
  return kPatch;
}

const Schema& secrets_body() {
  static const Schema kBody = Schema::list(Schema::object(
      {{"name", checked_string([](const std::string& name) -> std::optional<std::string> {
          if (name.empty() || name.size() > 63) return "must have 1 to 63 characters";
          if (name.starts_with("LEPTON_")) return "names that begin with LEPTON_ are reserved";
          if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != std::string::npos) {
            return "may hold letters, digits, '.', '_' and '-' only";
          }
          return std::nullopt;
        })},
       {"value", Schema::string().with(not_empty)},
       {"tags", strings()},
       {"visibility", Schema::choice({"public", "private"})}},
      {"name", "value"}));
  return kBody;
}

}  // namespace lepton_operator::simulator
