#include "store/kubernetes_store.h"

#include <algorithm>

#include "base/async.h"
#include "invocation/codec.h"
#include "kube/reflector.h"
#include "store/kubernetes_sinks.h"
#include "store/kubernetes_writes.h"
#include "store/resources.h"
#include "store/secret_reader.h"
#include "store/written.h"

namespace lepton_operator::store {

namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using boost::asio::awaitable;

kube::Resource resource_of(const Invocation&) { return invocations_resource(); }
kube::Resource resource_of(const Workspace&) { return workspaces_resource(); }
const char* kind_of(const Invocation&) { return "Invocation"; }
const char* kind_of(const Workspace&) { return "Workspace"; }

template <class T>
std::string name_for_people(const T& read) {
  return std::string(kind_of(read)) + " " + read.meta.key.text();
}

kube::ObjectName name_of(const ObjectKey& key) { return {key.namespace_, key.name}; }

class Kubernetes final : public ObjectStore {
 public:
  Kubernetes(boost::asio::io_context& io, kube::Api& api, base::Clock& clock, base::Random& random, base::Log& log,
             KubernetesOptions options)
      : io_(io),
        api_(api),
        clock_(clock),
        random_(random),
        log_(log),
        options_(std::move(options)),
        secrets_(io, clock, api, options_.keep_secrets),
        workspaces_([this](const ObjectKey& key) { changed(Kind::kWorkspace, key); }),
        invocations_([this](const ObjectKey& key) { changed(Kind::kInvocation, key); }) {
    std::vector<std::string> namespaces = options_.namespaces;
    if (namespaces.empty()) namespaces.emplace_back();
    for (const std::string& name : namespaces) follow(name);
  }

  awaitable<Result<>> run(Context context, ChangeHandler handler) override {
    handler_ = std::move(handler);
    base::TaskGroup running(io_);
    for (const auto& reflector : reflectors_) running.spawn(reflector->run(context));
    co_await running.join();
    handler_ = nullptr;
    co_return base::Ok{};
  }

  bool synced() const override {
    return std::all_of(reflectors_.begin(), reflectors_.end(), [](const auto& reflector) { return reflector->synced(); });
  }

  std::shared_ptr<const Invocation> find_invocation(const ObjectKey& key) const override { return invocations_.find(key); }
  std::shared_ptr<const Workspace> find_workspace(const ObjectKey& key) const override { return workspaces_.find(key); }
  std::vector<ObjectKey> invocations() const override { return invocations_.keys(); }
  std::vector<ObjectKey> workspaces() const override { return workspaces_.keys(); }
  void each_invocation(const EachInvocation& each) const override { invocations_.each(each); }
  std::optional<invocation::Digest> digest(const ObjectKey& key) const override { return invocations_.digest(key); }
  std::shared_ptr<const FoldedInvocation> fold(const ObjectKey& key) override { return invocations_.fold(key); }
  bool namespace_deleting(const std::string& namespace_) const override { return going_.contains(namespace_); }

  awaitable<Result<SecretValues>> read_secret(Context context, ObjectKey key) override {
    Result<SecretValues> values = co_await secrets_.read(context, key);
    co_return values;
  }
  void expire_secret(const ObjectKey& key) override { secrets_.expire(key); }

  awaitable<Result<>> write_status(Context context, std::shared_ptr<const Invocation> read, invocation::InvocationStatus status) override {
    Result<> written = co_await replace_status(invocations_, context, read, std::move(status));
    co_return written;
  }

  awaitable<Result<>> write_status(Context context, std::shared_ptr<const Workspace> read, invocation::WorkspaceStatus status) override {
    Result<> written = co_await replace_status(workspaces_, context, read, std::move(status));
    co_return written;
  }

  awaitable<Result<>> set_finalizer(Context context, std::shared_ptr<const Invocation> read, std::string finalizer, bool present) override {
    if (const Result<> writable = check(invocations_, *read); !writable) co_return writable;
    const std::shared_ptr<const Invocation> newest = invocations_.find(read->meta.key);
    if (newest->meta.has_finalizer(finalizer) == present) co_return base::Ok{};
    const kube::JsonPatch patch = finalizer_patch(newest->meta, finalizer, present);
    Result<> written = co_await send(invocations_, context, newest, patch, Sent<Invocation>());
    co_return written;
  }

  awaitable<Result<>> remove_invocation(Context context, std::shared_ptr<const Invocation> read) override {
    if (const Result<> writable = check(invocations_, *read); !writable) co_return writable;
    Json preconditions = base::json_object();
    preconditions["uid"] = Json::string(read->meta.uid);
    preconditions["resourceVersion"] = Json::string(read->meta.resource_version);
    const kube::ObjectName name = name_of(read->meta.key);
    const Result<Json> answer = co_await api_.remove(context, resource_of(*read), name, std::move(preconditions));
    if (!answer && answer.error().kind != ErrorKind::kNotFound) co_return answer.error();
    co_return base::Ok{};  // the watch tells of it
  }

 private:
  // Everything of a namespace; empty: of all.
  void follow(const std::string& namespace_) {
    add(kube::ReflectorOptions{.resource = {.group = "", .version = "v1", .plural = "namespaces"},
                               .namespace_ = "",
                               .label_selector = "",
                               .field_selector = namespace_.empty() ? "" : "metadata.name=" + namespace_},
        std::make_unique<NamespaceSink>(going_, namespace_, [this](const std::string& name) { namespace_changed(name); }));
    add(options_of(workspaces_resource(), namespace_), std::make_unique<ObjectSink<Workspace>>(workspaces_, namespace_));
    add(options_of(invocations_resource(), namespace_), std::make_unique<ObjectSink<Invocation>>(invocations_, namespace_));
  }

  static kube::ReflectorOptions options_of(kube::Resource resource, const std::string& namespace_) {
    return {.resource = std::move(resource), .namespace_ = namespace_, .label_selector = "", .field_selector = ""};
  }

  void add(kube::ReflectorOptions options, std::unique_ptr<kube::ReflectorSink> sink) {
    sinks_.push_back(std::move(sink));
    reflectors_.push_back(std::make_unique<kube::Reflector>(io_, api_, clock_, random_, log_, *sinks_.back(), std::move(options)));
  }

  void changed(Kind kind, const ObjectKey& key) {
    if (handler_) handler_(kind, key);
  }

  void namespace_changed(const std::string& name) {
    for (const ObjectKey& key : invocations_.keys()) {
      if (key.namespace_ == name) changed(Kind::kInvocation, key);
    }
  }

  // Whether a write of what was read can succeed at all, as far as is known here.
  template <class T>
  Result<> check(const CachedObjects<T>& cache, const T& read) const {
    const std::string what = name_for_people(read);
    if (options_.may_write && !options_.may_write()) {
      return Error{ErrorKind::kCancelled, what + " is not written: this process does not lead (any more)"};
    }
    const auto current = cache.find(read.meta.key);
    if (!current || current->meta.uid != read.meta.uid) return Error{ErrorKind::kNotFound, what + " is gone"};
    if (current->meta.deleted && !read.meta.deleted) return Error{ErrorKind::kConflict, what + " is being deleted since it was read"};
    return base::Ok{};
  }

  template <class T>
  using Sent = std::optional<SentStatus<decltype(T::status)>>;

  template <class T>
  awaitable<Result<>> replace_status(CachedObjects<T>& cache, Context context, std::shared_ptr<const T> read, decltype(T::status) status) {
    if (const Result<> writable = check(cache, *read); !writable) co_return writable;
    if (cache.find(read->meta.key)->mark.revision != read->mark.revision) {
      co_return Error{ErrorKind::kConflict, "the status of " + name_for_people(*read) + " was written since it was read"};
    }
    Json encoded = invocation::encode(status);
    const std::int64_t revision = next_revision(read->mark);
    encoded[kRevision] = Json::number(revision);
    Sent<T> sent = SentStatus<decltype(T::status)>{std::move(status), base::to_text(encoded), revision};
    const kube::JsonPatch patch = status_patch(read->meta, read->mark, std::move(encoded));
    Result<> written = co_await send(cache, context, read, patch, std::move(sent));
    co_return written;
  }

  // `sent`: nothing when it is metadata that is written.
  template <class T>
  awaitable<Result<>> send(CachedObjects<T>& cache, Context context, std::shared_ptr<const T> read, kube::JsonPatch patch, Sent<T> sent) {
    const kube::ObjectName name = name_of(read->meta.key);
    const std::string subresource = sent ? "status" : "";
    cache.begin_write(read->meta.key);
    const Result<std::string> answer =
        co_await api_.patch_text(context, resource_of(*read), name, subresource, kube::PatchType::kJson, patch.body());
    co_return concluded(cache, *read, answer, sent);
  }

  template <class T>
  static Result<> concluded(CachedObjects<T>& cache, const T& read, const Result<std::string>& answer, const Sent<T>& sent) {
    const Write what = sent ? Write::kStatus : Write::kMetadata;
    if (!answer) {
      cache.end_write(read, nullptr, what, false);
      return refused(read, answer.error());
    }
    const Result<T> shown = written(read, sent, *answer);
    const bool ours = shown && shown->meta.uid == read.meta.uid && !shown->meta.resource_version.empty();
    cache.end_write(read, ours ? &*shown : nullptr, what, ours && others_wrote(read.meta, shown->meta));
    if (ours) return base::Ok{};
    return Error{ErrorKind::kMalformed, "the API server's answer is not the object that was written", read.meta.key.text()};
  }

  // The API server says no more of a test that does not hold than that the request is invalid. Reading and planning again is right in
  // either case; what is truly invalid comes back, and is told then.
  template <class T>
  static Error refused(const T& read, Error error) {
    if (error.kind != ErrorKind::kInvalid) return error;
    error.kind = ErrorKind::kConflict;
    error.what = name_for_people(read) + " has changed since it was read, or is refused so: " + error.what;
    return error;
  }

  boost::asio::io_context& io_;
  kube::Api& api_;
  base::Clock& clock_;
  base::Random& random_;
  base::Log& log_;
  KubernetesOptions options_;
  SecretReader secrets_;
  CachedObjects<Workspace> workspaces_;
  CachedObjects<Invocation> invocations_;
  NamespaceSink::Going going_;
  std::vector<std::unique_ptr<kube::ReflectorSink>> sinks_;
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
  ChangeHandler handler_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_kubernetes_store(boost::asio::io_context& io, kube::Api& api, base::Clock& clock, base::Random& random,
                                                   base::Log& log, KubernetesOptions options) {
  return std::make_unique<Kubernetes>(io, api, clock, random, log, std::move(options));
}

}  // namespace lepton_operator::store
