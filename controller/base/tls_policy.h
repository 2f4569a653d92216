// Whom our TLS connections trust: at least TLS 1.2, the chain up to our CA, the name or address in the certificate. And
// who we are to them, if we have a certificate.
//
// cpprestsdk makes one OpenSSL context per connection; apply() sets it up. Its own check (by the Host header) is replaced by ours: that one
// knows neither another server name nor what to tell the user. Any thread after make(); must outlive the connections it was applied to.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"

namespace lepton_operator::base {

struct TlsSettings {
  std::string name;  // a host or an address (IPv6 without brackets)
  std::optional<std::string> ca_file = {};
  std::optional<std::string> ca_data = {};             // PEM; with neither of the two, the system's
  std::optional<std::string> client_certificate = {};  // PEM, with its chain; what we show of ourselves
  std::optional<std::string> client_key = {};          // PEM, not encrypted
  bool verify = true;
};

class TlsPolicy {
 public:
  // kInvalid when a text does not hold what it should; the error repeats nothing of it.
  static Result<std::shared_ptr<TlsPolicy>> make(TlsSettings settings);
  ~TlsPolicy();
  TlsPolicy(const TlsPolicy&) = delete;
  TlsPolicy& operator=(const TlsPolicy&) = delete;

  void apply(boost::asio::ssl::context& context);

  // Why the last certificate was refused; empty if none was.
  std::string refusal() const;

 private:
  struct Credentials;
  TlsPolicy(std::string name, bool verify, std::unique_ptr<Credentials> credentials);
  static int verify_chain(X509_STORE_CTX* chain, void* policy);
  static void on_event(const SSL* connection, int where, int result);

  std::string name_;
  bool is_address_;
  bool verify_;
  std::unique_ptr<Credentials> credentials_;
  mutable std::mutex mutex_;
  std::string refusal_;
};

}  // namespace lepton_operator::base
