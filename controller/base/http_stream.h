// The body of an answer that is read while it comes: a pipe from cpprestsdk's pool to the domain thread, and the HttpStream at its end.
//
// Bytes are handed on as cpprestsdk has them: a chunk of a chunked body as soon as it is whole; a body without chunks in blocks of 64 KiB
// (256 KiB on a kept connection), the last one at its end. Who reads slowly slows the sender down: above kMostPending the connection is not
// read any further.
//
// Thread rule: push() and end() on the pool, all else on the domain thread. After close() nothing is posted to the io_context any more, so
// that it may go while the pool still holds the pipe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <cpprest/astreambuf.h>
#include <cpprest/streams.h>
#include <pplx/pplxtasks.h>

#include "base/async.h"
#include "base/http.h"
#include "base/http_exchange.h"

namespace lepton_operator::base {

class HttpPipe : public std::enable_shared_from_this<HttpPipe> {
 public:
  static constexpr std::size_t kMostPending = 8u << 20;

  explicit HttpPipe(boost::asio::io_context& io);

  // Where cpprestsdk writes the body to.
  concurrency::streams::ostream sink();

  // The task ends when more may be pushed.
  pplx::task<std::size_t> push(std::string_view bytes);
  void end(std::optional<Error> reason);

  boost::asio::awaitable<Result<std::string>> read(Context context);
  void close();

 private:
  std::optional<Result<std::string>> take();
  void wake();  // by mutex_

  boost::asio::io_context& io_;
  Signal more_;
  std::mutex mutex_;  // guards all below
  std::string pending_;
  bool wanted_ = true;
  bool ended_ = false;
  std::optional<Error> reason_;
  std::optional<pplx::task_completion_event<void>> held_;  // the sender's, while there is too much
};

class CpprestStream final : public HttpStream {
 public:
  CpprestStream(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<HttpPipe> pipe);
  ~CpprestStream() override;
  CpprestStream(const CpprestStream&) = delete;
  CpprestStream& operator=(const CpprestStream&) = delete;

  void begin(HttpResponse head) { head_ = std::move(head); }

  const HttpResponse& head() const override { return head_; }
  boost::asio::awaitable<Result<std::string>> read(Context context) override;

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  const std::shared_ptr<HttpPipe> pipe_;
  HttpResponse head_;
};

}  // namespace lepton_operator::base
