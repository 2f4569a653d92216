#include "base/tls_policy.h"

#include <boost/asio/ip/address.hpp>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/files.h"

namespace lepton_operator::base {

struct TlsPolicy::Store {
  X509_STORE* handle = X509_STORE_new();
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() { X509_STORE_free(handle); }
};

namespace {

// Where a context keeps its policy. Not the "app data": Asio takes that for its own.
int policy_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int add_certificates(X509_STORE* store, const std::string& pem) {
  BIO* source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(source, nullptr, nullptr, nullptr)) {
    if (X509_STORE_add_cert(store, certificate) == 1) ++count;
    X509_free(certificate);
  }
  BIO_free(source);
  ERR_clear_error();  // the end of the file counts as an error
  return count;
}

}  // namespace

Result<std::shared_ptr<TlsPolicy>> TlsPolicy::make(std::string name, const std::optional<std::string>& ca_file, bool verify) {
  auto store = std::make_unique<Store>();
  if (!ca_file) {
    X509_STORE_set_default_paths(store->handle);
  } else {
    const Result<std::string> pem = read_file(*ca_file);
    if (!pem) return Error{.kind = ErrorKind::kInvalid, .what = "the CA file " + pem.error().what, .where = *ca_file};
    if (add_certificates(store->handle, *pem) == 0) {
      return Error{.kind = ErrorKind::kInvalid, .what = "holds no certificate in PEM form", .where = *ca_file};
    }
  }
  return std::shared_ptr<TlsPolicy>(new TlsPolicy(std::move(name), verify, std::move(store)));
}

TlsPolicy::TlsPolicy(std::string name, bool verify, std::unique_ptr<Store> store)
    : name_(std::move(name)), is_address_(false), verify_(verify), store_(std::move(store)) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name_, not_an_address);
  is_address_ = !not_an_address;
}

TlsPolicy::~TlsPolicy() = default;

void TlsPolicy::apply(boost::asio::ssl::context& context) {
  SSL_CTX* handle = context.native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set1_cert_store(handle, store_->handle);
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
