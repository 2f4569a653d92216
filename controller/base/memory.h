// How this process treats the allocator, jemalloc in the operator and else glibc's: what it keeps of what was freed.
//
// A list of ten thousand objects passes through in pieces of a megabyte; what was freed of them is given back, else the process keeps for
// ever what it needed once. Any thread.
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"

namespace lepton_operator::base {

// Once, before there are threads: one heap for all of them (each of glibc's own would keep its part of the peak), and large blocks
// go back to the system as they are freed. For glibc's; jemalloc reads kJemallocOptions before main().
void keep_memory_small();

// One heap, small caches, and what is freed goes back within about a second, for `malloc_conf`.
inline constexpr const char* kJemallocOptions = "narenas:1,tcache_max:4096,dirty_decay_ms:1000,muzzy_decay_ms:0";

// After work that allocated much and freed most of it. Takes milliseconds, and the system clears each page that is taken again.
void give_memory_back();

// Gives back what work took, once it was `much`, but not again and again while there is more of it. Thread rule: its owner's.
class Thrift {
 public:
  explicit Thrift(std::size_t much) : much_(much) {}

  void worked(std::size_t amount) { since_ += amount; }
  // At a moment that has time for it. True when memory was given back.
  bool pause(Timestamp now);

 private:
  std::size_t much_;
  std::size_t since_ = 0;  // memory was given back
  std::optional<Timestamp> given_back_;
};

}  // namespace lepton_operator::base
