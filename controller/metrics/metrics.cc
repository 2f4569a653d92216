#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace lepton_operator::metrics {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

// Seconds. An endpoint takes minutes, a job up to its timeout of a day, a request milliseconds to its deadline.
const Buckets& ready_buckets() {
  static const Buckets buckets = {1, 2, 5, 10, 30, 60, 120, 240, 480, 900, 1'200, 1'800, 3'600, 7'200};
  return buckets;
}
const Buckets& run_buckets() {
  static const Buckets buckets = {1, 5, 15, 60, 300, 900, 1'800, 3'600, 7'200, 14'400, 28'800, 43'200, 86'400, 172'800};
  return buckets;
}
const Buckets& cleanup_buckets() {
  static const Buckets buckets = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1'800, 3'600};
  return buckets;
}
const Buckets& request_buckets() {
  static const Buckets buckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 120};
  return buckets;
}
const Buckets& work_buckets() {
  static const Buckets buckets = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  return buckets;
}

Family<Counter>& counter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  std::shared_ptr<Registry> registry = std::make_shared<Registry>();

  Family<Histogram>& endpoint_ready =
      histogram(*registry, "lepton_endpoint_ready_seconds", "Time from an endpoint's intent until it was first Ready, by deployment type.");
  Family<Histogram>& job_duration =
      histogram(*registry, "lepton_job_duration_seconds", "Run time of finished jobs by harness and outcome.");
  Family<Histogram>& invocation_duration =
      histogram(*registry, "lepton_invocation_duration_seconds", "Time from start to completion of Invocations by outcome.");
  Family<Histogram>& cleanup_duration =
      histogram(*registry, "lepton_cleanup_duration_seconds", "Time from an Invocation's deletion until nothing of it was left in Lepton.");
  Family<Counter>& invocations_finished =
      counter(*registry, "lepton_invocations_finished_total", "Invocations that reached their end, by outcome.");
  Family<Counter>& directories =
      counter(*registry, "lepton_storage_directories_deleted_total", "Storage directories of Invocations that were removed.");
  Family<Counter>& abandoned =
      counter(*registry, "lepton_abandoned_objects_total", "What was possibly left in Lepton by abandoned deletions, by kind.");
  Family<Counter>& retries = counter(*registry, "lepton_job_retries_total", "Attempts that failed and were followed by a retry.");
  Family<Counter>& duplicates =
      counter(*registry, "lepton_duplicate_jobs_total", "Second jobs of one attempt that were found and deleted.");
  Family<Counter>& gpu_seconds = counter(*registry, "lepton_endpoint_gpu_seconds_total",
                                         "GPU time of endpoints, from creation to verified gone without waiting for capacity, by shape.");
  Family<Counter>& gpu_idle_seconds =
      counter(*registry, "lepton_endpoint_gpu_idle_seconds_total", "Of that, the time in which they were Ready and no job ran on them.");
  Family<Counter>& orphans =
      counter(*registry, "lepton_orphans_deleted_total", "What was ours in Lepton without an Invocation and was removed, by kind.");
  Family<Counter>& requests =
      counter(*registry, "lepton_api_requests_total", "Requests to Lepton by method, resource and HTTP status (error: no answer).");
  Family<Histogram>& request_duration =
      histogram(*registry, "lepton_api_request_duration_seconds", "Duration of requests to Lepton by method and resource.");

  Family<Counter>& reconciles = counter(*registry, "controller_runtime_reconcile_total", "Reconciliations per controller by result.");
  Family<Counter>& reconcile_errors =
      counter(*registry, "controller_runtime_reconcile_errors_total", "Reconciliation errors per controller.");
  Family<Counter>& reconcile_panics =
      counter(*registry, "controller_runtime_reconcile_panics_total", "Reconciliations that ended in an exception, a bug, per controller.");
  Family<Counter>& reconcile_overlaps = counter(*registry, "lepton_reconcile_overlaps_total",
                                                "Keys that were to be worked twice at once, a bug that was stopped, per controller.");
  Family<Histogram>& reconcile_time =
      histogram(*registry, "controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller.");
  Family<Gauge>& max_workers =
      gauge(*registry, "controller_runtime_max_concurrent_reconciles", "Largest number of concurrent reconciliations per controller.");
  Family<Histogram>& queue_duration =
      histogram(*registry, "workqueue_queue_duration_seconds", "How long an item stays in the work queue before it is taken.");
  Family<Histogram>& work_duration =
      histogram(*registry, "workqueue_work_duration_seconds", "How long the work on an item of the queue takes.");

  Family<Counter>& rest_requests =
      counter(*registry, "rest_client_requests_total", "Requests to the API server by method, host and HTTP status (<error>: no answer).");
  Family<Gauge>& leader =
      gauge(*registry, "leader_election_master_status", "1 while this process leads by the lease of that name, else 0.");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  Families& known = *families_;
  for (const char* type : {"nim", "vllm", "sglang"}) known.endpoint_ready.Add({{"type", type}}, ready_buckets());
  for (const char* outcome : {"Succeeded", "Failed"}) {
    known.invocations_finished.Add({{"outcome", outcome}});
    known.invocation_duration.Add({{"outcome", outcome}}, run_buckets());
  }
  known.cleanup_duration.Add({}, cleanup_buckets());
  known.directories.Add({});
  known.duplicates.Add({});
  known.retries.Add({});
  for (const char* kind : {"endpoint", "job", "secret", "directory"}) known.abandoned.Add({{"kind", kind}});
  for (const char* kind : {"endpoint", "job", "secret"}) known.orphans.Add({{"kind", kind}});
}

Metrics::~Metrics() = default;

void Metrics::endpoint_ready(const std::string& type, double seconds) {
  families_->endpoint_ready.Add({{"type", type}}, ready_buckets()).Observe(seconds);
}

void Metrics::job_finished(const std::string& harness, const std::string& outcome, double seconds) {
  const std::string shown = harness.empty() ? "none" : harness;  // an empty label would be no label
  families_->job_duration.Add({{"harness", shown}, {"outcome", outcome}}, run_buckets()).Observe(seconds);
}

void Metrics::invocation_finished(const std::string& outcome, double seconds) {
  families_->invocations_finished.Add({{"outcome", outcome}}).Increment();
  families_->invocation_duration.Add({{"outcome", outcome}}, run_buckets()).Observe(seconds);
}

void Metrics::cleanup_finished(double seconds) { families_->cleanup_duration.Add({}, cleanup_buckets()).Observe(seconds); }

void Metrics::storage_directory_deleted() { families_->directories.Add({}).Increment(); }

void Metrics::object_abandoned(const std::string& kind) { families_->abandoned.Add({{"kind", kind}}).Increment(); }

void Metrics::job_retried() { families_->retries.Add({}).Increment(); }

void Metrics::duplicate_job_deleted() { families_->duplicates.Add({}).Increment(); }

void Metrics::gpu_time(const std::string& namespace_, const std::string& shape, double seconds, double idle_seconds) {
  families_->gpu_seconds.Add({{"namespace", namespace_}, {"shape", shape}}).Increment(seconds);
  families_->gpu_idle_seconds.Add({{"namespace", namespace_}, {"shape", shape}}).Increment(idle_seconds);
}

void Metrics::orphan_deleted(const std::string& kind) { families_->orphans.Add({{"kind", kind}}).Increment(); }

void Metrics::api_request(const std::string& method, const std::string& resource, int status, double seconds) {
  const std::string code = status == 0 ? "error" : std::to_string(status);
  families_->requests.Add({{"method", method}, {"resource", resource}, {"code", code}}).Increment();
  families_->request_duration.Add({{"method", method}, {"resource", resource}}, request_buckets()).Observe(seconds);
}

void Metrics::controller_started(const std::string& controller, int workers) {
  Families& known = *families_;
  for (const char* result : {"success", "error", "requeue"}) known.reconciles.Add({{"controller", controller}, {"result", result}});
  known.reconcile_errors.Add({{"controller", controller}});
  known.reconcile_panics.Add({{"controller", controller}});
  known.reconcile_overlaps.Add({{"controller", controller}});
  known.reconcile_time.Add({{"controller", controller}}, work_buckets());
  known.max_workers.Add({{"controller", controller}}).Set(workers);
  known.queue_duration.Add({{"name", controller}}, work_buckets());
  known.work_duration.Add({{"name", controller}}, work_buckets());
}

void Metrics::reconciled(const std::string& controller, const std::string& result, double seconds) {
  Families& known = *families_;
  known.reconciles.Add({{"controller", controller}, {"result", result}}).Increment();
  if (result == "error") known.reconcile_errors.Add({{"controller", controller}}).Increment();
  known.reconcile_time.Add({{"controller", controller}}, work_buckets()).Observe(seconds);
  known.work_duration.Add({{"name", controller}}, work_buckets()).Observe(seconds);
}

void Metrics::reconcile_overlapped(const std::string& controller) {
  families_->reconcile_overlaps.Add({{"controller", controller}}).Increment();
}

void Metrics::reconcile_threw(const std::string& controller) { families_->reconcile_panics.Add({{"controller", controller}}).Increment(); }

void Metrics::queue_waited(const std::string& controller, double seconds) {
  families_->queue_duration.Add({{"name", controller}}, work_buckets()).Observe(seconds);
}

void Metrics::rest_request(const std::string& method, const std::string& host, int status) {
  const std::string code = status == 0 ? "<error>" : std::to_string(status);
  families_->rest_requests.Add({{"code", code}, {"host", host}, {"method", method}}).Increment();
}

void Metrics::leading(const std::string& lease, bool is_leader) { families_->leader.Add({{"name", lease}}).Set(is_leader ? 1 : 0); }

std::shared_ptr<Registry> Metrics::registry() const { return families_->registry; }

}  // namespace lepton_operator::metrics
