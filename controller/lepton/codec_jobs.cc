// Jobs (docs/lepton-api.md, section 6).
#include "lepton/codec.h"
#include "lepton/codec_parts.h"

namespace lepton_operator::lepton {

using base::get_int;
using base::get_object;
using base::get_string;
using base::json_object;

namespace {

int count(const Json& status, std::string_view member) {
  const std::int64_t value = get_int(status, member).value_or(0);
  return value > 0 && value < 1'000'000'000 ? static_cast<int>(value) : 0;
}

// The array of a list's answer: {"jobs": [...]} or the array itself. Go writes an empty list as null too.
const Json* job_array(const Json& body) {
  static const Json kEmpty = Json::array();
  if (body.is_array()) return &body;
  if (body.is_null()) return &kEmpty;
  const Json* jobs = base::find(body, "jobs");
  if (jobs && jobs->is_array()) return jobs;
  return jobs && jobs->is_null() ? &kEmpty : nullptr;
}

}  // namespace

Json encode(const JobSpec& spec) {
  Json body = json_object();
  Json& metadata = body["metadata"] = json_object();
  metadata["name"] = Json::string(spec.name);  // the server makes the id
  metadata["visibility"] = Json::string("private");
  if (!spec.labels.empty()) metadata["labels"] = codec::labels_json(spec.labels);

  Json& wire = body["spec"] = json_object();
  wire["container"] = json_object();
  wire["container"]["image"] = Json::string(spec.image);
  wire["container"]["command"] = base::to_json(spec.command);
  wire["resource_shape"] = Json::string(codec::lower_ascii(spec.resource_shape));
  // The group alone: the launcher also pins today's nodes, which would keep a job off nodes that join tomorrow.
  if (!spec.node_group_ids.empty()) wire["affinity"] = codec::affinity_json(spec.node_group_ids);
  wire["envs"] = codec::envs_json(spec.envs);
  wire["mounts"] = codec::mounts_json(spec.mounts);
  wire["image_pull_secrets"] = base::to_json(spec.image_pull_secrets);
  wire["shared_memory_size"] = Json::number(spec.shared_memory_mib);
  wire["completions"] = Json::number(1);
  wire["parallelism"] = Json::number(1);
  wire["intra_job_communication"] = Json::boolean(false);
  // Retries are ours to make, each with its own attempt and record; the server makes none.
  wire["max_failure_retry"] = Json::number(0);
  wire["max_job_failure_retry"] = Json::number(0);
  wire["ttl_seconds_after_finished"] = Json::number(static_cast<std::int64_t>(spec.ttl_after_finished.count()));
  return body;
}

base::Result<Job> decode_job(const Json& body) {
  Job job;
  const std::optional<std::string> id = codec::metadata_text(body, "id");
  if (!id) return codec::malformed("a job without metadata.id");
  job.id = *id;
  job.name = codec::metadata_text(body, "name").value_or(*id);
  job.labels = codec::labels_of(body);
  job.created_at = codec::created_at(body);

  const Json& status = get_object(body, "status");
  job.state = parse_job_state(get_string(status, "state").value_or(""));
  job.failed = count(status, "failed");
  job.succeeded = count(status, "succeeded");
  job.completed_at = codec::unix_time(get_int(status, "completion_time"));
  job.archived = job.state == JobState::kArchived;  // else a list alone does not tell; see Observer
  return job;
}

base::Result<Decoded<Job>> decode_jobs(const Json& body) {
  const Json* array = job_array(body);
  if (!array) return codec::malformed("the list of jobs is neither {\"jobs\": [...]} nor a JSON array");
  Decoded<Job> list;
  for (const Json& item : base::elements(array)) {
    base::Result<Job> job = decode_job(item);
    if (job) {
      list.items.push_back(std::move(job).value());
    } else {
      ++list.malformed;
    }
  }
  return list;
}

}  // namespace lepton_operator::lepton
