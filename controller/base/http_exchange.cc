#include "base/http_exchange.h"

#include <system_error>

#include "base/http_stream.h"
#include "base/strings.h"

namespace lepton_operator::base {

namespace {

constexpr utility::size64_t kMostBody = 256u << 20;
constexpr char kAnswerTooLarge[] = "the answer is larger than 256 MiB";
constexpr char kStopped[] = "stopped before sending";

}  // namespace

HttpExchange::HttpExchange(boost::asio::io_context& io, std::string server, std::string where, std::function<std::string()> explain_tls)
    : done_(io), server_(std::move(server)), where_(std::move(where)), explain_tls_(std::move(explain_tls)) {}

void HttpExchange::start(std::shared_ptr<web::http::client::http_client> client, web::http::http_request request) {
  const auto self = shared_from_this();
  request.set_progress_handler([self](auto direction, auto bytes) {
    if (direction == web::http::message_direction::upload) return self->on_sending(bytes);
    if (bytes > kMostBody) throw web::http::http_exception(kAnswerTooLarge);
  });
  pplx::task<std::vector<unsigned char>> body;
  try {
    body = client->request(request, stop_.get_token()).then([self](pplx::task<web::http::http_response> head) {
      self->response_ = head.get();
      return self->response_.extract_vector();
    });
  } catch (...) {
    body = pplx::task_from_exception<std::vector<unsigned char>>(std::current_exception());
  }
  // Task-based, so it runs whatever happened and observes every exception; pplx ends the process for one that nobody saw.
  body.then([self, client](const pplx::task<std::vector<unsigned char>>& ended) { self->finish(ended); });
}

void HttpExchange::start_stream(std::shared_ptr<web::http::client::http_client> client, web::http::http_request request,
                                std::shared_ptr<HttpPipe> pipe, Size size) {
  const auto self = shared_from_this();
  request.set_progress_handler([self, size](auto direction, auto bytes) {
    if (direction == web::http::message_direction::upload) return self->on_sending(bytes);
    if (size == Size::kBounded && bytes > kMostBody) throw web::http::http_exception(kAnswerTooLarge);
  });
  request.set_response_stream(pipe->sink());
  pplx::task<web::http::http_response> body;
  try {
    body = client->request(request, stop_.get_token()).then([self](pplx::task<web::http::http_response> head) {
      self->response_ = head.get();
      self->report_head();
      return self->response_.content_ready();
    });
  } catch (...) {
    body = pplx::task_from_exception<web::http::http_response>(std::current_exception());
  }
  body.then([self, client, pipe](const pplx::task<web::http::http_response>& ended) { self->finish_stream(ended, pipe); });
}

bool HttpExchange::stop_before_sending() {
  Phase expected = Phase::kConnecting;
  return phase_.compare_exchange_strong(expected, Phase::kStopped) || expected == Phase::kStopped;
}

void HttpExchange::drop() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = false;
    if (ended_) return;  // cancelling now could close the connection after it went back to the pool
  }
  stop_.cancel();
}

// `sent`: bytes of the body. At none it begins; anew, where a kept connection turned out closed: that may be too late by now as well.
void HttpExchange::on_sending(utility::size64_t sent) {
  const bool late = sent == 0 && latest_ && std::chrono::steady_clock::now() >= *latest_;
  Phase before = Phase::kConnecting;
  phase_.compare_exchange_strong(before, late ? Phase::kStopped : Phase::kSent);
  if (before == Phase::kStopped || late) throw web::http::http_exception(kStopped);
}

HttpResponse HttpExchange::head() const {
  HttpResponse head;
  head.status = response_.status_code();
  for (const auto& [name, value] : response_.headers()) head.headers[lower(name)] = value;
  return head;
}

void HttpExchange::report_head() {
  HttpOutcome outcome{.result = head()};
  const std::lock_guard lock(mutex_);
  if (wanted_) done_.set(std::move(outcome));
}

void HttpExchange::finish_stream(const pplx::task<web::http::http_response>& body, const std::shared_ptr<HttpPipe>& pipe) {
  std::optional<HttpOutcome> broken;
  try {
    (void)body.get();
  } catch (...) {
    broken = failure(std::current_exception());
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  response_ = web::http::http_response();
  if (!broken) return pipe->end(std::nullopt);
  pipe->end(broken->result.error());
  if (wanted_) done_.set(std::move(*broken));  // without effect when the head was there
}

void HttpExchange::finish(const pplx::task<std::vector<unsigned char>>& body) {
  HttpOutcome outcome = read_answer(body);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  response_ = web::http::http_response();
  if (wanted_) done_.set(std::move(outcome));
}

HttpOutcome HttpExchange::read_answer(const pplx::task<std::vector<unsigned char>>& body) const {
  try {
    const std::vector<unsigned char> bytes = body.get();
    HttpResponse response = head();
    response.body.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());  // at once, where iterators take byte by byte
    return {.result = std::move(response)};
  } catch (...) {
    return failure(std::current_exception());
  }
}

HttpOutcome HttpExchange::failure(const std::exception_ptr& reason) const {
  try {
    std::rethrow_exception(reason);
  } catch (const web::http::http_exception& e) {
    return failure(e.what(), e.error_code().value());
  } catch (const std::exception& e) {
    return failure(e.what(), 0);
  } catch (...) {
    return failure("unknown failure", 0);
  }
}

// cpprestsdk tells the step by its message only, and the reason by a number whose category is lost.
HttpOutcome HttpExchange::failure(const std::string& message, int code) const {
  const auto of = [&](ErrorKind kind, std::string what) {
    return HttpOutcome{.result = Error{.kind = kind, .what = std::move(what), .where = where_}};
  };
  const std::string reason = code > 0 && code < 200 ? " (" + std::generic_category().message(code) + ")" : "";
  const bool half_written = message.starts_with("Failed to write request");
  if (message.find(kAnswerTooLarge) != std::string::npos) return of(ErrorKind::kMalformed, kAnswerTooLarge);
  if (message.find("Invalid HTTP status line") != std::string::npos) return of(ErrorKind::kMalformed, server_ + " does not speak HTTP");

  if (phase_ != Phase::kSent && !half_written) {
    const std::string refusal = explain_tls_ ? explain_tls_() : "";
    if (message.starts_with("Error in SSL handshake")) {
      if (refusal.empty()) return of(ErrorKind::kUnreachable, "the TLS handshake with " + server_ + " failed");
      return of(ErrorKind::kUnreachable, "the certificate of " + server_ + " is not trusted: " + refusal);
    }
    if (message.starts_with("Error resolving") || message.starts_with("Failed to resolve")) {
      return of(ErrorKind::kUnreachable, "the host name of " + server_ + " cannot be resolved");
    }
    if (message.starts_with("Expected a 200 response from proxy")) {
      return of(ErrorKind::kUnreachable, "the proxy refuses to connect to " + server_);
    }
    return of(ErrorKind::kUnreachable, "cannot connect to " + server_ + reason);
  }
  if (code == static_cast<int>(std::errc::timed_out))
    return of(ErrorKind::kTimeout, server_ + " went silent before its answer was complete");
  HttpOutcome outcome = of(ErrorKind::kInterrupted, "the connection to " + server_ + " broke before the answer was complete");
  outcome.unanswered = half_written || message.starts_with("Failed to read HTTP status line");
  return outcome;
}

}  // namespace lepton_operator::base
