// What the API server last said of one kind of object, with our own writes in it at once.
//
// The answer to a write of ours is taken up before the watch shows it. Until the watch shows that very version, what it tells of the object
// is older and is left aside: the cache never goes back to before our own write. An object that a write of ours ended (its last finalizer
// fell) stays gone, whatever older events still say. A list may be older than what we have, too.
//
// A status that is not the one that our last write left is marked as altered: it is ours alone, so somebody else was at it.
//
// An Invocation of which nobody needs more than its digest for a while is folded: by whoever knows that, and when a list brought it, since
// a list may bring ten thousand at once.
//
// Thread rule: domain thread only. Owner: the Kubernetes store. `changed` is called for every change that is not just our own write.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/packer.h"
#include "invocation/digest.h"
#include "invocation/object.h"
#include "store/folded.h"

namespace lepton_operator::store {

// True when resource version `one` is certainly older. They are whole numbers in every API server that there is, comparable since
// Kubernetes 1.35 by contract; of anything else nothing is certain.
bool older(const std::string& one, const std::string& other);

enum class Write { kStatus, kMetadata };

// How the cache keeps an object of a kind: what stands of it there in any case, and what it is while it is folded.
template <class T>
struct Kept {  // of which there are few
  struct Digest {
    std::string uid;
  };
  using Folded = void;
  static Digest digest(const T& object) { return {object.meta.uid}; }
  static std::shared_ptr<const T> unfold(const std::shared_ptr<const void>&) { return nullptr; }
};

template <>
struct Kept<invocation::Invocation> {
  using Digest = invocation::Digest;
  using Folded = FoldedInvocation;
  static Digest digest(const invocation::Invocation& object) { return invocation::digest_of(object); }
  static std::shared_ptr<const invocation::Invocation> unfold(const std::shared_ptr<const FoldedInvocation>& folded) {
    return folded ? folded->unfold() : nullptr;
  }
};

template <class T>
class CachedObjects {
 public:
  using Key = invocation::ObjectKey;
  using Pointer = std::shared_ptr<const T>;
  enum class From { kList, kWatch };

  explicit CachedObjects(std::function<void(const Key&)> changed) : changed_(std::move(changed)) {}

  Pointer find(const Key& key) const {
    const auto found = records_.find(key);
    if (found == records_.end()) return nullptr;
    return found->second.object ? found->second.object : Kept<T>::unfold(found->second.folded);
  }
  template <class Each>
  void each(const Each& each) const {
    for (const auto& [key, record] : records_) each(key, record.digest);
  }
  std::optional<typename Kept<T>::Digest> digest(const Key& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? std::nullopt : std::optional(found->second.digest);
  }
  std::shared_ptr<const typename Kept<T>::Folded> fold(const Key& key) {
    const auto found = records_.find(key);
    if (found == records_.end()) return nullptr;
    fold(found->second);
    return found->second.folded;
  }
  std::vector<Key> keys() const {
    std::vector<Key> keys;
    keys.reserve(records_.size());
    for (const auto& [key, record] : records_) keys.push_back(key);
    return keys;
  }

  // Whether that very version is here, so that it need not be taken: it was told of all the same.
  bool has(const Key& key, const std::string& uid, const std::string& version) {
    const auto found = records_.find(key);
    if (found == records_.end()) return false;
    Record& record = found->second;
    if (record.digest.uid != uid || record.version != version) return false;
    record.awaited.clear();
    return true;
  }

  // `text`: what a list's object was decoded from, if that is known.
  void take(T object, From from, std::string_view text = {}) {
    const Key key = object.meta.key;
    if (ended_.contains(object.meta.uid)) return;
    Record& record = records_[key];
    if (record.digest.uid != object.meta.uid) record = Record{};  // new, or made anew under the same name
    if (record.object || record.folded) {
      const std::string& version = object.meta.resource_version;
      if (record.version == version) {
        record.awaited.clear();
        return;
      }
      // The watch shows every version in order; a list that shows a later one instead has left ours out.
      if (!record.awaited.empty() && (from == From::kWatch || older(version, record.awaited))) return;
      if (from == From::kList && older(version, record.version)) return;
    }
    record.awaited.clear();
    show(record, std::move(object));
    if (from == From::kList) fold(record, text);
    tell(key, record);
  }

  void remove(const Key& key, const std::string& uid) {
    ended_.erase(uid);
    const auto found = records_.find(key);
    if (found == records_.end() || found->second.digest.uid != uid) return;
    records_.erase(found);
    changed_(key);
  }

  // After a complete list of a namespace (empty: of all): what was not in it is gone.
  void retain(const std::string& namespace_, const std::set<std::string>& uids) {
    const auto gone = [&](const Key& key, const std::string& uid) {
      return (namespace_.empty() || key.namespace_ == namespace_) && !uids.contains(uid);
    };
    std::erase_if(ended_, [&](const auto& ended) { return gone(ended.second, ended.first); });
    std::vector<std::pair<Key, std::string>> removed;
    for (const auto& [key, record] : records_) {
      if (gone(key, record.digest.uid)) removed.emplace_back(key, record.digest.uid);
    }
    for (const auto& [key, uid] : removed) remove(key, uid);
  }

  // Around each write: what is told of the object meanwhile is announced when the answer is there, unless it was the write itself. `news`:
  // the answer shows what others wrote, too, which no event may show any more.
  void begin_write(const Key& key) { ++records_.at(key).writing; }
  void end_write(const T& read, const T* answer, Write what, bool news) {
    const auto found = records_.find(read.meta.key);
    if (found == records_.end() || found->second.digest.uid != read.meta.uid) return;
    Record& record = found->second;
    --record.writing;
    if (answer && answer->meta.deleted && answer->meta.finalizers.empty()) {
      ended_[answer->meta.uid] = answer->meta.key;
      records_.erase(found);
      return;
    }
    if (answer) adopt(record, read.meta.resource_version, *answer, what);
    record.told = record.told || news;
    if (record.writing == 0 && std::exchange(record.told, false)) changed_(read.meta.key);
  }

 private:
  struct Record {
    Pointer object;  // null while it is folded
    std::shared_ptr<const typename Kept<T>::Folded> folded;
    typename Kept<T>::Digest digest;
    std::string version;
    std::string awaited;               // the version of our own write that the watch has yet to show
    std::optional<std::size_t> print;  // of the status that our last write left
    int writing = 0;                   // requests under way
    bool told = false;                 // of a change, while one was under way
  };

  void adopt(Record& record, const std::string& read, const T& answer, Write what) {
    const std::string current = record.version;
    const std::string& written = answer.meta.resource_version;
    if (what == Write::kStatus) record.print = answer.mark.print;
    if (written == read) return;  // it changed nothing, so no event will show it
    if (current == written) {
      record.told = false;  // the watch was faster than the answer
      show(record, answer);
    } else if (current == read || older(current, written)) {
      record.awaited = written;
      show(record, answer);
    } else {
      show(record, T(record.object ? *record.object : *Kept<T>::unfold(record.folded)));
    }
  }

  void show(Record& record, T object) const {
    object.mark.altered = record.print && *record.print != object.mark.print;
    record.version = object.meta.resource_version;
    record.digest = Kept<T>::digest(object);
    record.folded = nullptr;
    record.object.reset(new T(std::move(object)));  // apart from its count (folded.cc)
  }

  void fold(Record& record, std::string_view text = {}) {
    if constexpr (!std::is_void_v<typename Kept<T>::Folded>) {
      if (record.object) record.folded = std::make_shared<const FoldedInvocation>(packer_, record.object, text);
      record.object = nullptr;
    }
  }

  void tell(const Key& key, Record& record) {
    if (record.writing > 0) {
      record.told = true;
    } else {
      changed_(key);
    }
  }

  std::function<void(const Key&)> changed_;
  base::Packer packer_;
  std::map<Key, Record> records_;
  std::map<std::string, Key> ended_;  // by UID: their deletion has yet to be seen
};

}  // namespace lepton_operator::store
