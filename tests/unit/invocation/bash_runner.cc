#include "unit/invocation/bash_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace lepton_operator::invocation::testing {

namespace fs = std::filesystem;

BashRunner::BashRunner() {
  std::string pattern = (fs::temp_directory_path() / "invocation-script-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
  fs::create_directory(directory_ / "bin");
  envs_["PATH"] = (directory_ / "bin").string() + ":/usr/bin:/bin";
}

BashRunner::~BashRunner() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void BashRunner::add_program(const std::string& name, const std::string& body) {
  const fs::path path = directory_ / "bin" / name;
  write(path, "#!/bin/bash\n" + body);
  fs::permissions(path, fs::perms::owner_all);
}

void BashRunner::start(const std::vector<std::string>& argv) {
  std::vector<std::string> envs;
  for (const auto& [name, value] : envs_) envs.push_back(name + "=" + value);
  std::vector<char*> arguments;
  std::vector<char*> environment;
  for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& word : envs) environment.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  const std::string output = (directory_ / "output").string();
  child_ = fork();
  if (child_ != 0) return;
  setsid();  // no terminal, as in a container
  const int file = open(output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(file, 1);
  dup2(file, 2);
  if (chdir(directory_.c_str()) == 0) execve(arguments[0], arguments.data(), environment.data());
  _exit(126);
}

void BashRunner::terminate() { kill(child_, SIGTERM); }

Finished BashRunner::wait() {
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return {code, read(directory_ / "output")};
}

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
}

bool appears(const fs::path& path) {
  for (int i = 0; i < 1000; ++i) {
    if (fs::exists(path)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace lepton_operator::invocation::testing
