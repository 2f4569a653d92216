// The directory that an operator on this machine follows: what is to be stands in manifests, what is stands in the state directory.
//
// Nothing is written but manifests: state is the operator's alone. A manifest that somebody else wrote is changed only where it has to be,
// and left to its author where that cannot be done (manifest_edit.h).
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "base/yaml.h"
#include "cli/backend.h"
#include "cli/manifest_edit.h"
#include "cli/timeline.h"
#include "invocation/codec.h"
#include "invocation/validation.h"
#include "store/acceptance.h"
#include "store/manifest.h"
#include "store/object_table.h"
#include "store/state_files.h"

namespace lepton_operator::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using invocation::Invocation;
using invocation::Workspace;
using store::Document;
using store::Kind;

namespace {

constexpr base::Milliseconds kBetweenLooks{100};
constexpr base::Milliseconds kUntilTakenUp{3'000};  // until a manifest that nobody takes up is told
constexpr unsigned kReadable = 0644;
constexpr unsigned kSecretMode = 0600;
constexpr const char* kOurs = "# Written by `kubectl lepton run`, which will replace it; `kubectl lepton delete` removes it.\n";

// Whether an operator holds the state directory: it has a lock there for as long as it lives.
bool operator_runs(const fs::path& state) {
  const int descriptor = ::open((state / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

struct Declared {
  fs::path path;
  std::string text;
  store::ManifestFile file;
  std::size_t index = 0;

  const Document& document() const { return file.documents[index]; }
  bool alone() const { return file.documents.size() == 1 && file.errors.empty(); }
};

// It ran, and deleted itself at the end of its time to live; what is recorded keeps its unchanged manifest from running again.
bool ran_out(const Invocation& object) { return object.meta.annotations.contains(store::kExpiredAnnotation); }

Error by_hand(const Declared& declared, const std::string& what, const std::string& write) {
  return {.kind = ErrorKind::kInvalid,
          .what = what + " cannot be changed here without touching more than that; write \"" + write + "\" by hand, there",
          .where = declared.document().where("spec")};
}

class DirectoryBackend final : public Backend {
 public:
  explicit DirectoryBackend(Session& session)
      : session_(session),
        manifests_(session.globals().manifests),
        state_dir_(session.globals().state_dir),
        state_(state_dir_),
        namespace__(session.globals().namespace_.value_or("default")) {}

  const std::string& namespace_() const override { return namespace__; }
  std::string place() const override { return "the directory " + manifests_.string(); }
  bool uses_own_credentials() const override { return true; }

  Answer<Json> invocation(Context, ObjectKey key) override { co_return find<Invocation>(key); }
  Answer<Json> workspace(Context, ObjectKey key) override { co_return workspace_of(key); }
  Answer<std::vector<Json>> invocations(Context) override { co_return all(namespace__); }
  Answer<std::map<std::string, std::string>> secret(Context, ObjectKey key) override { co_return values_of(key); }
  Answer<Applied> apply(Context, Json manifest, ApplyOptions options) override { co_return write(manifest, options); }
  bool declares_suspend(const ObjectKey& key, bool suspend) const override {
    const std::optional<Declared> found = declared(Kind::kInvocation, key);
    if (!found) return true;  // nothing says otherwise
    return base::get_bool(base::get_object(found->document().yaml.value, "spec"), "suspend").value_or(false) == suspend;
  }
  Answer<std::string> remove(Context, ObjectKey key) override { co_return take_away(key); }
  Answer<std::string> set_suspend(Context, ObjectKey key, bool suspend) override {
    co_return edit(key, "spec", "suspend", Json::boolean(suspend));
  }
  Answer<std::string> set_run(Context, ObjectKey key, std::string task, std::int64_t run) override { co_return raise(key, task, run); }
  Answer<std::vector<EventLine>> events(Context, Json invocation) override {
    co_return timeline_of(invocation::decode_invocation(invocation));
  }
  Answer<> follow(Context context, ObjectKey key, Follower& follower) override { return look_again(this, context, key, &follower); }

 private:
  // --- what is

  template <class T>
  Result<Json> find(const ObjectKey& key) const {
    const Result<T> object = state_.read<T>(key);
    if constexpr (std::is_same_v<T, Invocation>) {
      if (object && ran_out(*object)) return Error{ErrorKind::kNotFound, key.text() + " ran, and is gone at the end of its time to live"};
    }
    if (object) return invocation::encode(*object);
    if (object.error().kind != ErrorKind::kNotFound) return object.error();
    const char* what = std::is_same_v<T, Workspace> ? "Workspace " : "Invocation ";
    Error missing{ErrorKind::kNotFound, std::string("there is no ") + what + key.text() + " in " + state_dir_.string()};
    if (declared(std::is_same_v<T, Workspace> ? Kind::kWorkspace : Kind::kInvocation, key)) {
      missing.what += "; its manifest is there, and no operator has taken it up yet";
    }
    return missing;
  }

  // As its manifest has it, like the Secret that it names: what is to be checked may be what no operator has taken up.
  Result<Json> workspace_of(const ObjectKey& key) const {
    const std::optional<Declared> manifest = declared(Kind::kWorkspace, key);
    if (!manifest) return find<Workspace>(key);
    Json object = manifest->document().yaml.value;
    object["metadata"]["namespace"] = Json::string(key.namespace_);
    return object;
  }

  Result<std::vector<Json>> all(const std::string& space) const {
    const Result<std::vector<ObjectKey>> keys = state_.list<Invocation>();
    if (!keys) return keys.error();
    std::vector<Json> objects;
    for (const ObjectKey& key : *keys) {
      if (key.namespace_ != space) continue;
      const Result<Invocation> object = state_.read<Invocation>(key);
      if (object && !ran_out(*object)) objects.push_back(invocation::encode(*object));
      if (!object && object.error().kind != ErrorKind::kNotFound) return object.error();
    }
    return objects;
  }

  Result<std::map<std::string, std::string>> values_of(const ObjectKey& key) const {
    const std::optional<Declared> found = declared(Kind::kSecret, key);
    if (!found) return Error{ErrorKind::kNotFound, "no manifest in " + manifests_.string() + " declares the Secret " + key.text()};
    if (!found->document().errors.empty()) return Error{ErrorKind::kInvalid, found->document().errors.front()};
    return found->document().secret;
  }

  // --- what is to be

  // The first file, by name, that declares it: as the operator takes them.
  std::optional<Declared> declared(Kind kind, const ObjectKey& key) const {
    std::vector<Declared> found = declarations(kind, key, 1);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
  }

  std::vector<Declared> declarations(Kind kind, const ObjectKey& key, std::size_t most) const {
    std::set<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator it(manifests_, error); !error && it != fs::directory_iterator(); it.increment(error)) {
      if (store::is_manifest_name(it->path().filename().string())) files.insert(it->path());
    }
    std::vector<Declared> all;
    for (const fs::path& path : files) {
      if (all.size() == most) break;
      Result<std::string> text = base::read_file(path);
      if (!text) continue;
      Declared found{.path = path, .text = *text, .file = store::parse_manifest(path.filename().string(), path.string(), *text)};
      const auto is_it = [&](const Document& document) { return document.kind == kind && document.key == key; };
      const auto document = std::find_if(found.file.documents.begin(), found.file.documents.end(), is_it);
      if (document == found.file.documents.end()) continue;
      found.index = static_cast<std::size_t>(document - found.file.documents.begin());
      all.push_back(std::move(found));
    }
    return all;
  }

  fs::path file_for(Kind kind, const ObjectKey& key) const {
    const std::string space = key.namespace_ == "default" ? "" : key.namespace_ + ".";
    const std::string what = kind == Kind::kInvocation ? "" : base::lower(store::to_string(kind)) + ".";
    return manifests_ / (what + space + key.name + ".yaml");
  }

  // What the operator would say against it.
  Result<> check(const Document& document) const {
    if (!document.errors.empty()) return Error{ErrorKind::kInvalid, base::join(document.errors, "\n")};
    if (document.kind != Kind::kInvocation) return base::Ok{};
    const Result<Invocation> recorded = state_.read<Invocation>(document.key);
    if (!recorded || recorded->meta.uid.empty()) return base::Ok{};
    if (recorded->meta.deleted) {
      return Error{ErrorKind::kConflict, document.key.text() + " is still being deleted: `kubectl lepton delete " + document.key.name +
                                             " --wait` returns when it is gone"};
    }
    const bool over = invocation::finished(recorded->status.phase);
    const auto errors = invocation::validate_update(recorded->spec, document.spec, over);
    std::vector<std::string> sentences;
    for (const auto& each : errors) sentences.push_back(each.text());
    if (!sentences.empty()) return Error{ErrorKind::kInvalid, base::join(sentences, "\n")};
    return base::Ok{};
  }

  Result<Applied> write(const Json& manifest, const ApplyOptions& options) const {
    const std::string text = kOurs + base::to_yaml(manifest);
    const store::ManifestFile read = store::parse_manifest("manifest", "the manifest", text);
    if (read.documents.size() != 1) return Error{ErrorKind::kInvalid, read.errors.empty() ? "is empty" : read.errors.front()};
    const Document& document = read.documents.front();
    if (const Result<> good = check(document); !good) return good.error();
    Applied applied{.object = manifest, .where = file_for(document.kind, document.key).string()};
    const std::optional<Declared> there = declared(document.kind, document.key);
    if (there) {
      applied.where = there->path.string();
      applied.outcome = Applied::Outcome::kConfigured;
      Json known = there->document().yaml.value;
      known["metadata"]["namespace"] = Json::string(document.key.namespace_);  // where it is not written
      if (base::to_text(known) == base::to_text(manifest)) {
        const Result<Invocation> recorded = state_.read<Invocation>(document.key);
        if (document.kind == Kind::kInvocation && recorded && ran_out(*recorded)) {
          return Error{ErrorKind::kConflict, document.key.text() +
                                                 " ran, and is gone at the end of its time to live: to run it once more " +
                                                 "change it, or `kubectl lepton delete " + document.key.name + "` first"};
        }
        applied.outcome = Applied::Outcome::kUnchanged;
        return applied;
      }
      if (!there->text.starts_with(kOurs) || !there->alone()) {
        return Error{ErrorKind::kConflict,
                     there->document().where("") + " declares it already, in other words: change it there, or remove it first"};
      }
    }
    std::error_code error;
    if (!there && fs::exists(applied.where, error)) {
      return Error{ErrorKind::kConflict, applied.where + " is there and declares something else: rename it"};
    }
    if (options.dry_run != DryRun::kNone) return applied;
    const Result<> written = base::write_file_atomically(applied.where, text, document.kind == Kind::kSecret ? kSecretMode : kReadable);
    if (!written) return written.error();
    return applied;
  }

  Result<Declared> to_be_changed(const ObjectKey& key) const {
    std::optional<Declared> found = declared(Kind::kInvocation, key);
    if (!found) {
      return Error{ErrorKind::kNotFound, "no manifest in " + manifests_.string() + " declares the Invocation " + key.text()};
    }
    std::error_code error;
    if (fs::is_symlink(found->path, error)) {
      return Error{ErrorKind::kInvalid, found->path.string() + " is a link to " + fs::read_symlink(found->path, error).string() +
                                            ": change that where it comes from"};
    }
    return *std::move(found);
  }

  static Result<> save(const Declared& declared, const std::string& text) {
    struct ::stat about {};
    const unsigned mode = ::stat(declared.path.c_str(), &about) == 0 ? about.st_mode & 07777u : kReadable;
    return base::write_file_atomically(declared.path, text, mode);
  }

  Result<std::string> take_away(const ObjectKey& key) const {
    const Result<Declared> found = to_be_changed(key);
    if (!found) {
      const Result<Invocation> recorded = state_.read<Invocation>(key);
      if (found.error().kind == ErrorKind::kNotFound && recorded) return std::string(key.text() + ": its manifest is gone already");
      return found.error();
    }
    if (const auto all = declarations(Kind::kInvocation, key, 2); all.size() > 1) {
      const std::string second = all.back().document().where("");
      return Error{ErrorKind::kConflict, second + " declares " + key.text() + " too and would take the place of " + found->path.string() +
                                             ", so that nothing is deleted: remove one of the two by hand first"};
    }
    if (found->alone()) {
      const Result<> removed = base::remove_file(found->path);
      if (!removed) return removed.error();
      return found->path.string() + " removed";
    }
    const std::optional<Edit> rest = without_document(found->text, found->document().yaml.line);
    if (!rest) {
      return Error{.kind = ErrorKind::kInvalid,
                   .what = "the file declares other things too and cannot be parted here; take the document out by hand",
                   .where = found->document().where("")};
    }
    if (const Result<> saved = save(*found, rest->text); !saved) return saved.error();
    return found->path.string() + ":" + std::to_string(rest->line) + ": the document of " + key.text() + " taken out";
  }

  Result<std::string> edit(const ObjectKey& key, const std::string& parent, const std::string& field, const Json& value) const {
    const Result<Declared> found = to_be_changed(key);
    if (!found) return found.error();
    if (!found->document().errors.empty()) return Error{ErrorKind::kInvalid, found->document().errors.front()};
    const std::string shown = field + ": " + base::to_text(value);
    const std::optional<Edit> changed = with_field(found->text, found->document().yaml.line, parent, field, value);
    if (!changed) return by_hand(*found, parent + "." + field, shown);
    if (changed->text != found->text) {
      const store::ManifestFile after = store::parse_manifest(found->file.name, found->file.source, changed->text);
      if (const Result<> good = check(after.documents[found->index]); !good) return good.error();
      if (const Result<> saved = save(*found, changed->text); !saved) return saved.error();
    }
    return found->path.string() + ":" + std::to_string(changed->line) + ": " + parent + "." + shown;
  }

  Result<std::string> raise(const ObjectKey& key, const std::string& task, std::int64_t run) const {
    const Result<Declared> found = to_be_changed(key);
    if (!found) return found.error();
    const auto tasks = base::elements(base::find(base::get_object(found->document().spec, "evaluation"), "tasks"));
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (base::get_string(tasks[i], "name") == task) {
        return edit(key, "spec.evaluation.tasks[" + std::to_string(i) + "]", "run", Json::number(run));
      }
    }
    return Error{ErrorKind::kNotFound, found->document().where("spec.evaluation.tasks") + ": there is no task " + task};
  }

  // --- as it changes

  // Of every state file that counts: what changes with each write of it.
  using Prints = std::map<std::string, std::pair<std::uint64_t, std::int64_t>>;
  Prints prints(const ObjectKey& key) const {
    Prints seen;
    std::error_code error;
    for (fs::directory_iterator it(state_dir_ / key.namespace_, error); !error && it != fs::directory_iterator(); it.increment(error)) {
      const std::string file = it->path().filename().string();
      if (file.front() == '.' || (!key.name.empty() && file != key.name + ".yaml")) continue;
      struct ::stat about {};
      if (::stat(it->path().c_str(), &about) != 0) continue;
      seen[file] = {about.st_ino, about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec};
    }
    return seen;
  }

  // What there is of what is wanted, by name. One that cannot be read is what it was when it last could be: it is not gone.
  struct Look {
    std::map<std::string, Json> objects = {};
    std::string trouble = {};  // the first that cannot be read
    bool whole = true;         // nothing is missing that may be there
  };
  Look look_at(const ObjectKey& wanted, const std::map<std::string, Json>& before) const {
    Result<std::vector<ObjectKey>> keys = std::vector<ObjectKey>{wanted};
    if (wanted.name.empty()) keys = state_.list<Invocation>();
    if (!keys) return {.objects = before, .trouble = keys.error().text(), .whole = false};
    Look look;
    for (const ObjectKey& key : *keys) {
      if (key.namespace_ != wanted.namespace_) continue;
      const Result<Invocation> object = state_.read<Invocation>(key);
      if (object && !ran_out(*object)) look.objects.insert_or_assign(key.name, invocation::encode(*object));
      if (object || object.error().kind == ErrorKind::kNotFound) continue;
      if (look.trouble.empty()) look.trouble = object.error().text();
      const auto known = before.find(key.name);
      if (known != before.end()) look.objects.insert(*known);
      look.whole = look.whole && (known != before.end() || wanted.name.empty());
    }
    return look;
  }

  static Answer<> look_again(DirectoryBackend* self, Context context, ObjectKey key, Follower* follower) {
    std::optional<Prints> before;
    const base::Timestamp begun = self->session_.clock().now();
    Look last;
    std::string told;
    while (!context.expired()) {
      Prints now = self->prints(key);
      const bool fresh = !before || now != *before;
      if (fresh || !last.trouble.empty()) {
        last = self->look_at(key, last.objects);
        if (last.whole && (fresh || last.trouble.empty())) {
          before = std::move(now);
          follower->seen(in_order(last.objects));
        }
      }
      std::string trouble = last.trouble;
      if (trouble.empty() && self->session_.clock().now() - begun > kUntilTakenUp && !operator_runs(self->state_dir_)) {
        trouble = "no lepton-operator works with " + self->state_dir_.string() + " now: start one";
      }
      if (trouble != told) follower->trouble(told = trouble);
      co_await self->session_.clock().sleep(context, kBetweenLooks);
    }
    co_return base::Ok{};
  }

  static std::vector<Json> in_order(const std::map<std::string, Json>& objects) {
    std::vector<Json> all;
    for (const auto& [name, object] : objects) all.push_back(object);
    return all;
  }

  Session& session_;
  fs::path manifests_;
  fs::path state_dir_;
  store::StateFiles state_;
  std::string namespace__;
};

}  // namespace

std::unique_ptr<Backend> make_directory_backend(Session& session) { return std::make_unique<DirectoryBackend>(session); }

}  // namespace lepton_operator::cli
