#include "core/contract_parts.h"

#include <limits>

namespace lepton_operator::simulator::parts {
namespace {

using base::Json;

constexpr double kMost = 9e15;  // whole numbers beyond this are not exact in JSON

// Exactly one of two members.
Schema::Rule either(std::string one, std::string other) {
  return [one, other](const Json& value) -> std::optional<std::string> {
    if (value.has_field(one) == value.has_field(other)) return "needs either " + one + " or " + other;
    return std::nullopt;
  };
}

template <class Check>
Schema::Rule text_rule(Check check) {
  return [check](const Json& value) { return check(value.as_string()); };
}

std::optional<std::string> wrong_mount_from(const std::string& from) {
  if (from.empty()) return "must not be empty";
  if (!from.starts_with("node-") || from == "node-local") return std::nullopt;
  const std::size_t colon = from.find(':');
  if (colon == std::string::npos || colon + 1 == from.size() || colon == 5 || from.find(':', colon + 1) != std::string::npos) {
    return "must be node-local or node-<type>:<storage name>";
  }
  return std::nullopt;
}

std::optional<std::string> masked(const std::string& value) {
  if (value == "***") return "is a masked value";
  if (value.empty()) return "must not be empty";
  return std::nullopt;
}

std::optional<std::string> repeated_names(const Json& value) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string name = base::get_string(value.at(i), "name").value_or("");
    if (!seen.insert(name).second) return "\"" + name + "\" stands there twice";
  }
  return std::nullopt;
}

Schema port() {
  return Schema::object({{"container_port", Schema::integer(1, 65535)},
                         {"protocol", Schema::choice({"TCP", "UDP", "SCTP"})},
                         {"name", Schema::string()},
                         {"host_port", Schema::integer(1, 65535)},
                         {"expose_strategies", Schema::list(Schema::choice({"HostPortMapping", "IngressProxy"}))},
                         {"enable_load_balancer", Schema::boolean()},
                         {"app_protocol", Schema::choice({"http", "grpc"})}},
                        {"container_port"});
}

}  // namespace

Schema count(double least) { return Schema::integer(least, kMost); }
Schema amount() { return Schema::number(0, kMost); }
Schema strings() { return Schema::list(Schema::string()); }

std::optional<std::string> not_empty(const Json& value) {
  if (value.is_string() && value.as_string().empty()) return "must not be empty";
  return std::nullopt;
}

Schema checked_string(std::optional<std::string> (*check)(const std::string&)) { return Schema::string().with(text_rule(check)); }

std::optional<std::string> wrong_shape(const std::string& shape) {
  for (const char c : shape) {
    if (c >= 'A' && c <= 'Z') return "shapes are written in lower case";
  }
  if (!shape.starts_with("cpu.") && !shape.starts_with("gpu.")) return "no such resource shape: \"" + shape + "\"";
  return std::nullopt;
}

Schema metadata() {
  return Schema::object({{"id", checked_string(wrong_name)},
                         {"name", checked_string(wrong_name)},
                         {"created_at", count()},
                         {"version", count()},
                         {"semantic_version", Schema::string()},
                         {"created_by", Schema::string()},
                         {"last_modified_by", Schema::string()},
                         {"owner", Schema::string()},
                         {"last_modified_at", count()},
                         {"labels", Schema::map(checked_string(wrong_label_value), text_rule(wrong_label_key))},
                         {"visibility", Schema::choice({"public", "private"})},
                         {"replica_version", Schema::string()}})
      .with([](const Json& value) -> std::optional<std::string> {
        if (value.has_field("id") && value.has_field("name") && value.at("id") != value.at("name")) return "id and name differ";
        return std::nullopt;
      });
}

Schema container() {
  return Schema::object({{"image", Schema::string().with(not_empty)}, {"command", strings()}, {"ports", Schema::list(port())}}, {"image"});
}

Schema affinity() {
  return Schema::object(
      {{"allowed_dedicated_node_groups", strings()}, {"allowed_nodes_in_node_group", strings()}, {"allowed_providers", strings()}});
}

// max_replicas needs min_replicas beside it, and not more of them.
std::optional<std::string> wrong_replicas(const Json& value) {
  if (!value.has_field("max_replicas")) return std::nullopt;
  if (!value.has_field("min_replicas")) return "max_replicas needs min_replicas beside it";
  if (value.at("min_replicas").as_double() > value.at("max_replicas").as_double()) return "min_replicas is more than max_replicas";
  return std::nullopt;
}

Schema resource_requirement() {
  return Schema::object({{"resource_shape", checked_string(wrong_shape)},
                         {"min_replicas", count()},
                         {"max_replicas", count()},
                         {"shared_memory_size", count()},
                         {"affinity", affinity()},
                         {"cpu", amount()},
                         {"memory", count()},
                         {"ephemeral_storage_in_gb", count()},
                         {"accelerator_type", Schema::string()},
                         {"accelerator_num", amount()},
                         {"host_network", Schema::boolean()}})
      .with(wrong_replicas);
}

Schema auto_scaler() {
  return Schema::object({{"scale_down", Schema::object({{"no_traffic_timeout", count()}, {"not_ready_timeout", count()}})},
                         {"target_gpu_utilization_percentage", Schema::integer(0, 100)},
                         {"target_throughput", Schema::object({{"qpm", amount()}, {"paths", strings()}, {"methods", strings()}})}});
}

Schema api_tokens() {
  const Schema reference = Schema::object({{"token_name_ref", Schema::string().with(not_empty)}}, {"token_name_ref"});
  return Schema::list(Schema::object({{"value", checked_string(masked)}, {"value_from", reference}}).with(either("value", "value_from")));
}

Schema envs() {
  const Schema reference = Schema::object({{"secret_name_ref", Schema::string().with(not_empty)}}, {"secret_name_ref"});
  const Schema env =
      Schema::object({{"name", checked_string(wrong_env_name)}, {"value", Schema::string()}, {"value_from", reference}}, {"name"})
          .with(either("value", "value_from"));
  return Schema::list(env).with(repeated_names);
}

Schema mounts() {
  return Schema::list(
      Schema::object({{"path", Schema::string()},
                      {"from", checked_string(wrong_mount_from)},
                      {"mount_path", checked_string(wrong_mount_path)},
                      {"mount_options", Schema::object({{"local_cache_size_mib", count()}, {"read_only", Schema::boolean()}})}},
                     {"from", "mount_path"}));
}

Schema storage_attachments() {
  const Schema attachment =
      Schema::object({{"attach_with", Schema::string()}, {"mode", Schema::string()}, {"profile_name", Schema::string()}}, {"mode"});
  return Schema::list(Schema::object({{"data_source_name", Schema::string()}, {"attachments", Schema::list(attachment)}},
                                     {"data_source_name", "attachments"}));
}

Schema queue_config() {
  const Schema priority =
      Schema::choice({"low-1000", "low-2000", "low-3000", "mid-4000", "mid-5000", "mid-6000", "high-7000", "high-8000", "high-9000"});
  return Schema::object({{"priority_class", priority}, {"can_be_preempted", Schema::boolean()}, {"can_preempt", Schema::boolean()}});
}

Schema log() { return Schema::object({{"save_termination_logs", Schema::boolean()}, {"enable_collection", Schema::boolean()}}); }
Schema metrics() { return Schema::object({{"disable_pulling_from_replica", Schema::boolean()}}); }
Schema security() { return Schema::object({{"no_specific_user", Schema::boolean()}, {"privileged", Schema::boolean()}}); }
Schema reservation() {
  return Schema::object({{"reservation_id", Schema::string()}, {"allow_burst_to_other_reservations", Schema::boolean()}});
}

Schema health() {
  const Schema tcp = Schema::object({{"port", Schema::integer(1, 65535)}}, {"port"});
  return Schema::object({{"readiness", Schema::object({{"require_approval", Schema::boolean()}})},
                         {"liveness", Schema::object({{"initial_delay_seconds", count()}, {"tcp", tcp}})}});
}

Schema scheduling() { return Schema::object({{"replica_spread", Schema::choice({"Required", "Preferred"})}}); }
Schema routing() { return Schema::object({{"enable_header_based_replica_routing", Schema::boolean()}}); }
Schema load_balance() {
  return Schema::object({{"least_request", Schema::object({{"choice_count", count()}})}, {"maglev", Schema::object({})}});
}

Schema auth_config() { return Schema::object({{"lepton_workspace_token_auth", Schema::anything()}, {"ip_allowlist", Schema::anything()}}); }

// Open access forbids tokens.
std::optional<std::string> wrong_access(const Json& spec) {
  if (base::get_bool(spec, "allow_unauthenticated_access").value_or(false) && !base::elements(base::find(spec, "api_tokens")).empty()) {
    return "allow_unauthenticated_access does not go with api_tokens";
  }
  return std::nullopt;
}

}  // namespace lepton_operator::simulator::parts
