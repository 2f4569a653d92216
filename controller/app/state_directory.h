// The state directory as the process owns it: one process at a time (a lock that the kernel drops with us), and the install id in it.
//
// Blocking; used once at the start, on the main thread. Fails with a sentence when another process holds the directory or it cannot be
// used.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace lepton_operator::app {

// Held until destruction. Waits up to `patience` for a predecessor that is still dying.
class StateLock {
 public:
  static base::Result<StateLock> acquire(const std::filesystem::path& state, base::Milliseconds patience = base::Milliseconds(5'000));

  StateLock(StateLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  StateLock& operator=(StateLock&&) = delete;
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// STATE/install-id: a random UUID, made once (0600) and never changed after: it marks what is ours in Lepton. A file that holds anything
// else is an error and stays as it is, since a new id would orphan everything that runs.
base::Result<std::string> load_or_make_install_id(const std::filesystem::path& state, base::Random& random);

}  // namespace lepton_operator::app
