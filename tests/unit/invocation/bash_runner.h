// Runs a script under real bash in a directory of its own, with stand-ins on PATH.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lepton_operator::invocation::testing {

struct Finished {
  int exit_code = -1;
  std::string output;  // stdout and stderr
};

class BashRunner {
 public:
  BashRunner();
  ~BashRunner();
  BashRunner(const BashRunner&) = delete;
  BashRunner& operator=(const BashRunner&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path file(const std::string& name) const { return directory_ / name; }

  // An executable bash script in the directory that comes first on PATH.
  void add_program(const std::string& name, const std::string& body);
  // Only what was added, and the few programs named here, are on PATH.
  void set_env(const std::string& name, const std::string& value) { envs_[name] = value; }

  // Starts argv; its output goes to a file. One at a time.
  void start(const std::vector<std::string>& argv);
  void terminate();  // SIGTERM, to the first process alone, as Kubernetes does
  Finished wait();
  Finished run(const std::vector<std::string>& argv) {
    start(argv);
    return wait();
  }

 private:
  std::filesystem::path directory_;
  std::map<std::string, std::string> envs_;
  pid_t child_ = -1;
};

std::string read(const std::filesystem::path& path);  // empty when it is not there
void write(const std::filesystem::path& path, const std::string& text);
// Waits until the file is there; false after ten seconds.
bool appears(const std::filesystem::path& path);

}  // namespace lepton_operator::invocation::testing
