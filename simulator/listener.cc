#include "listener.h"

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cpprest/http_listener.h>
#include <cpprest/producerconsumerstream.h>

#include "base/strings.h"

namespace lepton_operator::simulator {
namespace {

namespace http = web::http;

Request incoming(const http::http_request& request, std::string body) {
  Request made;
  made.method = request.method();
  made.path = request.request_uri().path();
  made.query = parse_query(request.request_uri().query());
  for (const auto& [name, value] : request.headers()) made.headers[base::lower(name)] = value;
  made.body = std::move(body);
  return made;
}

void observe(pplx::task<void> task) {
  task.then([](pplx::task<void> done) {
    try {
      done.get();
    } catch (const std::exception&) {  // the client has gone: nothing to do about it
    }
  });
}

void reply(const http::http_request& request, const Response& response) {
  http::http_response made(static_cast<http::status_code>(response.status));
  for (const auto& [name, value] : response.headers) made.headers().add(name, value);
  if (request.method() != http::methods::HEAD && !response.body.empty()) {
    const auto type = response.headers.find("content-type");
    made.set_body(std::vector<unsigned char>(response.body.begin(), response.body.end()));
    made.headers().set_content_type(type == response.headers.end() ? "text/plain" : type->second);
  }
  observe(request.reply(made));
}

// A log that is still being written, on its way to one client.
struct Tail {
  RunningLog log;
  std::size_t sent = 0;
  std::uint64_t drops = 0;  // of the simulator's, when it began
  concurrency::streams::producer_consumer_buffer<std::uint8_t> body;
  std::shared_ptr<std::atomic<bool>> client_gone = std::make_shared<std::atomic<bool>>(false);

  void send(const std::string& text) {
    if (text.empty()) return;
    body.putn_nocopy(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()).wait();  // copied at once
    body.sync().wait();
    sent += text.size();
  }
};

constexpr std::chrono::milliseconds kTailEvery{20};

bool from_loopback(const http::http_request& request) {
  const std::string address = request.remote_address();
  return address.empty() || address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

std::uint16_t free_port(const std::string& host) {
  boost::asio::io_context io;
  const boost::asio::ip::tcp::endpoint any(boost::asio::ip::make_address(host), 0);
  boost::asio::ip::tcp::acceptor acceptor(io, any);
  return acceptor.local_endpoint().port();
}

}  // namespace

struct Listener::State {
  State(Simulator& simulated, std::function<void(const std::string&)> line) : simulator(simulated), log(std::move(line)) {}

  void receive(const http::http_request& request, std::string body);
  std::vector<std::pair<http::http_request, Response>> released();  // with the mutex held
  void stream(const http::http_request& request, const Response& response);
  void write_tails();
  void advance(Tail& tail, bool& over);  // with the mutex held
  void end_tails();

  Simulator& simulator;
  std::function<void(const std::string&)> log;
  std::mutex mutex;
  std::map<std::uint64_t, http::http_request> waiting;
  std::list<Tail> tails;
  std::condition_variable tails_changed;
  bool ending = false;
  std::thread tailing;
  std::unique_ptr<http::experimental::listener::http_listener> listener;
};

std::vector<std::pair<http::http_request, Response>> Listener::State::released() {
  std::vector<std::pair<http::http_request, Response>> ready;
  for (auto& [ticket, response] : simulator.take_released()) {
    auto found = waiting.extract(ticket);
    if (!found.empty()) ready.emplace_back(found.mapped(), std::move(response));
  }
  return ready;
}

// The head goes at once, the body as the job writes it: chunks, ended by the last one, or by a broken connection.
void Listener::State::stream(const http::http_request& request, const Response& response) {
  const std::lock_guard lock(mutex);
  if (ending) return;
  Tail& tail = tails.emplace_back();
  tail.log = *response.goes_on;
  tail.drops = simulator.log_drops();
  http::http_response made(static_cast<http::status_code>(response.status));
  made.set_body(tail.body.create_istream(), "text/plain");
  const auto gone = tail.client_gone;
  request.reply(made).then([gone](pplx::task<void> done) {
    try {
      done.get();
    } catch (const std::exception&) {  // the client went, or we dropped it
    }
    *gone = true;
  });
  tail.send(response.body);
  if (!tailing.joinable()) tailing = std::thread([this] { write_tails(); });
  tails_changed.notify_all();
}

void Listener::State::advance(Tail& tail, bool& over) {
  if (tail.drops != simulator.log_drops()) {
    tail.body.close(std::ios_base::out, std::make_exception_ptr(std::runtime_error("dropped"))).wait();
    over = true;
    return;
  }
  const std::optional<std::string> more = simulator.log_after(tail.log, tail.sent);
  if (more) tail.send(*more);
  if (!more) tail.body.close(std::ios_base::out).wait();
  over = !more || *tail.client_gone;
}

void Listener::State::write_tails() {
  std::unique_lock lock(mutex);
  while (!ending) {
    if (tails.empty()) {
      tails_changed.wait(lock);
      continue;
    }
    tails.remove_if([this](Tail& tail) {
      bool over = false;
      advance(tail, over);
      return over;
    });
    tails_changed.wait_for(lock, kTailEvery);
  }
}

void Listener::State::end_tails() {
  {
    const std::lock_guard lock(mutex);
    ending = true;
    for (Tail& tail : tails) tail.body.close(std::ios_base::out).wait();
    tails.clear();
  }
  tails_changed.notify_all();
  if (tailing.joinable()) tailing.join();
}

void Listener::State::receive(const http::http_request& request, std::string body) {
  const Request asked = incoming(request, std::move(body));
  if (asked.path.starts_with("/sim") && !from_loopback(request)) {
    reply(request, no_such_route());
    return;
  }
  Response response;
  std::vector<std::pair<http::http_request, Response>> ready;
  {
    const std::lock_guard lock(mutex);
    response = simulator.handle(asked);
    if (response.held) waiting.emplace(*response.held, request);
    ready = released();
    if (log && !asked.path.starts_with("/sim")) {
      log(asked.method + " " + asked.path + " " + (response.held ? std::string("held") : std::to_string(response.status)));
    }
  }
  if (response.goes_on) {
    stream(request, response);
  } else if (!response.held) {
    reply(request, response);
  }
  for (const auto& [each, answer] : ready) reply(each, answer);
}

Listener::Listener(Simulator& simulator, std::function<void(const std::string&)> log)
    : state_(std::make_shared<State>(simulator, std::move(log))) {}

Listener::~Listener() {
  state_->end_tails();
  if (!state_->listener) return;
  {
    const std::lock_guard lock(state_->mutex);
    for (auto& [ticket, request] : state_->waiting) reply(request, error_answer(503, "the simulator ends"));
    state_->waiting.clear();
  }
  try {
    state_->listener->close().wait();
  } catch (const std::exception&) {  // it is going away all the same
  }
}

base::Result<std::uint16_t> Listener::open(const std::string& host, std::uint16_t port) {
  const auto state = state_;
  const auto handler = [state](http::http_request request) {
    request.extract_vector().then([state, request](pplx::task<std::vector<unsigned char>> read) {
      try {
        const std::vector<unsigned char> bytes = read.get();
        state->receive(request, std::string(bytes.begin(), bytes.end()));
      } catch (const std::exception& error) {  // a broken body, or a bug of ours: the client is told
        reply(request, error_answer(500, error.what()));
      }
    });
  };
  // Between probing for a free port and binding it another process may take it: then the next one.
  std::string last;
  for (int attempt = 0; attempt < 20; ++attempt) {
    try {
      const std::uint16_t chosen = port != 0 ? port : free_port(host);
      const std::string url = "http://" + host + ":" + std::to_string(chosen) + "/";
      auto listener = std::make_unique<http::experimental::listener::http_listener>(web::uri(url));
      listener->support(handler);
      for (const auto& method : {http::methods::GET, http::methods::HEAD, http::methods::POST, http::methods::PUT, http::methods::PATCH,
                                 http::methods::DEL, http::methods::OPTIONS}) {
        listener->support(method, handler);
      }
      listener->open().get();
      state_->listener = std::move(listener);
      return chosen;
    } catch (const std::exception& error) {
      last = error.what();
    }
    if (port != 0) break;
  }
  return base::Error{base::ErrorKind::kUnreachable, "cannot listen on " + host + ":" + std::to_string(port) + ": " + last};
}

}  // namespace lepton_operator::simulator
