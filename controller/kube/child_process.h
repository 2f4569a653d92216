// A program run to its end, for what it prints: without a terminal or input, with a deadline and a bound on its output.
//
// The child leads its own process group, so that what it started goes with it; it inherits stderr (its messages are for the operator's
// user) and no other descriptor. Blocking: for a helper thread; stop() from any thread ends it early. Fails with kInvalid when the
// program cannot be started, else kUnreachable; no sentence repeats what was printed.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace lepton_operator::kube {

struct ChildCommand {
  std::string program;  // looked for in PATH when it has no "/"
  std::vector<std::string> arguments = {};
  std::map<std::string, std::string> environment = {};  // over our own
  std::size_t most_output = 1u << 20;
  std::chrono::milliseconds timeout{60'000};
};

class ChildProcess {
 public:
  ChildProcess();
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Its standard output, when it ended with code 0. Once per object.
  base::Result<std::string> run(const ChildCommand& command);
  void stop();  // once; run() then returns soon

 private:
  int stop_event_;
};

}  // namespace lepton_operator::kube
