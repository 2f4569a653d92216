// The operator as one process of a cluster has it: own Secrets, Kubernetes store, events, orphan sweep, the whole Operator, and with
// `elects` the lease. Wired as app/cluster_mode.cc does it, on injected time and transports.
//
// Destroying it is `kill -9`: every coroutine ends where it stands, and nothing more is sent. Thread rule: the World's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/http.h"
#include "base/log.h"
#include "base/time.h"
#include "reconcile/hooks.h"

namespace lepton_operator::faults {

struct ProcessParts {
  base::Timestamp now;
  std::uint64_t seed = 1;
  std::string identity;
  bool elects = false;
  base::Log& log;
  reconcile::Hooks hooks;
  // To Kubernetes and to Lepton; `crash` is what ends this process.
  std::function<std::shared_ptr<base::HttpTransport>(boost::asio::io_context& io, bool lepton, std::function<void()> crash)> transport;
};

class Process {
 public:
  explicit Process(ProcessParts parts);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool poll();  // runs what can run now, until it crashed; true if anything ran
  void move(base::Timestamp now);
  std::optional<base::Timestamp> next() const;  // when something falls due
  bool crashed() const;
  bool ended() const;  // by itself: the lease was lost
  bool nudge();        // every Invocation is reconciled once more; false: it is not yet so far
  int reconciles() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace lepton_operator::faults
