#include "metrics/web_server.h"

#include <atomic>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include <CivetServer.h>
#include <boost/asio/ip/tcp.hpp>

#include "base/memory.h"

namespace lepton_operator::metrics {

namespace {

constexpr std::size_t kLargePage = 256 << 10;  // the metrics of about a hundred Invocations

class Handler : public CivetHandler {
 public:
  explicit Handler(std::function<Page()> page) : page_(std::move(page)) {}
  bool handleGet(CivetServer*, mg_connection* connection) override { return reply(connection, true); }
  bool handleHead(CivetServer*, mg_connection* connection) override { return reply(connection, false); }

 private:
  bool reply(mg_connection* connection, bool with_body) const {
    const std::size_t bytes = send(connection, page_(), with_body);
    if (bytes >= kLargePage) base::give_memory_back();  // now that it is freed, and what it was made of
    return true;
  }

  static std::size_t send(mg_connection* connection, const Page& page, bool with_body) {
    mg_printf(connection, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", page.status,
              page.status == 200 ? "OK" : "Service Unavailable", page.content_type.c_str(), page.body.size());
    if (with_body) mg_write(connection, page.body.data(), page.body.size());
    return page.body.size();
  }

  std::function<Page()> page_;
};

// Connects to the server until it has ended. civetweb looks at its stop flag only every 2 s, or when somebody comes.
class Knocking {
 public:
  Knocking(const std::string& host, int port) : thread_([this, host, port] { knock(host, port); }) {}
  ~Knocking() {
    ended_ = true;
    thread_.join();
  }

 private:
  void knock(const std::string& host, int port) const {
    boost::asio::io_context io;
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(host, error);
    if (error) address = boost::asio::ip::address_v4::loopback();
    while (!ended_) {
      boost::asio::ip::tcp::socket socket(io);
      socket.connect({address, static_cast<unsigned short>(port)}, error);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

struct WebServer::Civet {
  Civet(const std::string& address, Pages pages)
      : host(address.substr(0, address.rfind(':'))),
        server(std::vector<std::string>{"listening_ports", address, "num_threads", "2", "request_timeout_ms", "10000"}),
        port(server.getListeningPorts().front()) {
    for (auto& [path, page] : pages) server.addHandler(path + "$", handlers.emplace_back(std::move(page)));
  }

  ~Civet() {
    const Knocking knocking(host.find('[') == 0 ? host.substr(1, host.size() - 2) : host, port);
    server.close();
  }

  std::string host;
  std::list<Handler> handlers;  // before the server, whose threads use them
  CivetServer server;
  int port;
};

WebServer::WebServer(std::unique_ptr<Civet> civet)
    : civet_(std::move(civet)), address_(civet_->host + ":" + std::to_string(civet_->port)) {}

WebServer::~WebServer() = default;

base::Result<std::unique_ptr<WebServer>> WebServer::start(const std::string& address, Pages pages) {
  try {
    return std::unique_ptr<WebServer>(new WebServer(std::make_unique<Civet>(address, std::move(pages))));
  } catch (const CivetException&) {  // says nothing of use
    return base::Error{base::ErrorKind::kForbidden, "cannot listen there: in use, not an address of this machine, or not allowed", address};
  }
}

}  // namespace lepton_operator::metrics
