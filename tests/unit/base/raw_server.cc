#include "unit/base/raw_server.h"

#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace lepton_operator::base {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

template <class T>
T* read_pem(const std::string& pem, T* (*read)(BIO*, T**, pem_password_cb*, void*)) {
  BIO* source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  T* result = read(source, nullptr, nullptr, nullptr);
  BIO_free(source);
  return result;
}

}  // namespace

Identity make_identity(const std::string& subject_alternative_names, const Identity* issuer, Validity validity) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), validity.from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), validity.until.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject_alternative_names.c_str()), -1, -1, 0);
  X509* signed_by = issuer != nullptr ? read_pem(issuer->certificate, PEM_read_bio_X509) : nullptr;
  EVP_PKEY* signing_key = issuer != nullptr ? read_pem(issuer->key, PEM_read_bio_PrivateKey) : nullptr;
  X509_set_issuer_name(certificate, X509_get_subject_name(signed_by != nullptr ? signed_by : certificate));
  X509_set_pubkey(certificate, key);
  const auto extend = [&](int what, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  extend(NID_subject_alt_name, subject_alternative_names.c_str());
  extend(NID_basic_constraints, "CA:TRUE");  // so that any of them may issue others
  X509_sign(certificate, signing_key != nullptr ? signing_key : key, EVP_sha256());
  X509_free(signed_by);
  EVP_PKEY_free(signing_key);

  BIO* certificate_out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_out, certificate);
  BIO* key_out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_out, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {.certificate = text_of(certificate_out), .key = text_of(key_out)};
}

struct RawServer::State {
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::unique_ptr<asio::ssl::context> tls;
  Script script;

  mutable std::mutex mutex;
  std::list<tcp::socket> sockets;
  std::vector<std::thread> threads;
  std::vector<std::string> requests;
  std::vector<std::string> server_names;
  int connections = 0;
  int at_once = 0;
  int most_at_once = 0;
  int open = 0;
  bool ending = false;
  std::thread accepting;

  void accept() {
    for (;;) {
      tcp::socket socket(io);
      boost::system::error_code failure;
      acceptor.accept(socket, failure);
      const std::lock_guard lock(mutex);
      if (failure || ending) return;
      sockets.push_back(std::move(socket));
      ++open;
      threads.emplace_back([this, &kept = sockets.back(), number = connections++] {
        serve(kept, number);
        const std::lock_guard ended(mutex);
        --open;
      });
    }
  }

  void serve(tcp::socket& socket, int number) {
    boost::system::error_code failure;
    if (!tls) return converse(socket, socket, number);
    asio::ssl::stream<tcp::socket&> stream(socket, *tls);
    stream.handshake(asio::ssl::stream_base::server, failure);
    if (!failure) converse(stream, socket, number);
  }

  // Noted before the certificate goes out, so that a client that refuses it finds its name here.
  static int note_server_name(SSL* connection, int*, void* state) {
    auto& self = *static_cast<State*>(state);
    if (const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name)) {
      const std::lock_guard lock(self.mutex);
      self.server_names.emplace_back(name);
    }
    return SSL_TLSEXT_ERR_OK;
  }

  template <class Stream>
  void converse(Stream& stream, tcp::socket& socket, int number) {
    RawConnection connection{.number = number, .requests = 0, .write = {}, .close = {}};
    bool closed = false;
    bool under_way = false;
    const auto no_more_under_way = [&] {
      const std::lock_guard lock(mutex);
      if (std::exchange(under_way, false)) --at_once;
    };
    connection.write = [&](std::string_view bytes) {
      no_more_under_way();  // before it leaves: its reader may send the next at once
      boost::system::error_code ignored;
      asio::write(stream, asio::buffer(bytes), ignored);
    };
    connection.close = [&] {
      boost::system::error_code ignored;
      closed = true;
      socket.shutdown(tcp::socket::shutdown_both, ignored);
    };
    std::string pending;
    while (!closed) {
      const auto request = read_request(stream, pending);
      if (!request) break;
      ++connection.requests;
      {
        const std::lock_guard lock(mutex);
        requests.push_back(*request);
        most_at_once = std::max(most_at_once, ++at_once);
        under_way = true;
      }
      script(connection, *request);
      no_more_under_way();
    }
  }

  template <class Stream>
  static std::optional<std::string> read_request(Stream& stream, std::string& pending) {
    std::size_t needed = std::string::npos;
    for (;;) {
      const auto head_end = pending.find("\r\n\r\n");
      if (head_end != std::string::npos) {
        const auto length = pending.find("Content-Length:");
        needed = head_end + 4 + (length < head_end ? std::stoul(pending.substr(length + 15)) : 0);
      }
      if (pending.size() >= needed) break;
      char buffer[4096];
      boost::system::error_code failure;
      const std::size_t count = stream.read_some(asio::buffer(buffer), failure);
      if (failure) return std::nullopt;
      pending.append(buffer, count);
    }
    std::string request = pending.substr(0, needed);
    pending.erase(0, needed);
    return request;
  }
};

RawServer::RawServer(Script script, const Identity* identity, const std::string* client_ca) : state_(std::make_shared<State>()) {
  state_->script = std::move(script);
  if (identity != nullptr) {
    state_->tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    state_->tls->use_certificate_chain(asio::buffer(identity->certificate));
    state_->tls->use_private_key(asio::buffer(identity->key), asio::ssl::context::pem);
    if (client_ca != nullptr) {
      state_->tls->add_certificate_authority(asio::buffer(*client_ca));
      state_->tls->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
    SSL_CTX_set_tlsext_servername_callback(state_->tls->native_handle(), &State::note_server_name);
    SSL_CTX_set_tlsext_servername_arg(state_->tls->native_handle(), state_.get());
  }
  state_->accepting = std::thread([state = state_.get()] { state->accept(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);
    for (tcp::socket& socket : state_->sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
  }
  state_->accepting.join();
  for (std::thread& thread : state_->threads) thread.join();
}

int RawServer::port() const { return state_->acceptor.local_endpoint().port(); }

std::vector<std::string> RawServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

std::vector<std::string> RawServer::server_names() const {
  const std::lock_guard lock(state_->mutex);
  return state_->server_names;
}

int RawServer::most_at_once() const {
  const std::lock_guard lock(state_->mutex);
  return state_->most_at_once;
}

int RawServer::open_connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open;
}

std::string answer(int status, std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace lepton_operator::base
