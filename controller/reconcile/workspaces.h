// Every workspace that is in use: its credentials, its Connection, what the planner may know of it, and the Workspace object's status.
//
// One keeper (a coroutine) a workspace reads the credentials (again every 60 s and after a 401), makes the Connection, asks GET /workspace
// until it answers (1 s doubling to 60 s; after a 401 the client's breaker paces), then leaves it to the observer. Changed credentials make
// a new Connection without a restart. Failures are states with a sentence (facts()), logged and written to the object once a change.
// Every 10 minutes it asks whether the API family is still the same, and once an hour when the token expires (an optional route: no failure
// of it matters), to warn in time (token_expiry.h).
//
// Thread rule: domain thread only. Owner: Operator; store, snapshot and the functions outlive it. Ends: cancel run()'s context.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/log.h"
#include "invocation/progress.h"
#include "invocation/world.h"
#include "reconcile/connection.h"
#include "reconcile/credentials_snapshot.h"
#include "reconcile/vault.h"
#include "reconcile/workspace_credentials.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile {

using TransportFactory = std::function<base::Result<std::shared_ptr<base::HttpTransport>>(const std::string& base_url)>;
using RequestHook = std::function<void(const char* method, const std::string& resource, int status, double seconds)>;

using WorkspaceHook = std::function<void(const invocation::Workspace& object, const invocation::Transition& transition)>;

struct WorkspacesParts {
  boost::asio::io_context& io;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  store::ObjectStore& store;
  CredentialsSnapshot& snapshot;
  Vault& vault;
  TransportFactory make_transport;
  FallbackCredentials fallback;      // may be empty
  lepton::ObserverOptions observer;  // complete, with selector and owner label
  RequestHook observe_request;       // may be empty
  std::function<bool()> may_write;   // the leader gate
  WorkspaceHook transition = {};     // may be empty
};

struct WorkspacesEvents {
  std::function<void(const store::ObjectKey&)> changed;   // facts() may say something else now
  std::function<void(const store::ObjectKey&)> looked;    // a complete look ended
  std::function<void(const std::string&)> owner_changed;  // UID of an Invocation whose objects changed
};

class Workspaces {
 public:
  explicit Workspaces(WorkspacesParts parts);
  ~Workspaces();

  void on(WorkspacesEvents events) { events_ = std::move(events); }  // before run()
  boost::asio::awaitable<void> run(base::Context context);

  // An Invocation needs the workspace, and how closely it must be looked at; until release().
  void use(const store::ObjectKey& workspace, const std::string& party, lepton::Interest interest);
  void release(const store::ObjectKey& workspace, const std::string& party);

  void changed(const store::ObjectKey& workspace);      // the Workspace object came, changed or went
  void secret_changed(const store::ObjectKey& secret);  // likewise

  invocation::WorkspaceFacts facts(const store::ObjectKey& workspace) const;
  std::shared_ptr<Connection> find(const store::ObjectKey& workspace) const;  // null while there is none
  std::vector<store::ObjectKey> all() const;
  std::optional<base::Timestamp> token_expires_at(const store::ObjectKey& workspace) const;  // nothing when Lepton did not tell

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  boost::asio::awaitable<void> until_synced(base::Context context);
  void forget_unclaimed();
  EntryPtr ensure(const store::ObjectKey& key);
  void forget(const store::ObjectKey& key);
  boost::asio::awaitable<void> keep(EntryPtr entry);
  boost::asio::awaitable<void> resolve(EntryPtr entry);
  boost::asio::awaitable<void> probe(EntryPtr entry);
  boost::asio::awaitable<void> ask_token(EntryPtr entry);
  void tell_of_token(Entry& entry, const invocation::Condition& condition) const;
  boost::asio::awaitable<void> publish(EntryPtr entry);
  static boost::asio::awaitable<void> observe(std::shared_ptr<Connection> connection, base::Context context);

  void take_credentials(Entry& entry, ResolvedWorkspace& resolved) const;
  static void keep_limits(const Entry& entry, ResolvedWorkspace& resolved);
  void connect(const EntryPtr& entry, const ResolvedWorkspace& resolved);
  void disconnect(Entry& entry) const;
  void accept(const EntryPtr& entry, const lepton::WorkspaceInfo& info);
  void take_family(Entry& entry, lepton::ApiFamily family) const;
  void refuse(Entry& entry, const base::Error& error);
  void looked(Entry& entry, const Connection& by);
  void set_state(Entry& entry, invocation::WorkspaceState state, const std::string& said) const;
  base::Milliseconds pause(const Entry& entry) const;

  WorkspacesParts parts_;
  WorkspacesEvents events_;
  base::Context root_;
  base::TaskGroup keepers_;
  base::Signal never_;
  bool running_ = false;
  bool forgot_unclaimed_ = false;
  std::map<store::ObjectKey, EntryPtr> entries_;
};

}  // namespace lepton_operator::reconcile
