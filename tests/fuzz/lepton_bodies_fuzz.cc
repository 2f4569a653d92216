// What is sent to Lepton, read back (lepton/codec.h): an endpoint of either family, and a job, say what was meant; and what is put back of
// an endpoint that somebody changed is as it was sent, while all else is left as it is.
#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "fuzz/bytes.h"
#include "fuzz/promise.h"
#include "lepton/codec.h"

namespace lepton_operator::fuzz {

namespace {

using base::Json;
using lepton::ApiFamily;
using lepton::EndpointField;
using lepton::EndpointSpec;
using lepton::SeenSpec;

constexpr EndpointField kFields[] = {
    EndpointField::kImage,         EndpointField::kCommand,          EndpointField::kPort,       EndpointField::kResourceShape,
    EndpointField::kReplicas,      EndpointField::kNodeGroup,        EndpointField::kEnvs,       EndpointField::kMounts,
    EndpointField::kApiTokens,     EndpointField::kImagePullSecrets, EndpointField::kAutoScaler, EndpointField::kHealth,
    EndpointField::kPriorityClass,
};

std::vector<lepton::EnvVar> envs(Bytes& bytes) {
  std::vector<lepton::EnvVar> all(static_cast<std::size_t>(bytes.below(4)));
  for (lepton::EnvVar& env : all) {
    env.name = bytes.text();
    if (env.name == lepton::kOwnerVariable) env.name += "_";  // ours: no manifest can have it
    (bytes.flag() ? env.value : env.secret_name) = bytes.text();
  }
  return all;
}

std::vector<lepton::Mount> mounts(Bytes& bytes) {
  std::vector<lepton::Mount> all(static_cast<std::size_t>(bytes.below(3)));
  for (lepton::Mount& mount : all) mount = {bytes.text(), bytes.text(), bytes.text()};
  return all;
}

lepton::Labels labels(Bytes& bytes) {
  lepton::Labels all;
  for (int i = bytes.below(4); i > 0; --i) {
    const std::string key = "lepton-operator." + bytes.word();
    all.set(key, bytes.word());
  }
  return all;
}

std::vector<lepton::ApiToken> tokens(Bytes& bytes) {
  std::vector<lepton::ApiToken> all(static_cast<std::size_t>(bytes.below(3)));
  for (lepton::ApiToken& token : all) (bytes.flag() ? token.value : token.token_name) = bytes.text();
  return all;
}

Json seconds(const char* outer, const char* inner, Bytes& bytes) {
  Json value = base::json_object();
  value[outer] = base::json_object();
  value[outer][inner] = Json::number(bytes.below(200));
  return value;
}

EndpointSpec endpoint(Bytes& bytes) {
  EndpointSpec spec;
  spec.name = "e-" + bytes.word();
  spec.labels = labels(bytes);
  spec.image = bytes.text();
  spec.command = bytes.texts(3);
  spec.port = 1 + bytes.byte() * 256;
  spec.resource_shape = bytes.text();
  spec.min_replicas = bytes.below(5);
  spec.max_replicas = spec.min_replicas + bytes.below(5);
  if (bytes.flag()) spec.shared_memory_mib = bytes.byte();
  spec.node_group_ids = bytes.texts(2);
  spec.envs = envs(bytes);
  spec.mounts = mounts(bytes);
  spec.api_tokens = tokens(bytes);
  spec.image_pull_secrets = bytes.texts(2);
  if (bytes.flag()) spec.auto_scaler = seconds("scale_down", "no_traffic_timeout", bytes);
  if (bytes.flag()) spec.health = seconds("liveness", "initial_delay_seconds", bytes);
  spec.priority_class = bytes.word();
  return spec;
}

template <class T>
std::optional<std::vector<T>> unless_empty(const std::vector<T>& all) {
  return all.empty() ? std::nullopt : std::optional(all);
}

std::optional<std::vector<lepton::SeenToken>> seen_tokens(const std::vector<lepton::ApiToken>& tokens) {
  std::vector<lepton::SeenToken> seen;
  for (const lepton::ApiToken& token : tokens) {
    const std::string value = token.value.value_or("");
    seen.push_back({token.token_name, value.empty() || value == "***" ? "" : base::sha256_hex(value)});
  }
  return unless_empty(seen);
}

// As a server that adds nothing shows it.
SeenSpec seen(const EndpointSpec& sent) {
  SeenSpec spec;
  spec.image = sent.image;
  spec.command = unless_empty(sent.command);
  spec.ports = std::vector{sent.port};
  spec.resource_shape = base::lower(sent.resource_shape);
  spec.min_replicas = sent.min_replicas;
  spec.max_replicas = sent.max_replicas;
  spec.node_group_ids = unless_empty(sent.node_group_ids);
  spec.envs = sent.envs;
  spec.mounts = unless_empty(sent.mounts);
  spec.api_tokens = seen_tokens(sent.api_tokens);
  spec.image_pull_secrets = unless_empty(sent.image_pull_secrets);
  spec.auto_scaler = sent.auto_scaler;
  spec.health = sent.health;
  if (spec.health.is_null()) {
    spec.health = base::json_object();
    spec.health["readiness"] = base::json_object();
    spec.health["liveness"] = base::json_object();
  }
  spec.priority_class = sent.priority_class;
  return spec;
}

// `spec` with the field of `other`, if that has one that can be sent.
void take_field(SeenSpec& spec, const SeenSpec& other, const EndpointSpec& sent, EndpointField field) {
  const auto take = [&](auto member) {
    if (other.*member) spec.*member = other.*member;
  };
  switch (field) {
    case EndpointField::kImage: return take(&SeenSpec::image);
    case EndpointField::kCommand: return take(&SeenSpec::command);
    case EndpointField::kPort: return take(&SeenSpec::ports);
    case EndpointField::kResourceShape: return take(&SeenSpec::resource_shape);
    case EndpointField::kReplicas: return take(&SeenSpec::min_replicas), take(&SeenSpec::max_replicas);
    case EndpointField::kNodeGroup: return take(&SeenSpec::node_group_ids);
    case EndpointField::kEnvs: return take(&SeenSpec::envs);
    case EndpointField::kMounts: return take(&SeenSpec::mounts);
    case EndpointField::kApiTokens: return take(&SeenSpec::api_tokens);
    case EndpointField::kImagePullSecrets: return take(&SeenSpec::image_pull_secrets);
    case EndpointField::kAutoScaler:
      if (!sent.auto_scaler.is_null()) spec.auto_scaler = sent.auto_scaler;
      return;
    case EndpointField::kHealth: spec.health = base::merged(spec.health, other.health); return;
    case EndpointField::kPriorityClass: return take(&SeenSpec::priority_class);
  }
}

// Over the wire: as text.
Json wire(const Json& body) {
  const auto read = base::parse_json(base::to_text(body), "wire");
  require(read.ok(), "a body is JSON", base::to_text(body));
  require(*read == body, "a body is on the wire what it was", base::to_text(body));
  return *read;
}

lepton::Endpoint decoded(const Json& body, ApiFamily family) {
  const auto endpoint = lepton::decode_endpoint(body, family);
  require(endpoint.ok(), "what we send can be read", base::to_text(body));
  return *endpoint;
}

void require_same(const SeenSpec& seen, const SeenSpec& meant, const Json& body) {
  require(seen == meant, "an endpoint is what was meant", base::to_text(body));
}

void create_endpoint(const EndpointSpec& spec, ApiFamily family) {
  const Json body = wire(lepton::encode(spec, family));
  const lepton::Endpoint endpoint = decoded(body, family);
  require(endpoint.name == spec.name && endpoint.labels == spec.labels, "an endpoint shows whose it is", base::to_text(body));
  require_same(*endpoint.spec, seen(spec), body);
}

// As a server takes a partial body: objects merge, a list replaces.
Json updated(const Json& live, const EndpointSpec& spec, const std::vector<EndpointField>& fields, ApiFamily family) {
  const Json patch = wire(lepton::encode_update(spec, fields, family));
  if (family == ApiFamily::kDeployments) return base::merged(live, patch);
  const auto whole = lepton::encode_components_patch(live, patch);
  require(whole.ok(), "what we made can be put back", whole.ok() ? "" : whole.error().text());
  return base::merged(live, wire(*whole));
}

void put_back(const EndpointSpec& theirs, const EndpointSpec& ours, const std::vector<EndpointField>& fields, ApiFamily family) {
  const Json body = updated(wire(lepton::encode(theirs, family)), ours, fields, family);
  SeenSpec meant = seen(theirs);
  for (const EndpointField field : fields) take_field(meant, seen(ours), ours, field);
  const lepton::Endpoint endpoint = decoded(body, family);
  require_same(*endpoint.spec, meant, body);
  if (family == ApiFamily::kDeployments) return;
  require(endpoint.labels == (theirs.labels.empty() ? ours.labels : theirs.labels), "an endpoint keeps its owner's mark",
          base::to_text(body));
}

void create_job(Bytes& bytes) {
  lepton::JobSpec spec;
  spec.name = "j-" + bytes.word();
  spec.labels = labels(bytes);
  spec.image = bytes.text();
  spec.command = bytes.texts(3);
  spec.resource_shape = bytes.text();
  spec.node_group_ids = bytes.texts(2);
  spec.envs = envs(bytes);
  spec.mounts = mounts(bytes);
  Json body = wire(lepton::encode(spec));
  const Json& sent = body.at("spec");
  require(base::get_strings(base::get_object(sent, "container"), "command") == spec.command, "a job runs what was meant",
          base::to_text(body));
  require(base::elements(base::find(sent, "envs")).size() == spec.envs.size(), "a job has all its variables", base::to_text(body));
  require(base::elements(base::find(sent, "mounts")).size() == spec.mounts.size(), "a job has all its mounts", base::to_text(body));
  require(base::get_int(sent, "max_failure_retry") == 0 && base::get_int(sent, "max_job_failure_retry") == 0,
          "no server retries a job of ours");
  body["metadata"]["id"] = Json::string(spec.name + "-x1");
  const auto job = lepton::decode_job(body);
  require(job.ok() && job->name == spec.name && job->labels == spec.labels, "a job shows whose it is", base::to_text(body));
}

}  // namespace

void try_input(std::string_view input) {
  Bytes bytes(input);
  const unsigned chosen = bytes.byte() * 256u + bytes.byte();
  std::vector<EndpointField> fields;
  for (const EndpointField field : kFields) {
    if ((chosen >> static_cast<unsigned>(field) & 1u) != 0) fields.push_back(field);
  }
  const EndpointSpec ours = endpoint(bytes);
  const EndpointSpec theirs = endpoint(bytes);
  for (const ApiFamily family : {ApiFamily::kDeployments, ApiFamily::kEndpoints}) {
    create_endpoint(ours, family);
    put_back(theirs, ours, fields, family);
  }
  create_job(bytes);
}

}  // namespace lepton_operator::fuzz
