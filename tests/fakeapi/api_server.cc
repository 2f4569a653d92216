#include "fakeapi/api_server.h"

#include <algorithm>
#include <charconv>

#include "base/yaml.h"
#include "fakeapi/patches.h"

namespace lepton_operator::fakeapi {

using base::Context;
using base::HttpRequest;
using base::HttpResponse;
using base::Method;
using base::Result;

namespace {

constexpr const char* kAlways = "2026-07-01T12:00:00Z";

Json& member(Json& object, const char* name) {
  if (!base::find(object, name)) object[name] = base::json_object();
  return object[name];
}

HttpResponse reply(int status, const Json& body) { return {status, {{"content-type", "application/json"}}, base::to_text(body)}; }

HttpResponse refuse(int code, const char* reason, const std::string& message) {
  Json status = base::json_object();
  status["kind"] = Json::string("Status");
  status["apiVersion"] = Json::string("v1");
  status["status"] = Json::string("Failure");
  status["code"] = Json::number(code);
  status["reason"] = Json::string(reason);
  status["message"] = Json::string(message);
  return reply(code, status);
}

HttpResponse not_found(const Place& place) { return refuse(404, "NotFound", place.plural + " \"" + place.name + "\" not found"); }

bool being_deleted(const Json& object) { return base::find(object.at("metadata"), "deletionTimestamp") != nullptr; }

std::vector<std::string> finalizers_of(const Json& object) { return base::get_strings(base::get_object(object, "metadata"), "finalizers"); }

// What the body says of version and UID must be so.
bool changed_since(const Json& object, const Json& about) {
  for (const char* name : {"resourceVersion", "uid"}) {
    const auto value = base::get_string(about, name);
    if (value && *value != base::get_string(object.at("metadata"), name)) return true;
  }
  return false;
}

// `object` with the status of `other`.
void take_status(Json& object, const Json& other) {
  if (base::find(other, "status")) {
    object["status"] = other.at("status");
  } else if (base::find(object, "status")) {
    object.erase("status");
  }
}

long number_of(const std::string& text) {
  long number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ApiServer::ApiServer(boost::asio::io_context& io, Now now) : io_(io), now_(std::move(now)), history_(io) {}
ApiServer::~ApiServer() = default;

void ApiServer::put(const std::string& path, const std::string& yaml) {
  const auto documents = base::parse_yaml(yaml, "test");
  put(path, documents && !documents->empty() ? documents->front().value : base::json_object());
}

void ApiServer::put(const std::string& path, Json object) {
  const Place place = parse_place(path).value();
  const Json* known = find(path);
  member(object, "metadata")["name"] = Json::string(place.name);
  if (known) object["metadata"]["uid"] = known->at("metadata").at("uid");
  give_metadata(place, object);
  store(path, std::move(object), known ? "MODIFIED" : "ADDED");
}

void ApiServer::edit(const std::string& path, const std::function<void(Json&)>& change) {
  Json object = objects_.at(path);
  change(object);
  const Place place = parse_place(path).value();
  if (place.has_status() && base::get_object(object, "spec") != base::get_object(objects_.at(path), "spec")) {
    object["metadata"]["generation"] = Json::number(base::get_int(object.at("metadata"), "generation").value_or(0) + 1);
  }
  store(path, std::move(object), "MODIFIED");
}

void ApiServer::remove(const std::string& path) {
  if (find(path)) remove(parse_place(path).value(), base::json_object());
}

const Json* ApiServer::find(const std::string& path) const {
  const auto known = objects_.find(path);
  return known == objects_.end() ? nullptr : &known->second;
}

int ApiServer::count(Method method, const std::string& path_part) const {
  return static_cast<int>(std::count_if(requests_.begin(), requests_.end(), [&](const HttpRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  }));
}

boost::asio::awaitable<Result<HttpResponse>> ApiServer::send(Context context, HttpRequest request) {
  requests_.push_back(request);
  const std::shared_ptr<base::Signal> held = held_;
  const Answer told = intercept_ ? intercept_(request) : std::nullopt;
  const Result<HttpResponse> answer = told ? *told : Result<HttpResponse>(handle(request));
  if (held) co_await held->wait(context);
  co_return answer;
}

boost::asio::awaitable<Result<std::unique_ptr<base::HttpStream>>> ApiServer::open(Context, HttpRequest request) {
  requests_.push_back(request);
  if (intercept_) {
    const Answer told = intercept_(request);
    if (told && !*told) co_return told->error();
  }
  co_return watch(request);
}

std::unique_ptr<base::HttpStream> ApiServer::watch(const HttpRequest& request) {
  const Place place = parse_place(request.path).value();
  const std::chrono::seconds timeout(number_of(query_of(request, "timeoutSeconds")));
  return history_.watch(place, query_of(request, "fieldSelector"), number_of(query_of(request, "resourceVersion")), timeout);
}

HttpResponse ApiServer::handle(const HttpRequest& request) {
  const auto place = parse_place(request.path);
  if (!place) return refuse(404, "NotFound", "the server could not find the requested resource");
  const auto body = base::parse_json(request.body.empty() ? "{}" : request.body, "request");
  if (!body) return refuse(400, "BadRequest", "the body is no JSON");
  const bool object = !place->name.empty();
  switch (request.method) {
    case Method::kGet: return object ? get(*place) : list(*place, request);
    case Method::kPost: return object ? refuse(405, "MethodNotAllowed", "not here") : create(*place, *body);
    case Method::kPut: return replace(*place, *body);
    case Method::kPatch: return patch(*place, request, *body);
    case Method::kDelete: return remove(*place, *body);
    case Method::kHead: break;
  }
  return refuse(405, "MethodNotAllowed", "not here");
}

void ApiServer::store(const std::string& path, Json object, const char* type) {
  object["metadata"]["resourceVersion"] = Json::string(std::to_string(++version_));
  Json& kept = objects_[path] = std::move(object);
  announce(path, type, kept);
}

void ApiServer::erase(const std::string& path, Json object) {
  object["metadata"]["resourceVersion"] = Json::string(std::to_string(++version_));
  objects_.erase(path);
  announce(path, "DELETED", object);
}

void ApiServer::announce(const std::string& path, const char* type, const Json& object) {
  if (on_change_) on_change_(path, type, object);
  std::string line = std::string(R"({"type":")") + type + R"(","object":)" + base::to_text(object) + "}\n";
  history_.add(version_, path, std::move(line));
}

// What a new object gets from the server.
void ApiServer::give_metadata(const Place& place, Json& object) {
  Json& metadata = member(object, "metadata");
  if (!place.namespace_.empty()) metadata["namespace"] = Json::string(place.namespace_);
  if (!base::find(metadata, "uid")) metadata["uid"] = Json::string("uid-" + std::to_string(++uids_));
  if (!base::find(metadata, "creationTimestamp")) {
    metadata["creationTimestamp"] = Json::string(now_ ? base::format_timestamp(now_()) : kAlways);
  }
  if (place.has_status() && !base::find(metadata, "generation")) metadata["generation"] = Json::number(1);
}

HttpResponse ApiServer::get(const Place& place) const {
  const Json* object = find(place.object());
  return object ? reply(200, *object) : not_found(place);
}

HttpResponse ApiServer::list(const Place& place, const HttpRequest& request) {
  const auto limit = static_cast<std::size_t>(number_of(query_of(request, "limit")));
  if (const std::string token = query_of(request, "continue"); !token.empty()) return page(token, limit);
  Page whole;
  whole.version = version_;
  for (const auto& [path, object] : objects_) {
    if (place.holds(path) && selected(path, query_of(request, "fieldSelector"))) whole.items.push_back(object);
  }
  pages_[""] = std::move(whole);
  return page("", limit);
}

// Of a list as it was when its first page was asked for.
HttpResponse ApiServer::page(const std::string& token, std::size_t limit) {
  const auto known = pages_.find(token);
  if (known == pages_.end()) return refuse(410, "Expired", "the provided continue parameter is too old");
  Page rest = std::move(known->second);
  pages_.erase(known);
  const std::size_t end = limit == 0 ? rest.items.size() : std::min(rest.items.size(), rest.next + limit);
  const auto at = [&rest](std::size_t index) { return rest.items.begin() + static_cast<std::ptrdiff_t>(index); };
  std::vector<Json> items(at(rest.next), at(end));
  Json about = base::json_object();
  about["resourceVersion"] = Json::string(std::to_string(rest.version));
  if (end < rest.items.size()) {
    const std::string next = std::to_string(rest.version) + "-" + std::to_string(end);
    about["continue"] = Json::string(next);
    about["remainingItemCount"] = Json::number(static_cast<std::int64_t>(rest.items.size() - end));
    rest.next = end;
    pages_[next] = std::move(rest);
  }
  Json answer = base::json_object();
  answer["metadata"] = std::move(about);
  answer["items"] = Json::array(std::move(items));
  return reply(200, answer);
}

HttpResponse ApiServer::create(const Place& collection, Json object) {
  Place place = collection;
  place.name = base::get_string(base::get_object(object, "metadata"), "name").value_or("");
  if (find(place.object())) return refuse(409, "AlreadyExists", place.plural + " \"" + place.name + "\" already exists");
  if (place.has_status() && base::find(object, "status")) object.erase("status");
  Json& metadata = member(object, "metadata");
  for (const char* name : {"uid", "creationTimestamp", "generation", "deletionTimestamp"}) {
    if (base::find(metadata, name)) metadata.erase(name);
  }
  give_metadata(place, object);
  store(place.object(), std::move(object), "ADDED");
  return reply(201, objects_.at(place.object()));
}

HttpResponse ApiServer::replace(const Place& place, Json object) {
  const Json* known = find(place.object());
  if (!known && place.plural == "leases") return create(place, std::move(object));  // of these the real one makes what is not there
  if (!known) return not_found(place);
  if (changed_since(*known, base::get_object(object, "metadata"))) return refuse(409, "Conflict", "the object has been modified");
  Json& metadata = member(object, "metadata");
  for (const char* name : {"uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion"}) {
    const Json* before = base::find(known->at("metadata"), name);
    if (before) metadata[name] = *before;
  }
  return accept(place, std::move(object));
}

HttpResponse ApiServer::patch(const Place& place, const HttpRequest& request, const Json& body) {
  const Json* known = find(place.object());
  if (!known) return not_found(place);
  Json object = *known;
  if (request.content_type == "application/json-patch+json") {
    for (const Json& operation : base::elements(&body)) {
      if (apply_operation(object, operation)) continue;
      return refuse(422, "Invalid", "the server rejected our request due to an error in our request");
    }
  } else if (request.content_type == "application/merge-patch+json") {
    Json about = base::get_object(body, "metadata");
    if (const auto uid = base::get_string(about, "uid"); uid && *uid != base::get_string(known->at("metadata"), "uid")) {
      return refuse(422, "Invalid", "metadata.uid: field is immutable");
    }
    if (changed_since(*known, about)) return refuse(409, "Conflict", "the object has been modified");
    object = merge_patched(std::move(object), body);
  } else {
    return refuse(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
  }
  return accept(place, std::move(object));
}

// Of the status subresource nothing but the status is taken, of the object all but that.
HttpResponse ApiServer::accept(const Place& place, Json object) {
  const std::string path = place.object();
  const Json before = objects_.at(path);
  if (place.subresource == "status") {
    Json changed = before;
    take_status(changed, object);
    object = std::move(changed);
  } else if (place.has_status()) {
    take_status(object, before);
    if (base::get_object(object, "spec") != base::get_object(before, "spec")) {
      object["metadata"]["generation"] = Json::number(base::get_int(before.at("metadata"), "generation").value_or(0) + 1);
    }
  }
  Json& metadata = object["metadata"];
  if (finalizers_of(object).empty() && base::find(metadata, "finalizers")) metadata.erase("finalizers");
  if (being_deleted(before)) {
    const std::vector<std::string> had = finalizers_of(before);
    for (const std::string& one : finalizers_of(object)) {
      if (std::find(had.begin(), had.end(), one) == had.end()) {
        return refuse(422, "Invalid", "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted");
      }
    }
    if (finalizers_of(object).empty()) {
      erase(path, before);  // as it was stored last: nobody ever sees it without
      return reply(200, object);
    }
  }
  if (before != object) store(path, std::move(object), "MODIFIED");  // else it makes no version
  return reply(200, objects_.at(path));
}

HttpResponse ApiServer::remove(const Place& place, const Json& options) {
  const Json* known = find(place.object());
  if (!known) return not_found(place);
  if (changed_since(*known, base::get_object(options, "preconditions"))) return refuse(409, "Conflict", "the precondition does not hold");
  Json object = *known;
  if (finalizers_of(object).empty()) {
    erase(place.object(), std::move(object));
    Json done = base::json_object();
    done["kind"] = Json::string("Status");
    done["apiVersion"] = Json::string("v1");
    done["status"] = Json::string("Success");
    return reply(200, done);
  }
  if (being_deleted(object)) return reply(200, object);
  Json& metadata = object["metadata"];
  metadata["deletionTimestamp"] = Json::string(now_ ? base::format_timestamp(now_()) : kAlways);
  metadata["deletionGracePeriodSeconds"] = Json::number(0);
  if (const auto generation = base::get_int(metadata, "generation")) metadata["generation"] = Json::number(*generation + 1);
  store(place.object(), std::move(object), "MODIFIED");
  return reply(200, objects_.at(place.object()));
}

}  // namespace lepton_operator::fakeapi
