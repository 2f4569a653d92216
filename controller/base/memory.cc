#include "base/memory.h"

#include <malloc.h>

// jemalloc's, in a process that has it (the operator, not its tests).
extern "C" int mallctl(const char* name, void* before, std::size_t* before_size, void* now, std::size_t now_size) __attribute__((weak));

namespace lepton_operator::base {

namespace {

constexpr int kHeaps = 1;
constexpr int kOwnMapping = 128 << 10;  // bytes; set, so that glibc does not raise it by itself and keep bodies in the heap
constexpr int kKeptAtTop = 1 << 20;
constexpr std::chrono::seconds kSeldom{30};
constexpr const char* kPurgeAll = "arena.4096.purge";  // MALLCTL_ARENAS_ALL

}  // namespace

void keep_memory_small() {
  mallopt(M_ARENA_MAX, kHeaps);
  mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  mallopt(M_TRIM_THRESHOLD, kKeptAtTop);
}

void give_memory_back() {
  if (mallctl == nullptr) {
    malloc_trim(0);
    return;
  }
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  mallctl(kPurgeAll, nullptr, nullptr, nullptr, 0);
}

bool Thrift::pause(Timestamp now) {
  if (since_ < much_ || (given_back_ && now - *given_back_ < kSeldom)) return false;
  give_memory_back();
  since_ = 0;
  given_back_ = now;
  return true;
}

}  // namespace lepton_operator::base
