#include "faults/wire.h"

#include <algorithm>
#include <utility>

#include "base/async.h"

namespace lepton_operator::faults {

using base::Error;
using base::ErrorKind;
using base::Method;
using base::Milliseconds;
using namespace std::chrono_literals;

namespace {

constexpr Milliseconds kLate = 15s;     // within the deadline of what creates (20 s)
constexpr Milliseconds kOverdue = 45s;  // beyond that and the settling time
constexpr Milliseconds kWhile = 40s;
constexpr Milliseconds kLateUnderAnother = 18s;  // a lease is taken over after 15 s
constexpr Milliseconds kCutOffFor = 60s;
constexpr Milliseconds kStale = 10s;  // the settling time

HttpResponse lepton_refuses(int status) { return {status, {}, R"({"code":"Fault","message":"injected fault"})"}; }

HttpResponse kubernetes_refuses(int status) {
  const char* reason = status == 401 ? "Unauthorized" : status == 409 ? "Conflict" : status == 429 ? "TooManyRequests" : "InternalError";
  return {status,
          {},
          std::string(R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"injected fault","reason":")") + reason +
              R"(","code":)" + std::to_string(status) + "}"};
}

HttpResponse refused(Side side, int status) {
  HttpResponse response = side == Side::kLepton ? lepton_refuses(status) : kubernetes_refuses(status);
  if (status == 429) response.headers["retry-after"] = "2";
  return response;
}

Error broken() { return {ErrorKind::kInterrupted, "the connection broke before the answer came"}; }

bool is_watch(const HttpRequest& request) {
  for (const auto& [name, value] : request.query) {
    if (name == "watch") return true;
  }
  return false;
}

// "/api/v2/workspaces/ws-sim/jobs" -> "/jobs".
std::string path_in_workspace(const std::string& path) {
  const std::size_t at = path.find('/', std::string("/api/v2/workspaces/").size());
  return path.starts_with("/api/v2/workspaces/") && at != std::string::npos ? path.substr(at) : path;
}

bool lists(Side side, const HttpRequest& request) {
  if (request.method != Method::kGet) return false;
  const std::string path = path_in_workspace(request.path);
  if (side == Side::kLepton) return path == "/deployments" || path == "/endpoints" || path == "/jobs" || path == "/usersecrets";
  return request.path.ends_with("/invocations") || request.path.ends_with("/workspaces") || request.path.ends_with("/namespaces");
}

}  // namespace

// A watch whose events may be doubled, cut, lost, or kept back for a while.
class Wire::Stream final : public base::HttpStream {
 public:
  Stream(Wire& wire, std::unique_ptr<base::HttpStream> from, std::size_t call, Aim aim, std::shared_ptr<Timestamp> cut_off_until)
      : wire_(wire), from_(std::move(from)), call_(call), aim_(aim), cut_off_until_(std::move(cut_off_until)) {}

  const HttpResponse& head() const override { return from_->head(); }

  boost::asio::awaitable<Result<std::string>> read(Context context) override {
    if (ended_) co_return std::string();
    if (!again_.empty()) co_return std::exchange(again_, {});
    Result<std::string> line = co_await from_->read(context);
    if (!line || line->empty()) co_return line;
    for (Timestamp until = silent_until(); wire_.around_.now() < until; until = silent_until()) {
      const bool whole = co_await context.clock().sleep(context, until - wire_.around_.now());
      if (!whole) co_return broken();
    }
    const int number = ++wire_.calls_[call_].events;
    if (aim_.fault == Fault::kTruncatedReply && number == 1) {
      ended_ = true;
      wire_.met_ = true;
      co_return line->substr(0, line->size() / 2);
    }
    if (aim_.event != number) co_return line;
    wire_.met_ = true;
    if (aim_.fault == Fault::kDuplicateEvent) {
      again_ = *line;
      co_return line;
    }
    // This one and the next are never seen; by the time that somebody would ask for them, history has gone on.
    ended_ = true;
    const Context soon = context.with_timeout(kStale);
    co_await from_->read(soon);
    co_return std::string(
        R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410}})"
        "\n");
  }

 private:
  Timestamp silent_until() const { return std::max(wire_.silent_until_, *cut_off_until_); }

  Wire& wire_;
  std::unique_ptr<base::HttpStream> from_;
  std::size_t call_;
  Aim aim_;
  std::shared_ptr<Timestamp> cut_off_until_;
  std::string again_;
  bool ended_ = false;
};

class Wire::Transport final : public base::HttpTransport {
 public:
  Transport(Wire& wire, boost::asio::io_context& io, Side side, std::function<void()> crash, std::shared_ptr<Timestamp> cut_off_until)
      : wire_(wire), never_(io), side_(side), crash_(std::move(crash)), cut_off_until_(std::move(cut_off_until)) {}

  boost::asio::awaitable<Result<HttpResponse>> send(Context context, HttpRequest request) override {
    using Reply = Result<HttpResponse>;
    if (context.expired()) co_return Reply(Error{ErrorKind::kCancelled, "cancelled before it was sent"});
    const int number = wire_.begin(side_, request, false);
    const Fault fault = wire_.fault_at(number);
    if (fault == Fault::kCrashBefore) co_await die(context);
    wire_.around_.sent(side_, request);
    if (fault == Fault::kCutOff) *cut_off_until_ = wire_.around_.now() + kCutOffFor;
    if (cut_off()) {
      co_await unanswered(context);
      co_return ended(context, request);
    }
    const bool changes = request.method != Method::kGet && request.method != Method::kHead;
    switch (fault) {
      case Fault::kCrashLateCommit:
        commit_in(kLate, request);
        co_await die(context);
        break;
      case Fault::kCrashAfter:
        wire_.answer(side_, request);
        co_await die(context);
        break;
      case Fault::kReplyLost: wire_.answer(side_, request); co_return no_reply(request);
      case Fault::kServerError:
        if (changes) wire_.answer(side_, request);
        co_return replied(request, refused(side_, 500));
      case Fault::kConflict: co_return replied(request, refused(side_, 409));
      case Fault::kThrottled: co_return replied(request, refused(side_, 429));
      case Fault::kTimeout: {
        co_await unanswered(context);
        co_return ended(context, request);
      }
      case Fault::kCutOff:
      case Fault::kLateCommit:
      case Fault::kOverdueCommit: {
        commit_in(fault == Fault::kCutOff ? kLateUnderAnother : fault == Fault::kLateCommit ? kLate : kOverdue, request);
        co_await unanswered(context);
        co_return ended(context, request);
      }
      case Fault::kTruncatedReply: {
        HttpResponse response = wire_.answer(side_, request);
        response.body.resize(response.body.size() / 2);
        co_return replied(request, std::move(response));
      }
      case Fault::kStaleList: wire_.freeze_lists(); break;
      case Fault::kNone:
      case Fault::kCrashBefore:
      case Fault::kUnauthorized:
      case Fault::kNotFound:
      case Fault::kDuplicateEvent:
      case Fault::kDroppedEvents: break;
    }
    if (auto refusal = wire_.refusal(side_)) co_return replied(request, std::move(*refusal));
    HttpResponse response = wire_.answer(side_, request);
    wire_.calls_[static_cast<std::size_t>(number) - 1].answered = !response.body.empty();
    co_return replied(request, std::move(response));
  }

  boost::asio::awaitable<Result<std::unique_ptr<base::HttpStream>>> open(Context context, HttpRequest request) override {
    using Reply = Result<std::unique_ptr<base::HttpStream>>;
    if (context.expired()) co_return Reply(Error{ErrorKind::kCancelled, "cancelled before it was sent"});
    const int number = wire_.begin(side_, request, true);
    const Fault fault = wire_.fault_at(number);
    Aim of_stream = wire_.aim_.call == number ? wire_.aim_ : Aim{};
    switch (fault) {
      case Fault::kCrashBefore: co_await die(context); break;
      case Fault::kReplyLost: co_return Reply(broken());
      case Fault::kServerError: co_return opened(refused(side_, 500));
      case Fault::kThrottled: co_return opened(refused(side_, 429));
      case Fault::kCutOff:
      case Fault::kTimeout: {
        if (fault == Fault::kCutOff) *cut_off_until_ = wire_.around_.now() + kCutOffFor;
        co_await unanswered(context);
        co_return Reply(Error{context.cancelled() ? ErrorKind::kInterrupted : ErrorKind::kTimeout, "no answer came in time"});
      }
      case Fault::kStaleList: wire_.silent_until_ = wire_.around_.now() + kStale; break;
      default: break;
    }
    if (cut_off()) {
      co_await unanswered(context);
      co_return Reply(Error{ErrorKind::kTimeout, "no answer came in time"});
    }
    if (auto refusal = wire_.refusal(side_)) co_return opened(std::move(*refusal));
    std::unique_ptr<base::HttpStream> stream =
        std::make_unique<Stream>(wire_, wire_.around_.watch(request), static_cast<std::size_t>(number) - 1, of_stream, cut_off_until_);
    co_return Reply(std::move(stream));
  }

 private:
  // A refusal in place of a watch.
  class Refusal final : public base::HttpStream {
   public:
    explicit Refusal(HttpResponse response) : head_(std::move(response)), body_(std::exchange(head_.body, {})) {}
    const HttpResponse& head() const override { return head_; }
    boost::asio::awaitable<Result<std::string>> read(Context) override { co_return std::exchange(body_, {}); }

   private:
    HttpResponse head_;
    std::string body_;
  };

  static Result<std::unique_ptr<base::HttpStream>> opened(HttpResponse refusal) {
    std::unique_ptr<base::HttpStream> stream = std::make_unique<Refusal>(std::move(refusal));
    return stream;
  }

  boost::asio::awaitable<void> unanswered(Context context) {
    while (!context.expired()) co_await never_.wait(context);
  }
  // The process is ended before anything of it runs again.
  boost::asio::awaitable<void> die(Context context) {
    crash_();
    co_await unanswered(context);
  }
  bool cut_off() const { return side_ == Side::kKubernetes && wire_.around_.now() < *cut_off_until_; }
  void commit_in(Milliseconds time, const HttpRequest& request) {
    wire_.around_.later(time, [&wire = wire_, side = side_, request] { wire.answer(side, request); });
  }

  Result<HttpResponse> replied(const HttpRequest& request, HttpResponse response) {
    wire_.around_.answered(side_, request, &response);
    return response;
  }
  Result<HttpResponse> no_reply(const HttpRequest& request) {
    wire_.around_.answered(side_, request, nullptr);
    return broken();
  }
  Result<HttpResponse> ended(const Context& context, const HttpRequest& request) {
    wire_.around_.answered(side_, request, nullptr);
    return Error{context.cancelled() ? ErrorKind::kInterrupted : ErrorKind::kTimeout, "no answer came in time"};
  }

  Wire& wire_;
  base::Signal never_;
  const Side side_;
  std::function<void()> crash_;
  std::shared_ptr<Timestamp> cut_off_until_;
};

std::shared_ptr<base::HttpTransport> Wire::transport(boost::asio::io_context& io, Side side, std::function<void()> crash,
                                                     std::shared_ptr<Timestamp> cut_off_until) {
  return std::make_shared<Transport>(*this, io, side, std::move(crash), std::move(cut_off_until));
}

int Wire::begin(Side side, const HttpRequest& request, bool watch) {
  Call call;
  call.side = side;
  call.method = request.method;
  call.path = path_in_workspace(request.path);
  call.watch = watch || is_watch(request);
  call.list = lists(side, request) && !call.watch;
  if (call.list && side == Side::kLepton) lists_.try_emplace(key_of(request), request);
  if (call.changes()) ++writes_;
  calls_.push_back(std::move(call));
  return static_cast<int>(calls_.size());
}

Fault Wire::fault_at(int number) {
  if (number != aim_.call) return Fault::kNone;
  if (aim_.event == 0) met_ = true;
  const Side side = calls_.back().side;
  if (aim_.fault == Fault::kUnauthorized || aim_.fault == Fault::kNotFound) {
    lasting_ = aim_.fault;
    lasting_side_ = side;
    lasts_until_ = around_.now() + kWhile;
  }
  return aim_.fault;
}

std::optional<HttpResponse> Wire::refusal(Side side) const {
  if (lasting_ == Fault::kNone || side != lasting_side_ || around_.now() >= lasts_until_) return std::nullopt;
  return refused(side, lasting_ == Fault::kUnauthorized ? 401 : 404);
}

HttpResponse Wire::answer(Side side, const HttpRequest& request) {
  if (side == Side::kLepton && around_.now() < frozen_until_ && lists(side, request)) {
    const auto frozen = frozen_.find(key_of(request));
    if (frozen != frozen_.end()) return frozen->second;
  }
  return around_.commit(side, request);
}

// As of now, before the call that this happens at takes effect.
void Wire::freeze_lists() {
  for (const auto& [key, request] : lists_) frozen_[key] = around_.commit(Side::kLepton, request);
  frozen_until_ = around_.now() + kStale;
  silent_until_ = around_.now() + kStale;
}

std::string Wire::key_of(const HttpRequest& request) const {
  std::string key = request.path;
  for (const auto& [name, value] : request.query) key += "&" + name + "=" + value;
  return key;
}

}  // namespace lepton_operator::faults
