#include "app/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "base/files.h"

namespace lepton_operator::app {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

// Not a namespace's name, so no object's state is ever in its way.
constexpr const char* kLockName = ".lock";

constexpr base::Milliseconds kLockRetry{50};

Error system_error(const std::filesystem::path& path, int code) { return Error{ErrorKind::kForbidden, std::strerror(code), path.string()}; }

// Not inlined: gcc 12 then warns of a copy that cannot happen, in std::string's move.
[[gnu::noinline]] bool is_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

}  // namespace

Result<StateLock> StateLock::acquire(const std::filesystem::path& state, base::Milliseconds patience) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(state, error);
  if (error) return system_error(state, error.value());
  if (made) std::filesystem::permissions(state, std::filesystem::perms::owner_all, error);
  const std::filesystem::path path = state / kLockName;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_error(path, errno);
  StateLock lock(descriptor);
  for (base::Milliseconds waited{0};; waited += kLockRetry) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_error(path, errno);
    if (waited >= patience) return Error{ErrorKind::kConflict, "another lepton-operator works with this state directory", state.string()};
    std::this_thread::sleep_for(kLockRetry);
  }
}

StateLock::~StateLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::string> load_or_make_install_id(const std::filesystem::path& state, base::Random& random) {
  const std::filesystem::path path = state / "install-id";
  const Result<std::string> content = base::read_file(path, 4'096);
  if (content) {
    std::string id = content->substr(0, content->find_last_not_of(" \t\r\n") + 1);
    if (is_uuid(id)) return id;
    return Error{ErrorKind::kInvalid, "is not the UUID that was written there; put it back (it marks what is ours in Lepton)",
                 path.string()};
  }
  if (content.error().kind != ErrorKind::kNotFound) return content.error();
  std::string id = random.uuid();
  if (const Result<> written = base::write_file_atomically(path, id + "\n"); !written) return written.error();
  return id;
}

}  // namespace lepton_operator::app
