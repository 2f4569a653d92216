// The objects that verbs show and change: those of a cluster, or of the directory that an operator on this machine follows.
//
// Two implementations (cluster_backend.cc, directory_backend.cc) and no third: what differs between the two is written there, so that a
// verb need not know where it is. Objects are JSON as the API server shows them. Errors are sentences that name the place; nothing is
// retried but by follow(), which never gives up by itself.
//
// Thread rule: main thread, which runs the session's loop. Owner: the verb; the session outlives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/context.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/session.h"
#include "invocation/object.h"

namespace lepton_operator::cli {

using base::Context;
using base::Json;
using base::Result;
using invocation::ObjectKey;
template <class T = base::Ok>
using Answer = boost::asio::awaitable<Result<T>>;

enum class DryRun { kNone, kClient, kServer };

struct ApplyOptions {
  DryRun dry_run = DryRun::kNone;
  bool force = false;  // take over fields that somebody else applied
};

struct Applied {
  enum class Outcome { kCreated, kConfigured, kUnchanged } outcome = Outcome::kCreated;
  Json object;             // as it is, or would be, stored
  std::string where = {};  // the file that says it, in a directory
};

struct EventLine {
  std::optional<base::Timestamp> at = {};  // the latest time
  std::int64_t count = 1;
  bool warning = false;
  std::string reason;
  std::string message;
};

// What follow() tells, again and again.
class Follower {
 public:
  virtual ~Follower() = default;
  virtual void seen(const std::vector<Json>& objects) = 0;  // all that there are now; a name that is not among them is gone
  virtual void trouble(const std::string& sentence) = 0;    // nothing can be seen just now; empty: it is over
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual const std::string& namespace_() const = 0;  // --namespace, or what stands in for it
  virtual std::string place() const = 0;              // "the cluster https://…", "the directory manifests.d"

  // kNotFound when there is none. With a name: that Invocation alone.
  virtual Answer<Json> invocation(Context context, ObjectKey key) = 0;
  virtual Answer<std::vector<Json>> invocations(Context context) = 0;  // of namespace_()
  virtual Answer<Json> workspace(Context context, ObjectKey key) = 0;
  virtual Answer<std::map<std::string, std::string>> secret(Context context, ObjectKey key) = 0;  // values: never to be shown
  // Where an operator on this machine takes credentials from when no Workspace tells. Nothing in a cluster.
  virtual bool uses_own_credentials() const = 0;

  // `manifest` is an Invocation, a Workspace or a Secret, complete with its namespace.
  virtual Answer<Applied> apply(Context context, Json manifest, ApplyOptions options) = 0;
  // Whether what is to be says so too: of a directory, whose operator may not have taken up what its manifest says by now.
  virtual bool declares_suspend(const ObjectKey& key, bool suspend) const = 0;
  // Each returns what it did, as a person is told: "deleted", "nim.yaml:12: spec.suspend is true".
  virtual Answer<std::string> remove(Context context, ObjectKey key) = 0;
  virtual Answer<std::string> set_suspend(Context context, ObjectKey key, bool suspend) = 0;
  virtual Answer<std::string> set_run(Context context, ObjectKey key, std::string task, std::int64_t run) = 0;

  virtual Answer<std::vector<EventLine>> events(Context context, Json invocation) = 0;  // the oldest first
  // Until the context ends. Without a name: all of that namespace. An error only when it can never work.
  virtual Answer<> follow(Context context, ObjectKey key, Follower& follower) = 0;
};

// The one that the shared flags mean; trouble when they go ill together or kubeconfig cannot be used.
Found<std::unique_ptr<Backend>> open_backend(Session& session);

std::unique_ptr<Backend> make_directory_backend(Session& session);
Found<std::unique_ptr<Backend>> make_cluster_backend(Session& session);

// A failure as trouble, with a hint by its kind.
Trouble trouble_of(const base::Error& error, const Backend& backend);

}  // namespace lepton_operator::cli
