// Whom our TLS connections trust: at least TLS 1.2, the chain up to our CA, the name or address in the certificate.
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

class TlsPolicy {
 public:
  // `name` is a host or an address (IPv6 without brackets). kInvalid when the CA file holds no certificate.
  static Result<std::shared_ptr<TlsPolicy>> make(std::string name, const std::optional<std::string>& ca_file, bool verify);
  ~TlsPolicy();
  TlsPolicy(const TlsPolicy&) = delete;
  TlsPolicy& operator=(const TlsPolicy&) = delete;

  void apply(boost::asio::ssl::context& context);

  // Why the last certificate was refused; empty if none was.
  std::string refusal() const;

 private:
  struct Store;
  TlsPolicy(std::string name, bool verify, std::unique_ptr<Store> store);
  static int verify_chain(X509_STORE_CTX* chain, void* policy);
  static void on_event(const SSL* connection, int where, int result);

  std::string name_;
  bool is_address_;
  bool verify_;
  std::unique_ptr<Store> store_;
  mutable std::mutex mutex_;
  std::string refusal_;
};

}  // namespace lepton_operator::base
