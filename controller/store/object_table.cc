#include "store/object_table.h"

#include <type_traits>

#include "invocation/validation.h"
#include "store/acceptance.h"

namespace lepton_operator::store {

namespace {

using base::Error;
using base::ErrorKind;
using invocation::FieldError;

template <class T>
constexpr const char* kWord = std::is_same_v<T, Workspace> ? "workspace" : "invocation";

bool is_expired(const Invocation& object) { return object.status.expired; }
bool is_expired(const Workspace&) { return false; }

std::map<std::string, std::string> annotations_of(const Document& document) {
  std::map<std::string, std::string> annotations = document.annotations;
  annotations[kManifestAnnotation] = manifest_mark(document);
  return annotations;
}

bool same(const base::Json& one, const base::Json& other) { return base::to_text(one) == base::to_text(other); }

std::vector<FieldError> forbidden_changes(const Invocation& object, const base::Json& spec) {
  return invocation::validate_update(object.spec, spec, invocation::finished(object.status.phase));
}

std::vector<FieldError> forbidden_changes(const Workspace&, const base::Json&) { return {}; }

template <class T>
T as_shown(const T& object, const std::string& refused, base::Timestamp now) {
  T shown = object;
  show_refusal(shown.status.conditions, refused, object.meta.generation, now);
  return shown;
}

}  // namespace

// For as long as it lives, nobody else changes the object.
template <class T>
class ObjectTable<T>::Hold {
 public:
  Hold(ObjectTable& table, ObjectKey key) : table_(table), key_(std::move(key)) { table_.held_.insert(key_); }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { table_.let_go(key_); }

 private:
  ObjectTable& table_;
  ObjectKey key_;
};

template <class T>
ObjectTable<T>::ObjectTable(TableParts parts, Told changed, Told look_again)
    : parts_(parts), changed_(std::move(changed)), look_again_(std::move(look_again)), let_go_(parts.io), writes_(parts.io) {}

// --- What was recorded ---

template <class T>
Result<> ObjectTable<T>::load() {
  const Result<std::vector<ObjectKey>> found = parts_.state.list<T>();
  if (!found) return found.error();
  for (const ObjectKey& key : *found) load_one(key);
  return base::Ok{};
}

template <class T>
void ObjectTable<T>::load_one(const ObjectKey& key) {
  Result<T> read = parts_.state.read<T>(key);
  std::string problem;
  if (!read) {
    if (read.error().kind == ErrorKind::kNotFound) {
      corrupt_.erase(key);
      return;
    }
    problem = read.error().text();
  } else if (read->meta.uid.empty()) {
    if (read->meta.annotations.contains(kExpiredAnnotation)) {
      expired_[key] = expired(*read);
      corrupt_.erase(key);
      return;
    }
    const std::optional<std::string> rejection = rejection_of(read->status.conditions);
    if (rejection && read->meta.finalizers.empty()) {
      rejected_[key] = *rejection;
      corrupt_.erase(key);
      return;
    }
    problem = parts_.state.path_of<T>(key).string() + ": metadata.uid is missing";
  }
  if (problem.empty()) {
    adopt(std::move(read).value());
    return;
  }
  if (corrupt_[key] == problem) return;
  corrupt_[key] = problem;
  parts_.log.error("a state file cannot be understood; its object is left alone until the file is mended or removed",
                   {{kWord<T>, key.text()}, {"error", problem}});
}

template <class T>
void ObjectTable<T>::adopt(T object) {
  const ObjectKey key = object.meta.key;
  const bool mended = corrupt_.erase(key) > 0;
  if (object.meta.deleted && object.meta.finalizers.empty()) {  // stopped between the finalizer's fall and the file's removal
    const std::optional<T> left = what_is_left(key, object);
    const Result<> ended = left ? parts_.state.save(*left) : parts_.state.remove<T>(key);
    if (done(ended, "remove the state of", key) && left) expired_[key] = expired(*left);
    return;
  }
  // Versions only ever grow: one that was given out before a crash is not given out for another state.
  std::int64_t version = 0;
  for (const char c : object.meta.resource_version) {
    if (c < '0' || c > '9' || version > (std::int64_t{1} << 55)) break;
    version = version * 10 + (c - '0');
  }
  parts_.version = std::max(parts_.version, version);
  Record& record = records_[key];
  record.refused = take_refusal(object.status.conditions);
  record.object = std::make_shared<const T>(std::move(object));
  if (mended) changed_(key);
}

template <class T>
std::shared_ptr<const T> ObjectTable<T>::find(const ObjectKey& key) const {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : found->second.object;
}

template <class T>
std::vector<ObjectKey> ObjectTable<T>::keys() const {
  std::vector<ObjectKey> keys;
  for (const auto& [key, record] : records_) keys.push_back(key);
  return keys;
}

template <class T>
std::string ObjectTable<T>::file_of(const ObjectKey& key) const {
  const std::shared_ptr<const T> object = find(key);
  if (!object) {
    const auto known = expired_.find(key);
    return known == expired_.end() ? "" : known->second.file;
  }
  const auto mark = object->meta.annotations.find(kManifestAnnotation);
  return mark == object->meta.annotations.end() ? "" : file_in(mark->second);
}

// --- What the manifests say ---

template <class T>
void ObjectTable<T>::begin_scan() {
  failure_.clear();
  wrote_ = false;
  const std::map<ObjectKey, std::string> corrupt = corrupt_;
  for (const auto& [key, problem] : corrupt) load_one(key);
}

template <class T>
bool ObjectTable<T>::in_force(const Document& document) const {
  if (!document.errors.empty()) return false;
  const auto found = records_.find(document.key);
  if (found == records_.end()) return expired_unchanged(document) && expired_.at(document.key).file == document.file;
  if (!found->second.refused.empty()) return false;
  const invocation::ObjectMeta& meta = found->second.object->meta;
  const auto mark = meta.annotations.find(kManifestAnnotation);
  return !meta.deleted && mark != meta.annotations.end() && mark->second == manifest_mark(document);
}

template <class T>
std::vector<std::string> ObjectTable<T>::apply(const Document& document) {
  if (in_force(document)) return {};
  if (const auto corrupt = corrupt_.find(document.key); corrupt != corrupt_.end()) {
    return {document.where("") + ": nothing is done for this object: its state file cannot be understood (" + corrupt->second +
            "); mend that file, or remove it if nothing of the object is left in Lepton"};
  }
  const auto found = records_.find(document.key);
  if (found != records_.end()) return update(found->second, document);
  if (expired_unchanged(document)) {
    follow_expired(document.key, document.file);
  } else if (document.errors.empty()) {
    create(document);
  } else {
    reject(document);
  }
  return {};
}

template <class T>
bool ObjectTable<T>::expired_unchanged(const Document& document) const {
  const auto known = expired_.find(document.key);
  return known != expired_.end() && known->second.hash == short_hash(document);
}

// As follow(): what is left stands or falls with the file where the manifest is now.
template <class T>
void ObjectTable<T>::follow_expired(const ObjectKey& key, const std::string& file) {
  const Expired& known = expired_.at(key);
  if (known.file == file) return;
  T note = note_of(key, mark_of(file, known.hash));
  save_later(key, note, "record the end of", [this, key, next = expired(note)] { expired_[key] = next; });
}

template <class T>
void ObjectTable<T>::moved(const ObjectKey& key, const std::string& file) {
  const std::shared_ptr<const T> object = find(key);
  if (object && !object->meta.deleted) follow(key, file);
  if (!object && expired_.contains(key)) follow_expired(key, file);
}

template <class T>
void ObjectTable<T>::create(const Document& document) {
  T object;
  object.meta.key = document.key;
  object.meta.uid = parts_.random.uuid();
  object.meta.created = parts_.clock.now();
  object.meta.annotations = annotations_of(document);
  object.spec = document.spec;
  record_later(document.key, std::move(object), "", "record", [this, key = document.key, source = document.source] {
    rejected_.erase(key);
    expired_.erase(key);
    parts_.log.info("manifest accepted", fields(key, source));
    changed_(key);
  });
}

template <class T>
std::vector<std::string> ObjectTable<T>::update(Record& record, const Document& document) {
  const T& object = *record.object;
  if (object.meta.deleted) {
    touch_deleting(record, document);
    return {};
  }
  const bool other_spec = !same(object.spec, document.spec);
  std::vector<std::string> forbidden;
  if (document.errors.empty() && other_spec) {
    for (const FieldError& error : forbidden_changes(object, document.spec)) forbidden.push_back(document.sentence(error));
  }
  if (!document.errors.empty() || !forbidden.empty()) {
    follow(document.key, document.file);
    keep(document.key, document.errors.empty() ? forbidden : document.errors);
    return forbidden;
  }
  T next = object;
  next.meta.annotations = annotations_of(document);
  const bool other_annotations = next.meta.annotations != object.meta.annotations;
  if (!other_spec && !other_annotations && record.refused.empty()) return {};
  if (other_spec) {
    next.spec = document.spec;
    ++next.meta.generation;
  }
  const bool news = other_spec || other_annotations;
  record_later(document.key, std::move(next), "", "record", [this, other_spec, news, key = document.key, source = document.source] {
    if (other_spec) parts_.log.info("manifest changed", fields(key, source));
    if (news) changed_(key);
  });
  return {};
}

// A refused manifest may still have moved to another file: the object then stands or falls with that one.
template <class T>
void ObjectTable<T>::follow(const ObjectKey& key, const std::string& file) {
  if (file_of(key) == file) return;
  const Record& record = records_.at(key);
  T next = *record.object;
  std::string& mark = next.meta.annotations[kManifestAnnotation];
  mark = mark_of(file, hash_in(mark));
  record_later(key, std::move(next), record.refused, "record", [this, key] { changed_(key); });
}

// A file that returns while its object is being deleted: it cannot be called back, but it may carry the annotation that ends a stuck
// deletion.
template <class T>
void ObjectTable<T>::touch_deleting(Record& record, const Document& document) {
  T next = *record.object;
  for (const auto& [name, value] : document.annotations) {
    if (name != kManifestAnnotation) next.meta.annotations[name] = value;
  }
  if (next.meta.annotations == record.object->meta.annotations) return;
  record_later(document.key, std::move(next), record.refused, "record", [this, key = document.key] { changed_(key); });
}

template <class T>
void ObjectTable<T>::reject(const Document& document) {
  const std::string message = condition_message(document.errors);
  if (const auto told = rejected_.find(document.key); told != rejected_.end() && told->second == message) return;
  T object;
  object.meta.key = document.key;
  object.meta.created = parts_.clock.now();
  object.meta.annotations[kManifestAnnotation] = manifest_mark(document);
  object.spec = base::json_object();
  show_rejection(object.status.conditions, message, parts_.clock.now());
  save_later(document.key, std::move(object), "record the error of", [this, key = document.key, message] { rejected_[key] = message; });
  expired_.erase(document.key);  // it was changed: put back, it is a new object
}

template <class T>
void ObjectTable<T>::keep(const ObjectKey& key, const std::vector<std::string>& reasons) {
  const auto found = records_.find(key);
  if (found == records_.end() || found->second.object->meta.deleted) return;
  Record& record = found->second;
  const std::string refused = condition_message(reasons);
  if (record.refused == refused) return;
  save_later(key, as_shown(*record.object, refused, parts_.clock.now()), "record the refusal for",
             [this, key, refused] { records_.at(key).refused = refused; });
}

template <class T>
bool ObjectTable<T>::gone(const ObjectKey& key) {
  if (records_.contains(key)) return remove(key);
  return !(rejected_.contains(key) || expired_.contains(key)) || forget(key);
}

template <class T>
bool ObjectTable<T>::remove(const ObjectKey& key) {
  const auto found = records_.find(key);
  if (found->second.object->meta.deleted) return true;
  const std::string file = file_of(key);
  if (found->second.object->meta.finalizers.empty()) {
    return remove_later(key, [this, key, file] {
      const base::LogFields about = fields(key, file);
      records_.erase(key);
      parts_.log.info("manifest removed", about);
      changed_(key);
    });
  }
  T next = *found->second.object;
  next.meta.deleted = parts_.clock.now();
  return record_later(key, std::move(next), "", "record the deletion of", [this, key, file] {
    parts_.log.info("manifest removed; deleting what belongs to it", fields(key, file));
    changed_(key);
  });
}

template <class T>
std::vector<ObjectKey> ObjectTable<T>::notes() const {
  std::vector<ObjectKey> keys;
  for (const auto& [key, message] : rejected_) keys.push_back(key);
  for (const auto& [key, known] : expired_) keys.push_back(key);
  return keys;
}

template <class T>
bool ObjectTable<T>::forget(const ObjectKey& key) {
  return remove_later(key, [this, key] {
    rejected_.erase(key);
    expired_.erase(key);
  });
}

template <class T>
boost::asio::awaitable<void> ObjectTable<T>::written() {
  return writes_.join();
}

template <class T>
void ObjectTable<T>::end_scan() {
  if (!failure_.empty() || !wrote_ || told_failure_.empty()) return;  // that nothing was tried proves nothing
  parts_.log.info("state can be written again", {{"kind", kWord<T>}});
  told_failure_.clear();
}

// --- What the reconcilers write ---

template <class T>
Result<std::shared_ptr<const T>> ObjectTable<T>::current(const T& read) const {
  const std::shared_ptr<const T> object = find(read.meta.key);
  const std::string where = std::string(kWord<T>) + " " + read.meta.key.text();
  if (!object) return Error{.kind = ErrorKind::kNotFound, .what = "no longer exists", .where = where};
  if (object->meta.uid != read.meta.uid || object->meta.resource_version != read.meta.resource_version) {
    return Error{.kind = ErrorKind::kConflict, .what = "has changed since it was read", .where = where};
  }
  return object;
}

// The object as it was read, and nobody else's while the hold lives; else why not.
template <class T>
boost::asio::awaitable<Result<std::shared_ptr<typename ObjectTable<T>::Hold>>> ObjectTable<T>::hold(Context context,
                                                                                                    std::shared_ptr<const T> read) {
  const ObjectKey key = read->meta.key;
  while (held_.contains(key) && !context.expired()) co_await let_go_.wait(context);
  if (held_.contains(key)) co_return Error{.kind = ErrorKind::kCancelled, .what = "not written: the operator stops", .where = key.text()};
  const Result<std::shared_ptr<const T>> object = current(*read);
  if (!object) co_return object.error();
  co_return try_hold(key);
}

// Nothing when it is being written; look_again_() follows.
template <class T>
std::shared_ptr<typename ObjectTable<T>::Hold> ObjectTable<T>::try_hold(const ObjectKey& key) {
  if (!held_.contains(key)) return std::make_shared<Hold>(*this, key);
  left_alone_.insert(key);
  return nullptr;
}

template <class T>
void ObjectTable<T>::let_go(const ObjectKey& key) {
  held_.erase(key);
  let_go_.notify();
  if (left_alone_.erase(key) > 0) look_again_(key);
}

template <class T>
template <class Status>
boost::asio::awaitable<Result<>> ObjectTable<T>::write_status(Context context, std::shared_ptr<const T> read, Status status) {
  const Result<HoldPtr> held = co_await hold(context, read);
  if (!held) co_return held.error();
  const ObjectKey key = read->meta.key;
  const Record& record = records_.at(key);
  const auto next = std::make_shared<T>(*record.object);
  next->status = std::move(status);
  const Result<> saved = co_await commit(key, next, record.refused);
  co_return saved;
}

template <class T>
boost::asio::awaitable<Result<>> ObjectTable<T>::expire(Context context, std::shared_ptr<const T> read) {
  const Result<HoldPtr> held = co_await hold(context, read);
  if (!held) co_return held.error();
  const ObjectKey key = read->meta.key;
  const auto next = std::make_shared<T>(*records_.at(key).object);
  if (next->meta.deleted) co_return base::Ok{};
  next->meta.deleted = parts_.clock.now();
  if (next->meta.finalizers.empty()) {
    const Result<> ended = co_await end(key, next);
    co_return ended;
  }
  const Result<> saved = co_await commit(key, next, "");
  if (saved) changed_(key);
  co_return saved;
}

template <class T>
typename ObjectTable<T>::Expired ObjectTable<T>::expired(const T& note) {
  const auto mark = note.meta.annotations.find(kManifestAnnotation);
  return {.file = mark == note.meta.annotations.end() ? "" : file_in(mark->second), .hash = note.meta.annotations.at(kExpiredAnnotation)};
}

template <class T>
T ObjectTable<T>::note_of(const ObjectKey& key, const std::string& mark) const {
  T note;
  note.meta.key = key;
  note.meta.created = parts_.clock.now();
  note.meta.annotations[kManifestAnnotation] = mark;
  note.meta.annotations[kExpiredAnnotation] = hash_in(mark);
  note.spec = base::json_object();
  return note;
}

// What an object that is no more leaves, if its time was over and its manifest is still there: that manifest's file and hash.
template <class T>
std::optional<T> ObjectTable<T>::what_is_left(const ObjectKey& key, const T& object) const {
  const auto mark = object.meta.annotations.find(kManifestAnnotation);
  if (!is_expired(object) || mark == object.meta.annotations.end()) return std::nullopt;
  return note_of(key, mark->second);
}

// Its owner holds it.
template <class T>
boost::asio::awaitable<Result<>> ObjectTable<T>::end(ObjectKey key, std::shared_ptr<const T> object) {
  std::optional<T> left = what_is_left(key, *object);
  if (!left) {
    const Result<> removed = co_await parts_.writer.template remove<T>(key);
    if (removed) records_.erase(key);
    co_return removed;
  }
  const auto shown = std::make_shared<const T>(*std::move(left));
  const Result<> saved = co_await parts_.writer.template save<T>(shown);
  if (saved) {
    records_.erase(key);
    expired_[key] = expired(*shown);
  }
  co_return saved;
}

template <class T>
boost::asio::awaitable<Result<bool>> ObjectTable<T>::set_finalizer(Context context, std::shared_ptr<const T> read, std::string finalizer,
                                                                   bool present) {
  const Result<HoldPtr> held = co_await hold(context, read);
  if (!held) co_return held.error();
  const ObjectKey key = read->meta.key;
  const auto next = std::make_shared<T>(*records_.at(key).object);
  std::vector<std::string>& finalizers = next->meta.finalizers;
  if (present == next->meta.has_finalizer(finalizer)) co_return false;
  if (present && next->meta.deleted) {
    co_return Error{.kind = ErrorKind::kConflict, .what = "is being deleted: nothing may hold it any more", .where = key.text()};
  }
  if (present) {
    finalizers.push_back(finalizer);
  } else {
    std::erase(finalizers, finalizer);
  }
  if (finalizers.empty() && next->meta.deleted) {
    const Result<> ended = co_await end(key, next);
    if (!ended) co_return ended.error();
    co_return true;
  }
  const std::string refused = records_.at(key).refused;
  const Result<> saved = co_await commit(key, next, refused);
  if (!saved) co_return saved.error();
  co_return false;
}

// --- The record ---

// On disk first, then in memory. Nothing has changed when it fails. Its owner holds the object.
template <class T>
boost::asio::awaitable<Result<>> ObjectTable<T>::commit(ObjectKey key, std::shared_ptr<T> next, std::string refused) {
  next->meta.resource_version = std::to_string(++parts_.version);
  std::shared_ptr<const T> shown = next;
  if (!refused.empty()) shown = std::make_shared<const T>(as_shown(*next, refused, parts_.clock.now()));
  const Result<> saved = co_await parts_.writer.template save<T>(shown);
  if (!saved) co_return saved.error();
  Record& record = records_[key];
  record.object = next;
  record.refused = refused;
  co_return base::Ok{};
}

template <class T>
bool ObjectTable<T>::record_later(const ObjectKey& key, T next, const std::string& refused, const char* doing, Then then) {
  HoldPtr hold = try_hold(key);
  if (!hold) return false;
  auto write = commit(key, std::make_shared<T>(std::move(next)), refused);
  writes_.spawn(carry_out(std::move(hold), key, std::move(write), doing, std::move(then)));
  return true;
}

// Another view of an object than find()'s, or of one that find() does not know.
template <class T>
bool ObjectTable<T>::save_later(const ObjectKey& key, T shown, const char* doing, Then then) {
  HoldPtr hold = try_hold(key);
  if (!hold) return false;
  auto write = parts_.writer.template save<T>(std::make_shared<const T>(std::move(shown)));
  writes_.spawn(carry_out(std::move(hold), key, std::move(write), doing, std::move(then)));
  return true;
}

template <class T>
bool ObjectTable<T>::remove_later(const ObjectKey& key, Then then) {
  HoldPtr hold = try_hold(key);
  if (!hold) return false;
  auto write = parts_.writer.template remove<T>(key);
  writes_.spawn(carry_out(std::move(hold), key, std::move(write), "remove the state of", std::move(then)));
  return true;
}

template <class T>
boost::asio::awaitable<void> ObjectTable<T>::carry_out(HoldPtr hold, ObjectKey key, awaitable<Result<>> write, const char* doing,
                                                       Then then) {
  const Result<> written = co_await std::move(write);
  if (done(written, doing, key)) then();
  hold.reset();
}

// A write that fails is told once, and tried again at the next scan.
template <class T>
bool ObjectTable<T>::done(const Result<>& result, std::string_view doing, const ObjectKey& key) {
  wrote_ = wrote_ || result.ok();
  if (result) return true;
  failure_ = result.error().text();
  if (failure_ != told_failure_) {
    parts_.log.error("cannot " + std::string(doing) + " an object; it is tried again", {{kWord<T>, key.text()}, {"error", failure_}});
    told_failure_ = failure_;
  }
  return false;
}

template <class T>
base::LogFields ObjectTable<T>::fields(const ObjectKey& key, const std::string& file) const {
  base::LogFields fields{{kWord<T>, key.text()}, {"manifest", file}};
  if (const std::shared_ptr<const T> object = find(key)) {
    fields.emplace_back("uid", object->meta.uid);
    fields.emplace_back("generation", std::to_string(object->meta.generation));
  }
  return fields;
}

template class ObjectTable<Invocation>;
template class ObjectTable<Workspace>;
template boost::asio::awaitable<Result<>> ObjectTable<Invocation>::write_status(Context, std::shared_ptr<const Invocation>,
                                                                                invocation::InvocationStatus);
template boost::asio::awaitable<Result<>> ObjectTable<Workspace>::write_status(Context, std::shared_ptr<const Workspace>,
                                                                               invocation::WorkspaceStatus);

}  // namespace lepton_operator::store
