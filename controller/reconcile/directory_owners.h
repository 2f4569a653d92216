// The Invocations of a state directory, read from its files (owner_registry.h).
//
// Absent is an Invocation whose state file is not there or holds another UID: without its file nothing of it can come back. Which directory
// an installation was made in stands in STATE/home, a hash of the machine, the path, the device, the inode and its time of birth; a copy of
// the directory, on this machine or on another, has another. In a file system or a machine that was cloned whole nothing would differ but
// the machine's id.
//
// Thread rule: domain thread only; blocking (files are small and local). Owner: app. A file that cannot be read is an error.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "reconcile/owner_registry.h"

namespace lepton_operator::reconcile {

// What STATE/home holds here and now: 64 hex digits.
base::Result<std::string> home_of(const std::filesystem::path& state);
// Writes it, when there is none.
base::Result<> record_home(const std::filesystem::path& state);

class DirectoryOwners final : public OwnerRegistry {
 public:
  explicit DirectoryOwners(std::filesystem::path state) : state_(std::move(state)) {}

  bool in_scope(const Owner&) const override { return true; }
  boost::asio::awaitable<base::Result<bool>> at_home(base::Context context) override;
  boost::asio::awaitable<base::Result<bool>> absent(base::Context context, Owner owner) override;

 private:
  std::filesystem::path state_;
};

}  // namespace lepton_operator::reconcile
