#include "store/directory_store.h"

#include <algorithm>
#include <system_error>

#include "base/async.h"
#include "base/memory.h"
#include "store/absence.h"
#include "store/claims.h"
#include "store/declarations.h"
#include "store/known_directory.h"
#include "store/manifest_files.h"
#include "store/manifest_report.h"
#include "store/moves.h"
#include "store/object_table.h"
#include "store/secret_table.h"
#include "store/state_files.h"
#include "store/state_writer.h"
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
constexpr std::int64_t kManyGone = 1'000;  // what so many took of memory is given back

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
        writer_(io, state_),
        known_(options_.state, options_.manifests, log),
        absence_(options_.absence),
        report_(log),
        secrets_(log, [this](const ObjectKey& key) { changed(Kind::kSecret, key); }),
        workspaces_(
            {io, clock, random, log, state_, writer_, version_}, [this](const ObjectKey& key) { changed(Kind::kWorkspace, key); },
            [this](const ObjectKey& key) {
              look_again({Kind::kWorkspace, key});
            }),
        invocations_(
            {io, clock, random, log, state_, writer_, version_}, [this](const ObjectKey& key) { changed(Kind::kInvocation, key); },
            [this](const ObjectKey& key) {
              look_again({Kind::kInvocation, key});
            }) {}

  awaitable<Result<>> run(Context context, ChangeHandler handler) override {
    const Result<> opened = open();
    if (!opened) {
      watcher_.close();
      co_return opened;
    }
    co_await scan();
    handler_ = std::move(handler);
    announce();
    while (!context.cancelled()) {
      const Context nap = context.with_timeout(until_next_scan());
      co_await wake_.wait(nap);
      if (!context.cancelled()) co_await scan();
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
  std::size_t writes_under_way() const override { return writer_.under_way(); }

  awaitable<Result<std::map<std::string, std::string>>> read_secret(Context, ObjectKey key) override {
    if (const SecretTable::Values* values = secrets_.find(key)) co_return *values;
    co_return Error{.kind = ErrorKind::kNotFound,
                    .what = "there is no Secret " + key.text() + " among the manifests in " + options_.manifests.string() +
                            "; add one with that namespace and name"};
  }

  awaitable<Result<>> write_status(Context context, std::shared_ptr<const Invocation> read, invocation::InvocationStatus status) override {
    return invocations_.write_status(context, std::move(read), std::move(status));
  }

  awaitable<Result<>> write_status(Context context, std::shared_ptr<const Workspace> read, invocation::WorkspaceStatus status) override {
    return workspaces_.write_status(context, std::move(read), std::move(status));
  }

  awaitable<Result<>> set_finalizer(Context context, std::shared_ptr<const Invocation> read, std::string finalizer, bool present) override {
    const ObjectKey key = read->meta.key;
    const Result<bool> ended = co_await invocations_.set_finalizer(context, read, finalizer, present);
    if (!ended) co_return ended.error();
    if (*ended) {
      log_.info("invocation removed", {{"invocation", key.text()}, {"uid", read->meta.uid}});
      come_back(key);
      if (++gone_ % kManyGone == 0) base::give_memory_back();
    }
    co_return base::Ok{};
  }

  awaitable<Result<>> remove_invocation(Context context, std::shared_ptr<const Invocation> read) override {
    const Result<> removed = co_await invocations_.expire(context, read);
    come_back(read->meta.key);
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

  void look_again(const Identifier& identifier) {
    again_.insert(identifier);
    wake_.notify();
  }

  // Its manifest may have come back, or never gone: that is a new object.
  void come_back(const ObjectKey& key) {
    if (declarations_.present({Kind::kInvocation, key})) look_again({Kind::kInvocation, key});
  }

  // Something is wrong that may mend itself, or that we are not told of.
  bool trouble() const {
    return !directory_problem_.empty() || known_.held() || !watcher_.active() || workspaces_.failing() || invocations_.failing();
  }

  base::Milliseconds until_next_scan() const {
    const Timestamp now = clock_.now();
    Timestamp at = whole_at_;
    if (trouble()) at = std::min(at, now + kSoon);
    if (const std::optional<Timestamp> settles = files_.settles_at()) at = std::min(at, *settles);
    if (const std::optional<Timestamp> certain = absence_.next()) at = std::min(at, *certain);
    return std::max(at - now, kShortest);
  }

  // What one scan looks at.
  struct Look {
    bool whole = false;
    std::set<std::string> files;
    std::set<Identifier> identifiers;  // not of a whole one, which looks at all there are
  };

  awaitable<void> scan() {
    const Timestamp now = clock_.now();
    const bool whole = !synced_ || now >= whole_at_ || trouble() || workspaces_.corrupt() || invocations_.corrupt();
    // Nothing told of a change does not mean that there was none: what is missing is looked for before that counts.
    const std::optional<Timestamp> due = absence_.next();
    const bool all = whole || (due && *due <= now);
    const Result<> read = files_.scan(now, all ? ManifestFiles::Extent::kAll : ManifestFiles::Extent::kTouched);
    tell_directory(read);
    if (!read) {
      absence_.end_all();  // whatever was missing may have been here unseen
      whole_at_ = now + options_.rescan;
      co_return;
    }
    const bool believed = known_.believed(files_.identity(), files_.holds_manifest(), [this] { return something_to_lose(); });
    if (believed) files_.trust();
    const Look look = what_concerns(files_.take_changed(), std::exchange(again_, {}), whole);
    if (look.whole) whole_at_ = now + options_.rescan;
    begin(look);
    apply(look);
    if (believed) {
      find_missing(look, now);
    } else {
      absence_.end_all();
    }
    co_await workspaces_.written();
    co_await invocations_.written();
    end(look);
  }

  // The changed files, what they declare and declared, and whoever else declares that. Where something may be any object, that is all.
  Look what_concerns(const std::set<std::string>& changed, std::set<Identifier> again, bool whole) {
    Look look{.whole = whole, .files = changed, .identifiers = std::move(again)};
    const auto add = [&](const std::string& name) {
      look.whole = look.whole || declarations_.opaque(name);
      look.identifiers.insert(declarations_.of(name).begin(), declarations_.of(name).end());
    };
    moves_.note(changed, files_);
    for (const std::string& name : changed) {
      add(name);
      const auto file = files_.files().find(name);
      if (file == files_.files().end()) {
        declarations_.take_out(name);
      } else {
        declarations_.put(file->second);
      }
      add(name);
    }
    if (look.whole) {
      for (const auto& [name, file] : files_.files()) look.files.insert(name);
    } else {
      for (const Identifier& identifier : look.identifiers) {
        look.files.insert(declarations_.files_of(identifier).begin(), declarations_.files_of(identifier).end());
      }
    }
    return look;
  }

  void begin(const Look& look) {
    std::set<std::string> sources;
    for (const std::string& name : look.files) sources.insert(files_.source_of(name));
    report_.begin_scan(sources);
    workspaces_.begin_scan();
    invocations_.begin_scan();
  }

  void end(const Look& look) {
    workspaces_.end_scan();
    invocations_.end_scan();
    report_.end_scan();
    for (const std::string& name : look.files) {
      if (plain(name)) files_.compact(name);
    }
    synced_ = true;
  }

  // Nothing to tell of it, and nothing to apply.
  bool plain(const std::string& name) const {
    const auto file = files_.files().find(name);
    return file != files_.files().end() && !file->second.opaque && file->second.errors.empty() &&
           std::all_of(file->second.documents.begin(), file->second.documents.end(), [this](const Document& document) {
             return declarations_.files_of({document.kind, document.key}).size() == 1 && in_force(document);
           });
  }

  bool in_force(const Document& document) const {
    switch (document.kind) {
      case Kind::kInvocation: return invocations_.in_force(document);
      case Kind::kWorkspace: return workspaces_.in_force(document);
      case Kind::kSecret: return false;  // there are few
    }
    __builtin_unreachable();
  }

  // What a removal would take out of Lepton, and is not being removed anyway; and what would run again if it were forgotten.
  bool something_to_lose() const {
    if (invocations_.remembers_expired()) return true;
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
  void apply(const Look& look) {
    const Claimants claimants = claimants_in(look);
    const Claims claims = claim(claimants, files_.files(), [this](const Identifier& identifier) { return file_of(identifier); });
    for (const std::string& name : look.files) {
      const auto file = files_.files().find(name);
      if (file == files_.files().end()) continue;
      for (const std::string& error : file->second.errors) tell(file->second, error);
      for (const Document& document : file->second.documents) {
        for (const std::string& error : document.errors) tell(document, error);
      }
    }
    for (const auto& [document, sentence] : claims.losers) tell(*document, sentence);
    for (const Kind kind : {Kind::kSecret, Kind::kWorkspace, Kind::kInvocation}) {
      for (const auto& [identifier, document] : claims.winners) {
        if (identifier.first == kind) apply(*document);
      }
    }
  }

  // Of every object that a file declares of which there may be something to say.
  Claimants claimants_in(const Look& look) {
    std::set<Identifier> open;
    std::set<std::string> files;
    for (const std::string& name : look.files) {
      if (plain(name)) continue;
      for (const Identifier& identifier : declarations_.of(name)) {
        open.insert(identifier);
        files.insert(declarations_.files_of(identifier).begin(), declarations_.files_of(identifier).end());
      }
    }
    for (const std::string& name : files) files_.expand(name);
    Claimants claimants;
    for (const std::string& name : files) {
      for (const Document& document : files_.files().at(name).documents) {
        const Identifier identifier{document.kind, document.key};
        if (open.contains(identifier)) claimants[identifier].push_back(&document);
      }
    }
    std::erase_if(claimants, [this](const auto& entry) { return owner_is_being_written(entry.first); });
    return claimants;
  }

  // Whether the owner still declares it is not known yet: nobody else's word is taken, and all are looked at again with the next scan.
  bool owner_is_being_written(const Identifier& identifier) {
    const std::string owner = file_of(identifier);
    if (!files_.pending(owner) || files_.files().contains(owner)) return false;
    again_.insert(identifier);
    return true;
  }

  void apply(const Document& document) {
    std::vector<std::string> refusals;
    switch (document.kind) {
      case Kind::kInvocation: refusals = invocations_.apply(document); break;
      case Kind::kWorkspace: refusals = workspaces_.apply(document); break;
      case Kind::kSecret: secrets_.apply(document); break;
    }
    for (const std::string& refusal : refusals) tell(document, refusal);
  }

  // What no manifest declares any more.
  void find_missing(const Look& look, Timestamp now) {
    std::set<Identifier> candidates = look.identifiers;
    const auto add = [&](Kind kind, const std::vector<ObjectKey>& keys) {
      for (const ObjectKey& key : keys) candidates.insert({kind, key});
    };
    if (look.whole) {
      add(Kind::kInvocation, invocations_.keys());
      add(Kind::kInvocation, invocations_.notes());
      add(Kind::kWorkspace, workspaces_.keys());
      add(Kind::kWorkspace, workspaces_.notes());
      add(Kind::kSecret, secrets_.keys());
    }
    for (const Identifier& identifier : absence_.all()) candidates.insert(identifier);
    for (const Identifier& identifier : candidates) {
      if (missing(identifier, now) && gone(identifier)) absence_.end(identifier.first, identifier.second);
    }
  }

  // False: it is being written, and looked at again after that.
  bool gone(const Identifier& identifier) {
    switch (identifier.first) {
      case Kind::kInvocation: return invocations_.gone(identifier.second);
      case Kind::kWorkspace: return workspaces_.gone(identifier.second);
      case Kind::kSecret: secrets_.remove(identifier.second); return true;
    }
    __builtin_unreachable();
  }

  // True when that is certain.
  bool missing(const Identifier& identifier, Timestamp now) {
    const auto& [kind, key] = identifier;
    const std::string owner = file_of(identifier);
    const auto file = files_.files().find(owner);
    const bool opaque = file != files_.files().end() && file->second.opaque;
    const bool hidden = opaque || files_.pending(owner);
    const bool present = declarations_.present(identifier);
    if (files_.pending(owner) && !present) again_.insert(identifier);  // with the next scan, since the file may not name it then
    if (opaque && !present) keep(identifier, owner, all_errors(file->second));
    const std::shared_ptr<const Invocation> invocation = kind == Kind::kInvocation ? invocations_.find(key) : nullptr;
    const bool going = invocation && invocation->meta.deleted;
    if (!hidden && !present && !going) return absence_.certain(kind, key, now);
    absence_.end(kind, key);
    return false;
  }

  void keep(const Identifier& identifier, const std::string& file, const std::vector<std::string>& reasons) {
    const ObjectKey& key = identifier.second;
    switch (identifier.first) {
      case Kind::kInvocation: invocations_.moved(key, file); return invocations_.keep(key, reasons);
      case Kind::kWorkspace: workspaces_.moved(key, file); return workspaces_.keep(key, reasons);
      case Kind::kSecret: return;
    }
  }

  // The file that it came from, by its name now.
  std::string file_of(const Identifier& identifier) const { return moves_.now_at(recorded_file_of(identifier)); }

  std::string recorded_file_of(const Identifier& identifier) const {
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
  StateWriter writer_;
  KnownDirectory known_;
  Absence absence_;
  ManifestReport report_;
  std::int64_t version_ = 0;
  SecretTable secrets_;
  ObjectTable<Workspace> workspaces_;
  ObjectTable<Invocation> invocations_;
  ChangeHandler handler_;
  Declarations declarations_;
  Moves moves_;
  std::set<Identifier> again_;  // to be looked at with the next scan, whatever else has changed
  Timestamp whole_at_{};        // when to look at everything again, in case inotify missed something
  std::int64_t gone_ = 0;
  std::string directory_problem_;
  bool synced_ = false;
};

}  // namespace

std::unique_ptr<DirectoryStore> make_directory_store(boost::asio::io_context& io, base::Clock& clock, base::Random& random, base::Log& log,
                                                     DirectoryOptions options) {
  return std::make_unique<Directory>(io, clock, random, log, std::move(options));
}

}  // namespace lepton_operator::store
