#include "core/transport.h"

#include <algorithm>
#include <cctype>

namespace lepton_operator::simulator {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Request incoming(const base::HttpRequest& request) {
  Request made;
  made.method = base::to_string(request.method);
  made.path = request.path;
  made.query = request.query;
  for (const auto& [name, value] : request.headers) made.headers[lower_case(name)] = value;
  if (!request.content_type.empty()) made.headers["content-type"] = request.content_type;
  made.body = request.body;
  return made;
}

base::HttpResponse outgoing(Response response) {
  base::HttpResponse made;
  made.status = response.status;
  made.headers = std::move(response.headers);
  made.body = std::move(response.body);
  return made;
}

base::HttpResponse override_with(const Fault& fault) {
  base::HttpResponse made = outgoing(error_answer(fault.status, "injected fault"));
  if (fault.retry_after) made.headers["retry-after"] = *fault.retry_after;
  return made;
}

base::Error lost() { return {base::ErrorKind::kInterrupted, "the connection broke before the answer came"}; }

}  // namespace

SimulatorTransport::SimulatorTransport(boost::asio::io_context& io, Simulator& simulator) : simulator_(simulator), released_signal_(io) {}

void SimulatorTransport::release() {
  simulator_.release();
  collect_released();
}

void SimulatorTransport::collect_released() {
  bool any = false;
  for (auto& [ticket, response] : simulator_.take_released()) {
    released_[ticket] = std::move(response);
    any = true;
  }
  if (any) released_signal_.notify();
}

base::Result<base::HttpResponse> SimulatorTransport::answered(const base::HttpRequest& request, const std::optional<Fault>& fault,
                                                              std::optional<std::uint64_t>& held) {
  if (fault) {
    if (fault->what == Fault::What::kUnreachable) return base::Error{base::ErrorKind::kUnreachable, "connection refused"};
    if (fault->what == Fault::What::kLostRequest) return lost();
    if (fault->what == Fault::What::kStatus) return override_with(*fault);
  }
  Response response = simulator_.handle(incoming(request));
  collect_released();  // the request may itself have been a release
  if (fault && fault->what == Fault::What::kLostReply) return lost();
  if (fault && fault->what == Fault::What::kStatusAfterCommit) return override_with(*fault);
  held = response.held;
  return outgoing(std::move(response));
}

boost::asio::awaitable<base::Result<base::HttpResponse>> SimulatorTransport::send(base::Context context, base::HttpRequest request) {
  using Answer = base::Result<base::HttpResponse>;
  if (context.expired()) co_return Answer(base::Error{base::ErrorKind::kCancelled, "cancelled before it was sent"});
  std::optional<Fault> fault;
  if (hook_) fault = hook_(request);
  std::optional<std::uint64_t> held;
  Answer answer = answered(request, fault, held);
  if (!held) co_return answer;
  while (!released_.contains(*held)) {
    const bool notified = co_await released_signal_.wait(context);
    if (!notified) {
      const auto kind = context.cancelled() ? base::ErrorKind::kInterrupted : base::ErrorKind::kTimeout;
      co_return Answer(base::Error{kind, "no answer came in time"});
    }
  }
  auto node = released_.extract(*held);
  co_return Answer(outgoing(std::move(node.mapped())));
}

}  // namespace lepton_operator::simulator
