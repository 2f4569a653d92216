#include "store/state_files.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <type_traits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/yaml.h"
#include "invocation/codec.h"
#include "store/manifest.h"

namespace lepton_operator::store {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using invocation::Invocation;
using invocation::ObjectKey;
using invocation::Workspace;

constexpr const char* kWorkspaces = "workspaces";
// Far more than any object that was accepted can grow to with its status: what we once wrote we must be able to read.
constexpr base::YamlLimits kLimits{.text = 64u << 20, .levels = 256};
constexpr std::string_view kSuffix = ".yaml";

template <class T>
constexpr bool kIsWorkspace = std::is_same_v<T, Workspace>;

Error cannot_keep(const fs::path& path, const std::string& why) {
  return {.kind = ErrorKind::kServer, .what = "the state directory cannot be used: " + why, .where = path.string()};
}

Error malformed(const fs::path& path, const std::string& why) {
  return {.kind = ErrorKind::kMalformed, .what = why, .where = path.string()};
}

// Files and directories in `directory`, by name; none when it does not exist.
base::Result<std::vector<fs::path>> entries(const fs::path& directory) {
  std::vector<fs::path> result;
  std::error_code failure;
  fs::directory_iterator it(directory, failure);
  if (failure == std::errc::no_such_file_or_directory) return result;
  for (; !failure && it != fs::directory_iterator(); it.increment(failure)) result.push_back(it->path());
  if (failure) return cannot_keep(directory, failure.message());
  std::sort(result.begin(), result.end());
  return result;
}

// The temporary files of base::write_file_atomically: ".<name>.yaml.<six characters>".
bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  constexpr std::size_t kTail = 7;
  if (!name.starts_with('.') || name.size() <= kSuffix.size() + kTail) return false;
  return name.substr(name.size() - kTail - kSuffix.size(), kSuffix.size()) == kSuffix;
}

void remove_leftovers(const fs::path& directory) {
  const base::Result<std::vector<fs::path>> found = entries(directory);
  if (!found) return;
  for (const fs::path& path : *found) {
    std::error_code ignored;
    if (is_leftover(path)) fs::remove(path, ignored);
  }
}

// Namespaces that have a directory here.
base::Result<std::vector<std::string>> namespaces(const fs::path& root) {
  const base::Result<std::vector<fs::path>> found = entries(root);
  if (!found) return found.error();
  std::vector<std::string> result;
  for (const fs::path& path : *found) {
    std::error_code ignored;
    if (valid_namespace(path.filename().string()) && fs::is_directory(path, ignored)) result.push_back(path.filename().string());
  }
  return result;
}

template <class T>
T decode(const base::Json& object) {
  if constexpr (kIsWorkspace<T>) {
    return invocation::decode_workspace(object);
  } else {
    return invocation::decode_invocation(object);
  }
}

}  // namespace

StateFiles::StateFiles(fs::path root) : root_(std::move(root)) {}

base::Result<> StateFiles::open() {
  std::error_code failure;
  const fs::path root = fs::absolute(root_, failure);
  if (failure) return cannot_keep(root_, failure.message());
  fs::create_directories(root.parent_path(), failure);
  if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) return cannot_keep(root_, std::strerror(errno));
  const base::Result<std::vector<std::string>> found = namespaces(root_);
  if (!found) return found.error();
  for (const std::string& space : *found) {
    remove_leftovers(root_ / space);
    remove_leftovers(root_ / space / kWorkspaces);
  }
  return base::Ok{};
}

template <class T>
fs::path StateFiles::path_of(const ObjectKey& key) const {
  const fs::path space = root_ / key.namespace_;
  return (kIsWorkspace<T> ? space / kWorkspaces : space) / (key.name + std::string(kSuffix));
}

template <class T>
base::Result<std::vector<ObjectKey>> StateFiles::list() const {
  const base::Result<std::vector<std::string>> spaces = namespaces(root_);
  if (!spaces) return spaces.error();
  std::vector<ObjectKey> keys;
  for (const std::string& space : *spaces) {
    const base::Result<std::vector<fs::path>> found = entries(kIsWorkspace<T> ? root_ / space / kWorkspaces : root_ / space);
    if (!found) return found.error();
    for (const fs::path& path : *found) {
      const std::string name = path.stem().string();
      if (path.extension() == kSuffix && valid_name(name)) keys.push_back({space, name});
    }
  }
  return keys;
}

template <class T>
base::Result<T> StateFiles::read(const ObjectKey& key) const {
  const fs::path path = path_of<T>(key);
  const base::Result<std::string> text = base::read_file(path, kLimits.text);
  if (!text) return text.error();
  const base::Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(*text, path.string(), kLimits);
  if (!documents) return Error{.kind = ErrorKind::kMalformed, .what = documents.error().what, .where = documents.error().where};
  if (documents->size() != 1 || !documents->front().value.is_object()) return malformed(path, "does not hold exactly one object");
  const base::Json& object = documents->front().value;
  const char* kind = to_string(kIsWorkspace<T> ? Kind::kWorkspace : Kind::kInvocation);
  if (base::get_string(object, "kind") != kind) return malformed(path, std::string("does not hold an object of kind ") + kind);
  T decoded = decode<T>(object);
  if (decoded.meta.key != key) return malformed(path, "names another object than the file does");
  return decoded;
}

template <class T>
base::Result<> StateFiles::prepare(const std::string& space) const {
  const base::Result<> made = base::make_directories(path_of<T>({space, "any"}).parent_path());
  if (made) return base::Ok{};
  return Error{.kind = ErrorKind::kServer, .what = made.error().text()};
}

template <class T>
base::Result<> StateFiles::save(const T& object) const {
  const fs::path path = path_of<T>(object.meta.key);
  const base::Result<> written = base::write_file_atomically(path, base::to_yaml(invocation::encode(object)), 0600);
  if (written) return base::Ok{};
  return Error{.kind = ErrorKind::kServer, .what = written.error().text()};
}

template <class T>
base::Result<> StateFiles::remove(const ObjectKey& key) const {
  const base::Result<> removed = base::remove_file(path_of<T>(key));
  if (removed) return base::Ok{};
  return Error{.kind = ErrorKind::kServer, .what = removed.error().text()};
}

template base::Result<std::vector<ObjectKey>> StateFiles::list<Invocation>() const;
template base::Result<std::vector<ObjectKey>> StateFiles::list<Workspace>() const;
template base::Result<Invocation> StateFiles::read(const ObjectKey&) const;
template base::Result<Workspace> StateFiles::read(const ObjectKey&) const;
template base::Result<> StateFiles::prepare<Invocation>(const std::string&) const;
template base::Result<> StateFiles::prepare<Workspace>(const std::string&) const;
template base::Result<> StateFiles::save(const Invocation&) const;
template base::Result<> StateFiles::save(const Workspace&) const;
template base::Result<> StateFiles::remove<Invocation>(const ObjectKey&) const;
template base::Result<> StateFiles::remove<Workspace>(const ObjectKey&) const;
template fs::path StateFiles::path_of<Invocation>(const ObjectKey&) const;
template fs::path StateFiles::path_of<Workspace>(const ObjectKey&) const;

}  // namespace lepton_operator::store
