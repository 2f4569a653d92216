#include "faults/pool.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace lepton_operator::faults {

namespace {

constexpr char kEndOfPiece = '\x1e';
constexpr char kEndOfLine = '\x1f';

struct Shared {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
};

Shared* make_shared_memory() {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error(std::string("mmap: ") + std::strerror(errno));
  return new (memory) Shared;
}

void write_all(int pipe, const std::string& text) {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(pipe, text.data() + written, text.size() - written);
    if (count < 0 && errno != EINTR) ::_exit(1);
    if (count > 0) written += static_cast<std::size_t>(count);
  }
}

struct Worker {
  pid_t pid = 0;
  int pipe = -1;
  std::string received;
};

// The number of the piece that is begun, then what came of it.
[[noreturn]] void serve(Shared& shared, std::size_t pieces, int pipe, const Work& work) {
  while (true) {
    const std::size_t piece = shared.stop ? pieces : shared.next++;
    if (piece >= pieces) ::_exit(0);
    write_all(pipe, std::to_string(piece) + kEndOfLine);
    std::string answer;
    for (const std::string& line : work(piece)) answer += line + kEndOfLine;
    write_all(pipe, answer + kEndOfPiece);
  }
}

Worker begin(Shared& shared, std::size_t pieces, const Work& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
  Worker worker;
  worker.pid = ::fork();
  if (worker.pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (worker.pid == 0) {
    ::close(ends[0]);
    serve(shared, pieces, ends[1], work);
  }
  ::close(ends[1]);
  worker.pipe = ends[0];
  return worker;
}

void digest(Worker& worker, const Take& take, Shared& shared) {
  std::size_t end = 0;
  while ((end = worker.received.find(kEndOfPiece)) != std::string::npos) {
    Outcome outcome;
    bool first = true;
    for (std::size_t from = 0; from < end;) {
      const std::size_t stop = worker.received.find(kEndOfLine, from);
      const std::string line = worker.received.substr(from, stop - from);
      if (std::exchange(first, false)) {
        outcome.piece = std::stoul(line);
      } else {
        outcome.lines.push_back(line);
      }
      from = stop + 1;
    }
    worker.received.erase(0, end + 1);
    if (!outcome.lines.empty() && !take(outcome)) shared.stop = true;
  }
}

}  // namespace

std::size_t work_on_all(std::size_t pieces, int processes, const Work& work, const Take& take) {
  Shared* shared = make_shared_memory();
  std::vector<Worker> workers;
  for (int i = 0; i < processes; ++i) workers.push_back(begin(*shared, pieces, work));
  while (!workers.empty()) {
    std::vector<pollfd> watched;
    for (const Worker& worker : workers) watched.push_back({worker.pipe, POLLIN, 0});
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    for (std::size_t i = workers.size(); i-- > 0;) {
      if (watched[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t count = ::read(workers[i].pipe, bytes, sizeof bytes);
      if (count > 0) {
        workers[i].received.append(bytes, static_cast<std::size_t>(count));
        digest(workers[i], take, *shared);
        continue;
      }
      int status = 0;
      ::waitpid(workers[i].pid, &status, 0);
      ::close(workers[i].pipe);
      const Worker over = workers[i];
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      const std::string how = WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "exit code " + std::to_string(WEXITSTATUS(status));
      const bool begun = !over.received.empty();
      if (!take({begun ? std::stoul(over.received) : 0, {"the process that played it died: " + how}})) shared->stop = true;
      workers.push_back(begin(*shared, pieces, work));
    }
  }
  const std::size_t begun = std::min<std::size_t>(shared->next, pieces);
  ::munmap(shared, sizeof(Shared));
  return begun;
}

}  // namespace lepton_operator::faults
