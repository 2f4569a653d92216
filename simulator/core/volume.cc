#include "core/volume.h"

#include <algorithm>

namespace lepton_operator::simulator {
namespace {

// The name of `path` directly below `prefix` (which ends in "/"), or nothing when it stands deeper or elsewhere.
std::optional<std::string> child_name(const std::string& prefix, const std::string& path) {
  if (!path.starts_with(prefix) || path.size() == prefix.size()) return std::nullopt;
  std::string name = path.substr(prefix.size());
  if (name.find('/') != std::string::npos) return std::nullopt;
  return name;
}

std::string as_prefix(const std::string& directory) { return directory == "/" ? "/" : directory + "/"; }

}  // namespace

std::optional<std::string> clean_path(std::string_view path) {
  std::string cleaned;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (part == "." || part == "..") return std::nullopt;
    if (!part.empty()) cleaned.append("/").append(part);
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return cleaned.empty() ? "/" : cleaned;
}

bool Volume::make_directory(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string ancestor = path.substr(0, end);
    if (is_file(ancestor)) return false;
    if (ancestor != "/") directories_.insert(ancestor);
    if (end == std::string::npos) return true;
  }
}

bool Volume::write(const std::string& path, std::string content) {
  if (is_directory(path)) return false;
  const std::string parent = path.substr(0, path.rfind('/'));
  if (!make_directory(parent.empty() ? "/" : parent)) return false;
  files_[path] = std::move(content);
  return true;
}

const std::string* Volume::read(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

std::vector<Volume::Entry> Volume::list(const std::string& directory) const {
  std::vector<Entry> entries;
  const std::string prefix = as_prefix(directory);
  for (auto it = directories_.lower_bound(prefix); it != directories_.end() && it->starts_with(prefix); ++it) {
    if (auto name = child_name(prefix, *it)) entries.push_back({*name, true});
  }
  for (auto it = files_.lower_bound(prefix); it != files_.end() && it->first.starts_with(prefix); ++it) {
    if (auto name = child_name(prefix, it->first)) entries.push_back({*name, false});
  }
  return entries;
}

void Volume::move(const std::string& from, const std::string& to) {
  const Volume before = *this;
  remove(from);
  if (const std::string* content = before.read(from)) write(to, *content);
  const std::string prefix = as_prefix(from);
  if (before.is_directory(from)) make_directory(to);
  for (const std::string& directory : before.directories_) {
    if (directory.starts_with(prefix)) make_directory(to + "/" + directory.substr(prefix.size()));
  }
  for (const auto& [path, content] : before.files_) {
    if (path.starts_with(prefix)) write(to + "/" + path.substr(prefix.size()), content);
  }
}

void Volume::remove(const std::string& path) {
  const std::string prefix = as_prefix(path);
  directories_.erase(path);
  files_.erase(path);
  // In order of their paths, so that what is below stands together: a volume of thousands is not walked for one directory.
  const auto first = directories_.lower_bound(prefix);
  directories_.erase(first, std::find_if_not(first, directories_.end(), [&](const std::string& each) { return each.starts_with(prefix); }));
  const auto file = files_.lower_bound(prefix);
  files_.erase(file, std::find_if_not(file, files_.end(), [&](const auto& each) { return each.first.starts_with(prefix); }));
}

std::size_t Volume::bytes() const {
  std::size_t total = 0;
  for (const auto& [path, content] : files_) total += content.size();
  return total;
}

std::vector<std::string> Volume::paths() const {
  std::vector<std::string> all;
  for (const std::string& directory : directories_) all.push_back(directory + "/");
  for (const auto& [path, content] : files_) all.push_back(path);
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace lepton_operator::simulator
