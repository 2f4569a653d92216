#include "kube/api.h"

#include <algorithm>

#include "base/strings.h"
#include "kube/repetition.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::HttpRequest;
using base::HttpResponse;
using base::HttpStream;
using base::HttpTransport;
using base::Method;

constexpr std::chrono::seconds kLongest{30};
constexpr std::size_t kMostErrorBody = 1u << 20;
constexpr std::size_t kMostForeignText = 200;

// The two ways to ask, alike for whoever adds tokens to them.
using Stream = std::unique_ptr<HttpStream>;
Answer<HttpResponse> ask(HttpTransport& transport, Context context, HttpRequest request, const HttpResponse*) {
  return transport.send(std::move(context), std::move(request));
}
Answer<Stream> ask(HttpTransport& transport, Context context, HttpRequest request, const Stream*) {
  return transport.open(std::move(context), std::move(request));
}
int status_of(const HttpResponse& response) { return response.status; }
int status_of(const Stream& stream) { return stream->head().status; }

template <class T>
Answer<T> ask_once(HttpTransport& transport, const ApiOptions& options, Context context, HttpRequest request, std::string token) {
  const char* method = to_string(request.method);
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  const T* way = nullptr;
  Result<T> answer = co_await ask(transport, context, std::move(request), way);
  if (options.observe) options.observe(method, answer ? status_of(*answer) : 0);
  co_return answer;
}

// With the token of the moment, and once more when that was refused and there is another one.
template <class T>
Answer<T> ask_as_ourselves(HttpTransport& transport, TokenSource* tokens, const ApiOptions& options, Context context, HttpRequest request) {
  Result<std::string> token = std::string();
  if (tokens != nullptr) token = co_await tokens->token(context);
  if (!token) co_return token.error();
  Result<T> answer = co_await ask_once<T>(transport, options, context, request, *token);
  if (!answer || status_of(*answer) != 401 || tokens == nullptr) co_return answer;
  tokens->refused();
  const Result<std::string> fresh = co_await tokens->token(context);
  if (!fresh) co_return fresh.error();
  if (*fresh == *token) co_return answer;
  answer = co_await ask_once<T>(transport, options, context, request, *fresh);
  co_return answer;
}

std::string where_of(const HttpRequest& request) { return std::string(to_string(request.method)) + " " + request.path; }

// What is no Status comes from a proxy, or from a server that knows no such path.
Error error_of_text(const HttpResponse& response) {
  std::string text = response.body.substr(0, kMostForeignText * 4);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  Error error = error_from_status(base::json_object(), response.status);
  if (!text.empty()) error.what += ": " + base::clipped(text, kMostForeignText);
  return error;
}

Error error_of(const HttpResponse& response, std::string where, base::Timestamp now) {
  const Result<Json> body = base::parse_json(response.body, where);
  const bool is_status = body && base::get_string(*body, "kind") == "Status";
  Error error = is_status ? error_from_status(*body, response.status) : error_of_text(response);
  error.where = std::move(where);
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end()) return error;
  if (const auto after = base::parse_retry_after(header->second, now)) error.retry_after = *after;
  return error;
}

using Shortening = std::string (*)(std::string_view);

Answer<std::string> text_of(Answer<HttpResponse> sending, Shortening shorten) {
  const Result<HttpResponse> response = co_await std::move(sending);
  if (!response) co_return response.error();
  co_return shorten(response->body);
}

Answer<Json> parsed(Answer<HttpResponse> sending, std::string where, Shortening shorten = nullptr) {
  const Result<HttpResponse> response = co_await std::move(sending);
  if (!response) co_return response.error();
  const std::string shortened = shorten ? shorten(response->body) : std::string();
  Result<Json> body = base::parse_json(shorten ? shortened : response->body, where);
  if (body) co_return body;
  Error error = body.error();
  error.kind = ErrorKind::kMalformed;
  error.what = "the answer " + error.what;
  error.status = response->status;
  co_return error;
}

// Without its last segment a path is the collection's: a DELETE there takes everything away. "." and ".." are dropped on the way.
bool names_one(const ObjectName& name) { return !name.name.empty() && name.name != "." && name.name != ".."; }

template <class T>
Answer<T> no_such_name(std::string where) {
  co_return Error{ErrorKind::kInvalid, "not asked: an object has to be named, and neither \"\" nor \".\" nor \"..\" is a name", where};
}

void add_if(HttpRequest& request, const char* name, const std::string& value) {
  if (!value.empty()) request.query.emplace_back(name, value);
}

const char* media_type(PatchType type) {
  switch (type) {
    case PatchType::kMerge: return "application/merge-patch+json";
    case PatchType::kJson: return "application/json-patch+json";
    case PatchType::kApply:
    case PatchType::kApplyUnforced: return "application/apply-patch+yaml";
  }
  __builtin_unreachable();
}

}  // namespace

Api::Api(std::shared_ptr<base::HttpTransport> transport, std::unique_ptr<TokenSource> tokens, base::Clock& clock, ApiOptions options)
    : transport_(std::move(transport)), tokens_(std::move(tokens)), clock_(clock), options_(std::move(options)) {
  while (options_.path_prefix.ends_with('/')) options_.path_prefix.pop_back();
}

HttpRequest Api::request(Method method, const Resource& resource, const ObjectName& name, const std::string& subresource) const {
  const auto segment = [](const std::string& text) { return "/" + base::encode_segment(text); };
  HttpRequest request{.method = method, .path = options_.path_prefix};
  request.path += resource.group.empty() ? "/api" : "/apis" + segment(resource.group);
  request.path += segment(resource.version);
  if (!name.namespace_.empty()) request.path += "/namespaces" + segment(name.namespace_);
  request.path += segment(resource.plural);
  if (!name.name.empty()) request.path += segment(name.name);
  if (!subresource.empty()) request.path += segment(subresource);
  request.headers = {{"Accept", "application/json"}, {"User-Agent", options_.user_agent}};
  return request;
}

Answer<HttpResponse> Api::send(Context context, HttpRequest request) {
  const Context bounded = context.with_timeout(kLongest);
  const std::string where = where_of(request);
  TokenSource* tokens = tokens_.get();
  Result<HttpResponse> response = co_await ask_as_ourselves<HttpResponse>(*transport_, tokens, options_, bounded, std::move(request));
  if (!response || (response->status >= 200 && response->status < 300)) co_return response;
  co_return error_of(*response, where, clock_.now());
}

Answer<Json> Api::get(Context context, Resource resource, ObjectName name) {
  HttpRequest asked = request(Method::kGet, resource, name, "");
  const std::string where = where_of(asked);
  if (!names_one(name)) return no_such_name<Json>(where);
  return parsed(send(std::move(context), std::move(asked)), where);
}

HttpRequest Api::list_request(const Resource& resource, std::string namespace_, const ListQuery& query) const {
  HttpRequest asked = request(Method::kGet, resource, {.namespace_ = std::move(namespace_), .name = ""}, "");
  if (query.limit > 0) asked.query.emplace_back("limit", std::to_string(query.limit));
  add_if(asked, "continue", query.continue_token);
  // The token says of which version the next page is; the server refuses both together.
  if (query.continue_token.empty()) add_if(asked, "resourceVersion", query.resource_version);
  add_if(asked, "labelSelector", query.label_selector);
  add_if(asked, "fieldSelector", query.field_selector);
  return asked;
}

Answer<Json> Api::list(Context context, Resource resource, std::string namespace_, ListQuery query) {
  HttpRequest asked = list_request(resource, std::move(namespace_), query);
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

Answer<base::Ok> Api::read_list(Context context, Resource resource, std::string namespace_, ListQuery query, base::BodyReader& reader) {
  HttpRequest asked = list_request(resource, std::move(namespace_), query);
  asked.reader = &reader;
  Result<HttpResponse> response = co_await send(std::move(context), std::move(asked));
  if (!response) co_return response.error();
  base::give_rest(*response, reader);
  co_return base::Ok{};
}

Answer<std::unique_ptr<HttpStream>> Api::watch(Context context, Resource resource, std::string namespace_, WatchQuery query) {
  HttpRequest asked = request(Method::kGet, resource, {.namespace_ = std::move(namespace_), .name = ""}, "");
  asked.query.emplace_back("watch", "true");
  add_if(asked, "resourceVersion", query.resource_version);
  asked.query.emplace_back("timeoutSeconds", std::to_string(query.timeout.count()));
  if (query.bookmarks) asked.query.emplace_back("allowWatchBookmarks", "true");
  add_if(asked, "labelSelector", query.label_selector);
  add_if(asked, "fieldSelector", query.field_selector);

  const Context bounded = context.with_timeout(kLongest);
  const std::string where = where_of(asked);
  Result<Stream> stream = co_await ask_as_ourselves<Stream>(*transport_, tokens_.get(), options_, bounded, std::move(asked));
  if (!stream || (*stream)->head().status == 200) co_return stream;
  // Refused: its body says why, as far as it comes.
  HttpResponse refusal = (*stream)->head();
  while (refusal.body.size() < kMostErrorBody) {
    const Result<std::string> bytes = co_await (*stream)->read(bounded);
    if (!bytes || bytes->empty()) break;
    refusal.body += *bytes;
  }
  co_return error_of(refusal, where, clock_.now());
}

Answer<Json> Api::create(Context context, Resource resource, std::string namespace_, Json object) {
  HttpRequest asked = request(Method::kPost, resource, {.namespace_ = std::move(namespace_), .name = ""}, "");
  asked.repeatable = true;  // names are ours to give: the second is answered by AlreadyExists
  asked.content_type = "application/json";
  asked.body = base::to_text(object);
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

Answer<Json> Api::replace(Context context, Resource resource, ObjectName name, std::string subresource, Json object) {
  HttpRequest asked = request(Method::kPut, resource, name, subresource);
  if (!names_one(name)) return no_such_name<Json>(where_of(asked));
  asked.repeatable = true;  // it carries the version it replaces: the second is a conflict
  asked.content_type = "application/json";
  asked.body = base::to_text(object);
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

HttpRequest Api::patch_request(const Resource& resource, const ObjectName& name, const std::string& subresource, PatchType type,
                               const Json& body) const {
  HttpRequest asked = request(Method::kPatch, resource, name, subresource);
  asked.repeatable = true;  // merge and apply say what shall be, however often; a JSON patch tests what it changes
  if (type == PatchType::kApply) asked.query = {{"fieldManager", field_manager()}, {"force", "true"}};
  if (type == PatchType::kApplyUnforced) asked.query = {{"fieldManager", field_manager()}, {"force", "false"}};
  asked.content_type = media_type(type);
  asked.body = base::to_text(body);
  return asked;
}

Answer<Json> Api::patch(Context context, Resource resource, ObjectName name, std::string subresource, PatchType type, Json body) {
  HttpRequest asked = patch_request(resource, name, subresource, type, body);
  const std::string where = where_of(asked);
  if (!names_one(name)) return no_such_name<Json>(where);
  return parsed(send(std::move(context), std::move(asked)), where, without_repetition);
}

Answer<std::string> Api::patch_text(Context context, Resource resource, ObjectName name, std::string subresource, PatchType type,
                                    Json body) {
  HttpRequest asked = patch_request(resource, name, subresource, type, body);
  if (!names_one(name)) return no_such_name<std::string>(where_of(asked));
  return text_of(send(std::move(context), std::move(asked)), without_repetition);
}

Answer<Json> Api::apply(Context context, Resource resource, ObjectName name, Json object, ApplyOptions options) {
  HttpRequest asked = request(Method::kPatch, resource, name, "");
  if (!names_one(name)) return no_such_name<Json>(where_of(asked));
  asked.repeatable = true;  // it says what shall be, however often
  asked.query = {{"fieldManager", field_manager()}, {"force", options.force ? "true" : "false"}};
  if (options.dry_run) asked.query.emplace_back("dryRun", "All");
  asked.content_type = media_type(PatchType::kApply);
  asked.body = base::to_text(object);
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

// Who we are to the server for all writes: it takes the user agent's name unless it is told.
std::string Api::field_manager() const { return options_.user_agent.substr(0, options_.user_agent.find('/')); }

Answer<Json> Api::remove(Context context, Resource resource, ObjectName name, Json preconditions) {
  HttpRequest asked = request(Method::kDelete, resource, name, "");
  if (!names_one(name)) return no_such_name<Json>(where_of(asked));
  if (!preconditions.is_null()) {
    Json options = base::json_object();
    options["apiVersion"] = Json::string("v1");
    options["kind"] = Json::string("DeleteOptions");
    options["preconditions"] = std::move(preconditions);
    asked.content_type = "application/json";
    asked.body = base::to_text(options);
  }
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

Answer<Json> Api::server_version(Context context) {
  HttpRequest asked{.path = options_.path_prefix + "/version"};
  asked.headers = {{"Accept", "application/json"}, {"User-Agent", options_.user_agent}};
  const std::string where = where_of(asked);
  return parsed(send(std::move(context), std::move(asked)), where);
}

}  // namespace lepton_operator::kube
