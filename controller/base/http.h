// HTTP as the domain sees it: an interface, so that tests mount the simulator behind it, and the cpprestsdk transport in http_cpprest.h.
//
// An answer of any status is a response, not an error; errors are those of the transport, and their kind tells whether the request can have
// taken effect (kUnreachable: no; kInterrupted, kTimeout: unknown). Redirects are never followed: they would carry the token along.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/context.h"
#include "base/result.h"

namespace lepton_operator::base {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete };
const char* to_string(Method method);  // "GET"

struct HttpRequest {
  Method method = Method::kGet;
  std::string path = {};  // from the first "/" after the authority, segments already percent-encoded, without the query
  std::vector<std::pair<std::string, std::string>> query = {};    // not yet encoded
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in any case
  std::string body = {};
  std::string content_type = {};  // empty without a body
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  bool success() const { return status >= 200 && status < 400; }
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Ends no later than the context. Awaited on the domain thread, resumes there.
  virtual boost::asio::awaitable<Result<HttpResponse>> send(Context context, HttpRequest request) = 0;
};

// Percent-encodes one path segment (unreserved characters stay; "/" does not).
std::string encode_segment(std::string_view segment);
std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query);

// Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3). Nothing when absent or unreadable.
std::optional<Milliseconds> parse_retry_after(std::string_view value, Timestamp now);

}  // namespace lepton_operator::base
