#include "base/http_cpprest.h"

#include <cstdlib>
#include <list>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cpprest/http_client.h>

#include "base/http_exchange.h"
#include "base/http_stream.h"
#include "base/proxy.h"
#include "base/tls_policy.h"
#include "base/wake.h"

namespace lepton_operator::base {

namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

// Only for a context without a deadline: how long a server may be silent.
constexpr std::chrono::seconds kLongestSilence{120};
// Bytes of a body that cpprestsdk reads before it hands them on; each time costs it a task and a timer.
constexpr std::size_t kBlock = 256u << 10;
constexpr std::size_t kMostAtOnce = 64u << 10;  // of it that a reader is given without a turn for others
// A stream's reader has deadlines of its own.
constexpr std::chrono::hours kLongestSilenceOfStream{24};

bool is_safe(Method method) { return method == Method::kGet || method == Method::kHead; }

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// RFC 3986, 3.3, and not "//…", which a URL's reader takes for a host.
bool is_usable_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  if (!path.starts_with('/') || path.starts_with("//")) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '%') {
      if (path.size() - i < 3 || kHex.find(path[i + 1]) == std::string::npos || kHex.find(path[i + 2]) == std::string::npos) return false;
    } else if (!alphanumeric && kPlain.find(c) == std::string::npos) {
      return false;
    }
  }
  return true;
}

// At most `most` at once, first come first served.
class Slots {
 public:
  explicit Slots(int most) : free_(most) {}

  class Slot {
   public:
    Slot(std::shared_ptr<Slots> slots, const boost::asio::any_io_executor& executor) : slots_(std::move(slots)), wake_(executor) {
      if (slots_->free_ > 0 && slots_->waiting_.empty()) {
        --slots_->free_;
        wake_.fire();
      } else {
        slots_->waiting_.push_back(this);
      }
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    // Also when its coroutine is destroyed in mid-wait: the slot, if it had one, goes to the next.
    ~Slot() {
      if (wake_.fired()) {
        slots_->give_back();
      } else {
        slots_->waiting_.remove(this);
      }
    }
    Wake& wake() { return wake_; }

   private:
    std::shared_ptr<Slots> slots_;
    Wake wake_;
  };

 private:
  void give_back() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    Slot* next = waiting_.front();
    waiting_.pop_front();
    next->wake().fire();
  }

  int free_;
  std::list<Slot*> waiting_;
};

struct Server {
  web::uri base;
  std::string authority;  // as written, without what is before "://"
  std::string name;       // "host:port", for sentences
  http_client_config config;
  std::shared_ptr<TlsPolicy> tls;  // null for http
};

class CpprestTransport final : public HttpTransport {
 public:
  CpprestTransport(boost::asio::io_context& io, Server server, const HttpClientOptions& options)
      : io_(io),
        server_(std::move(server)),
        connect_timeout_(options.connect_timeout),
        pooled_(std::make_shared<http_client>(server_.base, in_blocks(server_.config))),
        slots_(std::make_shared<Slots>(std::max(options.max_connections, 1))) {}

  boost::asio::awaitable<Result<HttpResponse>> send(Context context, HttpRequest request) override {
    const std::string where = where_of(request);
    if (const auto error = check(request, where)) co_return *error;
    const auto executor = co_await boost::asio::this_coro::executor;
    Slots::Slot slot(slots_, executor);
    const bool has_slot = co_await slot.wake().wait(context);
    if (!has_slot || context.expired()) co_return ended(context, true, where).result;

    // cpprestsdk sends a request of any method again when a pooled connection turns out closed, even after the whole body went out. So only
    // what may arrive twice uses the pool; all else gets a connection of its own.
    const bool repeatable = is_safe(request.method) || request.repeatable;
    std::shared_ptr<http_client> client = repeatable ? pooled_ : fresh(kLongestSilence);
    HttpOutcome outcome = co_await exchange(context, client, request, where);
    if (outcome.unanswered && repeatable && !context.expired()) {
      client = fresh(kLongestSilence);
      outcome = co_await exchange(context, client, request, where);
    }
    co_return std::move(outcome.result);
  }

  // Takes no slot: watches last for minutes, and requests must not wait for them. The connection is the stream's own.
  boost::asio::awaitable<Result<std::unique_ptr<HttpStream>>> open(Context context, HttpRequest request) override {
    const std::string where = where_of(request);
    if (const auto error = check(request, where)) co_return *error;
    if (context.expired()) co_return ended(context, true, where).result.error();
    const auto running = std::make_shared<HttpExchange>(io_, server_.name, where, explain_tls());
    const auto pipe = std::make_shared<HttpPipe>(io_);
    auto stream = std::make_unique<CpprestStream>(running, pipe);
    running->start_stream(fresh(kLongestSilenceOfStream), translated(request), pipe, HttpExchange::Size::kAny);
    HttpOutcome outcome = co_await answer(context, running, where);
    if (!outcome.result) co_return outcome.result.error();
    stream->begin(std::move(*outcome.result));
    co_return Result<std::unique_ptr<HttpStream>>(std::move(stream));
  }

 private:
  static http_client_config in_blocks(http_client_config config) {
    config.set_chunksize(kBlock);
    return config;
  }

  std::shared_ptr<http_client> fresh(std::chrono::seconds silence) const {
    http_client_config config = server_.config;
    config.set_timeout(silence);
    return std::make_shared<http_client>(server_.base, config);
  }

  std::string where_of(const HttpRequest& request) const {
    return std::string(to_string(request.method)) + " " + server_.base.scheme() + "://" + server_.authority + request.path;
  }

  std::function<std::string()> explain_tls() const {
    return [tls = server_.tls] { return tls ? tls->refusal() : std::string(); };
  }

  static std::optional<Error> check(const HttpRequest& request, const std::string& where) {
    if (!is_usable_path(request.path))
      return Error{.kind = ErrorKind::kInvalid, .what = "the path of the request cannot be used", .where = where};
    for (const auto& [name, value] : request.headers) {
      if (has_control_characters(value) || has_control_characters(name)) {  // the value may be a secret
        return Error{.kind = ErrorKind::kInvalid, .what = "the header " + name + " has a control character in it", .where = where};
      }
    }
    return std::nullopt;
  }

  static web::http::http_request translated(const HttpRequest& request) {
    web::http::http_request result{to_string(request.method)};
    const std::string query = encode_query(request.query);
    result.set_request_uri(query.empty() ? request.path : request.path + "?" + query);
    for (const auto& [name, value] : request.headers) result.headers().add(name, value);
    if (!request.body.empty()) result.set_body(request.body, request.content_type.empty() ? "application/json" : request.content_type);
    return result;
  }

  HttpOutcome ended(const Context& context, bool unsent, const std::string& where) const {
    const auto of = [&](ErrorKind kind, std::string what) {
      return HttpOutcome{.result = Error{.kind = kind, .what = std::move(what), .where = where}};
    };
    if (context.cancelled()) {
      if (unsent) return of(ErrorKind::kCancelled, "the request to " + server_.name + " was given up before it was sent");
      return of(ErrorKind::kInterrupted, "the request to " + server_.name + " was given up before its answer came");
    }
    if (unsent) return of(ErrorKind::kUnreachable, "the request to " + server_.name + " could not be sent in time");
    return of(ErrorKind::kTimeout, server_.name + " did not answer in time");
  }

  boost::asio::awaitable<HttpOutcome> exchange(Context context, std::shared_ptr<http_client> client, HttpRequest request,
                                               std::string where) {
    struct Dropped {
      std::shared_ptr<HttpExchange> exchange;
      ~Dropped() { exchange->drop(); }
    };
    const auto running = std::make_shared<HttpExchange>(io_, server_.name, where, explain_tls());
    const Dropped dropped{running};
    if (const auto deadline = context.deadline())
      running->not_after(std::chrono::steady_clock::now() + (*deadline - context.clock().now()));
    if (request.reader == nullptr) {
      running->start(client, translated(request));
      HttpOutcome outcome = co_await answer(context, running, where);
      co_return outcome;
    }
    const auto pipe = std::make_shared<HttpPipe>(io_);
    const CpprestStream stream(running, pipe);  // closes both, whatever happens
    running->start_stream(client, translated(request), pipe, HttpExchange::Size::kBounded);
    HttpOutcome outcome = co_await answer(context, running, where);
    if (outcome.result) outcome.result = co_await read_body(context, pipe, std::move(*outcome.result), request.reader, where);
    co_return outcome;
  }

  // To the reader, with turns for others in between: a server may have sent all of it as one chunk. What is no success stays in the
  // response.
  boost::asio::awaitable<Result<HttpResponse>> read_body(Context context, std::shared_ptr<HttpPipe> pipe, HttpResponse response,
                                                         BodyReader* reader, std::string where) const {
    const bool wanted = response.status >= 200 && response.status < 300;
    while (true) {
      Result<std::string> bytes = co_await pipe->read(context);
      if (!bytes && context.expired()) co_return ended(context, false, where).result.error();
      if (!bytes) co_return bytes.error();
      if (bytes->empty()) co_return response;
      if (!wanted) response.body += *bytes;
      for (std::string_view rest = wanted ? *bytes : std::string_view(); !rest.empty();) {
        reader->take(rest.substr(0, kMostAtOnce));
        rest.remove_prefix(std::min(rest.size(), kMostAtOnce));
        if (!rest.empty()) co_await boost::asio::post(io_, boost::asio::use_awaitable);
      }
      if (context.expired()) co_return ended(context, false, where).result.error();
    }
  }

  // What the exchange, which is under way, comes to; no later than the context.
  boost::asio::awaitable<HttpOutcome> answer(Context context, std::shared_ptr<HttpExchange> running, std::string where) {
    const std::function<void()> give_up = [this, running, context, where] {
      running->answer(ended(context, running->stop_before_sending(), where));
    };
    const auto on_cancel = context.on_cancel(give_up);
    Context::Registration on_deadline;
    if (const auto deadline = context.deadline()) on_deadline = context.clock().at(*deadline, give_up);
    const auto on_no_connection = context.clock().at(context.clock().now() + connect_timeout_, [this, running, where] {
      if (!running->stop_before_sending()) return;
      running->answer(
          {.result = Error{.kind = ErrorKind::kUnreachable, .what = "no connection to " + server_.name + " in time", .where = where}});
    });
    HttpOutcome outcome = co_await running->outcome();
    co_return outcome;
  }

  boost::asio::io_context& io_;
  const Server server_;
  const Milliseconds connect_timeout_;
  const std::shared_ptr<http_client> pooled_;
  const std::shared_ptr<Slots> slots_;
};

Result<web::uri> parse_base(const std::string& text) {
  const auto invalid = [](std::string what) { return Error{.kind = ErrorKind::kInvalid, .what = std::move(what)}; };
  try {
    const web::uri base(text);
    const bool web_scheme = base.scheme() == "http" || base.scheme() == "https";
    const bool odd_port = base.port() > 65'535 || (!base.host().starts_with('[') && base.host().find(':') != std::string::npos);
    if (!base.user_info().empty()) return invalid("the URL must not carry credentials");  // not repeated: they are secret
    if (!web_scheme || base.host().empty() || odd_port) return invalid("\"" + text + "\" is not a URL of the form https://host[:port]");
    // cpprestsdk 2.10.18 asks the resolver for "[::1]", brackets and all.
    if (base.host().starts_with('[')) return invalid("the host of " + text + " cannot be an IPv6 address; give it a host name");
    if ((base.path() != "/" && !base.path().empty()) || !base.query().empty() || !base.fragment().empty()) {
      return invalid("the URL " + text + " must end after host and port");
    }
    return base;
  } catch (const std::exception&) {  // the library's edge
    return invalid("\"" + (text.find('@') == std::string::npos ? text : "…") + "\" is not a URL of the form https://host[:port]");
  }
}

Result<> set_proxy(http_client_config& config, const web::uri& base, const std::string& host, int port) {
  const auto proxy = proxy_for(base.scheme(), host, port, [](const char* name) { return std::getenv(name); });
  if (!proxy) return proxy.error();
  if (!proxy->has_value()) return Ok{};
  web::web_proxy settings{web::uri((*proxy)->url)};
  if (!(*proxy)->user.empty()) settings.set_credentials({(*proxy)->user, (*proxy)->password});
  config.set_proxy(settings);
  return Ok{};
}

}  // namespace

Result<std::shared_ptr<HttpTransport>> make_http_transport(boost::asio::io_context& io, HttpClientOptions options) {
  const Result<web::uri> base = parse_base(options.base_url);
  if (!base) return base.error();
  const bool https = base->scheme() == "https";
  const int port = base->port() > 0 ? base->port() : (https ? 443 : 80);
  const std::string host = base->host();

  Server server{.base = *base,
                .authority = base->host() + (base->port() > 0 ? ":" + std::to_string(base->port()) : ""),
                .name = base->host() + ":" + std::to_string(port),
                .config = {},
                .tls = nullptr};
  server.config.set_max_redirects(0);
  server.config.set_timeout(kLongestSilence);
  server.config.set_validate_certificates(options.verify_tls);
  server.config.set_tlsext_sni_enabled(false);  // ours sends the name that is verified
  if (const Result<> set = set_proxy(server.config, *base, host, port); !set) return set.error();
  if (https) {
    auto tls = TlsPolicy::make({.name = options.server_name.value_or(host),
                                .ca_file = options.ca_file,
                                .ca_data = options.ca_data,
                                .client_certificate = options.client_certificate,
                                .client_key = options.client_key,
                                .verify = options.verify_tls});
    if (!tls) return tls.error();
    server.tls = *tls;
    server.config.set_ssl_context_callback([policy = *tls](boost::asio::ssl::context& context) { policy->apply(context); });
  }
  return std::shared_ptr<HttpTransport>(std::make_shared<CpprestTransport>(io, std::move(server), options));
}

}  // namespace lepton_operator::base
