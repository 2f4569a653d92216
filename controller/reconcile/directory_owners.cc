#include "reconcile/directory_owners.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/hash.h"
#include "store/state_files.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

constexpr const char* kHome = "home";
constexpr const char* kMachineId = "/etc/machine-id";

// Without an id (a bare container) the machine's name, which then changes with the container.
std::string machine() {
  if (const Result<std::string> id = base::read_file(kMachineId, 4'096); id && id->size() > 1) return *id;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  return name.data();
}

// As the store names its files: a name with a slash would be another file.
bool plain(const std::string& name) { return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos; }

}  // namespace

Result<std::string> home_of(const std::filesystem::path& state) {
  std::error_code failure;
  const std::filesystem::path path = std::filesystem::canonical(state, failure);
  struct statx status {};
  if (failure || ::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME, &status) != 0) {
    const int code = failure ? failure.value() : errno;
    return Error{ErrorKind::kServer, std::strerror(code), state.string()};
  }
  std::string place =
      std::to_string(status.stx_dev_major) + ":" + std::to_string(status.stx_dev_minor) + ":" + std::to_string(status.stx_ino);
  // A directory that was made in another's place may have its inode, too.
  if (status.stx_mask & STATX_BTIME) {
    place += ":" + std::to_string(status.stx_btime.tv_sec) + "." + std::to_string(status.stx_btime.tv_nsec);
  }
  return base::sha256_hex(machine() + "\n" + path.string() + "\n" + place);
}

Result<> record_home(const std::filesystem::path& state) {
  const Result<std::string> known = base::read_file(state / kHome, 4'096);
  if (known) return base::Ok{};
  if (known.error().kind != ErrorKind::kNotFound) return known.error();
  const Result<std::string> here = home_of(state);
  if (!here) return here.error();
  return base::write_file_atomically(state / kHome, *here + "\n");
}

boost::asio::awaitable<Result<bool>> DirectoryOwners::at_home(Context) {
  const Result<std::string> recorded = base::read_file(state_ / kHome, 4'096);
  if (!recorded) co_return recorded.error();
  const Result<std::string> here = home_of(state_);
  if (!here) co_return here.error();
  co_return *recorded == *here + "\n";
}

boost::asio::awaitable<Result<bool>> DirectoryOwners::absent(Context, Owner owner) {
  if (!plain(owner.namespace_) || !plain(owner.name)) {
    co_return Error{ErrorKind::kInvalid, "no Invocation can have the name \"" + owner.namespace_ + "/" + owner.name + "\""};
  }
  const store::StateFiles files(state_);
  const Result<invocation::Invocation> found = files.read<invocation::Invocation>({owner.namespace_, owner.name});
  if (!found && found.error().kind == ErrorKind::kNotFound) co_return true;
  if (!found) co_return found.error();
  if (found->meta.uid.empty()) co_return Error{ErrorKind::kInvalid, "its state file has no UID"};
  co_return found->meta.uid != owner.uid;
}

}  // namespace lepton_operator::reconcile
