// The bodies of the new family (section 5): components in place of one container, and what they share beside them.
#include <set>

#include "core/contract.h"
#include "core/contract_parts.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;
using namespace parts;  // NOLINT(google-build-using-namespace): the tables read so

Schema component_port() {
  return Schema::object({{"container_port", Schema::integer(1, 65535)},
                         {"protocol", Schema::choice({"TCP", "UDP", "SCTP"})},
                         {"app_protocol", Schema::choice({"http", "grpc"})}},
                        {"container_port"});
}

// A target that scales by load needs a replica that carries it.
std::optional<std::string> scaled_to_nothing(const Json& component) {
  if (base::get_int(component, "min_replicas").value_or(1) > 0) return std::nullopt;
  const Json& scaling = base::get_object(component, "autoscaling");
  const bool by_gpu = base::get_double(scaling, "target_gpu_utilization_percentage").value_or(0) > 0;
  const bool by_load = base::get_double(base::get_object(scaling, "target_throughput"), "qpm").value_or(0) > 0;
  if (by_gpu || by_load) return "min_replicas must be at least 1 while a GPU or throughput target is set";
  return std::nullopt;
}

Schema component() {
  return Schema::object({{"name", checked_string(wrong_name)},
                         {"frontend", Schema::boolean()},
                         {"image", Schema::string().with(not_empty)},
                         {"command", strings()},
                         {"ports", Schema::list(component_port())},
                         {"envs", envs()},
                         {"mounts", mounts()},
                         {"storage_attachments", storage_attachments()},
                         {"resource_shape", checked_string(wrong_shape)},
                         {"min_replicas", count()},
                         {"max_replicas", count()},
                         {"shared_memory_size", count()},
                         {"autoscaling", auto_scaler()},
                         {"affinity", affinity()},
                         {"host_network", Schema::boolean()},
                         {"scheduling_policy", scheduling()},
                         {"queue_config", queue_config()},
                         {"reservation_config", reservation()},
                         {"health", health()},
                         {"user_security_context", security()}},
                        {"name", "image", "resource_shape"})
      .with(wrong_replicas)
      .with(scaled_to_nothing);
}

std::optional<std::string> wrong_components(const Json& components) {
  if (components.size() == 0) return "needs at least one component";
  std::set<std::string> names;
  int frontends = 0;
  for (const Json& each : base::elements(&components)) {
    const std::string name = base::get_string(each, "name").value_or("");
    if (!names.insert(name).second) return "\"" + name + "\" stands there twice";
    frontends += base::get_bool(each, "frontend").value_or(false) ? 1 : 0;
  }
  if (frontends > 1 || (components.size() > 1 && frontends == 0)) return "needs exactly one frontend";
  return std::nullopt;
}

Schema endpoint_spec() {
  return Schema::object({{"components", Schema::list(component()).with(wrong_components)},
                         {"api_tokens", api_tokens()},
                         {"access_config", auth_config()},
                         {"allow_unauthenticated_access", Schema::boolean()},
                         {"image_pull_secrets", strings()},
                         {"ingress_enabled", Schema::boolean()},
                         {"ingress_timeout_seconds", Schema::integer(300, 3600)},
                         {"load_balancing", load_balance()},
                         {"log", log()},
                         {"metrics", metrics()},
                         {"routing_policy", routing()}},
                        {"components"})
      .with(wrong_access);
}

Schema endpoint_metadata() {
  const Schema lepton = Schema::object({{"owner", Schema::string()}, {"visibility", Schema::choice({"public", "private"})}});
  return Schema::object({{"name", checked_string(wrong_name)}, {"lepton_metadata", lepton}}, {"name"});
}

}  // namespace

const Schema& endpoint_body() {
  static const Schema kBody = Schema::object({{"metadata", endpoint_metadata()}, {"spec", endpoint_spec()}}, {"metadata", "spec"});
  return kBody;
}

const Schema& endpoint_patch() {
  static const Schema kPatch = Schema::object({{"metadata", endpoint_metadata()}, {"spec", endpoint_spec()}}).without_required();
  return kPatch;
}

}  // namespace lepton_operator::simulator
