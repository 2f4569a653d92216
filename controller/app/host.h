// What every way to run the operator stands on: the domain's loop and clock, metrics, ports, signals, and the end in order.
//
// Order of the end: cancel context() → the work drains and awaits its children → the ports close → the loop stops → what was built on the
// host goes before the host does. A second signal ends the process at once with 130.
//
// Main thread; it becomes the domain's in run(). Owner: application.cc. Fails (listen) when a port cannot be bound.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/application.h"
#include "base/clock.h"
#include "base/http.h"
#include "metrics/exposition.h"
#include "metrics/gpu_meter.h"
#include "reconcile/operator.h"

namespace lepton_operator::app {

// Says the error on stderr, in one sentence; returns the code.
int refuse(int code, const base::Error& error);

class Host {
 public:
  Host(const Options& options, base::Log& log);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  boost::asio::io_context& io() { return io_; }
  base::Clock& clock() { return clock_; }
  metrics::Metrics& metrics() { return metrics_; }

  // What the operator is built from, the same for every mode.
  reconcile::OperatorOptions operator_options() const;
  reconcile::Hooks counting_hooks();
  base::Result<std::shared_ptr<base::HttpTransport>> make_lepton_transport(const std::string& base_url);
  // Adds the operator's objects, workspaces and queue to what a scrape shows.
  static void show(metrics::Fleet& fleet, const store::ObjectStore& store, const reconcile::Operator& running);

  base::Result<> listen(metrics::FleetReader read, std::function<bool()> ready);

  // Runs `work` until it ends, by itself or because a signal cancelled its context. Its error is told on stderr, with code kFailed.
  using Work = std::function<boost::asio::awaitable<base::Result<>>(base::Context)>;
  int run(Work work, base::LogFields about);

 private:
  void await_signal();
  static boost::asio::awaitable<void> serve(Host* self, Work work);
  static boost::asio::awaitable<void> close_ports(Host* self);

  const Options& options_;
  base::Log& log_;
  int code_ = 0;
  bool ran_ = false;
  boost::asio::io_context& io_;  // of the HTTP clients, too: all is done by one thread
  base::SystemClock clock_{io_};
  const base::Context context_{clock_};
  boost::asio::signal_set signals_;
  metrics::Metrics metrics_;
  metrics::GpuMeter gpu_meter_{clock_, metrics_};
  std::optional<metrics::Exposition> exposition_;
  std::unique_ptr<metrics::WebServer> metrics_server_;
  std::unique_ptr<metrics::WebServer> health_server_;
};

}  // namespace lepton_operator::app
