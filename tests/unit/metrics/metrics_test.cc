#include "metrics/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::metrics {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const Metrics& metrics) { return prometheus::TextSerializer().Serialize(metrics.registry()->Collect()); }

TEST(Metrics, KnownSeriesStartAtZero) {
  const Metrics metrics;
  const std::string text = text_of(metrics);
  for (const char* line :
       {"lepton_invocations_finished_total{outcome=\"Succeeded\"} 0\n", "lepton_invocations_finished_total{outcome=\"Failed\"} 0\n",
        "lepton_storage_directories_deleted_total 0\n", "lepton_duplicate_jobs_total 0\n", "lepton_job_retries_total 0\n",
        "lepton_orphans_deleted_total{kind=\"endpoint\"} 0\n", "lepton_orphans_deleted_total{kind=\"job\"} 0\n",
        "lepton_orphans_deleted_total{kind=\"secret\"} 0\n", "lepton_endpoint_ready_seconds_count{type=\"nim\"} 0\n",
        "lepton_cleanup_duration_seconds_count 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, AnEndpointsWaitLandsInItsBucket) {
  Metrics metrics;
  metrics.endpoint_ready("vllm", 90.5);
  EXPECT_THAT(text_of(metrics), AllOf(HasSubstr("lepton_endpoint_ready_seconds_sum{type=\"vllm\"} 90.5\n"),
                                      HasSubstr("lepton_endpoint_ready_seconds_bucket{type=\"vllm\",le=\"60\"} 0\n"),
                                      HasSubstr("lepton_endpoint_ready_seconds_bucket{type=\"vllm\",le=\"120\"} 1\n")));
}

TEST(Metrics, AJobOfADayStillHasABucket) {
  Metrics metrics;
  metrics.job_finished("simple_evals", "Failed", 86'400);
  EXPECT_THAT(text_of(metrics),
              AllOf(HasSubstr("lepton_job_duration_seconds_bucket{harness=\"simple_evals\",outcome=\"Failed\",le=\"43200\"} 0\n"),
                    HasSubstr("lepton_job_duration_seconds_bucket{harness=\"simple_evals\",outcome=\"Failed\",le=\"86400\"} 1\n")));
}

TEST(Metrics, AFinishedInvocationIsCountedAndTimed) {
  Metrics metrics;
  metrics.invocation_finished("Succeeded", 120);
  EXPECT_THAT(text_of(metrics), AllOf(HasSubstr("lepton_invocations_finished_total{outcome=\"Succeeded\"} 1\n"),
                                      HasSubstr("lepton_invocation_duration_seconds_sum{outcome=\"Succeeded\"} 120\n")));
}

TEST(Metrics, CleanupCountsTheDirectoryAndTheTime) {
  Metrics metrics;
  metrics.cleanup_finished(1.5);
  metrics.storage_directory_deleted();
  metrics.duplicate_job_deleted();
  metrics.job_retried();
  metrics.orphan_deleted("secret");
  metrics.object_abandoned("job");
  EXPECT_THAT(
      text_of(metrics),
      AllOf(HasSubstr("lepton_cleanup_duration_seconds_sum 1.5\n"), HasSubstr("lepton_storage_directories_deleted_total 1\n"),
            HasSubstr("lepton_duplicate_jobs_total 1\n"), HasSubstr("lepton_job_retries_total 1\n"),
            HasSubstr("lepton_orphans_deleted_total{kind=\"secret\"} 1\n"), HasSubstr("lepton_abandoned_objects_total{kind=\"job\"} 1\n"),
            HasSubstr("lepton_abandoned_objects_total{kind=\"secret\"} 0\n")));
}

TEST(Metrics, ARequestWithoutAnAnswerHasTheCodeError) {
  Metrics metrics;
  metrics.api_request("POST", "deployments", 201, 0.25);
  metrics.api_request("POST", "deployments", 0, 20);
  EXPECT_THAT(text_of(metrics),
              AllOf(HasSubstr("lepton_api_requests_total{code=\"201\",method=\"POST\",resource=\"deployments\"} 1\n"),
                    HasSubstr("lepton_api_requests_total{code=\"error\",method=\"POST\",resource=\"deployments\"} 1\n"),
                    HasSubstr("lepton_api_request_duration_seconds_sum{method=\"POST\",resource=\"deployments\"} 20.25\n")));
}

TEST(Metrics, AJobOfATasksOwnCommandHasNoHarness) {
  Metrics metrics;
  metrics.job_finished("", "Succeeded", 3);
  EXPECT_THAT(text_of(metrics), HasSubstr("lepton_job_duration_seconds_sum{harness=\"none\",outcome=\"Succeeded\"} 3\n"));
}

TEST(Metrics, AControllersSeriesAreThereFromItsStart) {
  Metrics metrics;
  EXPECT_THAT(text_of(metrics), Not(HasSubstr("controller_runtime_reconcile_total{")));
  metrics.controller_started("invocation", 16);
  EXPECT_THAT(text_of(metrics), AllOf(HasSubstr("controller_runtime_max_concurrent_reconciles{controller=\"invocation\"} 16\n"),
                                      HasSubstr("controller_runtime_reconcile_total{controller=\"invocation\",result=\"error\"} 0\n"),
                                      HasSubstr("controller_runtime_reconcile_errors_total{controller=\"invocation\"} 0\n"),
                                      HasSubstr("controller_runtime_reconcile_panics_total{controller=\"invocation\"} 0\n"),
                                      HasSubstr("lepton_reconcile_overlaps_total{controller=\"invocation\"} 0\n"),
                                      HasSubstr("workqueue_queue_duration_seconds_count{name=\"invocation\"} 0\n")));
}

TEST(Metrics, BugsOfTheReconcilerAreCounted) {
  Metrics metrics;
  metrics.reconcile_overlapped("invocation");
  metrics.reconcile_threw("invocation");
  EXPECT_THAT(text_of(metrics), AllOf(HasSubstr("controller_runtime_reconcile_panics_total{controller=\"invocation\"} 1\n"),
                                      HasSubstr("lepton_reconcile_overlaps_total{controller=\"invocation\"} 1\n")));
}

TEST(Metrics, AFailedReconcileIsAnErrorToo) {
  Metrics metrics;
  metrics.reconciled("invocation", "error", 0.02);
  metrics.reconciled("invocation", "success", 0.03);
  metrics.queue_waited("invocation", 0.5);
  EXPECT_THAT(text_of(metrics), AllOf(HasSubstr("controller_runtime_reconcile_total{controller=\"invocation\",result=\"error\"} 1\n"),
                                      HasSubstr("controller_runtime_reconcile_total{controller=\"invocation\",result=\"success\"} 1\n"),
                                      HasSubstr("controller_runtime_reconcile_errors_total{controller=\"invocation\"} 1\n"),
                                      HasSubstr("controller_runtime_reconcile_time_seconds_sum{controller=\"invocation\"} 0.05\n"),
                                      HasSubstr("workqueue_work_duration_seconds_count{name=\"invocation\"} 2\n"),
                                      HasSubstr("workqueue_queue_duration_seconds_sum{name=\"invocation\"} 0.5\n")));
}

}  // namespace
}  // namespace lepton_operator::metrics
