// kubectl-lepton: hands the words to the command line.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `kubectl lepton tasks | head` must end quietly
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  return lepton_operator::cli::run_command_line({argv + 1, argv + argc}, environment, std::cout, std::cerr);
}
