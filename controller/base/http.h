// HTTP as the domain sees it: an interface, so that tests mount the simulator behind it, and the cpprestsdk transport in http_cpprest.h.
//
// An answer of any status is a response, not an error; errors are those of the transport, and their kind tells whether the request can have
// taken effect (kUnreachable: no; kInterrupted, kTimeout: unknown). Redirects are never followed: they would carry the token along.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/context.h"
#include "base/result.h"

namespace lepton_operator::base {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete };
const char* to_string(Method method);  // "GET"

// Takes the body of an answer (200 to 299) as it comes, cut anywhere, so that it does not stand in memory whole (but for a server that
// sends it as one chunk). Each body once, on the domain thread, within the request's deadline; one that breaks off is followed by its
// error.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual void take(std::string_view bytes) = 0;
};

struct HttpRequest {
  Method method = Method::kGet;
  std::string path = {};  // from the first "/" after the authority, segments already percent-encoded, without the query
  std::vector<std::pair<std::string, std::string>> query = {};    // not yet encoded
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in any case
  std::string body = {};
  std::string content_type = {};  // empty without a body
  bool repeatable = false;        // whatever its method, it may arrive twice: it may use a kept connection, which can turn out closed
  BodyReader* reader = nullptr;   // outlives the request. What of a body it was not given is in the response: give_rest()
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  bool success() const { return status >= 200 && status < 400; }
};

// The body of an answer that does not end by itself, such as a watch. Destroying it closes the connection.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  virtual const HttpResponse& head() const = 0;  // status and headers; the body stays empty
  // The next bytes, cut anywhere, as soon as there is one; empty at the end of the body. kTimeout when the context's deadline passed with
  // nothing read (the stream may be read on), kInterrupted when the connection broke.
  virtual boost::asio::awaitable<Result<std::string>> read(Context context) = 0;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Ends no later than the context. Awaited on the domain thread, resumes there.
  virtual boost::asio::awaitable<Result<HttpResponse>> send(Context context, HttpRequest request) = 0;
  // The same, but answers as soon as the head of the response is there. The context bounds only that. Transports that cannot: kUnsupported.
  virtual boost::asio::awaitable<Result<std::unique_ptr<HttpStream>>> open(Context context, HttpRequest request);
};

// For whoever set a reader, of a success: a transport that has bodies whole only leaves them to him.
void give_rest(HttpResponse& response, BodyReader& reader);

// Percent-encodes one path segment (unreserved characters stay; "/" does not).
std::string encode_segment(std::string_view segment);
std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query);

// Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3). Nothing when absent or unreadable.
std::optional<Milliseconds> parse_retry_after(std::string_view value, Timestamp now);

}  // namespace lepton_operator::base
