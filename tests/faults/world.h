// One small world in driven time: a Lepton workspace (simulator/core), an API server (fakeapi), and the operator between them, whose
// processes die and are started again as a kubelet would.
//
// Thread rule: one thread, its own. Nothing of it is shared with another World.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "core/simulator.h"
#include "fakeapi/api_server.h"
#include "faults/process.h"
#include "faults/wire.h"

namespace lepton_operator::faults {

using base::Json;
using base::Milliseconds;

struct Counted {
  int duplicates = 0;  // jobs deleted as the second of one name
  int orphans = 0;     // jobs that the orphan sweep removed
  int bugs = 0;        // reconciles that threw, keys handed out twice
};

class World {
 public:
  World(simulator::Options options, std::vector<simulator::OutcomeRule> rules, Aim aim, base::Log& log);
  ~World();

  // Seen by the rules, before anything else happens.
  using Sent = std::function<void(Side, const HttpRequest&)>;
  using Answered = std::function<void(Side, const HttpRequest&, const HttpResponse*)>;
  void watch_calls(Sent sent, Answered answered) { sent_ = std::move(sent), answered_ = std::move(answered); }

  void start(bool elects = false);  // a process
  // Lets time pass until `holds`; false when it did not come to hold within `most`.
  bool until(const std::function<bool()>& holds, Milliseconds most);
  void pass(Milliseconds time);
  int nudge();    // all processes reconcile everything once more; how many reconciles that made
  void settle();  // all that can happen without time passing

  base::Timestamp now() const { return now_; }
  int starts() const { return starts_; }
  const Counted& counted() const { return counted_; }

  fakeapi::ApiServer& kubernetes() { return kubernetes_; }
  simulator::Simulator& lepton() { return lepton_; }
  Wire& wire() { return wire_; }

 private:
  struct Later {
    base::Timestamp at;
    std::function<void()> what;
  };

  Surroundings surroundings();
  HttpResponse commit(Side side, const HttpRequest& request);
  bool step(base::Timestamp end);  // to the next moment at which something happens; false: none before `end`
  void bury();

  base::Log& log_;
  boost::asio::io_context io_;
  base::Timestamp now_;
  simulator::Simulator lepton_;
  fakeapi::ApiServer kubernetes_;
  Sent sent_;
  Answered answered_;
  Wire wire_;
  std::multimap<base::Timestamp, std::function<void()>> agenda_;
  std::vector<std::unique_ptr<Process>> processes_;
  Counted counted_;
  int starts_ = 0;
  bool elects_ = false;
};

}  // namespace lepton_operator::faults
