// The real transport: cpprestsdk's client, with the traps of 2.10.18 closed (docs/architecture.md, "cpprestsdk").
//
// One per base URL. Keeps connections alive and caps them; a kept-alive connection that turns out dead is retried once, only for requests
// that may arrive twice (GET, HEAD, `repeatable` ones) or when no byte was sent. TLS >= 1.2, host and IP SAN verified, CA from the system
// or a file. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured. A stream has a connection of its own, beyond max_connections, and may
// outlive the transport.
//
// Thread rule: send() and open() on the domain thread; bytes move on cpprestsdk's pool or loop, completions are posted back. Ends: destroy
// only when no send() or open() is in flight (cancel their contexts and await them first).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/http.h"

namespace lepton_operator::base {

struct HttpClientOptions {
  std::string base_url = {};                // scheme://host[:port]; a path is refused, and an IPv6 literal (cpprestsdk)
  std::optional<std::string> ca_file = {};  // PEM, in addition to nothing else: it replaces the system's
  std::optional<std::string> ca_data = {};  // PEM text, as ca_file
  // PEM text, for TLS client authentication: the certificate and what it was issued by, up to the CA; with the key or not at all.
  std::optional<std::string> client_certificate = {};
  std::optional<std::string> client_key = {};
  std::optional<std::string> server_name = {};  // host to verify and to send as SNI in place of the URL's
  bool verify_tls = true;
  int max_connections = 32;
  Milliseconds connect_timeout{10'000};
};

// An error (kInvalid) when the URL, the CA or the client's certificate or key cannot be used.
Result<std::shared_ptr<HttpTransport>> make_http_transport(boost::asio::io_context& io, HttpClientOptions options);

// Starts cpprestsdk's pool; call once in main before anything of it is used. Later calls have no effect.
void start_http_threads(int threads);

// In place of threads: cpprestsdk's loop, for its caller to run. Whoever lives on it himself has his requests sent and answered by the same
// thread, where a pool's threads and he wake one another several times for each: half of what a request costs. One caller after the other;
// throws std::logic_error when a pool runs already. The loop outlives them all, and does not end by itself: stop() it.
boost::asio::io_context& http_loop();

}  // namespace lepton_operator::base
