#include "store/watcher.h"

#include <array>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/inotify.h>
#include <unistd.h>

#include "store/manifest.h"

namespace lepton_operator::store {

namespace {

constexpr std::uint32_t kWatched = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

struct Watcher::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, std::function<void()> wake_owner) : descriptor(io), wake(std::move(wake_owner)) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0) descriptor.assign(fd);
  }

  void arm() {
    if (!descriptor.is_open()) return;
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](boost::system::error_code failure) {
      const std::shared_ptr<State> self = weak.lock();
      if (!self || failure) return;
      self->read_events();
      if (self->touched.any()) self->wake();
      self->arm();
    });
  }

  void read_events() {
    if (!descriptor.is_open()) return;
    alignas(inotify_event) std::array<char, 16u << 10> buffer;
    for (;;) {
      const ssize_t length = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
      if (length <= 0) return;
      std::size_t at = 0;
      while (at < static_cast<std::size_t>(length)) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        take(event, event.len == 0 ? std::string() : std::string(buffer.data() + at + sizeof event));
        at += sizeof event + event.len;
      }
    }
  }

  void take(const inotify_event& event, const std::string& name) {
    if (event.mask & IN_IGNORED) {
      if (event.wd == watch_descriptor) watch_descriptor = -1;
      touched.all = true;
      return;
    }
    // "..data" is what a mounted ConfigMap swaps; an event without a name is of the directory itself, or an overflow.
    if (!name.empty() && !is_manifest_name(name) && !name.starts_with("..")) return;
    if (name.empty() || name.starts_with("..")) {
      touched.all = true;
    } else {
      touched.names.insert(name);
    }
    if (event.mask & (IN_CREATE | IN_MODIFY)) {
      writing.insert(name);
      done.erase(name);
    }
    if (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) writing.erase(name);
    if (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) done.insert(name);
  }

  boost::asio::posix::stream_descriptor descriptor;
  std::function<void()> wake;
  int watch_descriptor = -1;
  Touched touched;
  std::set<std::string> writing;
  std::set<std::string> done;
};

Watcher::Watcher(boost::asio::io_context& io, std::function<void()> wake) : state_(std::make_shared<State>(io, std::move(wake))) {
  state_->arm();
}

Watcher::~Watcher() { close(); }

void Watcher::close() {
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
  state_->watch_descriptor = -1;
}

void Watcher::watch(const std::filesystem::path& path) {
  if (!state_->descriptor.is_open()) return;
  const int fd = state_->descriptor.native_handle();
  const int found = ::inotify_add_watch(fd, path.c_str(), kWatched);
  if (found == state_->watch_descriptor) return;
  if (state_->watch_descriptor >= 0) ::inotify_rm_watch(fd, state_->watch_descriptor);
  state_->watch_descriptor = found;
  state_->touched.all = true;  // what happened before was not seen
  state_->writing.clear();
}

bool Watcher::active() const { return state_->watch_descriptor >= 0; }

Watcher::Touched Watcher::drain() {
  state_->read_events();
  return std::exchange(state_->touched, Touched{});
}

bool Watcher::being_written(const std::string& name) const { return state_->writing.contains(name); }

bool Watcher::completed(const std::string& name) const { return state_->done.contains(name); }

void Watcher::clear_completed() { state_->done.clear(); }

}  // namespace lepton_operator::store
