#include "store/manifest_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"

namespace lepton_operator::store {

namespace {

constexpr base::Milliseconds kSettle{300};
constexpr int kReadings = 5;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

base::Error unusable(const std::filesystem::path& directory, const std::string& why) {
  return {.kind = base::ErrorKind::kServer, .what = why, .where = directory.string()};
}

}  // namespace

ManifestFiles::ManifestFiles(std::filesystem::path directory, Watcher& watcher) : directory_(std::move(directory)), watcher_(watcher) {}

Result<> ManifestFiles::scan(base::Timestamp now, Extent extent) {
  watcher_.watch(directory_);
  Watcher::Touched wanted = watcher_.drain();
  wanted.all = wanted.all || unread_ || extent == Extent::kAll;
  for (const auto& [name, pending] : pending_) wanted.names.insert(name);
  Contents contents;
  bool quiet = false;
  // Read again while somebody writes: only of a quiet directory is it certain that what was closed is what was read.
  for (int reading = 0; reading < kReadings && !quiet; ++reading) {
    const Result<> done = read(contents, std::move(wanted));
    wanted = watcher_.drain();
    quiet = !wanted.any();
    if (!done) {
      pending_.clear();
      again_at_.reset();
      unread_ = true;
      return done.error();
    }
  }
  unread_ = wanted.all;
  for (const auto& [name, content] : contents) {
    if (content) {
      consider(name, *content, now, quiet);
    } else {
      forget(name);
    }
  }
  for (const std::string& name : wanted.names) pending_[name];  // looked at with the next scan, which is soon
  if (quiet) watcher_.clear_completed();
  again_at_ = quiet ? std::nullopt : std::optional(now);
  return base::Ok{};
}

void ManifestFiles::forget(const std::string& name) {
  if (files_.erase(name) > 0) changed_.insert(name);
  fingerprints_.erase(name);
  pending_.erase(name);
}

void ManifestFiles::consider(const std::string& name, const Content& content, base::Timestamp now, bool quiet) {
  const auto known = fingerprints_.find(name);
  if (known != fingerprints_.end() && known->second == content.fingerprint) {
    pending_.erase(name);
    return;
  }
  Pending& pending = pending_[name];
  if (pending.fingerprint != content.fingerprint) {
    pending.fingerprint = content.fingerprint;
    pending.since = now;
    pending.file = content.error.empty() ? parse_manifest(name, source_of(name), content.text)
                                         : unreadable_manifest(name, source_of(name), content.error);
  }
  const bool settled = now - pending.since >= kSettle;
  const bool completed = watcher_.completed(name);
  const bool open = watcher_.being_written(name) && !content.link;  // of a link's target we see no writing, nor its end
  if (!settled && (!quiet || (!completed && (open || !pending.file.ok())))) return;
  fingerprints_[name] = content.fingerprint;
  files_[name] = std::move(pending.file);
  files_[name].text = content.text;
  pending_.erase(name);
  changed_.insert(name);
}

void ManifestFiles::compact(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end() || found->second.compact) return;
  for (Document& document : found->second.documents) {
    document.yaml = {};
    document.spec = {};
    document.annotations.clear();
  }
  found->second.compact = true;
}

void ManifestFiles::expand(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end() || !found->second.compact) return;
  ManifestFile file = parse_manifest(name, source_of(name), found->second.text);
  file.text = std::move(found->second.text);
  found->second = std::move(file);
}

bool ManifestFiles::holds_manifest() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& entry) { return !entry.second.opaque; });
}

std::optional<base::Timestamp> ManifestFiles::settles_at() const {
  std::optional<base::Timestamp> earliest = again_at_;
  for (const auto& [name, pending] : pending_) {
    const base::Timestamp at = pending.since + kSettle;
    if (!earliest || at < *earliest) earliest = at;
  }
  return earliest;
}

Result<> ManifestFiles::read(Contents& contents, Watcher::Touched wanted) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(directory_.c_str()));
  if (!directory) return unusable(directory_, std::string("cannot read the manifest directory: ") + std::strerror(errno));
  struct stat info {};
  if (::fstat(::dirfd(directory.get()), &info) != 0) return unusable(directory_, std::strerror(errno));
  identity_ = {.device = info.st_dev, .inode = info.st_ino};
  if (device_ && *device_ != info.st_dev) {
    return unusable(directory_,
                    "the manifest directory is on another device than before: was it unmounted? Restart the operator if that is meant");
  }
  while (wanted.all) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    if (is_manifest_name(entry->d_name)) wanted.names.insert(entry->d_name);
  }
  if (wanted.all && errno != 0) return unusable(directory_, std::string("cannot read the manifest directory: ") + std::strerror(errno));
  if (wanted.all) {
    for (const auto& [name, fingerprint] : fingerprints_) wanted.names.insert(name);  // it may be gone
  }
  for (const std::string& name : wanted.names) contents[name] = read_one(::dirfd(directory.get()), name);
  return base::Ok{};
}

// Nothing when there is no such file (any more). A link that leads nowhere is a file that cannot be read: its target may come back.
std::optional<ManifestFiles::Content> ManifestFiles::read_one(int directory, const std::string& name) const {
  struct stat info {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) return std::nullopt;
  Content content;
  content.link = S_ISLNK(info.st_mode);
  if (::fstatat(directory, name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode)) return std::nullopt;
  Result<std::string> text = base::read_file(directory_ / name);
  if (!text && text.error().kind == base::ErrorKind::kNotFound && !content.link) return std::nullopt;
  if (text) {
    content.text = std::move(text).value();
    content.fingerprint = base::sha256_hex(content.text);
  } else {
    content.error = text.error().text();
    content.fingerprint = "unreadable: " + content.error;
  }
  return content;
}

}  // namespace lepton_operator::store
