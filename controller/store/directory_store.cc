#include "store/directory_store.h"

#include <algorithm>
#include <system_error>

#include "base/async.h"
#include "store/absence.h"
#include "store/claims.h"
#include "store/known_directory.h"
#include "store/manifest_files.h"
#include "store/manifest_report.h"
#include "store/object_table.h"
#include "store/secret_table.h"
#include "store/state_files.h"
#include "store/watcher.h"

namespace lepton_operator::store {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Timestamp;
using boost::asio::awaitable;

constexpr base::Milliseconds kSoon{1'000};  // when something is wrong that may mend itself
constexpr base::Milliseconds kShortest{1};

// A state file must never be taken for a manifest.
Result<> check_apart(const fs::path& manifests, const fs::path& state) {
  std::error_code failure;
  const fs::path inner = fs::weakly_canonical(fs::absolute(manifests), failure) / "";
  const fs::path outer = fs::weakly_canonical(fs::absolute(state), failure) / "";
  const auto [rest, unused] = std::mismatch(outer.begin(), std::prev(outer.end()), inner.begin(), inner.end());
  if (rest != std::prev(outer.end())) return base::Ok{};
  return Error{.kind = ErrorKind::kInvalid,
               .what = "the manifest directory must not be the state directory nor lie inside it",
               .where = manifests.string()};
}

base::LogFields subject(const Document& document) {
  switch (document.kind) {
    case Kind::kInvocation: return {{"invocation", document.key.text()}};
    case Kind::kWorkspace: return {{"workspace", document.key.text()}};
    case Kind::kSecret: return {{"secret", document.key.text()}};
  }
  __builtin_unreachable();
}

std::vector<std::string> all_errors(const ManifestFile& file) {
  std::vector<std::string> errors = file.errors;
  for (const Document& document : file.documents) errors.insert(errors.end(), document.errors.begin(), document.errors.end());
  return errors;
}

class Directory final : public DirectoryStore {
 public:
  Directory(boost::asio::io_context& io, base::Clock& clock, base::Random& random, base::Log& log, DirectoryOptions options)
      : clock_(clock),
        log_(log),
        options_(std::move(options)),
        wake_(io),
        watcher_(io, [this] { wake_.notify(); }),
        files_(options_.manifests, watcher_),
        state_(options_.state),
        known_(options_.state, options_.manifests, log),
        absence_(options_.absence),
        report_(log),
        secrets_(log, [this](const ObjectKey& key) { changed(Kind::kSecret, key); }),
        workspaces_({clock, random, log, state_, version_}, [this](const ObjectKey& key) { changed(Kind::kWorkspace, key); }),
        invocations_({clock, random, log, state_, version_}, [this](const ObjectKey& key) { changed(Kind::kInvocation, key); }) {}

  awaitable<Result<>> run(Context context, ChangeHandler handler) override {
    const Result<> opened = open();
    if (!opened) {
      watcher_.close();
      co_return opened;
    }
    scan();
    handler_ = std::move(handler);
    announce();
    while (!context.cancelled()) {
      const Context nap = context.with_timeout(until_next_scan());
      co_await wake_.wait(nap);
      if (!context.cancelled()) scan();
    }
    handler_ = nullptr;
    watcher_.close();
    co_return base::Ok{};
  }

  bool synced() const override { return synced_; }

  std::shared_ptr<const Invocation> find_invocation(const ObjectKey& key) const override { return invocations_.find(key); }
  std::shared_ptr<const Workspace> find_workspace(const ObjectKey& key) const override { return workspaces_.find(key); }
  std::vector<ObjectKey> invocations() const override { return invocations_.keys(); }
  std::vector<ObjectKey> workspaces() const override { return workspaces_.keys(); }
  std::vector<std::string> invalid_files() const override { return report_.wrong_files(); }

  awaitable<Result<std::map<std::string, std::string>>> read_secret(Context, ObjectKey key) override {
    if (const SecretTable::Values* values = secrets_.find(key)) co_return *values;
    co_return Error{.kind = ErrorKind::kNotFound,
                    .what = "there is no Secret " + key.text() + " among the manifests in " + options_.manifests.string() +
                            "; add one with that namespace and name"};
  }

  awaitable<Result<>> write_status(Context, std::shared_ptr<const Invocation> read, invocation::InvocationStatus status) override {
    co_return invocations_.write_status(*read, std::move(status));
  }

  awaitable<Result<>> write_status(Context, std::shared_ptr<const Workspace> read, invocation::WorkspaceStatus status) override {
    co_return workspaces_.write_status(*read, std::move(status));
  }

  awaitable<Result<>> set_finalizer(Context, std::shared_ptr<const Invocation> read, std::string finalizer, bool present) override {
    const Result<bool> ended = invocations_.set_finalizer(*read, finalizer, present);
    if (!ended) co_return ended.error();
    if (*ended) {
      log_.info("invocation removed", {{"invocation", read->meta.key.text()}, {"uid", read->meta.uid}});
      wake_.notify();  // its manifest may have come back meanwhile: that is a new object
    }
    co_return base::Ok{};
  }

  awaitable<Result<>> remove_invocation(Context, std::shared_ptr<const Invocation> read) override {
    const Result<> removed = invocations_.expire(*read);
    wake_.notify();
    co_return removed;
  }

 private:
  Result<> open() {
    const Result<> apart = check_apart(options_.manifests, options_.state);
    if (!apart) return apart;
    const Result<> opened = state_.open();
    if (!opened) return opened;
    known_.load();
    const Result<> workspaces = workspaces_.load();
    if (!workspaces) return workspaces;
    return invocations_.load();
  }

  void changed(Kind kind, const ObjectKey& key) {
    if (handler_) handler_(kind, key);
  }

  // Everything found at the start.
  void announce() {
    for (const ObjectKey& key : secrets_.keys()) changed(Kind::kSecret, key);
    for (const ObjectKey& key : workspaces_.keys()) changed(Kind::kWorkspace, key);
    for (const ObjectKey& key : invocations_.keys()) changed(Kind::kInvocation, key);
  }

  base::Milliseconds until_next_scan() const {
    const Timestamp now = clock_.now();
    Timestamp at = now + options_.rescan;
    const bool trouble =
        !directory_problem_.empty() || known_.held() || !watcher_.active() || workspaces_.failing() || invocations_.failing();
    if (trouble) at = std::min(at, now + kSoon);
    if (const std::optional<Timestamp> settles = files_.settles_at()) at = std::min(at, *settles);
    if (const std::optional<Timestamp> certain = absence_.next()) at = std::min(at, *certain);
    return std::max(at - now, kShortest);
  }

  void scan() {
    const Timestamp now = clock_.now();
    const Result<> read = files_.scan(now);
    tell_directory(read);
    if (!read) {
      absence_.end_all();  // whatever was missing may have been here unseen
      return;
    }
    const bool believed = known_.believed(files_.identity(), files_.holds_manifest(), something_to_lose());
    if (believed) files_.trust();
    report_.begin_scan();
    workspaces_.begin_scan();
    invocations_.begin_scan();
    apply();
    if (believed) {
      find_missing(now);
    } else {
      absence_.end_all();
    }
    workspaces_.end_scan();
    invocations_.end_scan();
    report_.end_scan();
    synced_ = true;
  }

  // What a removal would take out of Lepton, and is not being removed anyway.
  bool something_to_lose() const {
    const std::vector<ObjectKey> keys = invocations_.keys();
    return std::any_of(keys.begin(), keys.end(), [this](const ObjectKey& key) {
      const auto object = invocations_.find(key);
      return object && !object->meta.deleted && !object->meta.finalizers.empty();
    });
  }

  void tell_directory(const Result<>& read) {
    const std::string problem = read ? "" : read.error().text();
    if (problem == directory_problem_) return;
    if (!problem.empty()) log_.error("no manifest can be read; nothing is deleted until that is mended", {{"error", problem}});
    if (problem.empty()) log_.info("the manifest directory can be read again", {{"directory", options_.manifests.string()}});
    directory_problem_ = problem;
  }

  // What the manifests say. Secrets before Workspaces before Invocations, so that each finds what it refers to.
  void apply() {
    const Claims claims = claim(files_.files(), [this](const Identifier& identifier) { return file_of(identifier); });
    for (const auto& [name, file] : files_.files()) {
      for (const std::string& error : file.errors) tell(file, error);
      for (const Document& document : file.documents) {
        for (const std::string& error : document.errors) tell(document, error);
      }
    }
    for (const auto& [document, sentence] : claims.losers) tell(*document, sentence);
    present_.clear();
    for (const Kind kind : {Kind::kSecret, Kind::kWorkspace, Kind::kInvocation}) {
      for (const auto& [identifier, document] : claims.winners) {
        if (identifier.first == kind) apply(*document);
      }
    }
  }

  void apply(const Document& document) {
    present_.insert({document.kind, document.key});
    std::vector<std::string> refusals;
    switch (document.kind) {
      case Kind::kInvocation: refusals = invocations_.apply(document); break;
      case Kind::kWorkspace: refusals = workspaces_.apply(document); break;
      case Kind::kSecret: secrets_.apply(document); break;
    }
    for (const std::string& refusal : refusals) tell(document, refusal);
  }

  // What no manifest declares any more.
  void find_missing(Timestamp now) {
    for (const ObjectKey& key : invocations_.keys()) {
      if (missing({Kind::kInvocation, key}, now)) invocations_.remove(key);
    }
    for (const ObjectKey& key : workspaces_.keys()) {
      if (missing({Kind::kWorkspace, key}, now)) workspaces_.remove(key);
    }
    for (const ObjectKey& key : invocations_.rejected()) {
      if (missing({Kind::kInvocation, key}, now)) invocations_.forget(key);
    }
    for (const ObjectKey& key : invocations_.expired()) {
      if (missing({Kind::kInvocation, key}, now)) invocations_.forget(key);
    }
    for (const ObjectKey& key : workspaces_.rejected()) {
      if (missing({Kind::kWorkspace, key}, now)) workspaces_.forget(key);
    }
    for (const ObjectKey& key : secrets_.keys()) {
      if (missing({Kind::kSecret, key}, now)) secrets_.remove(key);
    }
  }

  bool missing(const Identifier& identifier, Timestamp now) {
    const auto& [kind, key] = identifier;
    const auto file = files_.files().find(file_of(identifier));
    const bool hidden = file != files_.files().end() && file->second.opaque;
    const bool present = present_.contains(identifier);
    if (hidden && !present) keep(identifier, all_errors(file->second));
    const std::shared_ptr<const Invocation> invocation = kind == Kind::kInvocation ? invocations_.find(key) : nullptr;
    const bool going = invocation && invocation->meta.deleted;
    const bool certain = !hidden && !present && !going && absence_.certain(kind, key, now);
    if (hidden || present || going || certain) absence_.end(kind, key);
    return certain;
  }

  void keep(const Identifier& identifier, const std::vector<std::string>& reasons) {
    switch (identifier.first) {
      case Kind::kInvocation: return invocations_.keep(identifier.second, reasons);
      case Kind::kWorkspace: return workspaces_.keep(identifier.second, reasons);
      case Kind::kSecret: return;
    }
  }

  std::string file_of(const Identifier& identifier) const {
    switch (identifier.first) {
      case Kind::kInvocation: return invocations_.file_of(identifier.second);
      case Kind::kWorkspace: return workspaces_.file_of(identifier.second);
      case Kind::kSecret: return secrets_.file_of(identifier.second);
    }
    __builtin_unreachable();
  }

  void tell(const ManifestFile& file, const std::string& sentence) { report_.tell(file.source, files_.fingerprint(file.name), sentence); }
  void tell(const Document& document, const std::string& sentence) {
    report_.tell(document.source, files_.fingerprint(document.file), sentence, subject(document));
  }

  base::Clock& clock_;
  base::Log& log_;
  DirectoryOptions options_;
  base::Signal wake_;
  Watcher watcher_;
  ManifestFiles files_;
  StateFiles state_;
  KnownDirectory known_;
  Absence absence_;
  ManifestReport report_;
  std::int64_t version_ = 0;
  SecretTable secrets_;
  ObjectTable<Workspace> workspaces_;
  ObjectTable<Invocation> invocations_;
  ChangeHandler handler_;
  std::set<Identifier> present_;  // declared by some manifest in this scan, in force or not
  std::string directory_problem_;
  bool synced_ = false;
};

}  // namespace

std::unique_ptr<DirectoryStore> make_directory_store(boost::asio::io_context& io, base::Clock& clock, base::Random& random, base::Log& log,
                                                     DirectoryOptions options) {
  return std::make_unique<Directory>(io, clock, random, log, std::move(options));
}

}  // namespace lepton_operator::store
