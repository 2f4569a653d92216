// A server on a socket of this machine whose every byte a test decides, with or without TLS.
//
// Each connection has a thread that reads requests and hands them to the script; a script that returns without writing leaves its client
// waiting. Everything ends with the server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lepton_operator::base {

struct RawConnection {
  int number = 0;    // 0 is the first that was accepted
  int requests = 0;  // seen on it, this one included
  std::function<void(std::string_view)> write;
  std::function<void()> close;
};

// From now on.
struct Validity {
  std::chrono::seconds from{-3600};
  std::chrono::seconds until{24 * 3600};
};

// A key and a certificate for the names and addresses given ("DNS:x,IP:127.0.0.1"), both PEM; signed by the issuer, else by itself.
struct Identity {
  std::string certificate;
  std::string key;
};
Identity make_identity(const std::string& subject_alternative_names, const Identity* issuer = nullptr, Validity validity = {});

class RawServer {
 public:
  // The request is its head and body as they came.
  using Script = std::function<void(RawConnection&, const std::string& request)>;

  // With a `client_ca` (PEM) only those are served who show a certificate that leads up to it.
  explicit RawServer(Script script, const Identity* identity = nullptr, const std::string* client_ca = nullptr);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const;
  std::vector<std::string> requests() const;      // so far, in the order of their arrival
  std::vector<std::string> server_names() const;  // as clients sent them in their handshakes
  int most_at_once() const;                       // requests under way at the same time: read, and no byte of the answer written
  int open_connections() const;                   // those that neither side has closed

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// An answer with a Content-Length.
std::string answer(int status, std::string_view body, std::string_view more_headers = "");

}  // namespace lepton_operator::base
