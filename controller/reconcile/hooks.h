// What the metrics and events want to know of the reconciler's work, as functions that may be empty: reconcile/ knows no Prometheus.
//
// Thread rule: called on the domain thread; must not block or throw.
#pragma once

#include <functional>
#include <string>

#include "invocation/object.h"
#include "invocation/progress.h"

namespace lepton_operator::reconcile {

enum class ReconcileResult { kSuccess, kRequeue, kError };
const char* to_string(ReconcileResult result);  // controller-runtime's words: "success", "requeue", "error"

struct Hooks {
  std::function<void(ReconcileResult result, double seconds)> reconciled;
  std::function<void()> overlapped;                  // a key was to be worked twice at once: a bug
  std::function<void()> reconcile_threw;             // likewise
  std::function<void(double seconds)> queue_waited;  // a key, until it was taken up
  std::function<void(const invocation::Invocation& object, const invocation::Transition& transition)> transition;
  std::function<void(const invocation::Workspace& object, const invocation::Transition& transition)> workspace_transition;
  std::function<void(const invocation::Invocation& object)> released;  // nothing of it is left, and our finalizer is off
  std::function<void(const std::string& uid)> gone;                    // the object is, whoever removed it: forget its series
  std::function<void(const char* outcome, double seconds)> invocation_finished;
  std::function<void(const std::string& type, double seconds)> endpoint_ready;
  std::function<void(const std::string& harness, const char* outcome, double seconds)> job_finished;
  std::function<void()> job_retried;
  std::function<void(double seconds)> cleaned_up;   // since the deletion was asked for
  std::function<void(const char* kind)> abandoned;  // once for each thing that is possibly left
  std::function<void()> directory_removed;
  std::function<void()> duplicate_deleted;
  std::function<void(const char* kind)> orphan_deleted;  // verified gone: "endpoint", "job", "secret"
  std::function<void(const char* method, const std::string& resource, int status, double seconds)> request;  // of Lepton's API
};

// Calls the hooks for what became true between two statuses.
void report_progress(const Hooks& hooks, const invocation::Invocation& before, const invocation::InvocationStatus& now);

}  // namespace lepton_operator::reconcile
