// The manifest directory's files, each with the last content that counts.
//
// A file that is being written, or whose new content is wrong, counts only when it was closed or has stayed the same for 300 ms; until then
// what stood there before counts. Not recursive; symlinks are followed, so a mounted ConfigMap works. Read is what the watcher says has
// changed; everything when it does not know, or when its owner asks.
//
// Of a file whose documents are all in force only its text is kept besides what identifies them: their trees take twenty times as much. It
// is parsed again when somebody wants more (compact(), expand()).
//
// Thread rule: domain thread only; blocking (files are small and local). Owner: the directory store. Fails when the directory is missing,
// unreadable, or not on the device on which it was when it was trusted: then nothing is known about any file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.h"
#include "base/utf8.h"
#include "store/known_directory.h"
#include "store/manifest.h"
#include "store/watcher.h"

namespace lepton_operator::store {

class ManifestFiles {
 public:
  ManifestFiles(std::filesystem::path directory, Watcher& watcher);

  enum class Extent { kTouched, kAll };
  Result<> scan(base::Timestamp now, Extent extent);
  // Of the latest scans: files whose content that counts is another one, or that are gone.
  std::set<std::string> take_changed() { return std::exchange(changed_, {}); }
  void compact(const std::string& name);
  void expand(const std::string& name);

  const std::map<std::string, ManifestFile>& files() const { return files_; }  // by name
  // Changes whenever the file's content does: an error is told once per fingerprint.
  const std::string& fingerprint(const std::string& name) const { return fingerprints_.at(name); }
  // It is there with a content that does not count yet.
  bool pending(const std::string& name) const { return pending_.contains(name); }
  std::string source_of(const std::string& name) const { return base::as_utf8((directory_ / name).string()); }  // as people are shown it
  const DirectoryIdentity& identity() const { return identity_; }  // of the directory that the latest scan read
  void trust() { device_ = identity_.device; }                     // from now on it must not be on another device
  bool holds_manifest() const;                                     // at least one that can be read, whatever stands in it
  // When to look again because a file may have settled.
  std::optional<base::Timestamp> settles_at() const;

 private:
  struct Content {
    std::string fingerprint;
    std::string text;
    std::string error;  // instead of a text
    bool link = false;
  };
  struct Pending {
    std::string fingerprint;
    base::Timestamp since{};
    ManifestFile file;
  };

  using Contents = std::map<std::string, std::optional<Content>>;  // nothing: there is no such file
  Result<> read(Contents& contents, Watcher::Touched wanted);
  std::optional<Content> read_one(int directory, const std::string& name) const;
  void forget(const std::string& name);
  void consider(const std::string& name, const Content& content, base::Timestamp now, bool quiet);

  std::filesystem::path directory_;
  Watcher& watcher_;
  DirectoryIdentity identity_;
  std::optional<std::uint64_t> device_;
  std::map<std::string, ManifestFile> files_;
  std::map<std::string, std::string> fingerprints_;
  std::map<std::string, Pending> pending_;
  std::set<std::string> changed_;
  bool unread_ = true;                       // the directory as a whole was not read since it could be
  std::optional<base::Timestamp> again_at_;  // the directory did not come to rest
};

}  // namespace lepton_operator::store
