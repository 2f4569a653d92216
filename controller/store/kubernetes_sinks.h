// Where the reflectors of the Kubernetes store deliver: objects into their cache, namespaces into the set of those that are going.
//
// Thread rule: domain thread only. Owner: the Kubernetes store.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "invocation/codec.h"
#include "kube/reflector.h"
#include "store/cached_objects.h"

namespace lepton_operator::store {

// By which a status is known again, of its text.
std::size_t print_of(std::string_view status);

// Decodes what the planner needs. Annotations of kubectl that repeat the whole object are left out.
void decode(const base::Json& json, invocation::Invocation& object);
void decode(const base::Json& json, invocation::Workspace& object);

template <class T>
class ObjectSink final : public kube::ReflectorSink {
 public:
  // `scope`: a namespace; empty: all.
  ObjectSink(CachedObjects<T>& cache, std::string scope) : cache_(cache), scope_(std::move(scope)) {}

  bool has(const kube::ObjectVersion& told) override { return cache_.has({told.namespace_, told.name}, told.uid, told.resource_version); }
  bool has_listed(const kube::ObjectVersion& listed) override {
    if (!has(listed)) return false;
    uids_.insert(listed.uid);
    return true;
  }

  void begin_list() override { uids_.clear(); }
  void listed(const base::Json& json, std::string_view text) override {
    T object = decoded(json);
    uids_.insert(object.meta.uid);
    cache_.take(std::move(object), CachedObjects<T>::From::kList, text);
  }
  void end_list() override {
    cache_.retain(scope_, uids_);
    uids_.clear();
  }
  void added_or_modified(const base::Json& json) override { cache_.take(decoded(json), CachedObjects<T>::From::kWatch); }
  void deleted(const base::Json& json) override {
    const invocation::ObjectMeta gone = invocation::decode_meta(base::get_object(json, "metadata"));
    cache_.remove(gone.key, gone.uid);
  }

 private:
  static T decoded(const base::Json& json) {
    T object;
    decode(json, object);
    return object;
  }

  CachedObjects<T>& cache_;
  std::string scope_;
  std::set<std::string> uids_;  // in the list under way
};

// Remembers the namespaces that are going, and nothing of the others.
class NamespaceSink final : public kube::ReflectorSink {
 public:
  using Going = std::set<std::string>;

  // `own` empty: all namespaces.
  NamespaceSink(Going& going, std::string own, std::function<void(const std::string&)> changed)
      : going_(going), own_(std::move(own)), changed_(std::move(changed)) {}

  void begin_list() override { going_in_list_.clear(); }
  void listed(const base::Json& json, std::string_view text) override;
  void end_list() override;
  void added_or_modified(const base::Json& json) override;
  void deleted(const base::Json& json) override;

 private:
  void set(const std::string& name, bool going);

  Going& going_;
  std::string own_;
  std::function<void(const std::string&)> changed_;
  Going going_in_list_;
};

}  // namespace lepton_operator::store
