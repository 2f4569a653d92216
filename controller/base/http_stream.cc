#include "base/http_stream.h"

#include <boost/asio/post.hpp>
#include <cpprest/producerconsumerstream.h>

namespace lepton_operator::base {

namespace {

// Only its writing side is used, and that leads into the pipe.
class Sink final : public concurrency::streams::details::basic_producer_consumer_buffer<std::uint8_t> {
 public:
  explicit Sink(std::shared_ptr<HttpPipe> pipe) : basic_producer_consumer_buffer(1), pipe_(std::move(pipe)) {}

 protected:
  using basic_producer_consumer_buffer::_putn;
  pplx::task<std::size_t> _putn(const std::uint8_t* bytes, std::size_t count) override {
    return pipe_->push({reinterpret_cast<const char*>(bytes), count});
  }

 private:
  const std::shared_ptr<HttpPipe> pipe_;
};

}  // namespace

HttpPipe::HttpPipe(boost::asio::io_context& io) : io_(io), more_(io) {}

concurrency::streams::ostream HttpPipe::sink() {
  const std::shared_ptr<concurrency::streams::details::basic_streambuf<std::uint8_t>> sink = std::make_shared<Sink>(shared_from_this());
  return concurrency::streams::ostream(concurrency::streams::streambuf<std::uint8_t>(sink));
}

pplx::task<std::size_t> HttpPipe::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!wanted_) return pplx::task_from_result(bytes.size());
  if (pending_.empty()) wake();  // whoever is woken takes all there is
  pending_ += bytes;
  if (pending_.size() < kMostPending) return pplx::task_from_result(bytes.size());
  held_.emplace();
  return pplx::create_task(*held_).then([count = bytes.size()] { return count; });
}

void HttpPipe::end(std::optional<Error> reason) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  reason_ = std::move(reason);
  wake();
}

void HttpPipe::wake() {
  if (wanted_) boost::asio::post(io_, [self = shared_from_this()] { self->more_.notify(); });
}

std::optional<Result<std::string>> HttpPipe::take() {
  const std::lock_guard lock(mutex_);
  if (pending_.empty() && !ended_) return std::nullopt;
  if (pending_.empty() && reason_) return *reason_;
  if (held_) held_->set();  // its continuation runs on the pool
  held_.reset();
  return std::exchange(pending_, {});
}

boost::asio::awaitable<Result<std::string>> HttpPipe::read(Context context) {
  const auto self = shared_from_this();  // the stream may be destroyed by whoever wakes us
  for (;;) {
    if (auto bytes = take()) co_return std::move(*bytes);
    if (context.cancelled()) co_return Error{.kind = ErrorKind::kCancelled, .what = "reading on was given up"};
    if (context.expired()) co_return Error{.kind = ErrorKind::kTimeout, .what = "nothing more of the answer came in time"};
    co_await more_.wait(context);
  }
}

void HttpPipe::close() {
  const std::lock_guard lock(mutex_);
  wanted_ = false;
  pending_.clear();
  if (held_) held_->set();  // else it and what waits for it would keep each other
  held_.reset();
}

CpprestStream::CpprestStream(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<HttpPipe> pipe)
    : exchange_(std::move(exchange)), pipe_(std::move(pipe)) {}

CpprestStream::~CpprestStream() {
  exchange_->drop();
  pipe_->close();
}

boost::asio::awaitable<Result<std::string>> CpprestStream::read(Context context) { return pipe_->read(std::move(context)); }

}  // namespace lepton_operator::base
