// Requests to a Kubernetes API server: resources by group, version and plural, objects as JSON, errors typed from its Status answers.
//
// Never retries by itself, but once after a 401 with a fresh token. Deadlines: the context's, or 30 s; of a watch only its head. 429 and
// 5xx carry Retry-After in the error. Thread rule: domain thread only. Owner: the application; transport, token source and clock outlive
// it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "kube/token.h"

namespace lepton_operator::kube {

using base::Context;
using base::Json;
using base::Result;
template <class T>
using Answer = boost::asio::awaitable<Result<T>>;

struct Resource {
  std::string group;  // empty: core
  std::string version;
  std::string plural;

  bool operator==(const Resource&) const = default;
};

struct ObjectName {
  std::string namespace_;  // empty: cluster-scoped, or all namespaces in a list
  std::string name;        // empty in a list; without it nothing is asked of one object (kInvalid): that path is the collection's
};

struct ListQuery {
  int limit = 0;  // 0: no paging
  std::string continue_token = {};
  std::string resource_version = {};  // "", "0", or one that was seen
  std::string label_selector = {};
  std::string field_selector = {};
};

struct WatchQuery {
  std::string resource_version = {};
  std::string label_selector = {};
  std::string field_selector = {};
  std::chrono::seconds timeout{300};
  bool bookmarks = true;
};

// Server-side apply takes fields from whoever set them; unforced it changes nothing then and is kConflict, whose `what` names them.
enum class PatchType { kMerge, kJson, kApply, kApplyUnforced };

struct ApplyOptions {
  bool force = true;     // take over fields that another manager applied; else those are a conflict
  bool dry_run = false;  // the server checks it and says what would be, and stores nothing
};

struct ApiOptions {
  std::string path_prefix = {};  // of the server's URL
  std::string user_agent = "lepton-operator";
  // After each answered or failed request: method, HTTP status (0: none). For rest_client_requests_total.
  std::function<void(const char* method, int status)> observe = {};
};

class Api {
 public:
  Api(std::shared_ptr<base::HttpTransport> transport, std::unique_ptr<TokenSource> tokens, base::Clock& clock, ApiOptions options);

  Answer<Json> get(Context context, Resource resource, ObjectName name);
  Answer<Json> list(Context context, Resource resource, std::string namespace_, ListQuery query);
  // The same, not parsed but read as it comes.
  Answer<base::Ok> read_list(Context context, Resource resource, std::string namespace_, ListQuery query, base::BodyReader& reader);
  Answer<std::unique_ptr<base::HttpStream>> watch(Context context, Resource resource, std::string namespace_, WatchQuery query);
  Answer<Json> create(Context context, Resource resource, std::string namespace_, Json object);
  // `subresource`: "" or "status". kConflict when its resourceVersion is no longer the newest.
  Answer<Json> replace(Context context, Resource resource, ObjectName name, std::string subresource, Json object);
  // A JSON patch must test what it changes (json_patch.h): as all writes here it may arrive twice. One whose test fails is kInvalid (422).
  // The answer is without what the object repeats of itself (repetition.h).
  Answer<Json> patch(Context context, Resource resource, ObjectName name, std::string subresource, PatchType type, Json body);
  // The same, not parsed: for whoever knows most of what it says.
  Answer<std::string> patch_text(Context context, Resource resource, ObjectName name, std::string subresource, PatchType type, Json body);
  // Server-side apply; what patch(kApply) does, with a choice. The manager's name is that of the user agent.
  Answer<Json> apply(Context context, Resource resource, ObjectName name, Json object, ApplyOptions options);
  // `preconditions`: {uid, resourceVersion}, or null for none; kConflict when they do not hold. 404 is kNotFound.
  Answer<Json> remove(Context context, Resource resource, ObjectName name, Json preconditions = Json::null());
  Answer<Json> server_version(Context context);

 private:
  std::string field_manager() const;
  Answer<base::HttpResponse> send(Context context, base::HttpRequest request);
  base::HttpRequest patch_request(const Resource& resource, const ObjectName& name, const std::string& subresource, PatchType type,
                                  const Json& body) const;
  base::HttpRequest list_request(const Resource& resource, std::string namespace_, const ListQuery& query) const;
  base::HttpRequest request(base::Method method, const Resource& resource, const ObjectName& name, const std::string& subresource) const;

  std::shared_ptr<base::HttpTransport> transport_;
  std::unique_ptr<TokenSource> tokens_;
  base::Clock& clock_;
  ApiOptions options_;
};

// The error that a Status object (or any failed answer) stands for: kind by `code` and `reason`, `what` its message. 410 (Expired, Gone) is
// kNotFound with status 410; "AlreadyExists" and "Conflict" are kConflict; 422 kInvalid.
base::Error error_from_status(const Json& status, int http_status);

}  // namespace lepton_operator::kube
