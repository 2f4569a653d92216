// A transport whose answers a test writes down beforehand, for send() and open() alike.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http.h"

namespace lepton_operator::kube::test {

// Brings its chunks, then the end or the failure.
class ScriptedStream final : public base::HttpStream {
 public:
  ScriptedStream(base::HttpResponse head, std::deque<std::string> chunks, std::optional<base::Error> failure)
      : head_(std::move(head)), chunks_(std::move(chunks)), failure_(std::move(failure)) {}
  const base::HttpResponse& head() const override { return head_; }
  boost::asio::awaitable<base::Result<std::string>> read(base::Context) override {
    if (chunks_.empty() && failure_) co_return *failure_;
    if (chunks_.empty()) co_return std::string();
    std::string next = std::move(chunks_.front());
    chunks_.pop_front();
    co_return next;
  }

 private:
  base::HttpResponse head_;
  std::deque<std::string> chunks_;
  std::optional<base::Error> failure_;
};

class ScriptedTransport final : public base::HttpTransport {
 public:
  struct Sent {
    base::HttpRequest request;
    std::optional<base::Timestamp> deadline;
    bool streamed = false;

    std::string header(const std::string& name) const {
      for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
      }
      return "";
    }
  };

  // In order; the last one again and again. The body of a stream comes in the chunks given, `body` first.
  ScriptedTransport& then(int status, std::string body = "{}", std::map<std::string, std::string> headers = {},
                          std::deque<std::string> more = {}) {
    more.push_front(std::move(body));
    answers_.push_back({{.status = status, .headers = std::move(headers)}, std::move(more), std::nullopt});
    return *this;
  }
  ScriptedTransport& then_fail(base::ErrorKind kind) {
    answers_.push_back({{}, {}, base::Error{.kind = kind, .what = "scripted"}});
    return *this;
  }

  const std::vector<Sent>& sent() const { return sent_; }
  const Sent& last() const { return sent_.back(); }

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override {
    Answer answer = next(context, std::move(request), false);
    if (answer.failure) co_return *answer.failure;
    for (const std::string& chunk : answer.chunks) answer.head.body += chunk;
    co_return answer.head;
  }

  boost::asio::awaitable<base::Result<std::unique_ptr<base::HttpStream>>> open(base::Context context, base::HttpRequest request) override {
    Answer answer = next(context, std::move(request), true);
    if (answer.failure) co_return *answer.failure;
    co_return std::make_unique<ScriptedStream>(answer.head, answer.chunks, std::nullopt);
  }

 private:
  struct Answer {
    base::HttpResponse head;
    std::deque<std::string> chunks;
    std::optional<base::Error> failure;
  };

  Answer next(const base::Context& context, base::HttpRequest request, bool streamed) {
    sent_.push_back({std::move(request), context.deadline(), streamed});
    Answer answer = answers_.empty() ? Answer{{.status = 200}, {"{}"}, std::nullopt} : answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  std::deque<Answer> answers_;
  std::vector<Sent> sent_;
};

}  // namespace lepton_operator::kube::test
