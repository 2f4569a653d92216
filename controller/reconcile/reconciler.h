// Brings every Invocation forward: asks the planner what to do, writes what it says to status, then has it done.
//
// One key is never reconciled twice at once: the queue sees to it, and a second turn of a key would be refused, logged and counted as the
// bug that it is (Hooks::overlapped); actions run on their own, so that a slow request holds up nothing but itself. Status is written
// before anything that was planned with it is begun (rules 2 and 5), unless the plan says that it may wait: when the write fails nothing
// is. Keys are queued by changes in the store, by looks that concern them, by ends of actions (but of an answered removal, which only a
// look proves), and by the time that the plan names.
//
// Thread rule: domain thread only. Owner: Operator; all parts outlive it. Ends: cancel run()'s context; nothing new is begun then, requests
// that are out get 5 s to end. An Invocation whose planning throws (a bug) is logged and retried; the others go on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/log.h"
#include "base/memory.h"
#include "invocation/plan.h"
#include "kube/turns.h"
#include "kube/work_queue.h"
#include "reconcile/executor.h"
#include "reconcile/hooks.h"
#include "reconcile/workspaces.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile {

class Places;

struct ReconcilerParts {
  boost::asio::io_context& io;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  store::ObjectStore& store;
  Workspaces& workspaces;
  Vault& vault;
  const invocation::Catalogue& catalogue;
  std::string install_id;
  std::function<bool()> may_write;  // the leader gate
  Hooks hooks;
  int workers = 8;
};

class Reconciler {
 public:
  explicit Reconciler(ReconcilerParts parts);
  ~Reconciler();

  boost::asio::awaitable<void> run(base::Context context);

  void invocation_changed(const store::ObjectKey& invocation);
  void secret_changed(const store::ObjectKey& secret);
  void workspace_changed(const store::ObjectKey& workspace);
  void workspace_looked(const store::ObjectKey& workspace);
  void owner_changed(const std::string& uid);

  kube::WorkQueueStats queue_stats() const { return queue_.stats(); }
  std::size_t remembered() const;  // Invocations of which this process knows more than their status

 private:
  struct Tracked;
  // A look at a workspace from which something was made.
  struct Seen {
    std::weak_ptr<Connection> by;
    std::uint64_t version = 0;
  };
  struct Namesakes {
    Seen look;
    std::set<std::string> owners;  // of jobs with one name
  };
  using TrackedPtr = std::shared_ptr<Tracked>;
  using ObjectPtr = std::shared_ptr<const invocation::Invocation>;

  boost::asio::awaitable<void> work(base::Context context);
  void tell_if_caught_up();
  boost::asio::awaitable<std::optional<ReconcileResult>> take_turn(std::string key);
  boost::asio::awaitable<ReconcileResult> reconcile(store::ObjectKey key);
  boost::asio::awaitable<ReconcileResult> carry_out(ObjectPtr object, TrackedPtr tracked, invocation::Plan plan);
  boost::asio::awaitable<ReconcileResult> part(ObjectPtr object, TrackedPtr tracked, invocation::InvocationStatus status);
  void tell_parting(Tracked& tracked);
  boost::asio::awaitable<base::Result<>> write_status(ObjectPtr object, TrackedPtr tracked, invocation::InvocationStatus status);
  boost::asio::awaitable<void> act(TrackedPtr tracked, Errand errand, invocation::Action action);

  TrackedPtr track(const ObjectPtr& object);
  void drop(const store::ObjectKey& key);
  bool settle(const store::ObjectKey& key);
  bool has_namesakes(const Tracked& tracked);
  static void take_up(Tracked& tracked);
  void lay_down(Tracked& tracked);
  void forget(Tracked& tracked, const lepton::View& view, base::Timestamp now) const;
  void forget_secrets(const Tracked& tracked) const;
  static ObjectPtr as_recorded(const ObjectPtr& shown, Tracked& tracked);
  void heed_request(const invocation::Invocation& object, Tracked& tracked);
  void heed_late_write(const ObjectPtr& shown, const TrackedPtr& tracked);
  void take_record(const invocation::Invocation& before, Tracked& tracked, invocation::InvocationStatus status);
  invocation::Plan make_plan(const invocation::Invocation& object, Tracked& tracked);
  invocation::Admission admission(const invocation::Invocation& object, const Tracked& tracked, const invocation::WorkspaceFacts& facts);
  Places& places();
  void heed_places(const store::ObjectKey& invocation);
  void heed_planned(const Tracked& tracked);
  invocation::Usage planned_usage(const store::ObjectKey& invocation, const std::string& uid) const;
  void leave_places(const store::ObjectKey& workspace);
  void see_places(const store::ObjectKey& workspace);
  void wake_line(const store::ObjectKey& workspace);  // its first one
  bool may_wait(const invocation::Invocation& object, const Tracked& tracked, const invocation::Plan& plan);
  bool still_wanted(const invocation::Invocation& object, const std::string& endpoint) const;
  bool behind() const;
  void look_soon(const store::ObjectKey& workspace);
  void catch_up_on_looks();
  void start(const TrackedPtr& tracked, const ObjectPtr& object, const invocation::Action& action);
  void finish(const TrackedPtr& tracked, const Errand& errand, const invocation::Action& action, bool success);
  void log_transitions(const invocation::Invocation& before, const invocation::InvocationStatus& now);
  ReconcileResult failed(Tracked& tracked, const char* what, const base::Error& error);
  bool open() const { return !stopping_ && (!parts_.may_write || parts_.may_write()); }

  ReconcilerParts parts_;
  kube::WorkQueue queue_;
  kube::Turns turns_;
  Executor executor_;
  invocation::Readings readings_;
  base::Context requests_;  // ends only when the requests that are out had their time
  base::TaskGroup workers_;
  base::TaskGroup actions_;
  base::Signal ended_;  // a worker or an action
  int busy_ = 0;
  bool stopping_ = false;
  std::set<store::ObjectKey> late_looks_;  // workspaces whose next look is wanted soon, but not yet
  base::Thrift planned_;                   // Invocations
  std::optional<std::size_t> met_;         // how many there were when the first turn began
  bool caught_up_ = false;                 // with them
  std::map<store::ObjectKey, TrackedPtr> tracked_;
  std::unordered_map<std::string_view, Tracked*> by_uid_;  // of tracked_, whose UID it is
  std::unique_ptr<Places> places_;                         // null until a Workspace has limits
  std::map<store::ObjectKey, Seen> seen_;                  // by `places_`
  std::map<store::ObjectKey, Namesakes> namesakes_;        // by workspace
};

}  // namespace lepton_operator::reconcile
