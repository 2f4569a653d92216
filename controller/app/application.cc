#include "app/application.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/health.h"
#include "app/startup.h"
#include "app/version.h"
#include "base/async.h"
#include "base/clock.h"
#include "base/http_cpprest.h"
#include "metrics/exposition.h"
#include "metrics/metrics.h"
#include "reconcile/operator.h"
#include "store/directory_store.h"

namespace lepton_operator::app {

namespace {

using base::Context;
using base::Result;

constexpr int kHttpThreads = 3;
constexpr const char* kController = "invocation";

int refuse(int code, const base::Error& error) {
  std::fprintf(stderr, "lepton-operator: %s\n", error.text().c_str());
  return code;
}

reconcile::OperatorOptions operator_options(const Options& options) {
  reconcile::OperatorOptions chosen;
  chosen.poll_close = options.poll_interval;
  chosen.poll_jobs = std::clamp(chosen.poll_jobs, options.poll_interval, options.poll_interval_idle);
  chosen.poll_idle = options.poll_interval_idle;
  chosen.workers = options.workers;
  return chosen;
}

reconcile::Hooks counting(metrics::Metrics& metrics) {
  reconcile::Hooks hooks;
  hooks.reconciled = [&metrics](reconcile::ReconcileResult result, double seconds) {
    metrics.reconciled(kController, to_string(result), seconds);
  };
  hooks.queue_waited = [&metrics](double seconds) { metrics.queue_waited(kController, seconds); };
  hooks.invocation_finished = [&metrics](const char* outcome, double seconds) { metrics.invocation_finished(outcome, seconds); };
  hooks.endpoint_ready = [&metrics](const std::string& type, double seconds) { metrics.endpoint_ready(type, seconds); };
  hooks.job_finished = [&metrics](const std::string& harness, const char* outcome, double seconds) {
    metrics.job_finished(harness, outcome, seconds);
  };
  hooks.cleaned_up = [&metrics](double seconds) { metrics.cleanup_finished(seconds); };
  hooks.directory_removed = [&metrics] { metrics.storage_directory_deleted(); };
  hooks.duplicate_deleted = [&metrics] { metrics.duplicate_job_deleted(); };
  hooks.request = [&metrics](const char* method, const std::string& resource, int status, double seconds) {
    metrics.api_request(method, resource, status, seconds);
  };
  return hooks;
}

class Application {
 public:
  Application(const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue, State& state)
      : options_(options),
        log_(log),
        state_(state),
        store_(store::make_directory_store(io_, clock_, random, log, {.manifests = options.manifests, .state = options.state_dir})),
        operator_({.io = io_,
                   .clock = clock_,
                   .random = random,
                   .log = log,
                   .store = *store_,
                   .keys = *state.keys,
                   .snapshot = *state.snapshot,
                   .catalogue = catalogue,
                   .make_transport = [this](const std::string& base_url) { return make_transport(base_url); },
                   .fallback = fallback_credentials(process_environment()),
                   .install_id = state.install_id,
                   .options = operator_options(options),
                   .hooks = counting(metrics_),
                   .may_write = {}}),
        exposition_(io_, metrics_, [this] { return fleet(); }) {
    metrics_.controller_started(kController, options.workers);
  }

  Result<> listen() {
    auto metrics = metrics::WebServer::start(options_.metrics_address, exposition_.pages());
    if (!metrics) return of_flag("--metrics-address", metrics.error());
    metrics_server_ = std::move(*metrics);
    auto health = metrics::WebServer::start(options_.health_address, health_pages(io_, [this] { return operator_.synced(); }));
    if (!health) return of_flag("--health-address", health.error());
    health_server_ = std::move(*health);
    return base::Ok{};
  }

  int run() {
    log_.info("started", {{"version", kVersion},
                          {"mode", "directory"},
                          {"manifests", options_.manifests.string()},
                          {"state", options_.state_dir.string()},
                          {"install", state_.install_id},
                          {"metrics", "http://" + metrics_server_->address() + "/metrics"},
                          {"health", "http://" + health_server_->address() + "/healthz"}});
    await_signal();
    boost::asio::co_spawn(io_, serve(this), [](std::exception_ptr bug) {
      if (bug) std::rethrow_exception(bug);  // out of io_.run(), to the process's end
    });
    io_.run();
    log_.info("stopped", {{"code", std::to_string(code_)}});
    return code_;
  }

 private:
  static base::Error of_flag(const char* flag, const base::Error& error) {
    return base::Error{error.kind, std::string(flag) + " " + error.text()};
  }

  Result<std::shared_ptr<base::HttpTransport>> make_transport(const std::string& base_url) {
    base::HttpClientOptions client;
    client.base_url = base_url;
    if (options_.lepton_ca_file) client.ca_file = options_.lepton_ca_file->string();
    return base::make_http_transport(io_, std::move(client));
  }

  metrics::Fleet fleet() const {
    metrics::Fleet fleet;
    for (const auto& key : store_->invocations()) {
      if (auto object = store_->find_invocation(key)) fleet.invocations.push_back(std::move(object));
    }
    for (const auto& key : operator_.workspaces().all()) {
      fleet.workspaces.push_back({key, operator_.workspaces().facts(key).state == invocation::WorkspaceState::kReady});
    }
    fleet.invalid_manifests = store_->invalid_files();
    fleet.controllers.push_back({kController, operator_.queue_stats()});
    return fleet;
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;  // the end came otherwise
      if (context_.cancelled()) std::_Exit(kInterrupted);
      log_.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
      context_.cancel();
      await_signal();
    });
  }

  static boost::asio::awaitable<void> serve(Application* self) {
    const Result<> ended = co_await self->operator_.run(self->context_);
    if (!ended) {
      self->log_.error("the state directory cannot be used any more", {{"error", ended.error().text()}});
      self->code_ = refuse(kFailed, ended.error());
    }
    co_await close_ports(self);
    self->io_.stop();  // what is left only waits (signals, inotify): the operator has awaited all its children
  }

  // On a thread of its own, since pages in flight wait for this one.
  static boost::asio::awaitable<void> close_ports(Application* self) {
    const base::Completion<bool> closed(self->io_);
    std::thread closing([self, closed] {
      self->metrics_server_.reset();
      self->health_server_.reset();
      closed.set(true);
    });
    co_await closed.wait();
    closing.join();
  }

  const Options& options_;
  base::Log& log_;
  State& state_;
  int code_ = 0;
  boost::asio::io_context io_{1};
  base::SystemClock clock_{io_};
  const Context context_{clock_};
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  std::unique_ptr<store::DirectoryStore> store_;
  metrics::Metrics metrics_;
  reconcile::Operator operator_;
  metrics::Exposition exposition_;
  std::unique_ptr<metrics::WebServer> metrics_server_;
  std::unique_ptr<metrics::WebServer> health_server_;
};

}  // namespace

int run(const Options& options, base::Log& log) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our log that goes must not end us
  const Result<invocation::Catalogue> catalogue = load_catalogue(options);
  if (!catalogue) return refuse(kWrongFlags, catalogue.error());
  if (const Result<> usable = check_ca_file(options); !usable) return refuse(kWrongFlags, usable.error());
  const std::unique_ptr<base::Random> random = base::make_system_random();
  const Result<std::unique_ptr<State>> state = open_state(options.state_dir, *random);
  if (!state) return refuse(kFailed, state.error());

  base::start_http_threads(kHttpThreads);
  Application application(options, log, *random, *catalogue, **state);
  if (const Result<> listening = application.listen(); !listening) return refuse(kFailed, listening.error());
  return application.run();
}

}  // namespace lepton_operator::app
