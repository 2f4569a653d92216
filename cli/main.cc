// kubectl-lepton: hands the words to the command line.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/command_line.h"
#include "cli/terminal.h"

using namespace lepton_operator::cli;  // NOLINT(google-build-using-namespace): main only

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `kubectl lepton tasks | head` must end quietly
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  const Surroundings around{environment, std::cin, std::cout, std::cerr, [&environment] { return real_terminal(environment); }};
  return run_command_line({argv + 1, argv + argc}, around);
}
