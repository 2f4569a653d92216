// What one reflector has seen, as typed objects: the memory of a controller that asks the API server for nothing twice.
//
//   ObjectCache<Job> jobs(decode_job, [&](const std::string& key) { queue.add(key); });
//   Reflector reflector(io, api, clock, random, log, jobs, {.resource = {"batch", "v1", "jobs"}});
//
// `decode` keeps what the controller needs and nothing else (never managedFields); what it returns nothing for is, for this cache, not
// there. `changed` hears of every key that came, changed or went, after the cache shows it. A new list takes the old one's place at once,
// at its end; objects whose resourceVersion stayed are kept as they are and not told.
//
// A controller that has written must not act on what the cache showed before: note_written() the answer's version, and leave the key alone
// while behind(). Waiting is not needed: the event that ends it is told like any other.
//
// Thread rule: domain thread only. One reflector per cache; the pointers handed out stay good for as long as they are held.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/reflector.h"

namespace lepton_operator::kube {

std::string key_of(const Json& object);               // "namespace/name"; "name" of what is in no namespace
ObjectName name_of(const std::string& key);           // and back
std::string resource_version_of(const Json& object);  // empty if it has none
std::optional<std::string> label_of(const Json& object, std::string_view label);
std::optional<std::string> annotation_of(const Json& object, std::string_view annotation);

// Whether `seen` is `wanted` or newer. Versions are whole numbers in every API server that there is (by contract since Kubernetes 1.35); of
// anything else only equality is certain.
bool at_least(std::string_view seen, std::string_view wanted);

// Which of our own writes the cache has yet to show. Used by ObjectCache; knows no objects.
class OwnWrites {
 public:
  void note(const std::string& key, std::string version, std::string_view shown);
  void show(const std::string& key, std::string_view version);
  bool behind(const std::string& key) const { return awaited_.contains(key); }
  void begin_list() { ++list_; }
  void end_list();  // it began after all that was noted before it: nothing of that is awaited any more

 private:
  struct Write {
    std::string version;
    int during = 0;  // the list that was last begun
  };
  std::map<std::string, Write> awaited_;
  int list_ = 0;
};

template <class T>
class ObjectCache final : public ReflectorSink {
 public:
  using Pointer = std::shared_ptr<const T>;
  using Decode = std::function<std::optional<T>(const Json&)>;
  using Changed = std::function<void(const std::string& key)>;

  ObjectCache(Decode decode, Changed changed) : decode_(std::move(decode)), changed_(std::move(changed)) {}

  Pointer find(const std::string& key) const {  // null: not there
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second.object;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    keys.reserve(objects_.size());
    for (const auto& [key, entry] : objects_) keys.push_back(key);
    return keys;
  }
  std::size_t size() const { return objects_.size(); }

  // The API server answered a write of ours with this version.
  void note_written(const std::string& key, std::string version) {
    const auto found = objects_.find(key);
    writes_.note(key, std::move(version), found == objects_.end() ? std::string_view{} : found->second.version);
  }
  // Whether the cache has yet to show what we wrote.
  bool behind(const std::string& key) const { return writes_.behind(key); }

  void begin_list() override {
    listed_.clear();
    writes_.begin_list();
  }
  void listed(const Json& json, std::string_view /*text*/) override {
    std::string key = key_of(json);
    std::string version = resource_version_of(json);
    if (const auto known = objects_.find(key); known != objects_.end() && known->second.version == version) {
      listed_.insert_or_assign(std::move(key), known->second);
    } else if (std::optional<T> object = decode_(json)) {
      listed_.insert_or_assign(std::move(key), Entry{std::move(version), std::make_shared<const T>(std::move(*object))});
    }
  }
  void end_list() override {
    const Entries before = std::exchange(objects_, std::exchange(listed_, {}));
    writes_.end_list();
    std::vector<std::string> changes;
    for (const auto& [key, entry] : before) {
      if (!objects_.contains(key)) changes.push_back(key);
    }
    for (const auto& [key, entry] : objects_) {
      writes_.show(key, entry.version);
      const auto known = before.find(key);
      if (known == before.end() || known->second.object != entry.object) changes.push_back(key);
    }
    for (const std::string& key : changes) changed_(key);
  }
  void added_or_modified(const Json& json) override {
    const std::string key = key_of(json);
    std::string version = resource_version_of(json);
    writes_.show(key, version);
    if (const auto known = objects_.find(key); known != objects_.end() && known->second.version == version) return;
    std::optional<T> object = decode_(json);
    if (!object) return forget(key);
    objects_.insert_or_assign(key, Entry{std::move(version), std::make_shared<const T>(std::move(*object))});
    changed_(key);
  }
  void deleted(const Json& json) override {
    const std::string key = key_of(json);
    writes_.show(key, resource_version_of(json));
    forget(key);
  }

 private:
  struct Entry {
    std::string version;
    Pointer object;
  };
  using Entries = std::map<std::string, Entry>;

  void forget(const std::string& key) {
    if (objects_.erase(key) > 0) changed_(key);
  }

  Decode decode_;
  Changed changed_;
  Entries objects_;
  Entries listed_;  // of the list under way
  OwnWrites writes_;
};

}  // namespace lepton_operator::kube
