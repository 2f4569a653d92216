#include "base/tls_policy.h"

#include <vector>

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/files.h"

// In place of OpenSSL's, in all of the program. cpprestsdk calls it for every connection, and nothing can tell it not to: that reads and
// decodes all certificates of the system, 20 ms of CPU, for apply() to put them aside. Whoever does without a TlsPolicy trusts nobody.
extern "C" int SSL_CTX_set_default_verify_paths(SSL_CTX*) { return 1; }

namespace lepton_operator::base {

namespace {

struct Freed {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Freed>;
using Certificates = std::vector<Owned<X509>>;

// Where a context keeps its policy. Not the "app data": Asio takes that for its own.
int policy_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

Owned<BIO> source_of(const std::string& pem) { return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

Certificates read_certificates(const std::string& pem) {
  const Owned<BIO> source = source_of(pem);
  Certificates certificates;
  while (X509* certificate = PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr)) certificates.emplace_back(certificate);
  ERR_clear_error();  // the end of the text counts as an error
  return certificates;
}

Owned<EVP_PKEY> read_key(const std::string& pem) {
  const Owned<BIO> source = source_of(pem);
  // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

}  // namespace

struct TlsPolicy::Credentials {
  Owned<X509_STORE> trusted{X509_STORE_new()};
  Certificates shown;  // the first is ours, then who issued it
  Owned<EVP_PKEY> key;

  Result<> trust(const std::string& pem, const std::string& where) {
    const Certificates certificates = read_certificates(pem);
    if (certificates.empty()) return invalid("holds no certificate in PEM form", where);
    for (const auto& certificate : certificates) X509_STORE_add_cert(trusted.get(), certificate.get());
    ERR_clear_error();
    // Whoever is named is trusted, even when it was issued by somebody else: as Go has it, and so every kubeconfig.
    X509_STORE_set_flags(trusted.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return Ok{};
  }

  Result<> show(const std::string& certificate_pem, const std::string& key_pem) {
    shown = read_certificates(certificate_pem);
    if (shown.empty()) return invalid("the client certificate is not a certificate in PEM form");
    key = read_key(key_pem);
    if (!key) return invalid("the client key is not an unencrypted private key in PEM form");
    const bool belongs = X509_check_private_key(shown.front().get(), key.get()) == 1;
    ERR_clear_error();
    if (!belongs) return invalid("the client key does not belong to the client certificate");
    return Ok{};
  }
};

Result<std::shared_ptr<TlsPolicy>> TlsPolicy::make(TlsSettings settings) {
  auto credentials = std::make_unique<Credentials>();
  if (!settings.ca_file && !settings.ca_data) X509_STORE_set_default_paths(credentials->trusted.get());
  if (settings.ca_file) {
    const Result<std::string> pem = read_file(*settings.ca_file);
    if (!pem) return invalid("the CA file " + pem.error().what, *settings.ca_file);
    if (const Result<> trusted = credentials->trust(*pem, *settings.ca_file); !trusted) return trusted.error();
  }
  if (settings.ca_data) {
    if (const Result<> trusted = credentials->trust(*settings.ca_data, "the CA data"); !trusted) return trusted.error();
  }
  if (settings.client_certificate.has_value() != settings.client_key.has_value()) {
    return invalid("a client certificate and its key are of use only together");
  }
  if (settings.client_certificate) {
    if (const Result<> shown = credentials->show(*settings.client_certificate, *settings.client_key); !shown) return shown.error();
  }
  return std::shared_ptr<TlsPolicy>(new TlsPolicy(std::move(settings.name), settings.verify, std::move(credentials)));
}

TlsPolicy::TlsPolicy(std::string name, bool verify, std::unique_ptr<Credentials> credentials)
    : name_(std::move(name)), is_address_(false), verify_(verify), credentials_(std::move(credentials)) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name_, not_an_address);
  is_address_ = !not_an_address;
}

TlsPolicy::~TlsPolicy() = default;

void TlsPolicy::apply(boost::asio::ssl::context& context) {
  SSL_CTX* handle = context.native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set1_cert_store(handle, credentials_->trusted.get());
  for (std::size_t i = 0; i < credentials_->shown.size(); ++i) {
    X509* certificate = credentials_->shown[i].get();
    if (i == 0) {
      SSL_CTX_use_certificate(handle, certificate);
    } else {
      SSL_CTX_add1_chain_cert(handle, certificate);
    }
  }
  if (credentials_->key) SSL_CTX_use_PrivateKey(handle, credentials_->key.get());
  SSL_CTX_set_ex_data(handle, policy_index(), this);
  SSL_CTX_set_info_callback(handle, &TlsPolicy::on_event);
  if (verify_) SSL_CTX_set_cert_verify_callback(handle, &TlsPolicy::verify_chain, this);
}

std::string TlsPolicy::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

int TlsPolicy::verify_chain(X509_STORE_CTX* chain, void* policy) {
  auto& self = *static_cast<TlsPolicy*>(policy);
  X509_STORE_CTX_set_verify_cb(chain, [](int ok, X509_STORE_CTX*) { return ok; });
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(chain);
  const int named = self.is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(rules, self.name_.c_str())
                                     : X509_VERIFY_PARAM_set1_host(rules, self.name_.c_str(), self.name_.size());
  const bool trusted = named == 1 && X509_verify_cert(chain) == 1;
  const std::lock_guard lock(self.mutex_);
  self.refusal_ = trusted ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
  return trusted ? 1 : 0;
}

// The server name must be in the first message, so it is set as the handshake starts. Addresses are never sent (RFC 6066, 3).
void TlsPolicy::on_event(const SSL* connection, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const auto* self = static_cast<const TlsPolicy*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), policy_index()));
  if (self == nullptr || self->is_address_) return;
  SSL_set_tlsext_host_name(const_cast<SSL*>(connection), self->name_.c_str());
}

}  // namespace lepton_operator::base
