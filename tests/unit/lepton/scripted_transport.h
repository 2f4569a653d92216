// A transport that answers by a script, for the tests of lepton::Client itself; everything above it is tested on the simulator.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http.h"

namespace lepton_operator::lepton::test {

class ScriptedTransport final : public base::HttpTransport {
 public:
  using Script = std::function<base::Result<base::HttpResponse>(const base::HttpRequest&)>;

  explicit ScriptedTransport(base::Clock& clock) : clock_(clock) {}

  struct Sent {
    base::Timestamp at;
    base::HttpRequest request;
    std::optional<base::Timestamp> deadline;
  };

  // The answers to come, in order; when there are none left, `always`.
  ScriptedTransport& then(int status, std::string body = "", std::map<std::string, std::string> headers = {}) {
    next_.push_back([=](const base::HttpRequest&) { return base::HttpResponse{status, headers, body}; });
    return *this;
  }
  ScriptedTransport& then(Script script) {
    next_.push_back(std::move(script));
    return *this;
  }
  void always(int status, std::string body = "") {
    always([=](const base::HttpRequest&) { return base::HttpResponse{status, {}, body}; });
  }
  void always(Script script) { always_ = std::move(script); }
  void take(base::Milliseconds each) { takes_ = each; }  // an answer needs this long

  const std::vector<Sent>& sent() const { return sent_; }
  int most_at_once() const { return most_; }

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override {
    sent_.push_back(Sent{clock_.now(), request, context.deadline()});
    most_ = std::max(most_, ++under_way_);
    Script script = always_;
    if (!next_.empty()) {
      script = next_.front();
      next_.pop_front();
    }
    bool whole = true;
    if (takes_.count() > 0) whole = co_await clock_.sleep(context, takes_);
    --under_way_;
    if (!whole) {
      const auto kind = context.cancelled() ? base::ErrorKind::kInterrupted : base::ErrorKind::kTimeout;
      co_return base::Error{kind, "no answer in time"};
    }
    co_return script(request);
  }

 private:
  base::Clock& clock_;
  std::deque<Script> next_;
  Script always_ = [](const base::HttpRequest&) { return base::HttpResponse{200, {}, "{}"}; };
  base::Milliseconds takes_{0};
  std::vector<Sent> sent_;
  int under_way_ = 0;
  int most_ = 0;
};

}  // namespace lepton_operator::lepton::test
