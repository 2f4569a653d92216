#include "faults/process.h"

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "app/events.h"
#include "app/leader_gate.h"
#include "base/async.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "kube/lease.h"
#include "kube/recorder.h"
#include "reconcile/cluster_owners.h"
#include "reconcile/credentials_secret.h"
#include "reconcile/key_secret.h"
#include "reconcile/operator.h"
#include "store/kubernetes_store.h"

namespace lepton_operator::faults {

using base::Context;
using base::Result;
using boost::asio::awaitable;

namespace {

constexpr const char* kNamespace = "ops";
constexpr const char* kName = "lepton-operator";
constexpr std::chrono::seconds kFirstWait{1};
constexpr std::chrono::seconds kMostWait{30};
constexpr int kWorkers = 4;
constexpr int kMostAtOnce = 100'000;

using Io = boost::asio::io_context;

// The store, with a way to have everything reconciled once more.
class NudgedStore final : public store::ObjectStore {
 public:
  explicit NudgedStore(std::unique_ptr<store::ObjectStore> of) : of_(std::move(of)) {}

  void nudge() const {
    for (const auto& key : of_->invocations()) handler_(store::Kind::kInvocation, key);
  }

  awaitable<Result<>> run(Context context, store::ChangeHandler handler) override {
    handler_ = handler;
    return of_->run(std::move(context), std::move(handler));
  }
  bool synced() const override { return of_->synced(); }
  std::shared_ptr<const invocation::Invocation> find_invocation(const store::ObjectKey& key) const override {
    return of_->find_invocation(key);
  }
  std::shared_ptr<const invocation::Workspace> find_workspace(const store::ObjectKey& key) const override {
    return of_->find_workspace(key);
  }
  std::vector<store::ObjectKey> invocations() const override { return of_->invocations(); }
  std::vector<store::ObjectKey> workspaces() const override { return of_->workspaces(); }
  bool namespace_deleting(const std::string& name) const override { return of_->namespace_deleting(name); }
  awaitable<Result<std::map<std::string, std::string>>> read_secret(Context context, store::ObjectKey key) override {
    return of_->read_secret(std::move(context), std::move(key));
  }
  void expire_secret(const store::ObjectKey& key) override { of_->expire_secret(key); }
  awaitable<Result<>> write_status(Context context, std::shared_ptr<const invocation::Invocation> read,
                                   invocation::InvocationStatus status) override {
    return of_->write_status(std::move(context), std::move(read), std::move(status));
  }
  awaitable<Result<>> write_status(Context context, std::shared_ptr<const invocation::Workspace> read,
                                   invocation::WorkspaceStatus status) override {
    return of_->write_status(std::move(context), std::move(read), std::move(status));
  }
  awaitable<Result<>> remove_invocation(Context context, std::shared_ptr<const invocation::Invocation> read) override {
    return of_->remove_invocation(std::move(context), std::move(read));
  }
  awaitable<Result<>> set_finalizer(Context context, std::shared_ptr<const invocation::Invocation> read, std::string finalizer,
                                    bool present) override {
    return of_->set_finalizer(std::move(context), std::move(read), std::move(finalizer), present);
  }

 private:
  std::unique_ptr<store::ObjectStore> of_;
  store::ChangeHandler handler_;
};

}  // namespace

struct Process::Body {
  explicit Body(ProcessParts of)
      : parts(std::move(of)),
        io(std::make_unique<Io>(1)),
        work(boost::asio::make_work_guard(*io)),
        clock(*io, parts.now),
        random(base::make_seeded_random(parts.seed)),
        root(clock) {
    const auto crash = [this] { crashed = true; };
    api = std::make_unique<kube::Api>(parts.transport(*io, false, crash), nullptr, clock, kube::ApiOptions{});
    lepton = parts.transport(*io, true, crash);
    if (parts.elects) {
      lepton = std::make_shared<app::LeaderGate>(lepton, [this] { return may_write(); });
      elector.emplace(*api, clock, *random, parts.log,
                      kube::LeaseOptions{.namespace_ = kNamespace, .name = kName, .identity = parts.identity});
    }
    events.emplace(*io, *api, clock, *random, kName, parts.identity);
    election_changed.emplace(*io);
    boost::asio::co_spawn(*io, live(this), [this](std::exception_ptr bug) {
      if (bug) std::rethrow_exception(bug);
      ended = true;
    });
  }
  // First what is under way, which refers to all else.
  ~Body() {
    work.reset();
    io.reset();
  }

  bool may_write() const { return !elector || elector->may_write(); }

  static awaitable<void> live(Body* self) {
    if (!self->elector) {
      co_await act(self, self->root);
      co_return;
    }
    const Context leading = self->root.child();
    base::TaskGroup election(*self->io);
    election.spawn(self->elector->run(
        self->root, [self] { self->leads = true, self->election_changed->notify(); }, [leading] { leading.cancel(); }));
    while (!self->leads) co_await self->election_changed->wait(leading);
    co_await act(self, leading);
    co_await election.join();
  }

  static awaitable<void> act(Body* self, Context context) {
    base::Backoff backoff(kFirstWait, kMostWait);
    while (!context.expired()) {
      const Result<> read = co_await read_own(self, context);
      if (read) break;
      const base::Milliseconds wait = backoff.next(*self->random);
      co_await self->clock.sleep(context, wait);
    }
    if (context.expired()) co_return;
    self->build();
    const Context helpers(self->clock);
    base::TaskGroup helping(*self->io);
    helping.spawn(self->events->run(helpers));
    helping.spawn(self->snapshot->run(helpers));
    const Result<> over = co_await self->running->run(context);
    helpers.cancel();
    co_await helping.join();
  }

  static awaitable<Result<>> read_own(Body* self, Context context) {
    Result<std::unique_ptr<reconcile::KeySecret>> keys =
        co_await reconcile::KeySecret::open(context, *self->api, kNamespace, *self->random);
    if (!keys) co_return keys.error();
    reconcile::CredentialsSecretParts of_snapshot{.io = *self->io,
                                                  .api = *self->api,
                                                  .clock = self->clock,
                                                  .random = *self->random,
                                                  .log = self->parts.log,
                                                  .namespace_ = kNamespace,
                                                  .may_write = [self] { return self->may_write(); }};
    Result<std::unique_ptr<reconcile::CredentialsSecret>> opened =
        co_await reconcile::CredentialsSecret::open(context, std::move(of_snapshot));
    if (!opened) co_return opened.error();
    self->keys = std::move(keys).value();
    self->snapshot = std::move(opened).value();
    co_return base::Ok{};
  }

  void build() {
    const std::function<bool()> gate = [this] { return may_write(); };
    store = std::make_unique<NudgedStore>(
        store::make_kubernetes_store(*io, *api, clock, *random, parts.log, {.namespaces = {}, .may_write = gate}));
    reconcile::Hooks hooks = parts.hooks;
    hooks.reconciled = [this](reconcile::ReconcileResult, double) { ++reconciles; };
    hooks.transition = [this](const invocation::Invocation& object, const invocation::Transition& transition) {
      if (auto event = app::event_of(object, transition)) events->record(std::move(*event));
    };
    hooks.workspace_transition = [this](const invocation::Workspace& object, const invocation::Transition& transition) {
      events->record(app::event_of(object, transition));
    };
    owners = std::make_unique<reconcile::ClusterOwners>(*api, std::vector<std::string>{}, keys->cluster_uid());
    reconcile::OperatorOptions options;
    options.workers = kWorkers;
    running.emplace(reconcile::OperatorParts{
        .io = *io,
        .clock = clock,
        .random = *random,
        .log = parts.log,
        .store = *store,
        .keys = *keys,
        .snapshot = *snapshot,
        .catalogue = catalogue,
        .make_transport = [this](const std::string&) -> Result<std::shared_ptr<base::HttpTransport>> { return lepton; },
        .fallback = {},
        .install_id = keys->install_id(),
        .options = options,
        .hooks = std::move(hooks),
        .may_write = gate,
        .owners = owners.get()});
  }

  ProcessParts parts;
  std::unique_ptr<Io> io;
  boost::asio::executor_work_guard<Io::executor_type> work;
  base::ManualClock clock;
  std::unique_ptr<base::Random> random;
  invocation::Catalogue catalogue;
  std::unique_ptr<kube::Api> api;
  std::shared_ptr<base::HttpTransport> lepton;
  std::optional<kube::LeaderElector> elector;
  std::optional<kube::EventRecorder> events;
  std::optional<base::Signal> election_changed;
  std::unique_ptr<reconcile::KeySecret> keys;
  std::unique_ptr<reconcile::CredentialsSecret> snapshot;
  std::unique_ptr<NudgedStore> store;
  std::unique_ptr<reconcile::ClusterOwners> owners;
  std::optional<reconcile::Operator> running;
  Context root;
  int reconciles = 0;
  bool leads = false;
  bool crashed = false;
  bool ended = false;
};

Process::Process(ProcessParts parts) : body_(std::make_unique<Body>(std::move(parts))) {}
Process::~Process() = default;

bool Process::poll() {
  int ran = 0;
  while (!body_->crashed && body_->io->poll_one() > 0) {
    if (++ran > kMostAtOnce) throw std::runtime_error("it spins: it never waits for anything");
  }
  return ran > 0;
}

void Process::move(base::Timestamp now) { body_->clock.advance(now - body_->clock.now()); }
std::optional<base::Timestamp> Process::next() const { return body_->clock.next(); }
bool Process::crashed() const { return body_->crashed; }
bool Process::ended() const { return body_->ended; }
bool Process::nudge() {
  if (!body_->running || !body_->running->synced()) return false;
  body_->store->nudge();
  return true;
}
int Process::reconciles() const { return body_->reconciles; }

}  // namespace lepton_operator::faults
