// The deployment section: what is served, where and how.
#include "invocation/codec_parts.h"
#include "invocation/patterns.h"

namespace lepton_operator::invocation::codec {

using base::json_object;

namespace {

constexpr std::int64_t kMostReplicas = 1000;
constexpr std::int64_t kMostParallel = 4096;

int whole(ObjectReader& reader, const char* name, int fallback, std::int64_t most) {
  return static_cast<int>(reader.whole(name, 1, most).value_or(fallback));
}

void set_seconds(Json& object, const char* member, const std::optional<std::int64_t>& seconds) { base::set_if(object, member, seconds); }

// As Lepton takes it: snake case, seconds.
Json read_auto_scaler(ObjectReader& reader) {
  Json wire;
  reader.object("autoScaler", [&](ObjectReader& scaler) {
    wire = json_object();
    scaler.object("scaleDown", [&](ObjectReader& down) {
      Json& scale_down = wire["scale_down"] = json_object();
      set_seconds(scale_down, "no_traffic_timeout", down.seconds("noTrafficTimeout"));
      set_seconds(scale_down, "not_ready_timeout", down.seconds("notReadyTimeout"));
    });
    base::set_if(wire, "target_gpu_utilization_percentage", scaler.whole("targetGpuUtilizationPercentage", 0, 100));
    scaler.object("targetThroughput", [&](ObjectReader& throughput) {
      Json& target = wire["target_throughput"] = json_object();
      if (const auto qpm = throughput.number("qpm", 0)) target["qpm"] = Json::number(*qpm);
      if (throughput.has("paths")) target["paths"] = base::to_json(throughput.texts("paths"));
      if (throughput.has("methods")) target["methods"] = base::to_json(throughput.texts("methods"));
    });
  });
  return wire;
}

Json read_health(ObjectReader& reader) {
  Json wire;
  reader.object("health", [&](ObjectReader& health) {
    wire = json_object();
    Json& readiness = wire["readiness"] = json_object();
    health.object("readiness", [&](ObjectReader& part) {
      if (const auto approval = part.boolean("requireApproval")) readiness["require_approval"] = Json::boolean(*approval);
    });
    Json& liveness = wire["liveness"] = json_object();
    health.object("liveness", [&](ObjectReader& part) {
      base::set_if(liveness, "initial_delay_seconds", part.seconds("initialDelaySeconds"));
      part.object("tcp", [&](ObjectReader& tcp) {
        tcp.require("port", "needs the port to try");
        liveness["tcp"] = json_object();
        base::set_if(liveness["tcp"], "port", tcp.whole("port", 1, 65535));
      });
    });
  });
  return wire;
}

std::optional<CacheSpec> read_cache(ObjectReader& reader) {
  std::optional<CacheSpec> cache;
  reader.object("cache", [&](ObjectReader& part) {
    cache.emplace();
    part.require("path", "needs a path on the volume, e.g. /shared/model-cache/{{MODEL_CACHE_NAME}}");
    part.require("mountPath", "needs the path in the container, e.g. /opt/nim/.cache");
    cache->path = part.text("path").value_or("");
    if (!cache->path.empty() && !patterns::is_clean_absolute_path(cache->path)) part.error("path", patterns::kAbsolutePathSentence);
    cache->from = part.text("from").value_or(kDefaultVolume);
    cache->mount_path = part.text("mountPath").value_or("");
    if (!cache->mount_path.empty() && !patterns::is_mount_path(cache->mount_path)) {
      part.error("mountPath", patterns::kMountPathSentence);
    }
  });
  return cache;
}

ApiTokenEntry read_api_token(ObjectReader& reader, Section section) {
  ApiTokenEntry entry;
  const int written = (reader.has("value") ? 1 : 0) + (reader.has("secretKeyRef") ? 1 : 0) + (reader.has("leptonToken") ? 1 : 0);
  if (written != 1) reader.error("", "needs exactly one of value, secretKeyRef and leptonToken");
  // A Workspace's defaults are copied into the status of every Invocation that begins with them.
  if (section == Section::kDefaults && reader.has("value")) {
    reader.error("value", "a token is not written into a Workspace's defaults; use secretKeyRef or leptonToken");
  }
  entry.value = reader.text("value");
  entry.secret_key = read_secret_key(reader);
  entry.lepton_token = reader.text("leptonToken");
  return entry;
}

std::optional<std::vector<ApiTokenEntry>> read_api_tokens(ObjectReader& reader, Section section) {
  constexpr std::size_t kMostTokens = 16;
  const Json* tokens = reader.raw("apiTokens");
  if (tokens == nullptr) return std::nullopt;
  if (tokens->is_array() && tokens->size() == 0) {
    reader.error("apiTokens", "an empty list would leave the endpoint open; leave the field out and the operator makes a token");
  }
  std::vector<ApiTokenEntry> entries;
  reader.each("apiTokens", kMostTokens, [&](ObjectReader& token) { entries.push_back(read_api_token(token, section)); });
  return entries;
}

std::map<std::string, std::string> read_paths(ObjectReader& reader) {
  std::map<std::string, std::string> paths;
  reader.each_text("paths", [&](const std::string& type, const std::string& path) {
    const std::string name = "paths." + type;
    if (!patterns::is_endpoint_type(type)) reader.error(name.c_str(), patterns::kEndpointTypeSentence);
    if (path.front() != '/') reader.error(name.c_str(), "must be a URL path, e.g. /v1/chat/completions");
    paths[type] = path;
  });
  return paths;
}

void read_type(ObjectReader& reader, DeploymentSpec& deployment) {
  static constexpr DeploymentType kTypes[] = {DeploymentType::kNim, DeploymentType::kVllm, DeploymentType::kSglang, DeploymentType::kNone};
  reader.require("type", "must be one of nim, vllm, sglang, none");
  const auto type = reader.choice("type", {"nim", "vllm", "sglang", "none"});
  if (type) deployment.type = kTypes[*type];
}

void read_placement(ObjectReader& reader, DeploymentSpec& deployment) {
  deployment.resource_shape = reader.text("resourceShape").value_or("");
  deployment.min_replicas = whole(reader, "minReplicas", 1, kMostReplicas);
  deployment.max_replicas = whole(reader, "maxReplicas", deployment.min_replicas, kMostReplicas);
  deployment.node_group = reader.text("nodeGroup").value_or("");
  deployment.auto_scaler = read_auto_scaler(reader);
  static const std::vector<std::string> classes = {"low-1000", "low-2000",  "low-3000",  "mid-4000", "mid-5000",
                                                   "mid-6000", "high-7000", "high-8000", "high-9000"};
  const auto priority = reader.choice("priorityClass", classes);
  deployment.priority_class = priority ? classes[*priority] : "mid-4000";
  deployment.image_pull_secrets = reader.texts("imagePullSecrets");
  deployment.health = read_health(reader);
  deployment.cache = read_cache(reader);
}

}  // namespace

DeploymentSpec read_deployment(ObjectReader& reader, Section section) {
  constexpr Milliseconds kLeastReadinessTimeout{1000};
  DeploymentSpec deployment;
  if (section == Section::kWhole) {
    read_type(reader, deployment);
  } else {
    for (const char* own : {"type", "image", "servedModelName", "checkpointPath"}) {
      reader.refuse(own, "is not for a Workspace's defaults; write it into each Invocation");
    }
  }
  deployment.image = reader.text("image").value_or("");
  deployment.served_model_name = reader.text("servedModelName").value_or("");
  deployment.port = whole(reader, "port", 8000, 65535);
  deployment.command = reader.texts("command");
  deployment.extra_args = reader.texts("extraArgs");
  deployment.checkpoint_path = reader.text("checkpointPath").value_or("");
  deployment.tensor_parallel_size = whole(reader, "tensorParallelSize", 1, kMostParallel);
  deployment.pipeline_parallel_size = whole(reader, "pipelineParallelSize", 1, kMostParallel);
  deployment.data_parallel_size = whole(reader, "dataParallelSize", 1, kMostParallel);
  deployment.pre_command = reader.possibly_empty_text("preCommand").value_or("");
  read_placement(reader, deployment);
  deployment.envs = read_envs(reader, false);
  deployment.api_tokens = read_api_tokens(reader, section);
  deployment.paths = read_paths(reader);
  deployment.readiness_timeout = reader.duration("readinessTimeout", kLeastReadinessTimeout).value_or(deployment.readiness_timeout);
  deployment.queue_timeout = reader.duration("queueTimeout", kLeastReadinessTimeout);
  if (const auto sharing = reader.choice("sharing", {"PerTask", "Shared"})) {
    deployment.sharing = *sharing == 0 ? Sharing::kPerTask : Sharing::kShared;
  }
  return deployment;
}

}  // namespace lepton_operator::invocation::codec
