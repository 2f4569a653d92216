// The Client's routes but storage (client_storage.cc); how a request leaves is in client_send.cc.
#include "lepton/client.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_list.h"
#include "base/json_member.h"
#include "lepton/answers.h"

namespace lepton_operator::lepton {

using base::Error;
using base::ErrorKind;
using base::Method;

namespace {

constexpr std::size_t kPageSize = 500;
constexpr int kMostPages = 1'000;
constexpr int kSuccess = 200;

// An empty name would address the whole collection, a dotted one its parent.
bool addressable(const std::string& name) { return name.find_first_not_of('.') != std::string::npos; }

Error unaddressable(const char* what) { return Error{ErrorKind::kInvalid, std::string("no request without the name of ") + what}; }

const char* collection(ApiFamily family) {
  switch (family) {
    case ApiFamily::kDeployments: return "/deployments";
    case ApiFamily::kEndpoints: return "/endpoints";
  }
  __builtin_unreachable();
}

std::string item(const char* collection, const std::string& name) { return std::string(collection) + "/" + base::encode_segment(name); }

const char* mode(JobScope scope) {
  switch (scope) {
    case JobScope::kAlive: return "alive_only";
    case JobScope::kAliveAndArchive: return "alive_and_archive";
  }
  __builtin_unreachable();
}

std::vector<std::pair<std::string, std::string>> list_query(const JobQuery& query, int page) {
  std::vector<std::pair<std::string, std::string>> parameters;
  parameters.emplace_back("job_query_mode", mode(query.scope));
  if (!query.selector.empty()) parameters.emplace_back("query", query.selector);
  parameters.emplace_back("page", std::to_string(page));
  parameters.emplace_back("page_size", std::to_string(kPageSize));
  return parameters;
}

// Puts a page's new jobs into `all`; false when it brought nothing new (a server that ignores `page` repeats itself).
bool add_page(Decoded<Job>& all, std::set<std::string>& ids, Decoded<Job> page) {
  bool something_new = false;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    if (!ids.insert(page.items[i].id).second) continue;
    something_new = true;
    all.items.push_back(std::move(page.items[i]));
    if (i < page.prints.size()) all.prints.push_back(page.prints[i]);
  }
  for (auto& [print, id] : page.unchanged) {
    if (!ids.insert(id).second) continue;
    something_new = true;
    all.unchanged.emplace(print, std::move(id));
  }
  all.requests += 1;
  if (something_new || all.requests == 1) {
    all.malformed += page.malformed;
  } else if (page.items.empty() && page.unchanged.empty()) {  // the same again, or others that cannot be read
    all.malformed = std::max(all.malformed, page.malformed);
  }
  return something_new;
}

std::vector<std::string> literal_values(const std::vector<EnvVar>& envs) {
  std::vector<std::string> values;
  for (const EnvVar& env : envs) {
    if (env.value) values.push_back(*env.value);
  }
  return values;
}

// Decodes an answer; says to what it was one.
template <class T, class Decode>
Result<T> decoded(const Result<Json>& body, Decode decode, const std::string& asked) {
  if (!body) return body.error();
  Result<T> value = decode(*body);
  if (value) return value;
  Error error = value.error();
  error.what = "lepton's answer to " + asked + " cannot be read: " + error.what;
  return error;
}

// A list one by one as it comes, so that neither its text nor its tree ever stands there whole; what is known by its text is passed over.
template <class T, class Decode>
class ListReader final : public base::JsonListReader {
 public:
  ListReader(const char* member, Decode decode, const Prints* known, std::string asked)
      : JsonListReader(member), decode_(std::move(decode)), known_(known), asked_(std::move(asked)) {}

  Result<Decoded<T>> finish(base::HttpResponse response) {
    base::give_rest(response, *this);
    if (error_) return *error_;
    // No list, an empty one in other words, or no JSON at all: the codec knows, and says it.
    Result<Decoded<T>> around = decoded<Decoded<T>>(json_of(response.status, rest(), asked_), decode_, asked_);
    if (!around || !found()) return around;
    return std::move(list_);
  }

 private:
  void element(std::string_view text) override {
    if (error_) return;
    const std::uint64_t print = known_ ? base::text_print(text) : 0;
    if (const auto found = known_ ? known_->find(print) : Prints::const_iterator{}; known_ && found != known_->end()) {
      list_.unchanged.insert(*found);
      return;
    }
    Result<Decoded<T>> alone = decoded<Decoded<T>>(json_of(kSuccess, "[" + std::string(text) + "]", asked_), decode_, asked_);
    if (!alone) {
      error_ = alone.error();
      return;
    }
    list_.malformed += alone->malformed;
    for (T& item : alone->items) {  // one, or none of ours
      list_.items.push_back(std::move(item));
      if (known_) list_.prints.push_back(print);
    }
  }

  const Decode decode_;
  const Prints* const known_;
  const std::string asked_;
  Decoded<T> list_;
  std::optional<Error> error_;  // of the first element that is none
};

}  // namespace

Answer<WorkspaceInfo> Client::workspace(Context context) {
  Call request = call(Method::kGet, "/workspace");
  const Result<Json> body = co_await send_json(context, std::move(request));
  co_return decoded<WorkspaceInfo>(body, decode_workspace, "GET /workspace");
}

Answer<Decoded<Endpoint>> Client::list_endpoints(Context context, ApiFamily family, const Prints* known) {
  Call request = call(Method::kGet, collection(family));
  const auto decode = [family](const Json& answer) { return decode_endpoints(answer, family); };
  ListReader<Endpoint, decltype(decode)> reader("", decode, known, request.asked);
  request.request.reader = &reader;
  Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return reader.finish(std::move(*response));
}

Answer<Endpoint> Client::get_endpoint(Context context, std::string name, ApiFamily family) {
  if (!addressable(name)) co_return unaddressable("an endpoint");
  Call request = call(Method::kGet, item(collection(family), name));
  const std::string asked = request.asked;
  const Result<Json> body = co_await send_json(context, std::move(request));
  const auto decode = [family](const Json& answer) { return decode_endpoint(answer, family); };
  co_return decoded<Endpoint>(body, decode, asked);
}

Answer<Decoded<Job>> Client::list_jobs(Context context, JobQuery query, const Prints* known) {
  Decoded<Job> all;
  all.requests = 0;
  std::set<std::string> ids;
  for (int page = 1; page <= kMostPages; ++page) {
    Call request = call(Method::kGet, "/jobs");
    request.request.query = list_query(query, page);
    ListReader<Job, decltype(&decode_jobs)> reader("jobs", &decode_jobs, known, request.asked);
    request.request.reader = &reader;
    Result<base::HttpResponse> response = co_await send(context, std::move(request));
    if (!response) co_return response.error();
    Result<Decoded<Job>> answer = reader.finish(std::move(*response));
    if (!answer) co_return answer.error();
    const std::size_t size = answer->items.size() + answer->unchanged.size() + static_cast<std::size_t>(answer->malformed);
    const bool something_new = add_page(all, ids, std::move(answer).value());
    const bool is_short = size < largest_page_;
    largest_page_ = std::max(largest_page_, size);
    if (!something_new || is_short) co_return all;
  }
  co_return Error{ErrorKind::kMalformed, "lepton's list of jobs does not end"};
}

Answer<Job> Client::get_job(Context context, std::string id) {
  if (!addressable(id)) co_return unaddressable("a job");
  Call request = call(Method::kGet, item("/jobs", id));
  request.request.query.emplace_back("job_query_mode", mode(JobScope::kAliveAndArchive));
  const std::string asked = request.asked;
  const Result<Json> body = co_await send_json(context, std::move(request));
  co_return decoded<Job>(body, decode_job, asked);
}

Answer<Decoded<NodeGroup>> Client::list_node_groups(Context context) {
  Call request = call(Method::kGet, "/dedicated-node-groups");
  const Result<Json> body = co_await send_json(context, std::move(request));
  co_return decoded<Decoded<NodeGroup>>(body, decode_node_groups, "GET /dedicated-node-groups");
}

Answer<Decoded<Secret>> Client::list_secrets(Context context) {
  Call request = call(Method::kGet, "/usersecrets");
  const Result<Json> body = co_await send_json(context, std::move(request));
  co_return decoded<Decoded<Secret>>(body, decode_secrets, "GET /usersecrets");
}

Answer<std::optional<Timestamp>> Client::token_expiry(Context context) {
  Call request = call(Method::kGet, "/tokens");
  request.optional = true;
  const Result<Json> body = co_await send_json(context, std::move(request));
  const Result<std::vector<MaskedToken>> tokens = decoded<std::vector<MaskedToken>>(body, decode_tokens, "GET /tokens");
  if (!tokens) co_return tokens.error();
  co_return expiry_of(credentials_.token, *tokens);
}

Answer<Json> Client::read(Context context, std::string path, std::vector<std::pair<std::string, std::string>> query) {
  Call request = call(Method::kGet, path);
  request.request.query = std::move(query);
  Result<Json> body = co_await send_json(context, std::move(request));
  co_return body;
}

Answer<> Client::create_endpoint(Context context, EndpointSpec spec, ApiFamily family) {
  if (!addressable(spec.name)) co_return unaddressable("an endpoint");
  Call request = call(Method::kPost, collection(family), encode(spec, family));
  request.creating = true;
  request.request.repeatable = true;  // the second is answered by kConflict
  request.values = literal_values(spec.envs);
  for (const ApiToken& token : spec.api_tokens) request.secret_body = request.secret_body || token.value.has_value();
  // The body of the answer is not read: older servers send anything (section 4).
  const Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return Ok{};
}

Answer<> Client::scale_endpoint(Context context, std::string name, int min_replicas, int max_replicas, ApiFamily family) {
  if (!addressable(name)) co_return unaddressable("an endpoint");
  Patch patch;
  patch.body = encode_replicas(min_replicas, max_replicas);
  Result<> patched = co_await patch_endpoint(context, std::move(name), std::move(patch), family);
  co_return patched;
}

Answer<> Client::patch_endpoint(Context context, std::string name, Patch patch, ApiFamily family) {
  const std::string route = item(collection(family), name);
  if (family == ApiFamily::kEndpoints) {
    Call read = call(Method::kGet, route);
    const Result<Json> live = co_await send_json(context, std::move(read));
    const auto whole = [&patch](const Json& answer) { return encode_components_patch(answer, patch.body); };
    Result<Json> components = decoded<Json>(live, whole, "GET " + route);
    if (!components) co_return components.error();
    patch.body = std::move(components).value();
  }
  Call request = call(Method::kPatch, route, patch.body);
  request.updating = true;
  request.values = std::move(patch.values);
  request.secret_body = patch.secret;
  const Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return Ok{};
}

Answer<> Client::update_endpoint(Context context, EndpointSpec spec, std::vector<EndpointField> fields, ApiFamily family) {
  if (!addressable(spec.name)) co_return unaddressable("an endpoint");
  Patch patch;
  patch.body = encode_update(spec, fields, family);
  patch.values = literal_values(spec.envs);
  for (const ApiToken& token : spec.api_tokens) patch.secret = patch.secret || token.value.has_value();
  Result<> patched = co_await patch_endpoint(context, std::move(spec.name), std::move(patch), family);
  co_return patched;
}

Answer<> Client::delete_endpoint(Context context, std::string name, ApiFamily family) {
  if (!addressable(name)) co_return unaddressable("an endpoint");
  Call request = call(Method::kDelete, item(collection(family), name));
  Result<> removed = co_await send_removal(context, std::move(request));
  co_return removed;
}

Answer<Job> Client::create_job(Context context, JobSpec spec) {
  Call request = call(Method::kPost, "/jobs", encode(spec));  // of two there would be two jobs: never on a kept connection
  request.values = literal_values(spec.envs);
  const Result<Json> body = co_await send_json(context, std::move(request));
  co_return decoded<Job>(body, decode_job, "POST /jobs");
}

Answer<> Client::stop_job(Context context, std::string id) {
  if (!addressable(id)) co_return unaddressable("a job");
  Json body = base::json_object();
  body["spec"] = base::json_object();
  body["spec"]["stopped"] = Json::boolean(true);
  Call request = call(Method::kPatch, item("/jobs", id), body);
  const Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return Ok{};
}

Answer<> Client::delete_job(Context context, std::string id) {
  if (!addressable(id)) co_return unaddressable("a job");
  Call request = call(Method::kDelete, item("/jobs", id));
  request.request.query.emplace_back("job_query_mode", mode(JobScope::kAliveAndArchive));
  Result<> removed = co_await send_removal(context, std::move(request));
  co_return removed;
}

Answer<> Client::create_secret(Context context, NewSecret secret) {
  if (!addressable(secret.name)) co_return unaddressable("a secret");
  std::vector<NewSecret> secrets;
  secrets.push_back(std::move(secret));
  Call request = call(Method::kPost, "/usersecrets", encode(secrets));
  request.creating = true;
  request.request.repeatable = true;  // the second is answered by kConflict
  request.secret_body = true;
  const Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return Ok{};
}

Answer<> Client::delete_secret(Context context, std::string name) {
  if (!addressable(name)) co_return unaddressable("a secret");
  Call request = call(Method::kDelete, item("/usersecrets", name));
  Result<> removed = co_await send_removal(context, std::move(request));
  co_return removed;
}

}  // namespace lepton_operator::lepton
