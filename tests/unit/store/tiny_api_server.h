// A few rules of an API server, in memory, behind base::HttpTransport: resource versions, conflicts, the status subresource, merge and
// JSON patches, finalizers, lists and watches. Enough for the tests of what stands on kube::Api; the real one is in tests/cluster.
#pragma once

#include <algorithm>
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
#include "base/http.h"
#include "base/json.h"
#include "base/yaml.h"

namespace lepton_operator::store::test {

using base::Json;

class TinyApiServer final : public base::HttpTransport {
 public:
  using Answer = std::optional<base::Result<base::HttpResponse>>;

  explicit TinyApiServer(boost::asio::io_context& io) : io_(io) {}

  // --- what a test does. Paths are those of the API: "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama".
  void put(const std::string& path, const std::string& yaml) {
    const auto documents = base::parse_yaml(yaml, "test");
    put(path, documents && !documents->empty() ? documents->front().value : base::json_object());
  }
  void put(const std::string& path, Json object) {
    Json& metadata = member(object, "metadata");
    const auto known = objects_.find(path);
    metadata["name"] = Json::string(path.substr(path.rfind('/') + 1));
    if (const std::string within = namespace_of(path); !within.empty()) metadata["namespace"] = Json::string(within);
    metadata["uid"] = known == objects_.end() ? Json::string("uid-" + std::to_string(++uids_)) : known->second.at("metadata").at("uid");
    store(path, std::move(object), known == objects_.end() ? "ADDED" : "MODIFIED");
  }
  void edit(const std::string& path, const std::function<void(Json&)>& change) {
    Json object = objects_.at(path);
    change(object);
    store(path, std::move(object), "MODIFIED");
  }
  // As `kubectl delete` does: with finalizers it is only marked.
  void remove(const std::string& path) {
    Json object = objects_.at(path);
    object["metadata"]["deletionTimestamp"] = Json::string("2026-07-01T12:00:00Z");
    if (base::get_strings(object.at("metadata"), "finalizers").empty()) return erase(path, std::move(object));
    store(path, std::move(object), "MODIFIED");
  }
  const Json* find(const std::string& path) const {
    const auto known = objects_.find(path);
    return known == objects_.end() ? nullptr : &known->second;
  }

  void intercept(std::function<Answer(const base::HttpRequest&)> hook) { intercept_ = std::move(hook); }
  // The next answer is held back until release(), though its effect is there.
  void hold_next_answer() { held_ = std::make_shared<base::Signal>(io_); }
  void release() { std::exchange(held_, nullptr)->notify(); }
  // Events are kept back until let go.
  void pause_watches() { paused_ = true; }
  void resume_watches() {
    paused_ = false;
    for (const auto& watch : watches_) watch->changed.notify();
  }
  // Ends every watch, as a server that goes down does; events until the next one are lost to whoever does not list again.
  void close_watches() {
    for (const auto& watch : watches_) {
      watch->closed = true;
      watch->changed.notify();
    }
    watches_.clear();
  }

  const std::vector<base::HttpRequest>& requests() const { return requests_; }
  int count(base::Method method, const std::string& path_part) const {
    int found = 0;
    for (const auto& request : requests_) found += request.method == method && request.path.find(path_part) != std::string::npos ? 1 : 0;
    return found;
  }

  // --- HttpTransport
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override {
    requests_.push_back(request);
    const std::shared_ptr<base::Signal> held = held_;
    const Answer told = intercept_ ? intercept_(request) : std::nullopt;
    const base::Result<base::HttpResponse> answer = told ? *told : base::Result<base::HttpResponse>(handle(request));
    if (held) co_await held->wait(context);
    co_return answer;
  }
  boost::asio::awaitable<base::Result<std::unique_ptr<base::HttpStream>>> open(base::Context, base::HttpRequest request) override {
    requests_.push_back(request);
    if (intercept_) {
      const Answer told = intercept_(request);
      if (told && !*told) co_return told->error();
    }
    auto watch = std::make_shared<Watch>(io_);
    watch->collection = request.path;
    watch->field_selector = query(request, "fieldSelector");
    const long since = std::stol("0" + query(request, "resourceVersion"));
    for (const Event& event : history_) {
      if (event.version > since && concerns(*watch, event)) watch->events.push_back(event);
    }
    watches_.push_back(watch);
    std::unique_ptr<base::HttpStream> stream = std::make_unique<Stream>(*this, watch);
    co_return stream;
  }

 private:
  struct Event {
    long version;
    std::string path;
    std::string line;
  };
  struct Watch {
    explicit Watch(boost::asio::io_context& io) : changed(io) {}
    base::Signal changed;
    std::string collection;
    std::string field_selector;
    std::deque<Event> events;
    bool closed = false;
  };
  class Stream final : public base::HttpStream {
   public:
    Stream(TinyApiServer& server, std::shared_ptr<Watch> watch) : server_(server), watch_(std::move(watch)) { head_.status = 200; }
    const base::HttpResponse& head() const override { return head_; }
    boost::asio::awaitable<base::Result<std::string>> read(base::Context context) override {
      while ((watch_->events.empty() || server_.paused_) && !watch_->closed) {
        const bool woken = co_await watch_->changed.wait(context);
        if (!woken) co_return base::Error{base::ErrorKind::kTimeout, "no event"};
      }
      if (watch_->events.empty() || server_.paused_) co_return std::string();
      std::string line = watch_->events.front().line;
      watch_->events.pop_front();
      co_return line;
    }

   private:
    TinyApiServer& server_;
    std::shared_ptr<Watch> watch_;
    base::HttpResponse head_;
  };

  static Json& member(Json& object, const char* name) {
    if (!base::find(object, name)) object[name] = base::json_object();
    return object[name];
  }
  static std::string query(const base::HttpRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.query) {
      if (key == name) return value;
    }
    return {};
  }
  static std::string namespace_of(const std::string& path) {
    const std::size_t at = path.find("/namespaces/");
    if (at == std::string::npos) return {};
    const std::string rest = path.substr(at + 12);
    return rest.find('/') == std::string::npos ? std::string() : rest.substr(0, rest.find('/'));
  }
  // "/apis/g/v/namespaces/n/things/x" lies in "/apis/g/v/namespaces/n/things" and in "/apis/g/v/things".
  static bool lies_in(const std::string& path, const std::string& collection) {
    const std::string own = path.substr(0, path.rfind('/'));
    if (own == collection) return true;
    const std::size_t at = own.find("/namespaces/");
    return at != std::string::npos && own.rfind('/') > at + 11 && own.substr(0, at) + own.substr(own.rfind('/')) == collection;
  }
  static bool selected(const std::string& path, const std::string& field_selector) {
    return field_selector.empty() || field_selector == "metadata.name=" + path.substr(path.rfind('/') + 1);
  }
  static bool concerns(const Watch& watch, const Event& event) {
    return lies_in(event.path, watch.collection) && selected(event.path, watch.field_selector);
  }

  void store(const std::string& path, Json object, const char* type) {
    object["metadata"]["resourceVersion"] = Json::string(std::to_string(++version_));
    objects_[path] = object;
    announce(path, type, object);
  }
  void erase(const std::string& path, Json object) {
    object["metadata"]["resourceVersion"] = Json::string(std::to_string(++version_));
    objects_.erase(path);
    announce(path, "DELETED", object);
  }
  void announce(const std::string& path, const char* type, const Json& object) {
    Json event = base::json_object();
    event["type"] = Json::string(type);
    event["object"] = object;
    history_.push_back({version_, path, base::to_text(event) + "\n"});
    for (const auto& watch : watches_) {
      if (!concerns(*watch, history_.back())) continue;
      watch->events.push_back(history_.back());
      watch->changed.notify();
    }
  }

  static base::HttpResponse reply(int status, const Json& body) {
    return {status, {{"content-type", "application/json"}}, base::to_text(body)};
  }
  static base::HttpResponse refuse(int code, const char* reason, const std::string& message) {
    Json status = base::json_object();
    status["kind"] = Json::string("Status");
    status["code"] = Json::number(code);
    status["reason"] = Json::string(reason);
    status["message"] = Json::string(message);
    return reply(code, status);
  }

  base::HttpResponse handle(const base::HttpRequest& request) {
    const auto body = base::parse_json(request.body.empty() ? "{}" : request.body, "request");
    switch (request.method) {
      case base::Method::kGet: return is_object(request.path) ? get(request.path) : list(request);
      case base::Method::kPost: return create(request.path, *body);
      case base::Method::kPut: return replace(request.path, *body);
      case base::Method::kPatch:
        return request.content_type == "application/json-patch+json" ? json_patch(request.path, *body) : patch(request.path, *body);
      case base::Method::kHead:
      case base::Method::kDelete: break;
    }
    return refuse(405, "MethodNotAllowed", "not here");
  }
  static bool is_object(const std::string& path) {
    for (const char* plural : {"/invocations", "/workspaces", "/secrets", "/namespaces"}) {
      if (path.ends_with(plural)) return false;
    }
    return true;
  }
  base::HttpResponse get(const std::string& path) const {
    const Json* object = find(path);
    return object ? reply(200, *object) : refuse(404, "NotFound", path + " not found");
  }
  base::HttpResponse list(const base::HttpRequest& request) const {
    Json answer = base::json_object();
    answer["metadata"] = base::json_object();
    answer["metadata"]["resourceVersion"] = Json::string(std::to_string(version_));
    Json& items = answer["items"] = base::json_array();
    for (const auto& [path, object] : objects_) {
      if (lies_in(path, request.path) && selected(path, query(request, "fieldSelector"))) items[items.size()] = object;
    }
    return reply(200, answer);
  }
  base::HttpResponse create(const std::string& collection, const Json& body) {
    const std::string path = collection + "/" + base::get_string(base::get_object(body, "metadata"), "name").value_or("");
    if (find(path)) return refuse(409, "AlreadyExists", path + " already exists");
    put(path, body);
    return reply(201, objects_.at(path));
  }
  base::HttpResponse replace(const std::string&, const Json&) { return refuse(405, "MethodNotAllowed", "not here"); }
  base::HttpResponse patch(const std::string& path, const Json& body) {
    const auto known = objects_.find(path);
    if (known == objects_.end()) return refuse(404, "NotFound", path + " not found");
    if (changed_since(known->second, body)) return refuse(409, "Conflict", "the object has been modified");
    return take(path, known->second, merge(known->second, body));
  }
  // Of the status subresource nothing but the status is taken, of the object all but that.
  base::HttpResponse json_patch(const std::string& path, const Json& operations) {
    const bool status = path.ends_with("/status");
    const std::string of = status ? path.substr(0, path.rfind('/')) : path;
    const auto known = objects_.find(of);
    if (known == objects_.end()) return refuse(404, "NotFound", of + " not found");
    Json object = known->second;
    for (const Json& operation : base::elements(&operations)) {
      if (!apply(object, operation)) return refuse(422, "Invalid", "the server rejected our request due to an error in our request");
    }
    Json result = status ? known->second : object;
    const Json& other = status ? object : known->second;
    if (base::find(other, "status")) {
      result["status"] = other.at("status");
    } else if (base::find(result, "status")) {
      result.erase("status");
    }
    return take(of, known->second, std::move(result));
  }
  base::HttpResponse take(const std::string& path, const Json& before, Json object) {
    const bool ends =
        base::find(object.at("metadata"), "deletionTimestamp") && base::get_strings(object.at("metadata"), "finalizers").empty();
    if (ends) {
      erase(path, object);
      return reply(200, object);
    }
    if (base::to_text(before) != base::to_text(object)) store(path, std::move(object), "MODIFIED");  // else it makes no version
    return reply(200, objects_.at(path));
  }
  // RFC 6902 as the API server's library has it: a test for null holds where there is nothing.
  static bool apply(Json& object, const Json& operation) {
    const std::string what = base::get_string(operation, "op").value_or("");
    std::string path = base::get_string(operation, "path").value_or("");
    const std::string last = path.substr(path.rfind('/') + 1);
    path.resize(path.rfind('/'));
    Json* within = &object;
    for (std::size_t from = 1; from <= path.size();) {
      const std::size_t end = std::min(path.find('/', from), path.size());
      const std::string step = path.substr(from, end - from);
      if (!within->is_object() || !base::find(*within, step)) return false;
      within = &(*within)[step];
      from = end + 1;
    }
    if (within->is_array()) return apply_to_list(*within, what, last, operation);
    const Json* there = base::find(*within, last);
    if (what == "test") {
      const Json& wanted = operation.at("value");
      return there ? base::to_text(*there) == base::to_text(wanted) : wanted.is_null();
    }
    if (what == "add") return (*within)[last] = operation.at("value"), true;
    if (!there) return false;
    within->erase(last);
    return true;
  }
  static bool apply_to_list(Json& list, const std::string& what, const std::string& last, const Json& operation) {
    if (what == "add" && last == "-") return list[list.size()] = operation.at("value"), true;
    const std::size_t at = std::stoul("0" + last);
    if (at >= list.size()) return false;
    if (what == "test") return base::to_text(list.at(at)) == base::to_text(operation.at("value"));
    if (what != "remove") return false;
    list.erase(at);
    return true;
  }
  static bool changed_since(const Json& object, const Json& body) {
    const Json& sent = base::get_object(body, "metadata");
    for (const char* name : {"resourceVersion", "uid"}) {
      const auto value = base::get_string(sent, name);
      if (value && *value != base::get_string(object.at("metadata"), name)) return true;
    }
    return false;
  }
  // RFC 7396.
  static Json merge(Json under, const Json& patch) {
    for (const auto& [name, value] : patch.as_object()) {
      if (value.is_null()) {
        if (base::find(under, name)) under.erase(name);
      } else if (value.is_object()) {
        under[name] = merge(base::find(under, name) ? under.at(name) : base::json_object(), value);
      } else {
        under[name] = value;
      }
    }
    return under;
  }

  boost::asio::io_context& io_;
  std::map<std::string, Json> objects_;
  std::deque<Event> history_;
  std::vector<std::shared_ptr<Watch>> watches_;
  std::function<Answer(const base::HttpRequest&)> intercept_;
  std::shared_ptr<base::Signal> held_;
  std::vector<base::HttpRequest> requests_;
  bool paused_ = false;
  long version_ = 100;
  int uids_ = 0;
};

}  // namespace lepton_operator::store::test
