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

std::string short_hash(const Document& document) { return document.hash.substr(0, 16); }
std::string manifest_mark(const Document& document) { return document.file + "@" + short_hash(document); }

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

template <class T>
ObjectTable<T>::ObjectTable(TableParts parts, std::function<void(const ObjectKey&)> changed)
    : parts_(parts), changed_(std::move(changed)) {}

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
    if (const auto hash = read->meta.annotations.find(kExpiredAnnotation); hash != read->meta.annotations.end()) {
      expired_[key] = hash->second;
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
    done(end(key, object), "remove the state of", key);
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
  if (!object) return "";
  const auto mark = object->meta.annotations.find(kManifestAnnotation);
  return mark == object->meta.annotations.end() ? "" : mark->second.substr(0, mark->second.rfind('@'));
}

// --- What the manifests say ---

template <class T>
void ObjectTable<T>::begin_scan() {
  failure_.clear();
  const std::map<ObjectKey, std::string> corrupt = corrupt_;
  for (const auto& [key, problem] : corrupt) load_one(key);
}

template <class T>
std::vector<std::string> ObjectTable<T>::apply(const Document& document) {
  if (const auto corrupt = corrupt_.find(document.key); corrupt != corrupt_.end()) {
    return {document.where("") + ": nothing is done for this object: its state file cannot be understood (" + corrupt->second +
            "); mend that file, or remove it if nothing of the object is left in Lepton"};
  }
  const auto found = records_.find(document.key);
  if (found != records_.end()) return update(found->second, document);
  if (const auto known = expired_.find(document.key); known != expired_.end() && known->second == short_hash(document)) return {};
  if (document.errors.empty()) {
    create(document);
  } else {
    reject(document);
  }
  return {};
}

template <class T>
void ObjectTable<T>::create(const Document& document) {
  T object;
  object.meta.key = document.key;
  object.meta.uid = parts_.random.uuid();
  object.meta.created = parts_.clock.now();
  object.meta.annotations = annotations_of(document);
  object.spec = document.spec;
  if (!done(commit(document.key, std::move(object), ""), "record", document.key)) return;
  rejected_.erase(document.key);
  expired_.erase(document.key);
  parts_.log.info("manifest accepted", fields(document.key, document.source));
  changed_(document.key);
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
    keep(document.key, document.errors.empty() ? forbidden : document.errors);
    follow(record, document);
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
  if (!done(commit(document.key, std::move(next), ""), "record", document.key)) return {};
  if (other_spec) parts_.log.info("manifest changed", fields(document.key, document.source));
  if (other_spec || other_annotations) changed_(document.key);
  return {};
}

// A refused manifest may still have moved to another file: the object then stands or falls with that one.
template <class T>
void ObjectTable<T>::follow(Record& record, const Document& document) {
  const std::string file = file_of(document.key);
  if (file == document.file) return;
  T next = *record.object;
  std::string& mark = next.meta.annotations[kManifestAnnotation];
  mark = document.file + mark.substr(file.size());
  if (done(commit(document.key, std::move(next), record.refused), "record", document.key)) changed_(document.key);
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
  if (done(commit(document.key, std::move(next), record.refused), "record", document.key)) changed_(document.key);
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
  if (done(parts_.state.save(object), "record the error of", document.key)) rejected_[document.key] = message;
  expired_.erase(document.key);  // it was changed: put back, it is a new object
}

template <class T>
void ObjectTable<T>::keep(const ObjectKey& key, const std::vector<std::string>& reasons) {
  const auto found = records_.find(key);
  if (found == records_.end() || found->second.object->meta.deleted) return;
  Record& record = found->second;
  const std::string refused = condition_message(reasons);
  if (record.refused == refused) return;
  if (done(parts_.state.save(as_shown(*record.object, refused, parts_.clock.now())), "record the refusal for", key))
    record.refused = refused;
}

template <class T>
void ObjectTable<T>::remove(const ObjectKey& key) {
  const auto found = records_.find(key);
  if (found == records_.end() || found->second.object->meta.deleted) return;
  const std::string file = file_of(key);
  if (found->second.object->meta.finalizers.empty()) {
    if (!done(parts_.state.remove<T>(key), "remove the state of", key)) return;
    records_.erase(found);
    parts_.log.info("manifest removed", fields(key, file));
  } else {
    T next = *found->second.object;
    next.meta.deleted = parts_.clock.now();
    if (!done(commit(key, std::move(next), ""), "record the deletion of", key)) return;
    parts_.log.info("manifest removed; deleting what belongs to it", fields(key, file));
  }
  changed_(key);
}

template <class T>
std::vector<ObjectKey> ObjectTable<T>::rejected() const {
  std::vector<ObjectKey> keys;
  for (const auto& [key, message] : rejected_) keys.push_back(key);
  return keys;
}

template <class T>
std::vector<ObjectKey> ObjectTable<T>::expired() const {
  std::vector<ObjectKey> keys;
  for (const auto& [key, hash] : expired_) keys.push_back(key);
  return keys;
}

template <class T>
void ObjectTable<T>::forget(const ObjectKey& key) {
  if (!done(parts_.state.remove<T>(key), "remove the state of", key)) return;
  rejected_.erase(key);
  expired_.erase(key);
}

template <class T>
void ObjectTable<T>::end_scan() {
  if (failure_.empty() && !told_failure_.empty()) parts_.log.info("state can be written again", {{"kind", kWord<T>}});
  told_failure_ = failure_;
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

template <class T>
template <class Status>
Result<> ObjectTable<T>::write_status(const T& read, Status status) {
  const Result<std::shared_ptr<const T>> object = current(read);
  if (!object) return object.error();
  T next = **object;
  next.status = std::move(status);
  return commit(read.meta.key, std::move(next), records_.at(read.meta.key).refused);
}

template <class T>
Result<> ObjectTable<T>::expire(const T& read) {
  const Result<std::shared_ptr<const T>> object = current(read);
  if (!object) return object.error();
  const ObjectKey key = read.meta.key;
  if ((*object)->meta.deleted) return base::Ok{};
  T next = **object;
  next.meta.deleted = parts_.clock.now();
  if (next.meta.finalizers.empty()) {
    const Result<> ended = end(key, next);
    if (ended) records_.erase(key);
    return ended;
  }
  const Result<> saved = commit(key, std::move(next), "");
  if (saved) changed_(key);
  return saved;
}

// The object is no more; what it leaves, if its manifest is still there, is that manifest's hash.
template <class T>
Result<> ObjectTable<T>::end(const ObjectKey& key, const T& object) {
  const auto mark = object.meta.annotations.find(kManifestAnnotation);
  if (!is_expired(object) || mark == object.meta.annotations.end()) return parts_.state.remove<T>(key);
  T left;
  left.meta.key = key;
  left.meta.created = parts_.clock.now();
  left.meta.annotations[kManifestAnnotation] = mark->second;
  left.meta.annotations[kExpiredAnnotation] = mark->second.substr(mark->second.rfind('@') + 1);
  left.spec = base::json_object();
  const Result<> saved = parts_.state.save(left);
  if (saved) expired_[key] = left.meta.annotations[kExpiredAnnotation];
  return saved;
}

template <class T>
Result<bool> ObjectTable<T>::set_finalizer(const T& read, const std::string& finalizer, bool present) {
  const Result<std::shared_ptr<const T>> object = current(read);
  if (!object) return object.error();
  const ObjectKey key = read.meta.key;
  T next = **object;
  std::vector<std::string>& finalizers = next.meta.finalizers;
  if (present == next.meta.has_finalizer(finalizer)) return false;
  if (present && next.meta.deleted) {
    return Error{.kind = ErrorKind::kConflict, .what = "is being deleted: nothing may hold it any more", .where = key.text()};
  }
  if (present) {
    finalizers.push_back(finalizer);
  } else {
    std::erase(finalizers, finalizer);
  }
  if (finalizers.empty() && next.meta.deleted) {
    const Result<> removed = end(key, next);
    if (!removed) return removed.error();
    records_.erase(key);
    return true;
  }
  const Result<> saved = commit(key, std::move(next), records_.at(key).refused);
  if (!saved) return saved.error();
  return false;
}

// --- The record ---

// On disk first, then in memory. Nothing has changed when it fails.
template <class T>
Result<> ObjectTable<T>::commit(const ObjectKey& key, T next, const std::string& refused) {
  next.meta.resource_version = std::to_string(++parts_.version);
  const Result<> saved = parts_.state.save(as_shown(next, refused, parts_.clock.now()));
  if (!saved) return saved.error();
  Record& record = records_[key];
  record.object = std::make_shared<const T>(std::move(next));
  record.refused = refused;
  return base::Ok{};
}

// A write that fails is told once, and tried again at the next scan.
template <class T>
bool ObjectTable<T>::done(const Result<>& result, std::string_view doing, const ObjectKey& key) {
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
template Result<> ObjectTable<Invocation>::write_status(const Invocation&, invocation::InvocationStatus);
template Result<> ObjectTable<Workspace>::write_status(const Workspace&, invocation::WorkspaceStatus);

}  // namespace lepton_operator::store
