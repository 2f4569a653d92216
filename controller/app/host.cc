#include "app/host.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "app/health.h"
#include "app/version.h"
#include "base/async.h"
#include "base/http_cpprest.h"

namespace lepton_operator::app {

using base::Context;
using base::Result;

namespace {

constexpr const char* kController = "invocation";

base::Error of_address(const char* flag, const base::Error& error) {
  return base::Error{error.kind, std::string(flag) + " " + error.text()};
}

}  // namespace

int refuse(int code, const base::Error& error) {
  std::fprintf(stderr, "lepton-operator: %s\n", error.text().c_str());
  return code;
}

Host::Host(const Options& options, base::Log& log) : options_(options), log_(log), io_(base::http_loop()), signals_(io_, SIGTERM, SIGINT) {
  metrics_.controller_started(kController, options.workers);
}

// The loop outlives us: what waited on it is told now that it was in vain, and not at the process's end or to our successor. Whoever asked
// while nothing ran yet is told nothing: who would answer is gone.
Host::~Host() {
  if (!ran_) return;
  signals_.cancel();
  io_.restart();
  while (io_.poll() > 0) {
  }
}

reconcile::OperatorOptions Host::operator_options() const {
  reconcile::OperatorOptions chosen;
  chosen.poll_close = options_.poll_interval;
  chosen.poll_jobs = std::clamp(chosen.poll_jobs, options_.poll_interval, options_.poll_interval_idle);
  chosen.poll_idle = options_.poll_interval_idle;
  chosen.workers = options_.workers;
  chosen.orphans = options_.orphans;
  return chosen;
}

reconcile::Hooks Host::counting_hooks() {
  metrics::Metrics& metrics = metrics_;
  reconcile::Hooks hooks;
  hooks.reconciled = [&metrics](reconcile::ReconcileResult result, double seconds) {
    metrics.reconciled(kController, to_string(result), seconds);
  };
  hooks.overlapped = [&metrics] { metrics.reconcile_overlapped(kController); };
  hooks.reconcile_threw = [&metrics] { metrics.reconcile_threw(kController); };
  hooks.queue_waited = [&metrics](double seconds) { metrics.queue_waited(kController, seconds); };
  hooks.invocation_finished = [&metrics](const char* outcome, double seconds) { metrics.invocation_finished(outcome, seconds); };
  hooks.endpoint_ready = [&metrics](const std::string& type, double seconds) { metrics.endpoint_ready(type, seconds); };
  hooks.job_finished = [&metrics](const std::string& harness, const char* outcome, double seconds) {
    metrics.job_finished(harness, outcome, seconds);
  };
  hooks.cleaned_up = [&metrics](double seconds) { metrics.cleanup_finished(seconds); };
  hooks.abandoned = [&metrics](const char* kind) { metrics.object_abandoned(kind); };
  hooks.directory_removed = [&metrics] { metrics.storage_directory_deleted(); };
  hooks.job_retried = [&metrics] { metrics.job_retried(); };
  hooks.duplicate_deleted = [&metrics] { metrics.duplicate_job_deleted(); };
  hooks.released = [this](const invocation::Invocation& object) { gpu_meter_.read(object.meta.key, invocation::digest_of(object)); };
  hooks.gone = [this](const std::string& uid) { gpu_meter_.forget(uid); };
  hooks.orphan_deleted = [&metrics](const char* kind) { metrics.orphan_deleted(kind); };
  hooks.request = [&metrics](const char* method, const std::string& resource, int status, double seconds) {
    metrics.api_request(method, resource, status, seconds);
  };
  return hooks;
}

Result<std::shared_ptr<base::HttpTransport>> Host::make_lepton_transport(const std::string& base_url) {
  base::HttpClientOptions client;
  client.base_url = base_url;
  if (options_.lepton_ca_file) client.ca_file = options_.lepton_ca_file->string();
  return base::make_http_transport(io_, std::move(client));
}

void Host::show(metrics::Fleet& fleet, const store::ObjectStore& store, const reconcile::Operator& running) {
  store.each_invocation([&fleet](const auto& key, const auto& digest) { fleet.invocations.push_back({key, digest}); });
  for (const auto& key : running.workspaces().all()) {
    const bool up = running.workspaces().facts(key).state == invocation::WorkspaceState::kReady;
    fleet.workspaces.push_back({key, up, running.workspaces().token_expires_at(key)});
  }
  for (const auto& orphan : running.orphans()) fleet.orphans.push_back({orphan.workspace, to_string(orphan.kind), orphan.count});
  fleet.controllers.push_back({kController, running.queue_stats()});
}

Result<> Host::listen(metrics::FleetReader read, std::function<bool()> ready) {
  const auto metered = [this, read = std::move(read)] {
    metrics::Fleet fleet = read();
    for (const auto& [key, digest] : fleet.invocations) gpu_meter_.read(key, digest);
    return fleet;
  };
  exposition_.emplace(io_, metrics_, metered);
  auto metrics = metrics::WebServer::start(options_.metrics_address, exposition_->pages());
  if (!metrics) return of_address("--metrics-address", metrics.error());
  metrics_server_ = std::move(*metrics);
  auto health = metrics::WebServer::start(options_.health_address, health_pages(io_, std::move(ready)));
  if (!health) return of_address("--health-address", health.error());
  health_server_ = std::move(*health);
  return base::Ok{};
}

int Host::run(Work work, base::LogFields about) {
  base::LogFields fields{{"version", kVersion}};
  fields.insert(fields.end(), about.begin(), about.end());
  fields.emplace_back("metrics", "http://" + metrics_server_->address() + "/metrics");
  fields.emplace_back("health", "http://" + health_server_->address() + "/healthz");
  log_.info("started", fields);
  await_signal();
  boost::asio::co_spawn(io_, serve(this, std::move(work)), [](std::exception_ptr bug) {
    if (bug) std::rethrow_exception(bug);  // out of io_.run(), to the process's end
  });
  ran_ = true;
  io_.run();
  log_.info("stopped", {{"code", std::to_string(code_)}});
  return code_;
}

void Host::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;  // the end came otherwise
    if (context_.cancelled()) std::_Exit(kInterrupted);
    log_.info("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    context_.cancel();
    await_signal();
  });
}

boost::asio::awaitable<void> Host::serve(Host* self, Work work) {
  const Result<> ended = co_await work(self->context_);
  if (!ended) {
    self->log_.error("cannot go on", {{"error", ended.error().text()}});
    self->code_ = refuse(kFailed, ended.error());
  }
  co_await close_ports(self);
  self->io_.stop();  // what is left only waits (signals, inotify): the work has awaited all its children
}

// On a thread of its own, since pages in flight wait for this one.
boost::asio::awaitable<void> Host::close_ports(Host* self) {
  const base::Completion<bool> closed(self->io_);
  std::thread closing([self, closed] {
    self->metrics_server_.reset();
    self->health_server_.reset();
    closed.set(true);
  });
  co_await closed.wait();
  closing.join();
}

}  // namespace lepton_operator::app
