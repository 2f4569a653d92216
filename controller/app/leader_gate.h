// A transport that begins nothing once this process may not act any more: the last gate before the wire, whoever asks.
//
// Thread rule: domain thread only. Refused requests are kCancelled: they had no effect.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/http.h"

namespace lepton_operator::app {

class LeaderGate final : public base::HttpTransport {
 public:
  LeaderGate(std::shared_ptr<base::HttpTransport> behind, std::function<bool()> open)
      : behind_(std::move(behind)), open_(std::move(open)) {}

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override {
    if (!open_()) co_return closed();
    base::Result<base::HttpResponse> answer = co_await behind_->send(context, std::move(request));
    co_return answer;
  }

  boost::asio::awaitable<base::Result<std::unique_ptr<base::HttpStream>>> open(base::Context context, base::HttpRequest request) override {
    if (!open_()) co_return closed();
    base::Result<std::unique_ptr<base::HttpStream>> stream = co_await behind_->open(context, std::move(request));
    co_return stream;
  }

 private:
  static base::Error closed() { return base::Error{base::ErrorKind::kCancelled, "not sent: this process does not lead (any more)"}; }

  std::shared_ptr<base::HttpTransport> behind_;
  std::function<bool()> open_;
};

}  // namespace lepton_operator::app
