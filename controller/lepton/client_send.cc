// How a request of the Client leaves: gate, token bucket, circuit breaker, deadline, and what its answer teaches them.
#include "base/strings.h"
#include "lepton/answers.h"
#include "lepton/client.h"

namespace lepton_operator::lepton {

using base::Error;
using base::ErrorKind;
using base::HttpRequest;
using base::HttpResponse;
using base::Method;

namespace {

// Requests out at a time until the token was accepted once.
constexpr int kUnprovenAtOnce = 4;
// 429 without a Retry-After.
constexpr base::Milliseconds kDefaultPause{1'000};

// Without a retry budget left, retries are a tenth of what the bucket lets pass.
base::Milliseconds pace_of_retries(double requests_per_second) {
  return std::chrono::ceil<base::Milliseconds>(std::chrono::duration<double>(10.0 / requests_per_second));
}

// Whether a request may arrive twice: of one that takes away, or says what shall be, the second changes nothing. What creates says so
// itself where its name is ours to give.
bool harmless_twice(Method method) { return method == Method::kDelete || method == Method::kPatch; }

bool reads(Method method) { return method == Method::kGet || method == Method::kHead; }

// "https://host/api/v2/workspaces/x" -> "/api/v2/workspaces/x".
std::string path_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return path == std::string::npos ? "" : url.substr(path);
}

std::string first_segment(const std::string& path) {
  const std::size_t start = path.find_first_not_of('/');
  if (start == std::string::npos) return "";
  return path.substr(start, path.find('/', start) - start);
}

// Whether the answer shows that the token was accepted. 403 does not tell, nor does what a gateway says before it looked.
bool proves_token(int status) { return status < 500 && status != 401 && status != 403 && status != 429; }

Error never_sent(const std::string& asked) { return Error{ErrorKind::kCancelled, "not sent in time: " + asked}; }

Error failed(Error error, const std::string& asked) {
  error.what = "no answer from lepton to " + asked + ": " + error.what;
  return error;
}

// The refusal of an update after which nothing would be otherwise, e.g. of one that is sent again since its answer was lost.
bool changes_nothing(const HttpResponse& response) {
  return response.status == 400 && base::lower(response.body).find("no valid field to update") != std::string::npos;
}

}  // namespace

struct Client::Leave {
  explicit Leave(Client& client) : owner(client) {}
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;
  ~Leave() { owner.leave(); }
  Client& owner;
};

Client::Client(std::shared_ptr<base::HttpTransport> transport, Credentials credentials, base::Clock& clock, base::Random& random,
               ClientOptions options)
    : transport_(std::move(transport)),
      credentials_(std::move(credentials)),
      base_path_(path_of(credentials_.url)),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      limiter_(clock, options_.requests_per_second, options_.burst),
      budget_(pace_of_retries(options_.requests_per_second)) {}

bool Client::circuit_open() const { return breaker_.open; }

Client::Call Client::call(Method method, const std::string& path) const {
  Call made;
  made.request.method = method;
  made.request.repeatable = harmless_twice(method);
  made.request.path = base_path_ + path;
  made.request.headers.emplace_back("Authorization", "Bearer " + credentials_.token);
  if (credentials_.origin) made.request.headers.emplace_back("origin", *credentials_.origin);
  made.asked = std::string(base::to_string(method)) + " " + path;
  made.resource = first_segment(path);
  made.secrets.push_back(credentials_.token);
  return made;
}

Client::Call Client::call(Method method, const std::string& path, const Json& body) const {
  Call made = call(method, path);
  made.request.body = base::to_text(body);
  made.request.content_type = "application/json";
  return made;
}

boost::asio::awaitable<bool> Client::enter(Context context) {
  while (!accepted_ && under_way_ >= kUnprovenAtOnce && !refused_locally()) {
    Context turn = context.child();
    waiting_.push_back(turn);
    co_await clock_.sleep(turn, std::chrono::hours(24));
    if (context.expired()) co_return false;
  }
  ++under_way_;
  co_return true;
}

void Client::leave() {
  --under_way_;
  const std::vector<Context> waiting = std::exchange(waiting_, {});
  for (const Context& turn : waiting) turn.cancel();
}

bool Client::refused_locally() const { return breaker_.open && clock_.now() < breaker_.probe_at; }

void Client::note_answer(const HttpResponse& response) {
  const base::Timestamp now = clock_.now();
  if (response.status == 401) {
    accepted_ = false;
    if (!breaker_.open) breaker_.probe_at = now + breaker_.backoff.next(random_);
    breaker_.open = true;
  } else if (proves_token(response.status)) {
    accepted_ = true;
    breaker_.open = false;
    breaker_.backoff.reset();
  }
  if (response.status == 429 || response.status == 503) {
    std::optional<base::Milliseconds> pause = retry_after(response, now);
    if (!pause && response.status == 429) pause = kDefaultPause;
    if (pause) limiter_.pause(now + *pause);
  }
}

void Client::note_load(const Result<HttpResponse>& response) {
  const bool failed = response ? response->status >= 500 || response->status == 429 : response.error().kind != ErrorKind::kCancelled;
  if (failed) {
    budget_.failed();
  } else if (response) {
    budget_.succeeded();
  }
}

Answer<HttpResponse> Client::send(Context context, Call call) {
  if (refused_locally()) co_return token_refused(credentials_.workspace_id, 0);
  const bool entered = co_await enter(context);
  if (!entered) co_return never_sent(call.asked);
  const Leave left(*this);
  if (refused_locally()) co_return token_refused(credentials_.workspace_id, 0);
  const bool allowed = co_await limiter_.acquire(context);
  if (!allowed || context.expired()) co_return never_sent(call.asked);
  if (refused_locally()) co_return token_refused(credentials_.workspace_id, 0);

  const Method method = call.request.method;
  if (!reads(method) && options_.may_write && !options_.may_write()) co_return never_sent(call.asked);

  const base::Timestamp sent_at = clock_.now();
  // While the circuit is open, this one is the probe, and the next may leave only after a longer wait.
  if (breaker_.open) breaker_.probe_at = sent_at + breaker_.backoff.next(random_);

  Context deadline = context.with_timeout(reads(method) ? kReadDeadline : kWriteDeadline);
  Result<HttpResponse> response = co_await transport_->send(deadline, std::move(call.request));

  const bool tells = response && !(call.optional && response->status == 401);
  if (tells) note_answer(*response);
  if (!call.optional) note_load(response);
  if (options_.observe) {
    const std::chrono::duration<double> took = clock_.now() - sent_at;
    options_.observe(base::to_string(method), call.resource, response ? response->status : 0, took.count());
  }
  if (!response) co_return failed(response.error(), call.asked);
  if (response->status >= 200 && response->status < 300) co_return response;
  if (call.updating && changes_nothing(*response)) co_return response;
  const Asked asked{call.asked,      credentials_.workspace_id, call.creating, std::move(call.secrets), std::move(call.values),
                    call.secret_body};
  co_return refusal(*response, asked, clock_.now());
}

Answer<Json> Client::send_json(Context context, Call call) {
  const std::string asked = call.asked;
  Result<HttpResponse> response = co_await send(context, std::move(call));
  if (!response) co_return response.error();
  co_return json_of(response->status, response->body, asked);
}

Answer<> Client::send_removal(Context context, Call call) {
  Result<HttpResponse> response = co_await send(context, std::move(call));
  if (response || response.error().kind == ErrorKind::kNotFound) co_return Ok{};
  co_return response.error();
}

}  // namespace lepton_operator::lepton
