// The orphan sweep: what is ours in Lepton and belongs to no Invocation any more is removed, or only reported.
//
// Such things come to be when a finalizer is taken off by hand, a deletion is abandoned, or a state file is lost. What counts as an orphan
// is orphans.h's to say. One is removed only when at that moment we lead, the store has been read whole, this is the cluster (or state
// directory) that the installation was made in, its owner's namespace is ours to know, and the owner, asked for directly, is certainly not
// there (owner_registry.h). Of a restored copy of an installation everything is only reported: its original may be running. Finished jobs
// go as well, as they do with their Invocation; secrets only when nothing of their owner is left that may use them.
//
// A removal is not the end: what we removed is an orphan until a complete look shows it gone; only then is it counted and announced. What
// fails, or cannot be told for certain, is tried again 1 min later, doubling to 30 min; at most five are taken up in a round.
//
// Thread rule: domain thread only. Owner: Operator; all parts outlive it. Ends: cancel the context given to run().
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "reconcile/hooks.h"
#include "reconcile/orphans.h"
#include "reconcile/owner_registry.h"
#include "reconcile/sweep_options.h"
#include "reconcile/workspaces.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile {

struct OrphanSweepParts {
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  store::ObjectStore& store;
  Workspaces& workspaces;
  OwnerRegistry& owners;
  std::string install_id;
  std::function<bool()> may_write;  // the leader gate; empty: always
  SweepOptions options;
  std::function<void(const char* kind)> deleted;  // may be empty
  WorkspaceHook transition;                       // likewise
};

// Orphans that there are now, for lepton_orphans.
struct OrphanFigure {
  store::ObjectKey workspace;
  OrphanKind kind;
  int count = 0;
};

class OrphanSweep {
 public:
  explicit OrphanSweep(OrphanSweepParts parts);

  boost::asio::awaitable<void> run(base::Context context);
  std::vector<OrphanFigure> figures() const;  // of each connected workspace and kind, 0 included

 private:
  using Entry = OrphanLedger::Entry;
  // A workspace of Lepton and one of our Workspaces that reaches it.
  struct Account {
    std::string id;
    store::ObjectKey key;
    std::shared_ptr<Connection> connection;
  };
  // The secrets of an account as they were listed last; most rounds do without.
  struct Secrets {
    std::vector<lepton::Secret> listed;
    std::optional<base::Timestamp> at;     // when the complete list began
    std::optional<base::Timestamp> asked;  // when Lepton was asked last
    bool at_once = false;                  // ask again
  };
  enum class Verdict { kOrphan, kOwned, kCopy, kUncertain };
  struct Judgement {
    Verdict verdict = Verdict::kUncertain;
    std::string why;
  };

  bool open() const { return parts_.store.synced() && (!parts_.may_write || parts_.may_write()); }
  boost::asio::awaitable<void> round(base::Context context);
  boost::asio::awaitable<void> sweep(base::Context context, Account account);
  boost::asio::awaitable<void> list_secrets(base::Context context, Account account);
  boost::asio::awaitable<Judgement> judge(base::Context context, Ownerless object);
  boost::asio::awaitable<base::Result<>> remove(base::Context context, Account account, Ownerless object);
  void look(const Account& account);
  std::vector<Ownerless> due(const Account& account);
  Entry* find(const Account& account, const Ownerless& object);

  std::vector<Account> accounts() const;
  std::set<std::string> uids() const;
  void report(const Account& account);
  void tell(const Account& account, Entry& entry, const std::string& why);
  void announce(const Account& account, const Ownerless& object, bool removed, const std::string& why);
  void retry_later(Entry& entry);

  OrphanSweepParts parts_;
  OrphanLedger ledger_;
  std::map<std::string, Secrets> secrets_;  // by account
};

}  // namespace lepton_operator::reconcile
