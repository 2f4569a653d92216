// What the Reconciler keeps of one Invocation. Internal to reconciler*.cc. Shared with its actions: one of an object that is gone already,
// or was made anew under the same name, must not touch its successor's memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "reconcile/reconciler.h"

namespace lepton_operator::reconcile {

// The Workspace that an Invocation names.
inline store::ObjectKey workspace_of(const invocation::Invocation& object) {
  return {object.meta.key.namespace_, invocation::workspace_name(object)};
}

struct Reconciler::Tracked {
  store::ObjectKey key;
  std::string uid;
  store::ObjectKey workspace;
  // What this process knows beyond status; null while that is nothing but the two below it.
  std::shared_ptr<invocation::Memory> memory;
  base::Timestamp since{};
  bool met_with_finalizer = false;
  bool at_rest = false;  // by the latest plan, or as it was met (Reconciler::settle)
  bool stays = false;    // its finalizer could not be taken off: its last status has to be written after all
  // How many looks that begin after `happened_at` are still to be planned with though they show nothing new of it. See workspace_looked().
  std::uint8_t looks_to_heed = kLooksToHeed;
  lepton::Interest interest;
  int acting = 0;                     // actions under way
  int conflicts = 0;                  // in a row
  base::Timestamp happened_at{};      // whatever it was, the latest of it
  std::weak_ptr<base::Signal> ended;  // of an action: who follows another one holds it
  // Status as this process wrote it last, or found it when it began: what has been recorded. What a store shows beyond that somebody else
  // wrote, who records nothing here: it is planned with this, and that is overwritten.
  std::shared_ptr<const invocation::InvocationStatus> recorded;  // most often a part of the object that the store shows
  // In place of `recorded`, while nothing is to be done: the object as it was with that status, kept small.
  std::shared_ptr<const store::FoldedInvocation> folded;
  std::unique_ptr<const invocation::InvocationStatus> unanswered;  // sent last, and nobody knows whether it was written
  std::optional<base::Timestamp> status_written;
  // Its finalizer was asked to be taken off, when it was so, and nobody knows yet whether it went.
  struct Parting {
    std::shared_ptr<const invocation::Invocation> object;
    invocation::InvocationStatus status;
  };
  std::unique_ptr<const Parting> parting;
  std::string request_handled;  // of lepton.dev/reconcile-requested-at
  invocation::Usage planned;    // by the latest plan, which may not be written yet: places that nobody else may be given
  // What `memory` holds is of no more use once complete looks began after this.
  std::optional<base::Timestamp> forget_after;
  base::Timestamp planned_at{};
  std::optional<base::Timestamp> wake_at;  // as planned then

  void record(const std::shared_ptr<const invocation::Invocation>& object) { recorded = {object, &object->status}; }
  void remember() {
    if (memory) return;
    memory = std::make_shared<invocation::Memory>();
    memory->since = since;
    memory->met_with_finalizer = met_with_finalizer;
  }

  static constexpr std::uint8_t kLooksToHeed = 2;
  void heed_looks(base::Timestamp now) {
    looks_to_heed = kLooksToHeed;
    happened_at = now;
  }
  // True when the latest look is one of these. Its lists begin one after the other: it is used up once those of jobs and of the workspace's
  // own endpoints began late enough. While actions are under way none counts: their ends heed looks anew.
  bool take_look(const lepton::View& view) {
    if (acting > 0) return false;
    const auto began_after = [&](const lepton::Looks& looks) { return looks.last && *looks.last > happened_at; };
    const bool endpoints = began_after(view.endpoint_looks), jobs = began_after(view.job_looks);
    if (looks_to_heed == 0 || (!endpoints && !jobs)) return false;
    if (endpoints && jobs && (!interest.archive || began_after(view.archive_looks))) --looks_to_heed;
    return true;
  }
};

}  // namespace lepton_operator::reconcile
