#include "fakeapi/history.h"

#include <algorithm>

#include "base/json.h"

namespace lepton_operator::fakeapi {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

// As the real one does it: not a refusal, but an event of a stream that was begun.
std::string too_old(long since, long forgotten) {
  base::Json event = base::json_object();
  event["type"] = base::Json::string("ERROR");
  base::Json& status = event["object"] = base::json_object();
  status["kind"] = base::Json::string("Status");
  status["apiVersion"] = base::Json::string("v1");
  status["status"] = base::Json::string("Failure");
  status["message"] = base::Json::string("too old resource version: " + std::to_string(since) + " (" + std::to_string(forgotten) + ")");
  status["reason"] = base::Json::string("Expired");
  status["code"] = base::Json::number(410);
  return base::to_text(event) + "\n";
}

}  // namespace

struct History::Watch {
  explicit Watch(boost::asio::io_context& io) : changed(io) {}
  bool concerns(const std::string& path) const { return place.holds(path) && selected(path, field_selector); }

  base::Signal changed;
  Place place;
  std::string field_selector;
  std::deque<std::string> lines;
  std::shared_ptr<bool> paused;
  bool closed = false;
};

class History::Stream final : public base::HttpStream {
 public:
  Stream(std::shared_ptr<Watch> watch, std::chrono::seconds timeout) : watch_(std::move(watch)), timeout_(timeout) { head_.status = 200; }

  const base::HttpResponse& head() const override { return head_; }

  boost::asio::awaitable<Result<std::string>> read(Context context) override {
    if (!ends_at_ && timeout_.count() > 0) ends_at_ = context.clock().now() + timeout_;
    while ((watch_->lines.empty() || *watch_->paused) && !watch_->closed) {
      Context patience = context;
      if (ends_at_) patience = context.with_timeout(*ends_at_ - context.clock().now());
      const bool woken = co_await watch_->changed.wait(patience);
      if (woken) continue;
      if (context.expired()) co_return Error{ErrorKind::kTimeout, "no event"};
      watch_->closed = true;  // its own time is over
    }
    if (watch_->lines.empty() || *watch_->paused) co_return std::string();
    std::string line = std::move(watch_->lines.front());
    watch_->lines.pop_front();
    co_return line;
  }

 private:
  std::shared_ptr<Watch> watch_;
  std::chrono::seconds timeout_;
  std::optional<base::Timestamp> ends_at_;
  base::HttpResponse head_;
};

std::vector<std::shared_ptr<History::Watch>> History::alive() {
  std::vector<std::shared_ptr<Watch>> found;
  std::erase_if(watches_, [](const std::weak_ptr<Watch>& watch) { return watch.expired(); });
  for (const auto& watch : watches_) found.push_back(watch.lock());
  return found;
}

void History::add(long version, const std::string& path, std::string line) {
  for (const auto& watch : alive()) {
    if (!watch->concerns(path)) continue;
    watch->lines.push_back(line);
    watch->changed.notify();
  }
  events_.push_back({version, path, std::move(line)});
}

void History::forget(long until) {
  forgotten_ = until;
  std::erase_if(events_, [until](const Event& event) { return event.version <= until; });
}

void History::pause(bool paused) {
  *paused_ = paused;
  if (paused) return;
  for (const auto& watch : alive()) watch->changed.notify();
}

void History::close_all() {
  for (const auto& watch : alive()) {
    watch->closed = true;
    watch->changed.notify();
  }
  watches_.clear();
}

std::unique_ptr<base::HttpStream> History::watch(Place place, std::string field_selector, long since, std::chrono::seconds timeout) {
  auto watch = std::make_shared<Watch>(io_);
  watch->place = std::move(place);
  watch->field_selector = std::move(field_selector);
  watch->paused = paused_;
  if (since < forgotten_) {
    watch->lines.push_back(too_old(since, forgotten_));
    watch->closed = true;
  } else {
    for (const Event& event : events_) {
      if (event.version > since && watch->concerns(event.path)) watch->lines.push_back(event.line);
    }
    watches_.push_back(watch);
  }
  return std::make_unique<Stream>(std::move(watch), timeout);
}

}  // namespace lepton_operator::fakeapi
