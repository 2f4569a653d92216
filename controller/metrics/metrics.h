// What happened, counted: the operator's counters and histograms (design, "Metrics"). What is shown of what there is now is in fleet.h.
//
// Series whose labels are known beforehand start at 0. Owner: Application, which hands the methods to those who have something to tell.
// Thread rule: any thread. Never fails.
#pragma once

#include <memory>
#include <string>

namespace prometheus {
class Registry;
}  // namespace prometheus

namespace lepton_operator::metrics {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The domain. Outcomes are phases of jobs and Invocations: "Succeeded".
  void endpoint_ready(const std::string& type, double seconds);                               // since its intent
  void job_finished(const std::string& harness, const std::string& outcome, double seconds);  // no harness: a command of the task's own
  void invocation_finished(const std::string& outcome, double seconds);
  void cleanup_finished(double seconds);
  void storage_directory_deleted();
  void object_abandoned(const std::string& kind);  // "endpoint", "job", "secret", "directory"
  void job_retried();
  void duplicate_job_deleted();
  void gpu_time(const std::string& namespace_, const std::string& shape, double seconds, double idle_seconds);  // more of it
  void orphan_deleted(const std::string& kind);  // "endpoint", "job", "secret"

  // Requests to Lepton. `status` 0: no answer.
  void api_request(const std::string& method, const std::string& resource, int status, double seconds);

  // Reconciles, by controller: "invocation". Results are controller-runtime's: "success", "error", "requeue".
  void controller_started(const std::string& controller, int workers);
  void reconciled(const std::string& controller, const std::string& result, double seconds);
  void reconcile_overlapped(const std::string& controller);  // a key twice at once: a bug
  void reconcile_threw(const std::string& controller);       // likewise
  void queue_waited(const std::string& controller, double seconds);

  // The cluster. Names and labels are client-go's. `status` 0: no answer.
  void rest_request(const std::string& method, const std::string& host, int status);
  void leading(const std::string& lease, bool is_leader);

  // For the exposition.
  std::shared_ptr<prometheus::Registry> registry() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace lepton_operator::metrics
