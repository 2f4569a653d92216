// An API server that a test plays by hand: each request is answered by a script, each watch is fed while it is open.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/http.h"

namespace lepton_operator::kube::test {

// One watch as the server sees it.
class Watch {
 public:
  explicit Watch(boost::asio::io_context& io) : more_(io) {}

  void send(std::string bytes) {
    chunks_.push_back(std::move(bytes));
    more_.notify();
  }
  void end() {
    ended_ = true;
    more_.notify();
  }
  void break_off() {
    broken_ = true;
    end();
  }
  bool closed() const { return closed_; }  // by the client

 private:
  friend class WatchStream;
  base::Signal more_;
  std::deque<std::string> chunks_;
  bool ended_ = false;
  bool broken_ = false;
  bool closed_ = false;
};

class WatchStream final : public base::HttpStream {
 public:
  WatchStream(std::shared_ptr<Watch> watch, int status, std::map<std::string, std::string> headers) : watch_(std::move(watch)) {
    head_.status = status;
    head_.headers = std::move(headers);
  }
  ~WatchStream() override { watch_->closed_ = true; }
  const base::HttpResponse& head() const override { return head_; }
  boost::asio::awaitable<base::Result<std::string>> read(base::Context context) override {
    while (true) {
      if (!watch_->chunks_.empty()) {
        std::string chunk = std::move(watch_->chunks_.front());
        watch_->chunks_.pop_front();
        co_return chunk;
      }
      if (watch_->broken_) co_return base::Error{base::ErrorKind::kInterrupted, "the connection broke"};
      if (watch_->ended_) co_return std::string();
      const bool more = co_await watch_->more_.wait(context);
      if (!more) co_return base::Error{base::ErrorKind::kTimeout, "nothing came"};
    }
  }

 private:
  std::shared_ptr<Watch> watch_;
  base::HttpResponse head_;
};

class WatchedServer final : public base::HttpTransport {
 public:
  struct Sent {
    base::Timestamp at;
    bool watch = false;
    std::map<std::string, std::string> query;
  };
  using Answer = base::Result<base::HttpResponse>;
  using Script = std::function<Answer(const Sent&)>;

  WatchedServer(boost::asio::io_context& io, base::Clock& clock) : io_(io), clock_(clock) {}

  // What comes next, in order; when nothing is left, an empty list of version 100 and a watch that stays open.
  WatchedServer& then(int status, std::string body, std::map<std::string, std::string> headers = {}) {
    next_.push_back([=](const Sent&) -> Answer { return base::HttpResponse{status, headers, body}; });
    return *this;
  }
  void always(Script script) { always_ = std::move(script); }
  void dead() {
    always([](const Sent&) -> Answer { return base::Error{base::ErrorKind::kUnreachable, "connection refused"}; });
  }
  void alive() { always_ = nullptr; }

  const std::vector<Sent>& sent() const { return sent_; }
  Watch& watch() const { return *watches_.back(); }
  const std::vector<std::shared_ptr<Watch>>& watches() const { return watches_; }

  // To a reader in pieces; of an answer with the header "x-breaks" half of the body, and then the connection is gone.
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context, base::HttpRequest request) override {
    base::BodyReader* reader = request.reader;
    Answer answer = next(std::move(request));
    if (!answer || reader == nullptr || !answer->success()) co_return answer;
    const bool breaks = answer->headers.contains("x-breaks");
    std::string body = std::exchange(answer->body, {});
    if (breaks) body.resize(body.size() / 2);
    for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 7)))
      reader->take(rest.substr(0, 7));
    if (breaks) co_return base::Error{base::ErrorKind::kInterrupted, "the connection broke"};
    co_return answer;
  }
  boost::asio::awaitable<base::Result<std::unique_ptr<base::HttpStream>>> open(base::Context, base::HttpRequest request) override {
    Answer answer = next(std::move(request));
    if (!answer) co_return answer.error();
    auto watch = std::make_shared<Watch>(io_);
    if (!answer->body.empty()) watch->send(answer->body);
    if (answer->status != 200 || answer->headers.contains("x-end")) watch->end();
    watches_.push_back(watch);
    co_return std::unique_ptr<base::HttpStream>(std::make_unique<WatchStream>(watch, answer->status, answer->headers));
  }

 private:
  Answer next(base::HttpRequest request) {
    Sent sent{.at = clock_.now(), .watch = false, .query = {request.query.begin(), request.query.end()}};
    sent.watch = sent.query.contains("watch");
    sent_.push_back(sent);
    Script script = always_;
    if (!next_.empty()) {
      script = std::move(next_.front());
      next_.pop_front();
    }
    if (script) return script(sent);
    return base::HttpResponse{200, {}, sent.watch ? "" : R"({"metadata":{"resourceVersion":"100"},"items":[]})"};
  }

  boost::asio::io_context& io_;
  base::Clock& clock_;
  std::deque<Script> next_;
  Script always_;
  std::vector<Sent> sent_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace lepton_operator::kube::test
