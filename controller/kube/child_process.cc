#include "kube/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using SteadyClock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::string system_words(int error) { return std::strerror(error); }

std::string quoted(const std::string& program) { return "\"" + program + "\""; }

// Our own environment with the command's variables in place of those of the same name.
std::vector<std::string> child_environment(const std::map<std::string, std::string>& over) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!over.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : over) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// What posix_spawn is to do in the child; unset by the destructor.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    // A group of its own, and none of the signal settings that a server process has.
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::sigemptyset(&none);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // 0, or the system's error.
  int spawn(const ChildCommand& command, pid_t& child) const {
    std::vector<std::string> words{command.program};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    std::vector<std::string> environment = child_environment(command.environment);
    const std::vector<char*> arguments = pointers(words);
    const std::vector<char*> variables = pointers(environment);
    return ::posix_spawnp(&child, command.program.c_str(), &actions_, &attributes_, arguments.data(), variables.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

enum class Ended { kOutput, kTimeout, kTooMuch, kStopped, kBroken };

// Reads until the output ends or a bound is met.
Ended read_output(const ChildCommand& command, int output, int stop, std::string& text) {
  const auto deadline = SteadyClock::now() + command.timeout;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) return Ended::kTimeout;
    pollfd waits[] = {{output, POLLIN, 0}, {stop, POLLIN, 0}};
    const int ready = ::poll(waits, 2, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return Ended::kBroken;
    if (ready <= 0) continue;
    if (waits[1].revents != 0) return Ended::kStopped;
    char buffer[4096];
    const ssize_t count = ::read(output, buffer, sizeof buffer);
    if (count == 0) return Ended::kOutput;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return Ended::kBroken;
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > command.most_output) return Ended::kTooMuch;
  }
}

std::optional<Error> why_ended(const ChildCommand& command, Ended ended) {
  const std::string program = quoted(command.program);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(command.timeout).count();
  switch (ended) {
    case Ended::kOutput: return std::nullopt;
    case Ended::kTimeout: return Error{ErrorKind::kUnreachable, program + " did not end within " + std::to_string(seconds) + " s"};
    case Ended::kTooMuch:
      return Error{ErrorKind::kUnreachable, program + " printed more than " + std::to_string(command.most_output) + " bytes"};
    case Ended::kStopped: return Error{ErrorKind::kCancelled, program + " was stopped"};
    case Ended::kBroken: return Error{ErrorKind::kUnreachable, "the output of " + program + " could not be read"};
  }
  __builtin_unreachable();
}

// A child that closed its output may still run: it gets the rest of a short while, then it is killed too.
int wait_for_end(pid_t child) {
  constexpr int kPatienceMs = 2'000;
  int status = 0;
  for (int waited = 0; waited < kPatienceMs; waited += 10) {
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    ::usleep(10'000);
  }
  ::kill(-child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::optional<Error> why_failed(const ChildCommand& command, int status) {
  const std::string program = quoted(command.program);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  if (WIFEXITED(status)) return Error{ErrorKind::kUnreachable, program + " ended with code " + std::to_string(WEXITSTATUS(status))};
  return Error{ErrorKind::kUnreachable, program + " was ended by signal " + std::to_string(WTERMSIG(status))};
}

}  // namespace

ChildProcess::ChildProcess() : stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ChildProcess::~ChildProcess() {
  if (stop_event_ >= 0) ::close(stop_event_);
}

void ChildProcess::stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_event_, &one, sizeof one);
}

Result<std::string> ChildProcess::run(const ChildCommand& command) {
  int ends[2];
  if (stop_event_ < 0 || ::pipe2(ends, O_CLOEXEC) != 0)
    return Error{ErrorKind::kUnreachable, "no pipe could be made: " + system_words(errno)};
  const Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  pid_t child = 0;
  const SpawnPlan plan(input.get());
  if (const int error = plan.spawn(command, child); error != 0) {
    return Error{ErrorKind::kInvalid, quoted(command.program) + " could not be started: " + system_words(error)};
  }
  input.reset();

  std::string text;
  const Ended ended = read_output(command, output.get(), stop_event_, text);
  if (ended != Ended::kOutput) ::kill(-child, SIGKILL);
  const int status = wait_for_end(child);
  if (const auto error = why_ended(command, ended)) return *error;
  if (const auto error = why_failed(command, status)) return *error;
  return text;
}

}  // namespace lepton_operator::kube
