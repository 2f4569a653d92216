// Whether an empty manifest directory may be believed: STATE/manifest-directory remembers which directory was last read.
//
// A restart before the volume is mounted finds an empty mount point in place of the manifests, which would read as the removal of
// everything. So an empty directory is believed only if it is the one (device and inode) that was read before, or there is nothing to lose;
// one that holds a manifest, even one without documents, is adopted.
//
// Thread rule: domain thread only; blocking (one small file). Owner: the directory store. Never fails: a file that cannot be read is as
// none, one that cannot be written is told once and tried again with the next scan.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/log.h"

namespace lepton_operator::store {

struct DirectoryIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const DirectoryIdentity&) const = default;
};

class KnownDirectory {
 public:
  KnownDirectory(const std::filesystem::path& state, std::filesystem::path manifests, base::Log& log);

  void load();
  // After a scan. False: nothing that is missing counts as removed.
  bool believed(const DirectoryIdentity& seen, bool holds_manifest, const std::function<bool()>& something_to_lose);
  bool held() const { return held_; }  // the latest answer was false

 private:
  void remember(const DirectoryIdentity& seen);

  std::filesystem::path file_;
  std::filesystem::path manifests_;
  base::Log& log_;
  std::optional<DirectoryIdentity> known_;
  std::string told_failure_;
  bool held_ = false;
};

}  // namespace lepton_operator::store
