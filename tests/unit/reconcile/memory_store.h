// An ObjectStore in memory, with short words for what a test puts into it, and a record of what was written when.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/yaml.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile::test {

using base::Json;
using invocation::Invocation;
using invocation::InvocationStatus;
using invocation::Workspace;
using invocation::WorkspaceStatus;
using store::Kind;
using store::ObjectKey;

inline Json yaml(const std::string& text) {
  auto documents = base::parse_yaml(text, "test");
  return documents && !documents->empty() ? documents->front().value : Json();
}

class MemoryStore final : public store::ObjectStore {
 public:
  MemoryStore(boost::asio::io_context& io, base::Clock& clock) : clock_(clock), never_(io), secrets_answered_(io) {}

  // --- what a test does
  void put_invocation(const ObjectKey& key, const std::string& spec) {
    auto object = std::make_shared<Invocation>();
    object->meta.key = key;
    object->meta.uid = "uid-of-" + key.name;
    object->meta.resource_version = next_version();
    object->meta.created = clock_.now();
    object->spec = yaml(spec);
    invocations_[key] = object;
    tell(Kind::kInvocation, key);
  }
  void edit_invocation(const ObjectKey& key, const std::string& spec) {
    auto object = std::make_shared<Invocation>(*invocations_.at(key));
    object->spec = yaml(spec);
    ++object->meta.generation;
    object->meta.resource_version = next_version();
    invocations_[key] = object;
    tell(Kind::kInvocation, key);
  }
  void annotate(const ObjectKey& key, const std::string& name, const std::string& value) {
    auto object = std::make_shared<Invocation>(*invocations_.at(key));
    object->meta.annotations[name] = value;
    object->meta.resource_version = next_version();
    invocations_[key] = object;
    tell(Kind::kInvocation, key);
  }
  void delete_invocation(const ObjectKey& key) {
    auto object = std::make_shared<Invocation>(*invocations_.at(key));
    object->meta.deleted = clock_.now();
    object->meta.resource_version = next_version();
    invocations_[key] = object;
    if (object->meta.finalizers.empty()) invocations_.erase(key);
    tell(Kind::kInvocation, key);
  }
  // As somebody does who takes the status for their own.
  void edit_status(const ObjectKey& key, const std::function<void(InvocationStatus&)>& edit) {
    auto object = std::make_shared<Invocation>(*invocations_.at(key));
    edit(object->status);
    object->mark.altered = true;
    object->meta.resource_version = next_version();
    invocations_[key] = object;
    tell(Kind::kInvocation, key);
  }
  void put_workspace(const ObjectKey& key, const std::string& spec) {
    auto object = std::make_shared<Workspace>();
    object->meta.key = key;
    object->meta.resource_version = next_version();
    object->spec = yaml(spec);
    workspaces_[key] = object;
    tell(Kind::kWorkspace, key);
  }
  void remove_workspace(const ObjectKey& key) {
    workspaces_.erase(key);
    tell(Kind::kWorkspace, key);
  }
  // The namespace is being deleted; what becomes of each object in it is for the test to say.
  void end_namespace(const std::string& name) {
    going_.insert(name);
    for (const auto& [key, object] : invocations_) tell(Kind::kInvocation, key);
  }
  void put_secret(const ObjectKey& key, std::map<std::string, std::string> values) {
    secrets_[key] = std::move(values);
    tell(Kind::kSecret, key);
  }
  void remove_secret(const ObjectKey& key) {
    secrets_.erase(key);
    tell(Kind::kSecret, key);
  }
  // Whoever asks for a Secret gets no answer until they are answered again.
  void answer_secrets(bool answers) {
    answers_secrets_ = answers;
    secrets_answered_.notify();
  }
  void refuse_finalizers(base::Error error) { finalizer_error_ = std::move(error); }
  void lose_answers_to_finalizers() { loses_finalizers_ = true; }
  int finalizer_writes() const { return finalizer_writes_; }
  void fail_next_status_write(base::Error error) { status_errors_.push_back(std::move(error)); }
  // The first status that is `so` is written, somebody does `then`, and the answer is lost.
  void lose_answer_to_status(std::function<bool(const InvocationStatus&)> so, std::function<void()> then) {
    loses_answer_ = std::move(so);
    meanwhile_ = std::move(then);
  }
  // From now on a status is written so long after it was asked for.
  void delay_status_writes(base::Milliseconds by) { status_delay_ = by; }
  void on_status(std::function<void(const InvocationStatus&)> hook) { on_status_ = std::move(hook); }
  void set_synced(bool synced) { synced_ = synced; }
  int status_writes() const { return status_writes_; }
  int workspace_writes() const { return workspace_writes_; }
  int walks() const { return walks_; }  // over all Invocations
  int reads() const { return reads_; }  // of one, whole
  int folds(const ObjectKey& key) const { return folds_.contains(key) ? folds_.at(key) : 0; }

  // --- ObjectStore
  boost::asio::awaitable<base::Result<>> run(base::Context context, store::ChangeHandler handler) override {
    handler_ = std::move(handler);
    for (const auto& [key, object] : workspaces_) tell(Kind::kWorkspace, key);
    for (const auto& [key, object] : invocations_) tell(Kind::kInvocation, key);
    while (!context.expired()) co_await never_.wait(context);
    handler_ = nullptr;
    co_return base::Ok{};
  }
  bool synced() const override { return synced_; }
  std::shared_ptr<const Invocation> find_invocation(const ObjectKey& key) const override {
    ++reads_;
    return find(invocations_, key);
  }
  std::shared_ptr<const Workspace> find_workspace(const ObjectKey& key) const override { return find(workspaces_, key); }
  std::vector<ObjectKey> invocations() const override { return keys(invocations_); }
  std::vector<ObjectKey> workspaces() const override { return keys(workspaces_); }
  void each_invocation(const EachInvocation& each) const override {
    ++walks_;
    for (const auto& [key, object] : invocations_) each(key, invocation::digest_of(*object));
  }
  std::optional<invocation::Digest> digest(const ObjectKey& key) const override {
    const auto object = find(invocations_, key);
    return object ? std::optional(invocation::digest_of(*object)) : std::nullopt;
  }
  std::shared_ptr<const store::FoldedInvocation> fold(const ObjectKey& key) override {
    const auto object = find(invocations_, key);
    if (!object) return nullptr;
    ++folds_[key];
    return std::make_shared<const store::FoldedInvocation>(packer_, object);
  }
  bool namespace_deleting(const std::string& name) const override { return going_.contains(name); }

  boost::asio::awaitable<base::Result<std::map<std::string, std::string>>> read_secret(base::Context context, ObjectKey key) override {
    while (!answers_secrets_ && !context.expired()) co_await secrets_answered_.wait(context);
    const auto found = secrets_.find(key);
    if (found == secrets_.end()) co_return base::Error{base::ErrorKind::kNotFound, "no Secret"};
    co_return found->second;
  }
  boost::asio::awaitable<base::Result<>> write_status(base::Context context, std::shared_ptr<const Invocation> read,
                                                      InvocationStatus status) override {
    if (status_delay_.count() > 0) co_await clock_.sleep(context, status_delay_);
    if (!status_errors_.empty()) {
      base::Error error = status_errors_.front();
      status_errors_.pop_front();
      co_return error;
    }
    const auto stored = find(invocations_, read->meta.key);
    if (!stored || stored->meta.resource_version != read->meta.resource_version) co_return changed_since();
    ++status_writes_;
    if (on_status_) on_status_(status);
    auto object = std::make_shared<Invocation>(*stored);
    object->status = std::move(status);
    object->mark.altered = false;
    object->meta.resource_version = next_version();
    invocations_[read->meta.key] = object;
    if (loses_answer_ && loses_answer_(object->status)) {
      loses_answer_ = nullptr;
      meanwhile_();
      tell(Kind::kInvocation, read->meta.key);
      co_return base::Error{base::ErrorKind::kTimeout, "no answer came in time"};
    }
    co_return base::Ok{};
  }
  boost::asio::awaitable<base::Result<>> write_status(base::Context, std::shared_ptr<const Workspace> read,
                                                      WorkspaceStatus status) override {
    ++workspace_writes_;
    auto object = std::make_shared<Workspace>(*workspaces_.at(read->meta.key));
    object->status = std::move(status);
    workspaces_[read->meta.key] = object;
    co_return base::Ok{};
  }
  boost::asio::awaitable<base::Result<>> remove_invocation(base::Context, std::shared_ptr<const Invocation> read) override {
    const auto stored = find(invocations_, read->meta.key);
    if (!stored || stored->meta.resource_version != read->meta.resource_version) co_return changed_since();
    delete_invocation(read->meta.key);
    co_return base::Ok{};
  }
  boost::asio::awaitable<base::Result<>> set_finalizer(base::Context, std::shared_ptr<const Invocation> read, std::string finalizer,
                                                       bool present) override {
    ++finalizer_writes_;
    if (finalizer_error_) co_return *finalizer_error_;
    const auto stored = find(invocations_, read->meta.key);
    if (!stored || stored->meta.resource_version != read->meta.resource_version) co_return changed_since();
    auto object = std::make_shared<Invocation>(*stored);
    std::erase(object->meta.finalizers, finalizer);
    if (present) object->meta.finalizers.push_back(finalizer);
    object->meta.resource_version = next_version();
    invocations_[read->meta.key] = object;
    if (object->meta.deleted && object->meta.finalizers.empty()) invocations_.erase(read->meta.key);
    if (loses_finalizers_) {
      tell(Kind::kInvocation, read->meta.key);
      co_return base::Error{base::ErrorKind::kTimeout, "no answer came in time"};
    }
    co_return base::Ok{};
  }

 private:
  template <class T>
  using Objects = std::map<ObjectKey, std::shared_ptr<const T>>;

  template <class T>
  static std::shared_ptr<const T> find(const Objects<T>& objects, const ObjectKey& key) {
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : found->second;
  }
  template <class T>
  static std::vector<ObjectKey> keys(const Objects<T>& objects) {
    std::vector<ObjectKey> all;
    for (const auto& [key, object] : objects) all.push_back(key);
    return all;
  }
  static base::Error changed_since() { return base::Error{base::ErrorKind::kConflict, "changed since it was read"}; }
  std::string next_version() { return std::to_string(++version_); }
  void tell(Kind kind, const ObjectKey& key) {
    if (handler_) handler_(kind, key);
  }

  base::Clock& clock_;
  base::Signal never_;
  base::Signal secrets_answered_;
  bool answers_secrets_ = true;
  std::optional<base::Error> finalizer_error_;
  bool loses_finalizers_ = false;
  int finalizer_writes_ = 0;
  store::ChangeHandler handler_;
  Objects<Invocation> invocations_;
  Objects<Workspace> workspaces_;
  std::map<ObjectKey, std::map<std::string, std::string>> secrets_;
  std::set<std::string> going_;
  std::deque<base::Error> status_errors_;
  base::Milliseconds status_delay_{0};
  std::function<void(const InvocationStatus&)> on_status_;
  std::function<bool(const InvocationStatus&)> loses_answer_;
  std::function<void()> meanwhile_;
  int version_ = 0;
  bool synced_ = true;
  int status_writes_ = 0;
  int workspace_writes_ = 0;
  mutable int walks_ = 0;
  mutable int reads_ = 0;
  base::Packer packer_;
  std::map<ObjectKey, int> folds_;
};

}  // namespace lepton_operator::reconcile::test
