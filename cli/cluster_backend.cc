// Objects of a cluster, as the kubeconfig lets us see them.
#include <algorithm>
#include <map>
#include <utility>

#include "app/version.h"
#include "base/http_cpprest.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/backend.h"
#include "cli/cluster_choice.h"
#include "kube/connect.h"
#include "kube/json_patch.h"
#include "kube/reflector.h"
#include "kube/store.h"
#include "store/resources.h"
#include "store/secret_object.h"

namespace lepton_operator::cli {

using base::Error;
using base::ErrorKind;

namespace {

constexpr int kPage = 500;
constexpr int kConnections = 4;

// Lists leave out what each of their items is.
Json with_kind(Json object, const char* kind) {
  object["apiVersion"] = Json::string(invocation::kApiVersion);
  object["kind"] = Json::string(kind);
  return object;
}

std::string text_at(const Json& object, const char* part, const char* member) {
  return base::get_string(base::get_object(object, part), member).value_or("");
}

// 404 of an object says its name; of a resource that is not served it does not.
Error without_crds(Error error, const std::string& name) {
  if (error.kind != ErrorKind::kNotFound || error.what.find('"' + name + '"') != std::string::npos) return error;
  error.what = "the cluster does not serve lepton.dev/v1alpha1: install the operator's CRDs (`kubectl apply --server-side -f crds`)";
  error.kind = ErrorKind::kUnsupported;
  return error;
}

Error not_known(const std::string& field) {
  return {ErrorKind::kUnsupported, "the cluster's CRDs do not know " + field + " yet: they are of an older operator than this program"};
}

// A patch with a field that the CRD does not have is dropped without a word; an apply is refused, as if the server had failed.
Error undeclared(Error error) {
  const std::size_t end = error.what.find(": field not declared in schema");
  if (end == std::string::npos) return error;
  std::size_t begin = error.what.rfind(' ', end) + 1;
  if (error.what[begin] == '.') ++begin;
  return not_known(error.what.substr(begin, end - begin));
}

EventLine event_line(const Json& event) {
  EventLine line;
  const Json& series = base::get_object(event, "series");
  line.count = base::get_int(series, "count").value_or(base::get_int(event, "count").value_or(1));
  line.warning = base::get_string(event, "type") == "Warning";
  line.reason = base::get_string(event, "reason").value_or("");
  line.message = base::get_string(event, "message").value_or("");
  for (const auto& at : {base::get_string(series, "lastObservedTime"), base::get_string(event, "lastTimestamp"),
                         base::get_string(event, "eventTime"), base::get_string(event, "firstTimestamp")}) {
    if (at && !line.at) line.at = base::parse_timestamp(*at);
  }
  return line;
}

// What a reflector has to tell of the connection goes to whoever follows.
class TroubleLog final : public base::Log {
 public:
  explicit TroubleLog(Follower& follower) : follower_(follower) {}
  void write(base::LogLevel level, std::string_view message, const base::LogFields& fields) override {
    if (level == base::LogLevel::kDebug) return;
    std::string sentence(message);
    for (const auto& [name, value] : fields) {
      if (name == "error") sentence += ": " + value;
    }
    follower_.trouble(sentence);
  }
  void redact(std::string) override {}

 private:
  Follower& follower_;
};

class Shown final : public kube::ReflectorSink {
 public:
  explicit Shown(Follower& follower) : follower_(follower) {}
  void begin_list() override { listed_.clear(); }
  void listed(const Json& object, std::string_view /*text*/) override {
    listed_.insert_or_assign(kube::key_of(object), with_kind(object, "Invocation"));
  }
  void end_list() override {
    objects_ = std::exchange(listed_, {});
    tell();
  }
  void added_or_modified(const Json& object) override {
    objects_.insert_or_assign(kube::key_of(object), object);
    tell();
  }
  void deleted(const Json& object) override {
    objects_.erase(kube::key_of(object));
    tell();
  }

 private:
  void tell() {
    std::vector<Json> objects;
    for (const auto& [key, object] : objects_) objects.push_back(object);
    follower_.trouble("");
    follower_.seen(objects);
  }

  Follower& follower_;
  std::map<std::string, Json> objects_;
  std::map<std::string, Json> listed_;
};

class ClusterBackend final : public Backend {
 public:
  ClusterBackend(Session& session, std::unique_ptr<kube::Api> api, kube::ClusterConfig config)
      : session_(session),
        api_(std::move(api)),
        server_(config.server),
        namespace__(session.globals().namespace_.value_or(config.namespace_)),
        random_(base::make_system_random()) {}

  const std::string& namespace_() const override { return namespace__; }
  std::string place() const override { return "the cluster " + server_; }
  bool uses_own_credentials() const override { return false; }

  Answer<Json> invocation(Context context, ObjectKey key) override { return get(this, context, store::invocations_resource(), key); }
  Answer<Json> workspace(Context context, ObjectKey key) override { return get(this, context, store::workspaces_resource(), key); }
  Answer<std::vector<Json>> invocations(Context context) override { return list(this, context); }
  Answer<std::map<std::string, std::string>> secret(Context context, ObjectKey key) override { return read_secret(this, context, key); }
  Answer<Applied> apply(Context context, Json manifest, ApplyOptions options) override { return send(this, context, manifest, options); }
  bool declares_suspend(const ObjectKey&, bool) const override { return true; }  // an object's spec is what is to be
  Answer<std::string> remove(Context context, ObjectKey key) override { return ask_to_remove(this, context, key); }
  Answer<std::string> set_suspend(Context context, ObjectKey key, bool suspend) override {
    return patch_suspend(this, context, key, suspend);
  }
  Answer<std::string> set_run(Context context, ObjectKey key, std::string task, std::int64_t run) override {
    return patch_run(this, context, key, task, run);
  }
  Answer<std::vector<EventLine>> events(Context context, Json invocation) override { return list_events(this, context, invocation); }
  Answer<> follow(Context context, ObjectKey key, Follower& follower) override { return reflect(this, context, key, &follower); }

 private:
  static Answer<Json> get(ClusterBackend* self, Context context, kube::Resource resource, ObjectKey key) {
    kube::ObjectName name{key.namespace_, key.name};
    Result<Json> object = co_await self->api_->get(context, resource, name);
    if (!object) co_return without_crds(object.error(), key.name);
    co_return object;
  }

  static Answer<std::vector<Json>> list(ClusterBackend* self, Context context) {
    std::vector<Json> objects;
    kube::ListQuery query{.limit = kPage};
    const kube::Resource resource = store::invocations_resource();
    do {
      const Result<Json> page = co_await self->api_->list(context, resource, self->namespace__, query);
      if (!page) co_return without_crds(page.error(), "");
      for (const Json& item : base::elements(base::find(*page, "items"))) objects.push_back(with_kind(item, "Invocation"));
      query.continue_token = text_at(*page, "metadata", "continue");
    } while (!query.continue_token.empty());
    co_return objects;
  }

  static Answer<std::map<std::string, std::string>> read_secret(ClusterBackend* self, Context context, ObjectKey key) {
    kube::ObjectName name{key.namespace_, key.name};
    const kube::Resource resource = store::secrets_resource();
    const Result<Json> object = co_await self->api_->get(context, resource, name);
    if (!object) co_return object.error();
    co_return store::secret_values(*object);
  }

  static std::optional<kube::Resource> resource_of(const Json& manifest) {
    const std::string kind = base::get_string(manifest, "kind").value_or("");
    if (kind == "Invocation") return store::invocations_resource();
    if (kind == "Workspace") return store::workspaces_resource();
    if (kind == "Secret") return store::secrets_resource();
    return std::nullopt;
  }

  // Server-side apply, as the field manager kubectl-lepton.
  static Answer<Applied> send(ClusterBackend* self, Context context, Json manifest, ApplyOptions options) {
    const auto resource = resource_of(manifest);
    if (!resource) co_return Error{ErrorKind::kInvalid, "neither an Invocation nor a Workspace nor a Secret"};
    const kube::ObjectName name{text_at(manifest, "metadata", "namespace"), text_at(manifest, "metadata", "name")};
    const Result<Json> before = co_await self->api_->get(context, *resource, name);
    if (!before && before.error().kind != ErrorKind::kNotFound) co_return before.error();
    if (!before) {
      const Error missing = without_crds(before.error(), name.name);
      if (missing.kind == ErrorKind::kUnsupported) co_return missing;
    }
    kube::ApplyOptions how{.force = options.force, .dry_run = options.dry_run == DryRun::kServer};
    Result<Json> after = co_await self->api_->apply(context, *resource, name, manifest, how);
    if (!after) co_return undeclared(after.error());
    Applied applied{.object = std::move(after).value()};
    if (before) {
      const bool same = text_at(*before, "metadata", "resourceVersion") == text_at(applied.object, "metadata", "resourceVersion");
      applied.outcome = same ? Applied::Outcome::kUnchanged : Applied::Outcome::kConfigured;
    }
    co_return applied;
  }

  static Answer<std::string> ask_to_remove(ClusterBackend* self, Context context, ObjectKey key) {
    kube::ObjectName name{key.namespace_, key.name};
    const kube::Resource resource = store::invocations_resource();
    const Result<Json> removed = co_await self->api_->remove(context, resource, name);
    if (!removed) co_return without_crds(removed.error(), key.name);
    co_return "invocation.lepton.dev/" + key.name + " deleted";
  }

  static Answer<std::string> patch_suspend(ClusterBackend* self, Context context, ObjectKey key, bool suspend) {
    Json body = base::json_object();
    body["spec"]["suspend"] = Json::boolean(suspend);
    kube::ObjectName name{key.namespace_, key.name};
    const kube::Resource resource = store::invocations_resource();
    const Result<Json> patched = co_await self->api_->patch(context, resource, name, "", kube::PatchType::kMerge, body);
    if (!patched) co_return without_crds(patched.error(), key.name);
    if (base::get_bool(base::get_object(*patched, "spec"), "suspend").value_or(false) != suspend) co_return not_known("spec.suspend");
    co_return "invocation.lepton.dev/" + key.name + (suspend ? " suspended" : " resumed");
  }

  // The place in the list is tested, so that a task that came before it meanwhile is not taken for it.
  static Answer<std::string> patch_run(ClusterBackend* self, Context context, ObjectKey key, std::string task, std::int64_t run) {
    kube::ObjectName name{key.namespace_, key.name};
    const kube::Resource resource = store::invocations_resource();
    const Result<Json> object = co_await self->api_->get(context, resource, name);
    if (!object) co_return without_crds(object.error(), key.name);
    const Json* tasks = base::find(base::get_object(base::get_object(*object, "spec"), "evaluation"), "tasks");
    const auto entries = base::elements(tasks);
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const Json& each) { return base::get_string(each, "name") == task; });
    if (entry == entries.end()) co_return Error{ErrorKind::kNotFound, "there is no task " + task + " in " + key.text()};
    const std::string index = std::to_string(entry - entries.begin());
    kube::JsonPatch patch;
    patch.test({"metadata", "uid"}, Json::string(text_at(*object, "metadata", "uid")));
    patch.test({"spec", "evaluation", "tasks", index, "name"}, Json::string(task));
    patch.set({"spec", "evaluation", "tasks", index, "run"}, Json::number(run));
    const Json body = patch.body();
    const Result<Json> patched = co_await self->api_->patch(context, resource, name, "", kube::PatchType::kJson, body);
    if (!patched) co_return patched.error();
    const Json* now = base::find(base::get_object(base::get_object(*patched, "spec"), "evaluation"), "tasks");
    const auto taken = base::elements(now);
    const auto place = static_cast<std::size_t>(entry - entries.begin());
    if (place >= taken.size() || base::get_int(taken[place], "run") != run) co_return not_known("spec.evaluation.tasks[].run");
    co_return "invocation.lepton.dev/" + key.name + ": " + task + " runs again (run " + std::to_string(run) + ")";
  }

  static Answer<std::vector<EventLine>> list_events(ClusterBackend* self, Context context, Json invocation) {
    const std::string uid = text_at(invocation, "metadata", "uid");
    const std::string name = text_at(invocation, "metadata", "name");
    const std::string space = text_at(invocation, "metadata", "namespace");
    kube::ListQuery query{.limit = kPage, .field_selector = "involvedObject.kind=Invocation,involvedObject.name=" + name};
    const kube::Resource resource{"", "v1", "events"};
    std::vector<EventLine> lines;
    do {
      const Result<Json> page = co_await self->api_->list(context, resource, space, query);
      if (!page) co_return page.error();
      for (const Json& item : base::elements(base::find(*page, "items"))) {
        if (text_at(item, "involvedObject", "uid") == uid) lines.push_back(event_line(item));
      }
      query.continue_token = text_at(*page, "metadata", "continue");
    } while (!query.continue_token.empty());
    std::stable_sort(lines.begin(), lines.end(), [](const EventLine& a, const EventLine& b) { return a.at < b.at; });
    co_return lines;
  }

  static Answer<> reflect(ClusterBackend* self, Context context, ObjectKey key, Follower* follower) {
    TroubleLog log(*follower);
    Shown shown(*follower);
    kube::ReflectorOptions options{.resource = store::invocations_resource(), .namespace_ = key.namespace_};
    if (!key.name.empty()) options.field_selector = "metadata.name=" + key.name;
    kube::Reflector reflector(self->session_.io(), *self->api_, self->session_.clock(), *self->random_, log, shown, options);
    co_await reflector.run(context);
    co_return base::Ok{};
  }

  Session& session_;
  std::unique_ptr<kube::Api> api_;
  std::string server_;
  std::string namespace__;
  std::unique_ptr<base::Random> random_;
};

}  // namespace

Found<std::unique_ptr<Backend>> make_cluster_backend(Session& session) {
  constexpr const char* kHint = "name a cluster (--kubeconfig, --context, KUBECONFIG), or a directory (--manifests DIR --state-dir STATE)";
  Result<kube::ClusterConfig> config = find_cluster(session.globals(), session.environment());
  if (!config) return wrong_usage(config.error().text(), kHint);
  kube::ApiOptions options;
  options.user_agent = std::string("kubectl-lepton/") + app::kVersion;
  Result<std::unique_ptr<kube::Api>> api = kube::make_api(session.io(), session.clock(), *config, std::move(options), kConnections);
  if (!api) return wrong_usage(api.error().text(), kHint);
  return std::unique_ptr<Backend>(std::make_unique<ClusterBackend>(session, std::move(*api), std::move(*config)));
}

}  // namespace lepton_operator::cli
