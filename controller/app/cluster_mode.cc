#include "app/cluster_mode.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "app/cluster_config.h"
#include "app/default_workspace.h"
#include "app/events.h"
#include "app/host.h"
#include "app/leader_gate.h"
#include "app/startup.h"
#include "app/version.h"
#include "base/async.h"
#include "base/backoff.h"
#include "base/files.h"
#include "kube/connect.h"
#include "kube/lease.h"
#include "reconcile/cluster_owners.h"
#include "reconcile/credentials_secret.h"
#include "reconcile/key_secret.h"
#include "store/kubernetes_store.h"

namespace lepton_operator::app {

namespace {

using base::Context;
using base::ErrorKind;
using base::Result;
using boost::asio::awaitable;

constexpr const char* kName = "lepton-operator";  // of the lease, and of who reports events
constexpr std::chrono::seconds kRelease{3};
constexpr std::chrono::seconds kFirstWait{1};
constexpr std::chrono::seconds kMostWait{30};
// An API server that has just begun knows no roles for some seconds, and forbids what it will soon allow.
constexpr std::chrono::minutes kForbiddenInVain{1};
constexpr int kRequestsAtOnce = 32;
constexpr int kWatchesPerNamespace = 3;

// Unique for each process, and telling which one it is.
std::string identity(base::Random& random) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()) + "_" + random.uuid();
}

// Waiting does not mend it: a missing permission, a damaged Secret, a namespace that is not there.
bool permanent(ErrorKind kind) {
  return kind == ErrorKind::kInvalid || kind == ErrorKind::kForbidden || kind == ErrorKind::kMalformed || kind == ErrorKind::kNotFound;
}

struct Cluster {
  std::unique_ptr<kube::Api> api;
  std::string own_namespace;
  std::string identity;
};

// Of --default-workspace, where that was given.
Result<std::optional<DefaultWorkspace>> read_default_workspace(const Options& options) {
  if (!options.default_workspace) return std::optional<DefaultWorkspace>();
  const Result<std::string> text = base::read_file(*options.default_workspace);
  Result<DefaultWorkspace> parsed = text ? parse_default_workspace(options.default_workspace->string(), *text) : text.error();
  if (parsed) return std::optional<DefaultWorkspace>(std::move(*parsed));
  return base::Error{ErrorKind::kInvalid, "--default-workspace: " + parsed.error().text()};
}

class ClusterMode {
 public:
  ClusterMode(Host& host, const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue,
              Cluster cluster, std::optional<DefaultWorkspace> default_workspace)
      : host_(host),
        options_(options),
        log_(log),
        random_(random),
        catalogue_(catalogue),
        cluster_(std::move(cluster)),
        default_workspace_(std::move(default_workspace)),
        elector_(api(), host.clock(), random, log, {.namespace_ = cluster_.own_namespace, .name = kName, .identity = cluster_.identity}),
        events_(host.io(), api(), host.clock(), random, kName, cluster_.identity),
        election_changed_(host.io()) {
    if (options_.leader_elect) host_.metrics().leading(kName, false);
  }

  awaitable<Result<>> run(Context context) { return options_.leader_elect ? lead_and_work(this, context) : work(this, context); }

  // A standby is ready: it does all that it has to.
  bool ready() const { return operator_ ? operator_->synced() : options_.leader_elect; }
  metrics::Fleet fleet() const {
    metrics::Fleet fleet;
    if (operator_) Host::show(fleet, *store_, *operator_);
    return fleet;
  }

 private:
  kube::Api& api() { return *cluster_.api; }
  bool may_write() const { return !options_.leader_elect || elector_.may_write(); }

  static awaitable<Result<>> lead_and_work(ClusterMode* self, Context context) {
    const Context electing(self->host_.clock());  // outlives the drain, so that the lease is held during it
    const Context leading = context.child();      // ends also when the lease is lost
    base::TaskGroup election(self->host_.io());
    election.spawn(self->elector_.run(
        electing, [self] { self->started(); }, [self, leading] { self->lost(leading); }));
    while (!self->leads_ && !context.expired()) co_await self->election_changed_.wait(context);
    Result<> ended = base::Ok{};
    if (self->leads_) ended = co_await work(self, leading);
    electing.cancel();
    co_await election.join();
    if (self->lost_) {
      co_return base::Error{ErrorKind::kConflict, "the lease " + self->cluster_.own_namespace + "/" + kName +
                                                      " was lost to another process or could not be renewed in time; this process ends"};
    }
    const Context release = Context(self->host_.clock()).with_timeout(kRelease);
    co_await self->elector_.release(release);
    self->host_.metrics().leading(kName, false);
    co_return ended;
  }

  void started() {
    leads_ = true;
    host_.metrics().leading(kName, true);
    election_changed_.notify();
  }

  void lost(const Context& leading) {
    lost_ = true;
    host_.metrics().leading(kName, false);
    leading.cancel();
  }

  // What the operator is while it acts.
  static awaitable<Result<>> work(ClusterMode* self, Context context) {
    const Result<> opened = co_await open(self, context);
    if (!opened || context.expired()) co_return opened;
    const Context helpers(self->host_.clock());  // outlive the drain: what it changed of the snapshot is written, too
    const Context applying = context.child();
    base::TaskGroup helping(self->host_.io());
    if (self->default_workspace_) helping.spawn(apply_default(self, applying));
    helping.spawn(self->events_.run(helpers));
    helping.spawn(self->snapshot_->run(helpers));
    Result<> ended = co_await self->operator_->run(context);
    applying.cancel();
    helpers.cancel();
    co_await helping.join();
    co_return ended;
  }

  // Once the reflectors have read everything: then the CRD is served, and the object that an event is about is known.
  static awaitable<void> apply_default(ClusterMode* self, Context context) {
    DefaultWorkspaceParts parts{.api = self->api(),
                                .clock = self->host_.clock(),
                                .random = self->random_,
                                .log = self->log_,
                                .may_apply = [self] { return self->operator_->synced() && self->may_write(); },
                                .left_alone = [self](const std::string& why) { self->tell_left_alone(why); }};
    return apply_default_workspace(std::move(context), *self->default_workspace_, std::move(parts));
  }

  void tell_left_alone(const std::string& why) {
    const auto object = store_->find_workspace(default_workspace_->key);
    if (!object) return;
    events_.record(event_of(*object, {.warning = true,
                                      .reason = "DefaultWorkspaceLeftAlone",
                                      .message = "the operator's configuration says otherwise and was not applied",
                                      .fields = {{"why", why}}}));
  }

  // Reads the operator's own memory, then puts the operator together. While the API server is away it goes on trying.
  static awaitable<Result<>> open(ClusterMode* self, Context context) {
    base::Backoff backoff(kFirstWait, kMostWait);
    std::optional<base::Timestamp> forbidden;  // since when
    while (!context.expired()) {
      const Result<> read = co_await read_own(self, context);
      if (read) {
        self->build();
        co_return base::Ok{};
      }
      if (context.expired()) break;
      const ErrorKind kind = read.error().kind;
      const base::Timestamp now = self->host_.clock().now();
      if (kind != ErrorKind::kForbidden) forbidden.reset();
      if (kind == ErrorKind::kForbidden && !forbidden) forbidden = now;
      const bool may_pass = forbidden && now - *forbidden < kForbiddenInVain;
      if (permanent(kind) && !may_pass) co_return read.error();
      self->log_.warn("the operator's own Secrets cannot be read yet", {{"error", read.error().text()}});
      const base::Milliseconds wait = backoff.next(self->random_);
      co_await self->host_.clock().sleep(context, wait);
    }
    co_return base::Ok{};
  }

  static awaitable<Result<>> read_own(ClusterMode* self, Context context) {
    Result<std::unique_ptr<reconcile::KeySecret>> keys =
        co_await reconcile::KeySecret::open(context, self->api(), self->cluster_.own_namespace, self->random_);
    if (!keys) co_return keys.error();
    reconcile::CredentialsSecretParts parts{.io = self->host_.io(),
                                            .api = self->api(),
                                            .clock = self->host_.clock(),
                                            .random = self->random_,
                                            .log = self->log_,
                                            .namespace_ = self->cluster_.own_namespace,
                                            .served = self->options_.namespaces,
                                            .may_write = [self] { return self->may_write(); }};
    Result<std::unique_ptr<reconcile::CredentialsSecret>> snapshot = co_await reconcile::CredentialsSecret::open(context, std::move(parts));
    if (!snapshot) co_return snapshot.error();
    self->keys_ = std::move(keys).value();
    self->snapshot_ = std::move(snapshot).value();
    co_return base::Ok{};
  }

  void build() {
    const std::function<bool()> gate = [this] { return may_write(); };
    store_ = store::make_kubernetes_store(host_.io(), api(), host_.clock(), random_, log_,
                                          {.namespaces = options_.namespaces, .may_write = gate});
    reconcile::Hooks hooks = host_.counting_hooks();
    hooks.transition = [this](const invocation::Invocation& object, const invocation::Transition& transition) {
      if (auto event = event_of(object, transition)) events_.record(std::move(*event));
    };
    hooks.workspace_transition = [this](const invocation::Workspace& object, const invocation::Transition& transition) {
      events_.record(event_of(object, transition));
    };
    owners_ = std::make_unique<reconcile::ClusterOwners>(api(), options_.namespaces, keys_->cluster_uid());
    operator_.emplace(reconcile::OperatorParts{.io = host_.io(),
                                               .clock = host_.clock(),
                                               .random = random_,
                                               .log = log_,
                                               .store = *store_,
                                               .keys = *keys_,
                                               .snapshot = *snapshot_,
                                               .catalogue = catalogue_,
                                               .make_transport = [this](const std::string& url) { return make_lepton_transport(url); },
                                               .fallback = {},
                                               .install_id = keys_->install_id(),
                                               .options = host_.operator_options(),
                                               .hooks = std::move(hooks),
                                               .may_write = gate,
                                               .owners = owners_.get()});
    log_.info("working", {{"install", keys_->install_id()}, {"token_key", keys_->current_id()}});
  }

  Result<std::shared_ptr<base::HttpTransport>> make_lepton_transport(const std::string& url) {
    auto transport = host_.make_lepton_transport(url);
    if (!transport || !options_.leader_elect) return transport;
    return std::shared_ptr<base::HttpTransport>(std::make_shared<LeaderGate>(*transport, [this] { return may_write(); }));
  }

  Host& host_;
  const Options& options_;
  base::Log& log_;
  base::Random& random_;
  const invocation::Catalogue& catalogue_;
  Cluster cluster_;
  const std::optional<DefaultWorkspace> default_workspace_;
  kube::LeaderElector elector_;
  kube::EventRecorder events_;
  base::Signal election_changed_;
  bool leads_ = false;
  bool lost_ = false;
  std::unique_ptr<reconcile::KeySecret> keys_;
  std::unique_ptr<reconcile::CredentialsSecret> snapshot_;
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<reconcile::ClusterOwners> owners_;
  std::optional<reconcile::Operator> operator_;
};

std::string shown_namespaces(const std::vector<std::string>& namespaces) {
  std::string shown = namespaces.empty() ? "all" : "";
  for (const std::string& name : namespaces) shown += (shown.empty() ? "" : ",") + name;
  return shown;
}

}  // namespace

int run_cluster_mode(const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue) {
  const Result<kube::ClusterConfig> config = find_cluster(options, process_environment());
  if (!config) return refuse(kWrongFlags, config.error());
  Result<std::optional<DefaultWorkspace>> default_workspace = read_default_workspace(options);
  if (!default_workspace) return refuse(kWrongFlags, default_workspace.error());
  Host host(options, log);
  kube::ApiOptions asking;
  asking.user_agent = std::string(kName) + "/" + kVersion;
  asking.observe = [&host, server = server_host(config->server)](const char* method, int status) {
    host.metrics().rest_request(method, server, status);
  };
  const int followed = options.namespaces.empty() ? 1 : static_cast<int>(options.namespaces.size());
  Result<std::unique_ptr<kube::Api>> api =
      kube::make_api(host.io(), host.clock(), *config, std::move(asking), kRequestsAtOnce + kWatchesPerNamespace * followed);
  if (!api) return refuse(kWrongFlags, api.error());
  const std::string own = options.leader_election_namespace.value_or(config->namespace_);
  ClusterMode mode(host, options, log, random, catalogue, {std::move(*api), own, identity(random)}, std::move(*default_workspace));
  const Result<> listening = host.listen([&mode] { return mode.fleet(); }, [&mode] { return mode.ready(); });
  if (!listening) return refuse(kFailed, listening.error());
  return host.run(
      [&mode](Context context) { return mode.run(context); },
      {{"mode", "cluster"}, {"server", config->server}, {"namespaces", shown_namespaces(options.namespaces)}, {"namespace", own}});
}

}  // namespace lepton_operator::app
