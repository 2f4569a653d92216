#include "base/files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lepton_operator::base {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error system_error(const fs::path& path, std::string_view doing) {
  const int code = errno;
  ErrorKind kind = ErrorKind::kServer;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::kNotFound;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::kForbidden;
  return {.kind = kind, .what = "cannot " + std::string(doing) + ": " + std::strerror(code), .where = path.string()};
}

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// Makes the directory's entries durable: a rename, or a directory just made, is only then sure to survive a power cut.
Result<> sync_directory(const fs::path& directory) {
  const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() || ::fsync(descriptor.get()) != 0) return system_error(directory, "sync the directory");
  return Ok{};
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<> make_directories(const fs::path& directory) {
  if (directory.empty()) return Ok{};
  if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory_of(directory));
  if (errno == EEXIST) return Ok{};
  if (errno != ENOENT) return system_error(directory, "make the directory");
  Result<> parent = make_directories(directory.parent_path());
  if (!parent) return parent;
  if (::mkdir(directory.c_str(), 0700) == 0) return sync_directory(directory_of(directory));
  if (errno == EEXIST) return Ok{};
  return system_error(directory, "make the directory");
}

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a FIFO that somebody left in a directory must not hang us.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.open()) return system_error(path, "open");
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0) return system_error(path, "read");
  if (!S_ISREG(info.st_mode)) return Error{.kind = ErrorKind::kInvalid, .what = "is not a regular file", .where = path.string()};
  std::string content;
  std::string buffer(64u << 10, '\0');
  for (;;) {
    const ssize_t count = ::read(descriptor.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path, "read");
    if (count == 0) return content;
    content.append(buffer, 0, static_cast<std::size_t>(count));
    if (content.size() > limit) {
      return Error{.kind = ErrorKind::kInvalid, .what = "is larger than " + std::to_string(limit) + " bytes", .where = path.string()};
    }
  }
}

Result<> write_file_atomically(const fs::path& path, std::string_view content, unsigned mode) {
  const fs::path directory = directory_of(path);
  if (Result<> made = make_directories(directory); !made) return made;
  // The name is hidden and ends in no known extension, so that a reader of the directory never takes it for a manifest.
  std::string temporary = (directory / ("." + path.filename().string() + ".XXXXXX")).string();
  {
    const Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!descriptor.open()) return system_error(path, "write");
    const bool written = ::fchmod(descriptor.get(), static_cast<mode_t>(mode)) == 0 && write_all(descriptor.get(), content) &&
                         ::fsync(descriptor.get()) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
    if (!written) {
      Error error = system_error(path, "write");
      ::unlink(temporary.c_str());
      return error;
    }
  }
  return sync_directory(directory);
}

Result<> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Ok{};
    return system_error(path, "remove");
  }
  return sync_directory(directory_of(path));
}

}  // namespace lepton_operator::base
