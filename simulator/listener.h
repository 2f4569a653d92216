// The simulator on a socket: cpprestsdk's listener around simulator/core.
//
// Requests come on cpprestsdk's pool; every access to the Simulator is serialised by one mutex. The reply to a held request is deferred:
// its http_request waits in a table until the control plane releases it, no thread does. /sim is answered to loopback clients only.
//
// Ends: the destructor closes the listener and drops what is still held.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "core/simulator.h"

namespace lepton_operator::simulator {

class Listener {
 public:
  // `log` gets one line for each request, when it is set.
  Listener(Simulator& simulator, std::function<void(const std::string&)> log);
  ~Listener();

  // Port 0 takes a free one. The error says what the system said.
  base::Result<std::uint16_t> open(const std::string& host, std::uint16_t port);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lepton_operator::simulator
