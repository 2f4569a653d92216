// One request and its answer through cpprestsdk, as a state that both threads may touch, the domain's and the pool's, where there is a
// pool.
//
// The library's callbacks report through it; the domain thread may stop wanting it at any time. Whether the request can have taken effect
// is known by its phase: cpprestsdk reports upload progress when the headers are out and before the body is, so a request with a body that
// was stopped before that moment is never completed on the wire.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <cpprest/http_client.h>
#include <pplx/pplxtasks.h>

#include "base/async.h"
#include "base/http.h"

namespace lepton_operator::base {

class HttpPipe;

struct HttpOutcome {
  Result<HttpResponse> result;
  bool unanswered = false;  // not one byte of an answer came: a kept-alive connection may have been dead
};

class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  // `server` for sentences, "host:port"; `where` is the method and URL. `explain_tls` tells why a certificate was refused, if one was.
  HttpExchange(boost::asio::io_context& io, std::string server, std::string where, std::function<std::string()> explain_tls);

  // Before start(): a body that has not begun to leave by then never does. The pool's threads see to it themselves: after a process was
  // frozen they may be the first to run.
  void not_after(std::chrono::steady_clock::time_point latest) { latest_ = latest; }

  // Any failure, even at once, comes as an outcome. `client` lives until the exchange ended on the pool too.
  void start(std::shared_ptr<web::http::client::http_client> client, web::http::http_request request);

  // The same, but the outcome is there with the head of the answer, and the body goes through the pipe.
  enum class Size { kBounded, kAny };
  void start_stream(std::shared_ptr<web::http::client::http_client> client, web::http::http_request request, std::shared_ptr<HttpPipe> pipe,
                    Size size);

  boost::asio::awaitable<HttpOutcome> outcome() const { return done_.wait(); }

  // Domain thread: answers now, for our own reasons. The first answer of all counts.
  void answer(HttpOutcome outcome) const { done_.set(std::move(outcome)); }

  // True when the request was not yet sent, and from now on will not be.
  bool stop_before_sending();

  // From now on nothing is reported; the connection is closed unless the exchange had ended.
  void drop();

 private:
  enum class Phase { kConnecting, kSent, kStopped };

  void on_sending(utility::size64_t sent);
  HttpResponse head() const;
  void report_head();
  void finish_stream(const pplx::task<web::http::http_response>& body, const std::shared_ptr<HttpPipe>& pipe);
  void finish(const pplx::task<std::vector<unsigned char>>& body);
  HttpOutcome read_answer(const pplx::task<std::vector<unsigned char>>& body) const;
  HttpOutcome failure(const std::exception_ptr& reason) const;
  HttpOutcome failure(const std::string& message, int code) const;

  Completion<HttpOutcome> done_;
  const std::string server_;
  const std::string where_;
  const std::function<std::string()> explain_tls_;
  std::optional<std::chrono::steady_clock::time_point> latest_;
  std::atomic<Phase> phase_ = Phase::kConnecting;
  std::mutex mutex_;
  bool wanted_ = true;  // by mutex_: reporting needs an io_context that is still there
  bool ended_ = false;  // by mutex_
  web::http::http_response response_;
  pplx::cancellation_token_source stop_;
};

}  // namespace lepton_operator::base
