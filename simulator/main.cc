#include <csignal>
#include <iostream>

#include "base/files.h"
#include "base/http_cpprest.h"
#include "core/simulator.h"
#include "flags.h"
#include "listener.h"

using namespace lepton_operator;  // NOLINT(google-build-using-namespace): main only

namespace {

base::Timestamp wall_clock() { return std::chrono::time_point_cast<base::Milliseconds>(std::chrono::system_clock::now()); }

int refuse(const std::string& sentence) {
  std::cerr << "lepton-sim: " << sentence << "\n";
  return 2;
}

}  // namespace

int main(int count, char** words) {
  const auto flags = simulator::parse_flags(count, words);
  if (!flags) return refuse(flags.error().text());
  if (!flags->help.empty()) {
    std::cout << flags->help;
    return 0;
  }
  simulator::Scenario scenario;
  if (!flags->scenario_file.empty()) {
    const auto text = base::read_file(flags->scenario_file);
    if (!text) return refuse("--scenario: " + text.error().text());
    auto parsed = simulator::parse_scenario(*text, flags->scenario_file);
    if (!parsed) return refuse("--scenario: " + parsed.error().text());
    scenario = *parsed;
  }
  // Signals are taken by sigwait below, so every thread must be born with them blocked.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  base::start_http_threads(4);

  simulator::Simulator simulated(flags->options, wall_clock, scenario);
  std::function<void(const std::string&)> log;
  if (flags->log_requests) log = [](const std::string& line) { std::cerr << line << std::endl; };
  simulator::Listener listener(simulated, log);
  const auto port = listener.open(flags->host, flags->port);
  if (!port) return refuse("--listen: " + port.error().text());
  const std::string url = "http://" + flags->host + ":" + std::to_string(*port);
  std::cout << "listening on " << url << "\nworkspace url: " << url << simulated.base_path() << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
